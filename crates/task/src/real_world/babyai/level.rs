//! A level as files have it: an initial grid, an agent and a mission.

use serde::{Deserialize, Serialize};

use super::grid::{Cell, Facing, Grid, Place, Thing};
use super::mission::Mission;
use super::simulator::Simulator;
use super::verifier::Verifier;

/// The longest side of a grid; minigrid's longest is 25.
const MOST_SIDE: usize = 100;

/// An initial state that was exported from minigrid, or made up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Level {
    /// The environment's name: `BabyAI-GoToRedBall-v0`.
    #[serde(default)]
    pub game: String,
    /// The seed that it was made from.
    #[serde(default)]
    pub seed: u64,
    /// What is to be done: see [`Mission`].
    pub mission: String,
    /// Rows of cells: see [`Cell`].
    pub grid: Vec<Vec<String>>,
    /// The agent's column and row.
    pub agent_pos: (i32, i32),
    /// Where it looks: 0 right, 1 down, 2 left, 3 up.
    pub agent_dir: usize,
    /// What it carries, written like a cell.
    #[serde(default)]
    pub carrying: Option<String>,
    /// Low-level actions after which the environment's own reward would have run out.
    #[serde(alias = "low_level_max_steps")]
    pub max_steps: u64,
    /// What AgentBoard shows first, by which rows of the benchmark find their level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_obs: Option<String>,
    /// For each action of the mission, in the order of the text: whether opening a wrong door or picking up a wrong thing
    /// fails it. Where the file does not say, the environment's name does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<Vec<bool>>,
}

/// A level that can be played.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The world.
    pub world: Simulator,
    /// The mission.
    pub verifier: Verifier,
}

impl Level {
    /// Opens it.
    ///
    /// # Errors
    /// What cannot be used, in a sentence.
    pub fn open(&self) -> Result<Opened, String> {
        let world = self.world()?;
        let mission: Mission = self.mission.parse()?;
        let strict = self.strict.clone().unwrap_or_else(|| strict(&self.game));
        let verifier = Verifier::new(&mission, &strict, &world);
        if world.carrying.is_none() && !verifier.possible() {
            return Err(format!("nothing on the grid is what the mission {:?} names", self.mission));
        }
        match self.max_steps {
            0 => Err("max_steps is 0".into()),
            _ => Ok(Opened { world, verifier }),
        }
    }

    fn world(&self) -> Result<Simulator, String> {
        if self.grid.len() > MOST_SIDE || self.grid.iter().any(|row| row.len() > MOST_SIDE) {
            return Err(format!("the grid has more than {MOST_SIDE} cells on a side"));
        }
        let row = |row: &Vec<String>| row.iter().map(|cell| cell.parse()).collect::<Result<Vec<Cell>, _>>();
        let rows: Vec<Vec<Cell>> = self.grid.iter().map(row).collect::<Result<_, _>>()?;
        let grid = Grid::new(&rows).ok_or("the grid has no cells, or rows of different lengths")?;
        let at = Place { x: self.agent_pos.0, y: self.agent_pos.1 };
        if !grid.has(at) || grid.at(at).is_some_and(|thing| !thing.look.kind.can_be_entered()) {
            return Err(format!("the agent cannot stand at {:?}", self.agent_pos));
        }
        let facing = Facing::ALL.get(self.agent_dir).ok_or(format!("agent_dir is {}, not 0 to 3", self.agent_dir))?;
        let carrying = self.carrying.as_deref().map(|text| carried(text, grid.size())).transpose()?;
        Ok(Simulator { grid, at, facing: *facing, carrying })
    }
}

/// Which actions of an environment's missions are strict: those for debugging are, but for the second door of one.
fn strict(game: &str) -> Vec<bool> {
    match game {
        "BabyAI-OpenRedBlueDoorsDebug-v0" => vec![true],
        _ => vec![game.contains("Debug"); 4],
    }
}

fn carried(text: &str, cells: usize) -> Result<Thing, String> {
    match text.parse::<Cell>()?.0 {
        Some((look, holds)) if look.kind.can_be_carried() => Ok(Thing { look, id: 2 * cells, holds }),
        _ => Err(format!("{text:?} cannot be carried")),
    }
}

impl Level {
    /// Writes a world down.
    pub(super) fn of(world: &Simulator, mission: &Mission) -> Self {
        let cell = |place: Place| Cell(world.grid.at(place).map(|thing| (thing.look, thing.holds))).to_string();
        let width = world.grid.width();
        let height = world.grid.size() as i32 / width.max(1);
        Self {
            mission: mission.to_string(),
            grid: (0..height).map(|y| (0..width).map(|x| cell(Place { x, y })).collect()).collect(),
            agent_pos: (world.at.x, world.at.y),
            agent_dir: world.facing as usize,
            carrying: world.carrying.map(|thing| Cell(Some((thing.look, thing.holds))).to_string()),
            // The twin counts its own actions.
            max_steps: 1,
            strict: Some(Vec::new()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level() -> Level {
        let row = |row: &str| row.split(' ').map(str::to_owned).collect();
        Level {
            mission: "pick up the red ball".into(),
            grid: vec![row("# # #"), row("# . ball:red"), row("# # #")],
            agent_pos: (1, 1),
            max_steps: 9,
            ..Level::default()
        }
    }

    #[test]
    fn a_level_is_written_as_it_was_read() -> Result<(), String> {
        let mut level = level();
        level.carrying = Some("box:grey:key:red".into());
        (level.agent_dir, level.max_steps, level.strict) = (3, 1, Some(Vec::new()));
        let world = level.open()?.world;
        assert_eq!(Level::of(&world, &level.mission.parse()?), level);
        Ok(())
    }

    #[test]
    fn what_cannot_be_played_is_named() {
        let broken = |change: &dyn Fn(&mut Level)| {
            let mut level = level();
            change(&mut level);
            level.open().map(drop).expect_err("it is broken")
        };
        assert!(broken(&|level| level.grid[0].truncate(2)).contains("lengths"));
        assert!(broken(&|level| level.grid.clear()).contains("no cells"));
        assert!(broken(&|level| level.grid[0] = vec!["#".into(); 101]).contains("100"));
        assert!(broken(&|level| level.grid[1][1] = "cat".into()).contains("\"cat\""));
        assert!(broken(&|level| level.agent_pos = (2, 1)).contains("(2, 1)"));
        assert!(broken(&|level| level.agent_pos = (-1, 900)).contains("-1"));
        assert!(broken(&|level| level.agent_dir = 4).contains("agent_dir"));
        assert!(broken(&|level| level.carrying = Some("#".into())).contains("carried"));
        assert!(broken(&|level| level.mission = "dance".into()).contains("dance"));
        assert!(broken(&|level| level.mission = "open the red door".into()).contains("names"));
        assert!(broken(&|level| level.max_steps = 0).contains("max_steps"));
    }
}
