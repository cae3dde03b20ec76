//! Whether a mission is done, after each low-level action, as minigrid's verifier has it.

use std::collections::HashSet;

use super::grid::{Door, Facing, Kind, Place, Thing};
use super::mission::{Action, Mission, Order, Part, Side, Things};
use super::simulator::{Move, Simulator};

/// What an action did to the mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is decided.
    Open,
    /// It is done.
    Success,
    /// It can no longer be done.
    Failure,
}

/// A mission and what of it is done.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// In the order in which they are to be done.
    parts: Vec<Both>,
    /// How many of them are.
    done: usize,
}

/// One action, or two in any order.
#[derive(Debug, Clone)]
struct Both(Vec<(Task, bool)>);

/// An action with the things that it is about.
#[derive(Debug, Clone)]
struct Task {
    action: Action,
    strict: bool,
    /// The things that fitted when the episode began.
    moved: Watched,
    /// [`Action::PutNext`]: beside which they are to be put.
    fixed: Watched,
    /// What was carried when this was looked at last.
    carried: Option<usize>,
}

#[derive(Debug, Clone, Default)]
struct Watched {
    ids: Vec<usize>,
    /// Where they were when something was put down last.
    at: Vec<Place>,
}

impl Verifier {
    /// A mission in a world before the first action. `strict` says for each action, in the order of the text, whether it
    /// fails when a wrong door is opened or a wrong thing picked up; those that it leaves out are not strict.
    pub fn new(mission: &Mission, strict: &[bool], world: &Simulator) -> Self {
        let mut strict = strict.iter().copied().chain(std::iter::repeat(false));
        let mut both = |part: &Part| {
            let actions = std::iter::once(&part.action).chain(&part.and).zip(&mut strict);
            Both(actions.map(|(action, strict)| (Task::new(action, strict, world), false)).collect())
        };
        let mut parts = vec![both(&mission.first)];
        if let Some((order, second)) = &mission.second {
            parts.push(both(second));
            if *order == Order::After {
                parts.reverse();
            }
        }
        Self { parts, done: 0 }
    }

    /// What an action did, `world` being what came of it.
    pub fn judge(&mut self, action: Move, world: &Simulator) -> Verdict {
        if action == Move::Drop {
            let tasks = self.parts.iter_mut().flat_map(|part| &mut part.0);
            tasks.for_each(|(task, _)| [&mut task.moved, &mut task.fixed].into_iter().for_each(|all| all.look(world)));
        }
        let last = self.parts.len().saturating_sub(1);
        while let Some(part) = self.parts.get_mut(self.done) {
            match part.judge(action, world) {
                Verdict::Success if self.done < last => self.done += 1,
                verdict => return verdict,
            }
        }
        Verdict::Open
    }

    /// Whether there is something for every action.
    pub fn possible(&self) -> bool {
        self.parts.iter().flat_map(|part| &part.0).all(|(task, _)| {
            let put = matches!(task.action, Action::PutNext(..));
            !task.moved.ids.is_empty() && (!put || !task.fixed.ids.is_empty())
        })
    }
}

impl Both {
    /// One action decides; of two, each counts once it was done, and none fails the mission.
    fn judge(&mut self, action: Move, world: &Simulator) -> Verdict {
        if let [(task, _)] = &mut self.0[..] {
            return task.judge(action, world);
        }
        for (task, done) in self.0.iter_mut().filter(|(_, done)| !done) {
            *done = task.judge(action, world) == Verdict::Success;
        }
        if self.0.iter().all(|(_, done)| *done) { Verdict::Success } else { Verdict::Open }
    }
}

impl Task {
    fn new(action: &Action, strict: bool, world: &Simulator) -> Self {
        let (moved, fixed) = match action {
            Action::GoTo(things) | Action::Open(things) | Action::PickUp(things) => (things, None),
            Action::PutNext(moved, fixed) => (moved, Some(fixed)),
        };
        let fixed = fixed.map(|fixed| Watched::find(fixed, world)).unwrap_or_default();
        Self { action: action.clone(), strict, moved: Watched::find(moved, world), fixed, carried: None }
    }

