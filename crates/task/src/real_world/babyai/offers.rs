//! The high-level actions that AgentBoard offers, and why it refuses others.

use std::collections::BTreeMap;

use super::grid::{Color, Door, Kind, Look};
use super::path::Paths;
use super::sight::{Sight, Tally};
use super::simulator::{Move, Simulator};

/// The action that asks for all others, as it is listed.
const CHECK: &str = "check available actions";

/// What can be done from where the agent stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// Each action with the low-level ones that it stands for, in the order in which they are listed.
    pub actions: Vec<(String, Vec<Move>)>,
    /// Why an action that might be thought of cannot be done.
    pub refusals: BTreeMap<String, String>,
}

impl Offers {
    /// What can be done in a world of which this is in sight.
    pub fn of(world: &Simulator, sight: &Sight) -> Self {
        let paths = Paths::from(world, sight);
        let mut offers = Self::default();
        offers.turn(sight);
        if sight.carrying.is_none() {
            offers.pick_up(sight, &paths);
        }
        offers.drop(world, sight);
        offers.pass(sight, &paths);
        offers.enter_goal(sight, &paths);
        offers.go_to(sight, &paths);
        offers.offer(CHECK.to_owned(), Vec::new());
        offers
    }

    /// The low-level actions of an action that is offered.
    pub fn moves(&self, action: &str) -> Option<&[Move]> {
        self.actions.iter().find(|(name, _)| name == action).map(|(_, moves)| &moves[..])
    }

    /// An action that was offered before keeps its place in the list.
    fn offer(&mut self, name: String, moves: Vec<Move>) {
        match self.actions.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = moves,
            None => self.actions.push((name, moves)),
        }
    }

    fn refuse(&mut self, name: String, why: &str) {
        let sentence = format!("You cannot {name}, as {why}");
        self.refusals.insert(name, sentence);
    }

    fn turn(&mut self, sight: &Sight) {
        self.offer("turn left".into(), vec![Move::Left]);
        self.offer("turn right".into(), vec![Move::Right]);
        let forward = "move forward".to_owned();
        if sight.barrier.is_none_or(|barrier| barrier.ahead > 1) {
            self.offer(forward, vec![Move::Forward]);
        } else {
            self.refusals.insert(forward, "There is a barrier in front of you, you can't move forward.".into());
        }
    }

    /// Numbers count what can be reached only, unlike those of the observation.
    fn pick_up(&mut self, sight: &Sight, paths: &Paths) {
        let stays = |kind| matches!(kind, Kind::Door(_) | Kind::Goal);
        let mut reached = Tally::default();
        for thing in sight.objects().filter(|thing| !stays(thing.look.kind)) {
            let name = |number: usize| format!("pickup {} {number}", thing.look);
            match paths.facing(thing.place) {
                Some(moves) => self.offer(name(reached.count(thing.look)), [&moves[..], &[Move::Pickup]].concat()),
                None => self.refuse(name(reached.of(thing.look) + 1), NO_PATH),
            }
        }
    }

    fn drop(&mut self, world: &Simulator, sight: &Sight) {
        let front = world.front();
        let fills = |kind| !matches!(kind, Kind::Door(_) | Kind::Goal);
        let full = sight.things.iter().any(|thing| thing.place == front && fills(thing.look.kind));
        let why = match sight.carrying {
            None => "you are not carrying anything.",
            Some(_) if full => "there is already an object in front of you.",
            Some(_) => return self.offer("drop".into(), vec![Move::Drop]),
        };
        self.refusals.insert("drop".into(), format!("You cannot drop the object, as {why}"));
    }

    fn pass(&mut self, sight: &Sight, paths: &Paths) {
        let mut seen = Tally::default();
        for thing in sight.objects() {
            let Kind::Door(state) = thing.look.kind else { continue };
            let name = format!("go through {} {}", thing.look, seen.count(thing.look));
            match state {
                Door::Open => match paths.onto(thing.place) {
                    Some(moves) => self.offer(name, moves),
                    None => self.refuse(name, NO_PATH),
                },
                Door::Closed => {
                    self.toggle(thing.look, &seen, paths.facing(thing.place));
                    self.refuse(name, "it is closed. You should toggle it first.");
                }
                Door::Locked => match lacks_key(sight.carrying, thing.look.color) {
                    None => self.toggle(thing.look, &seen, paths.facing(thing.place)),
                    Some(why) => self.refuse(format!("toggle and {name}"), why),
                },
            }
        }
    }

    fn toggle(&mut self, look: Look, seen: &Tally, way: Option<Vec<Move>>) {
        let name = format!("toggle and go through {look} {}", seen.of(look));
        let Some(way) = way else {
            // The reference prints the counts of all doors where it means the number of this one.
            let sentence = format!("You cannot toggle and go through {look} {}, as {NO_PATH}", seen.printed());
            self.refusals.insert(name, sentence);
            return;
        };
        self.offer(name, [&way[..], &[Move::Toggle, Move::Forward]].concat());
        if way.is_empty() {
            self.offer("toggle".into(), vec![Move::Toggle]);
        }
    }

    fn enter_goal(&mut self, sight: &Sight, paths: &Paths) {
        for goal in sight.objects().filter(|thing| thing.look.kind == Kind::Goal) {
            let name = "go to goal".to_owned();
            match paths.onto(goal.place) {
                Some(moves) => self.offer(name, moves),
                None => {
                    self.refusals.insert(name, format!("You cannot go to the goal, as {NO_PATH}"));
                }
            }
        }
    }

    fn go_to(&mut self, sight: &Sight, paths: &Paths) {
        let mut reached = Tally::default();
        for thing in sight.objects().filter(|thing| thing.look.kind != Kind::Goal) {
            let name = |number: usize| format!("go to {} {number}", thing.look);
            match paths.facing(thing.place) {
                Some(moves) => self.offer(name(reached.count(thing.look)), moves),
                None => self.refuse(name(reached.of(thing.look) + 1), NO_PATH),
            }
        }
    }
}

