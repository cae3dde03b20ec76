//! A level of the twin being played.

use super::super::level::{Level, Opened};
use super::super::mission::Mission;
use super::super::sight::Sight;
use super::super::simulator::Simulator;
use super::super::verifier::{Verdict, Verifier};
use super::deed::Deed;
use super::scene::{Scene, run};

/// A step towards the goal: see [`Play::met`].
pub type Milestone = (usize, String);

/// A level that is played.
#[derive(Debug, Clone)]
pub struct Play {
    world: Simulator,
    mission: Mission,
    verifier: Verifier,
    milestones: Vec<Step>,
    won: bool,
}

#[derive(Debug, Clone)]
struct Step {
    stage: usize,
    verifier: Verifier,
    met: bool,
}

impl Play {
    /// Opens a level with its milestones: missions of their own, with the number of their stage.
    ///
    /// # Errors
    /// A level or a milestone that cannot be played.
    pub fn new(level: &Level, milestones: &[Milestone]) -> Result<Self, String> {
        let Opened { world, verifier } = level.open()?;
        let step = |(stage, mission): &Milestone| {
            Ok(Step { stage: *stage, verifier: Verifier::new(&mission.parse()?, &[], &world), met: false })
        };
        let milestones = milestones.iter().map(step).collect::<Result<_, String>>()?;
        Ok(Self { mission: level.mission.parse()?, verifier, milestones, world, won: false })
    }

    /// Does a deed.
    ///
    /// # Errors
    /// Why nothing happened, as the end of a sentence.
    pub fn act(&mut self, deed: &Deed) -> Result<(), String> {
        let moves = Scene::of(&self.world).moves(deed)?;
        let before = self.world.clone();
        let Some(last) = run(&mut self.world, &moves) else { return Err("that changes nothing".into()) };
        // The last low-level action decides, as in AgentBoard: what is passed on the way is not gone to.
        self.won |= self.verifier.judge(last, &self.world) == Verdict::Success;
        let reached: Vec<bool> = self.milestones.iter().map(|step| self.is_next(step.stage)).collect();
        for (step, reached) in self.milestones.iter_mut().zip(reached) {
            step.met |= step.verifier.judge(last, &self.world) == Verdict::Success && reached;
        }
        if before == self.world { Err("that changes nothing".into()) } else { Ok(()) }
    }

    /// Whether all milestones of earlier stages are met.
    fn is_next(&self, stage: usize) -> bool {
        self.milestones.iter().all(|step| step.met || step.stage >= stage)
    }

    /// How many milestones are met, each after those of earlier stages; and all of them. Once the mission is done, all
    /// are.
    pub fn met(&self) -> (usize, usize) {
        let all = self.milestones.len().max(1);
        (if self.won { all } else { self.milestones.iter().filter(|step| step.met).count() }, all)
    }

    /// Whether the mission is done.
    pub fn won(&self) -> bool {
        self.won
    }

    /// What is to be done.
    pub fn mission(&self) -> &Mission {
        &self.mission
    }

    /// What is in sight.
    pub fn sight(&self) -> Sight {
        Scene::of(&self.world).sight
    }

    /// All deeds that can be begun now, with walks of one to three steps.
    pub fn deeds(&self) -> Vec<Deed> {
        Scene::of(&self.world).deeds()
    }
}