    fn judge(&mut self, action: Move, world: &Simulator) -> Verdict {
        let carrying = world.carrying.map(|thing| thing.id);
        let before = std::mem::replace(&mut self.carried, carrying);
        let verdict = |done: bool, failed: bool| match (done, failed && self.strict) {
            (true, _) => Verdict::Success,
            (false, true) => Verdict::Failure,
            (false, false) => Verdict::Open,
        };
        match (&self.action, action) {
            (Action::GoTo(_), _) => verdict(self.moved.at.contains(&world.front()), false),
            (Action::Open(_), Move::Toggle) => {
                let door = world.grid.at(world.front()).filter(|thing| matches!(thing.look.kind, Kind::Door(_)));
                let open = |door: Thing| door.look.kind == Kind::Door(Door::Open);
                verdict(door.is_some_and(|door| open(door) && self.moved.ids.contains(&door.id)), door.is_some())
            }
            (Action::PickUp(_), Move::Pickup) => {
                let taken = carrying.filter(|id| before.is_none() && self.moved.ids.contains(id));
                verdict(taken.is_some(), carrying.is_some())
            }
            (Action::PutNext(..), Move::Pickup) => verdict(false, carrying.is_some()),
            (Action::PutNext(..), Move::Drop) => {
                let dropped = before.filter(|id| self.moved.ids.contains(id));
                let at = dropped.and_then(|id| world.grid.things().find(|(_, thing)| thing.id == id));
                let beside = |place: Place| self.fixed.at.iter().any(|fixed| fixed.distance(place) == 1);
                verdict(at.is_some_and(|(place, _)| beside(place)), false)
            }
            _ => Verdict::Open,
        }
    }
}

impl Watched {
    /// The things that fit a description, walls among them.
    fn find(things: &Things, world: &Simulator) -> Self {
        let room = things.side.map(|_| Room::around(world));
        let there = |side: Option<Side>, place: Place| {
            side.is_none_or(|side| room.is_some_and(|room| room.has(place)) && side.has(world.at, world.facing, place))
        };
        let fitting = world.grid.things().filter(|(place, thing)| things.fit(thing.look) && there(things.side, *place));
        let (at, ids) = fitting.map(|(place, thing)| (place, thing.id)).unzip();
        Self { ids, at }
    }

    /// Sees where they are now; those that are carried, or were opened, are nowhere.
    fn look(&mut self, world: &Simulator) {
        self.at =
            world.grid.things().filter(|(_, thing)| self.ids.contains(&thing.id)).map(|(place, _)| place).collect();
    }
}

/// The room in which an agent begins, its walls and doors included.
#[derive(Clone, Copy)]
struct Room {
    from: Place,
    to: Place,
}

impl Room {
    /// The smallest rectangle around all that can be reached without passing a wall or a door.
    fn around(world: &Simulator) -> Self {
        let closed = |place| world.grid.look(place).is_some_and(|look| matches!(look.kind, Kind::Wall | Kind::Door(_)));
        let (mut from, mut to) = (world.at, world.at);
        let (mut seen, mut open) = (HashSet::from([world.at]), vec![world.at]);
        while let Some(place) = open.pop() {
            from = Place { x: from.x.min(place.x), y: from.y.min(place.y) };
            to = Place { x: to.x.max(place.x), y: to.y.max(place.y) };
            let next = Facing::ALL.map(|facing| place.ahead(facing, 1));
            open.extend(next.into_iter().filter(|place| !closed(*place) && seen.insert(*place)));
        }
        Self { from: Place { x: from.x - 1, y: from.y - 1 }, to: Place { x: to.x + 1, y: to.y + 1 } }
    }

