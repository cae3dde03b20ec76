//! The seven low-level actions.

use super::grid::{Color, Door, Facing, Grid, Kind, Look, Place, Thing};

/// A low-level action; as a number, minigrid's 0 to 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    /// Turn left.
    Left,
    /// Turn right.
    Right,
    /// A step ahead.
    Forward,
    /// Take what is ahead.
    Pickup,
    /// Put down what is carried.
    Drop,
    /// Open or close a door, open a box.
    Toggle,
    /// Nothing.
    Done,
}

impl Move {
    /// All of them, by their numbers.
    pub const ALL: [Self; 7] =
        [Self::Left, Self::Right, Self::Forward, Self::Pickup, Self::Drop, Self::Toggle, Self::Done];
}

/// Whether an action ended the game by itself, whatever the mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// It did not.
    Safe,
    /// The agent walked onto a goal.
    Goal,
    /// The agent walked into lava.
    Lava,
}

/// A grid with an agent in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Simulator {
    /// What stands where.
    pub grid: Grid,
    /// Where the agent is.
    pub at: Place,
    /// Where it looks.
    pub facing: Facing,
    /// What it carries.
    pub carrying: Option<Thing>,
}

impl Simulator {
    /// The place before the agent.
    pub fn front(&self) -> Place {
        self.at.ahead(self.facing, 1)
    }

    /// Does an action.
    pub fn act(&mut self, action: Move) -> Ground {
        match action {
            Move::Left => self.facing = self.facing.left(),
            Move::Right => self.facing = self.facing.right(),
            Move::Forward => return self.forward(),
            Move::Pickup => self.pickup(),
            Move::Drop => self.drop(),
            Move::Toggle => self.toggle(),
            Move::Done => {}
        }
        Ground::Safe
    }

    fn forward(&mut self) -> Ground {
        let front = self.front();
        let kind = self.grid.look(front).map(|look| look.kind);
        if kind.is_none_or(Kind::can_be_entered) {
            self.at = front;
        }
        match kind {
            Some(Kind::Goal) => Ground::Goal,
            Some(Kind::Lava) => Ground::Lava,
            _ => Ground::Safe,
        }
    }

    fn pickup(&mut self) {
        let front = self.front();
        let ahead = self.grid.at(front).filter(|thing| thing.look.kind.can_be_carried());
        if ahead.is_some() && self.carrying.is_none() {
            self.carrying = ahead;
            self.grid.set(front, None);
        }
    }

    fn drop(&mut self) {
        let front = self.front();
        if self.carrying.is_some() && self.grid.look(front).is_none() {
            self.grid.set(front, self.carrying.take());
        }
    }

    fn toggle(&mut self) {
        let front = self.front();
        let Some(thing) = self.grid.at(front) else { return };
        let turned = |state| Some(Thing { look: Look { kind: Kind::Door(state), ..thing.look }, ..thing });
        let next = match thing.look.kind {
            Kind::Door(Door::Open) => turned(Door::Closed),
            Kind::Door(Door::Closed) => turned(Door::Open),
            Kind::Door(Door::Locked) if self.has_key(thing.look.color) => turned(Door::Open),
            Kind::Box => thing.holds.map(|look| Thing { look, id: thing.id + self.grid.size(), holds: None }),
            _ => return,
        };
        self.grid.set(front, next);
    }

    /// Whether the agent carries a key of a color.
    pub fn has_key(&self, color: Color) -> bool {
        self.carrying.is_some_and(|thing| thing.look == Look { kind: Kind::Key, color })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::grid::Cell;
    use super::*;

    /// A world of cells in words, seen from above; the agent looks to the right.
    pub(crate) fn world(rows: &[&str], x: i32, y: i32) -> Result<Simulator, String> {
        let cell = |word: &str| word.parse::<Cell>();
        let rows: Vec<Vec<Cell>> =
            rows.iter().map(|row| row.split(' ').map(cell).collect()).collect::<Result<_, _>>()?;
        let grid = Grid::new(&rows).ok_or("rows of one length")?;
        Ok(Simulator { grid, at: Place { x, y }, facing: Facing::Right, carrying: None })
    }

    #[test]
    fn a_locked_door_needs_its_key_and_a_box_gives_what_it_holds() -> Result<(), String> {
        let mut world = world(&[". box:grey:key:red door:red:locked"], 0, 0)?;
        let ahead = |world: &Simulator| world.grid.at(world.front()).map(|thing| thing.look.to_string());
        world.act(Move::Toggle);
        assert_eq!(ahead(&world).as_deref(), Some("red key"));
        world.act(Move::Pickup);
        assert_eq!(ahead(&world), None);
        world.act(Move::Forward);
        for state in ["red open door", "red closed door", "red open door"] {
            world.act(Move::Toggle);
            assert_eq!(ahead(&world).as_deref(), Some(state));
        }
        world.act(Move::Drop);
        assert!(world.carrying.is_some(), "nothing can be put into a door");
        world.act(Move::Forward);
        assert_eq!(world.at, Place { x: 2, y: 0 });
        world.act(Move::Forward);
        assert_eq!(world.at, Place { x: 2, y: 0 }, "the end of the grid is a wall");
        Ok(())
    }

    #[test]
    fn hands_hold_one_thing() -> Result<(), String> {
        let mut world = world(&[". ball:red", ". ball:blue"], 0, 0)?;
        world.act(Move::Pickup);
        world.facing = Facing::Down;
        world.act(Move::Forward);
        world.act(Move::Left);
        let before = world.clone();
        for action in [Move::Pickup, Move::Drop, Move::Toggle, Move::Done, Move::Forward] {
            assert_eq!(world.act(action), Ground::Safe);
            assert_eq!(world, before, "{action:?}");
        }
        Ok(())
    }

    #[test]
    fn goal_and_lava_are_walked_onto() -> Result<(), String> {
        let mut world = world(&[". goal lava"], 0, 0)?;
        assert_eq!((world.act(Move::Forward), world.act(Move::Forward)), (Ground::Goal, Ground::Lava));
        assert_eq!(world.at, Place { x: 2, y: 0 });
        Ok(())
    }
}