const NO_PATH: &str = "there is no path leading to it.";

fn lacks_key(carrying: Option<Look>, color: Color) -> Option<&'static str> {
    match carrying {
        Some(Look { kind: Kind::Key, color: own }) if own == color => None,
        Some(Look { kind: Kind::Key, .. }) => {
            Some("the color of the key you are carrying does not match the color of door.")
        }
        _ => Some("you are not carrying a key."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::{Facing, Place, Thing};
    use super::super::simulator::tests::world;
    use super::super::view::View;
    use super::*;

    fn offers(world: &Simulator) -> Offers {
        Offers::of(world, &Sight::of(world, &View::of(world)))
    }

    fn names(offers: &Offers) -> Vec<&str> {
        offers.actions.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_cannot_be_reached_is_refused_and_not_numbered() -> Result<(), String> {
        use Move::{Forward, Left, Pickup, Right};
        let rows = ["# # # # #", "# ball:red # ball:red #", "# # # . #", "# . . . #", "# # # # #"];
        let mut world = world(&rows, 1, 3)?;
        let offers = offers(&world);
        assert_eq!(
            names(&offers),
            ["turn left", "turn right", "move forward", "pickup red ball 1", "go to red ball 1", CHECK]
        );
        assert_eq!(offers.moves("pickup red ball 1"), Some(&[Forward, Forward, Left, Forward, Pickup][..]));
        assert_eq!(offers.refusals.keys().collect::<Vec<_>>(), ["drop"]);
        world.at = Place { x: 3, y: 3 };
        assert_eq!(self::offers(&world).moves("move forward"), None);
        world.act(Right);
        assert_eq!(self::offers(&world).refusals.len(), 2);
        Ok(())
    }

    #[test]
    fn doors_are_refused_for_their_own_reasons() -> Result<(), String> {
        let mut world = world(&["# # # #", "# door:red:closed ball:grey .", "# # # #"], 3, 1)?;
        // To the left the view's rectangle has no cell behind the agent, through which a way would lead.
        world.facing = Facing::Left;
        world.carrying = Some(Thing { look: Look { kind: Kind::Key, color: Color::Red }, id: 99, holds: None });
        let refusals = offers(&world).refusals;
        let said = |name: &str| refusals.get(name).map(String::as_str);
        assert_eq!(
            said("go through red closed door 1"),
            Some("You cannot go through red closed door 1, as it is closed. You should toggle it first.")
        );
        assert_eq!(
            said("toggle and go through red closed door 1"),
            Some(
                "You cannot toggle and go through red closed door {'red closed door': 1}, as there is no path leading to it."
            )
        );
        assert_eq!(said("drop"), Some("You cannot drop the object, as there is already an object in front of you."));
        Ok(())
    }

    #[test]
    fn keys_fit_doors_of_their_color_only() -> Result<(), String> {
        let mut world = world(&["# # # #", ". . door:blue:locked #", "# # # #"], 1, 1)?;
        let name = "toggle and go through blue locked door 1";
        let mut carry = |color| {
            world.carrying = Some(Thing { look: Look { kind: Kind::Key, color }, id: 99, holds: None });
            offers(&world)
        };
        assert_eq!(carry(Color::Blue).moves(name), Some(&[Move::Toggle, Move::Forward][..]));
        assert_eq!(carry(Color::Blue).moves("toggle"), Some(&[Move::Toggle][..]));
        let red = carry(Color::Red);
        assert_eq!(red.moves("toggle"), None);
        let why = "as the color of the key you are carrying does not match the color of door.";
        assert!(red.refusals.get(name).is_some_and(|said| said.ends_with(why)), "{:?}", red.refusals);
        assert_eq!(red.moves("drop"), Some(&[Move::Drop][..]), "the reference offers to drop things into doors");
        Ok(())
    }

    #[test]
    fn goals_are_entered_and_lava_is_not() -> Result<(), String> {
        let world = world(&["# # # #", ". goal lava #", "# # # #"], 0, 1)?;
        let offers = offers(&world);
        assert_eq!(offers.moves("go to goal"), Some(&[Move::Forward][..]));
        assert_eq!(offers.moves("go to red lava 1"), Some(&[Move::Forward][..]));
        assert!(names(&offers).contains(&"pickup red lava 1"), "the reference offers what cannot be done");
        Ok(())
    }
}