    fn has(&self, place: Place) -> bool {
        (self.from.x..=self.to.x).contains(&place.x) && (self.from.y..=self.to.y).contains(&place.y)
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulator::tests::world;
    use super::*;

    /// The verdicts on some actions.
    fn verdicts(mission: &str, strict: bool, world: &mut Simulator, moves: &[Move]) -> Result<Vec<Verdict>, String> {
        let mut verifier = Verifier::new(&mission.parse()?, &[strict], world);
        let judge = |action: &Move| {
            world.act(*action);
            verifier.judge(*action, world)
        };
        Ok(moves.iter().map(judge).collect())
    }

    #[test]
    fn the_order_of_parts_counts_and_that_of_an_and_does_not() -> Result<(), String> {
        use Move::{Left, Right};
        use Verdict::{Open, Success};
        let rooms = ["# key:red #", "ball:red . #", "# # #"];
        let start = world(&rooms, 1, 1)?;
        let there = [Left, Left, Left, Right];
        let judged = |mission| verdicts(mission, false, &mut start.clone(), &there);
        assert_eq!(judged("go to the key, then go to the ball")?, [Open, Success, Open, Success]);
        assert_eq!(judged("go to the key after you go to the ball")?, [Open, Open, Open, Open]);
        assert_eq!(judged("go to the ball and go to the key")?, [Open, Success, Success, Success]);
        Ok(())
    }

    #[test]
    fn a_strict_mission_fails_at_the_wrong_thing() -> Result<(), String> {
        let mut start = world(&["ball:red . ball:blue"], 1, 0)?;
        let moves = [Move::Pickup];
        assert_eq!(verdicts("pick up the red ball", false, &mut start.clone(), &moves)?, [Verdict::Open]);
        assert_eq!(verdicts("pick up the red ball", true, &mut start, &moves)?, [Verdict::Failure]);
        Ok(())
    }

    #[test]
    fn places_are_known_since_the_last_drop() -> Result<(), String> {
        let mut start = world(&["# . #", ". . ball:blue", "# # #"], 1, 1)?;
        let moves = [Move::Pickup, Move::Done, Move::Left, Move::Drop, Move::Right];
        let judged = verdicts("go to the blue ball", false, &mut start.clone(), &moves)?;
        let expected = [Verdict::Success, Verdict::Success, Verdict::Open, Verdict::Success, Verdict::Open];
        assert_eq!(judged, expected, "where it was picked up counts until it is put down");
        let room = ["# . #", ". . ball:blue", "# box:red #"];
        let put = verdicts("put the blue ball next to the red box", false, &mut world(&room, 1, 1)?, &moves)?;
        assert!(put.iter().all(|verdict| *verdict == Verdict::Open));
        let moves = [Move::Pickup, Move::Forward, Move::Right, Move::Right, Move::Drop];
        let put = verdicts("put the ball next to the box", false, &mut start, &moves)?;
        assert!(put.iter().all(|verdict| *verdict == Verdict::Open), "there is no box");
        let put = verdicts("put the ball next to the box", false, &mut world(&room, 1, 1)?, &moves)?;
        assert_eq!(put.last(), Some(&Verdict::Success));
        Ok(())
    }

    #[test]
    fn sides_are_of_the_room_in_which_the_agent_begins() -> Result<(), String> {
        let rooms = ["# # # # #", "door:red:closed . # . door:red:closed", "# # # # #"];
        let mut start = world(&rooms, 1, 1)?;
        assert!(!Verifier::new(&"open the door in front of you".parse()?, &[], &start).possible());
        assert!(Verifier::new(&"open the door behind you".parse()?, &[], &start).possible());
        let moves = [Move::Left, Move::Left, Move::Toggle];
        let judged = verdicts("open the door behind you", true, &mut start, &moves)?;
        assert_eq!(judged, [Verdict::Open, Verdict::Open, Verdict::Success]);
        Ok(())
    }
}
