//! What is in sight as AgentBoard tells it: nearest first, with the words for where things are.

use super::grid::{Kind, Look, Place};
use super::simulator::Simulator;
use super::view::View;

/// A thing in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// How it looks.
    pub look: Look,
    /// Where it is.
    pub place: Place,
    /// Steps from the agent to it.
    pub distance: i32,
    /// Steps ahead.
    pub ahead: i32,
    /// Steps to the right; less than 0 to the left.
    pub right: i32,
}

/// What is in sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// All things, walls too, nearest first; those as near as each other from the farthest row to the agent's own, each
    /// from left to right. Places left of the grid or above it are left out.
    pub things: Vec<Sighting>,
    /// The nearest wall or box straight ahead.
    pub barrier: Option<Sighting>,
    /// What the agent carries.
    pub carrying: Option<Look>,
}

impl Sight {
    /// What a view shows.
    pub fn of(world: &Simulator, view: &View) -> Self {
        let sighting = |(place, look): (Place, Look)| Sighting {
            look,
            place,
            distance: world.at.distance(place),
            ahead: world.facing.along(world.at, place),
            right: world.facing.right().along(world.at, place),
        };
        let on_paper = |(place, _): &(Place, Look)| place.x >= 0 && place.y >= 0;
        let mut things: Vec<Sighting> = view.looks(world).filter(on_paper).map(sighting).collect();
        things.sort_by_key(|thing| thing.distance);
        let bars = |thing: &&Sighting| thing.right == 0 && matches!(thing.look.kind, Kind::Wall | Kind::Box);
        let barrier = things.iter().find(bars).copied();
        Self { things, barrier, carrying: world.carrying.map(|thing| thing.look) }
    }

    /// All that is no wall.
    pub fn objects(&self) -> impl Iterator<Item = &Sighting> {
        self.things.iter().filter(|thing| thing.look.kind != Kind::Wall)
    }

    /// What is in sight, in AgentBoard's words (Apache-2.0).
    pub fn told(&self) -> String {
        let mut text = match self.things.is_empty() {
            true => "You cannot see any objects within sight.".to_owned(),
            false => "In front of you in this room, you can see several objects: ".to_owned(),
        };
        let mut seen = Tally::default();
        for thing in self.objects() {
            let number = seen.count(thing.look);
            text.push_str(&format!("There is a {} {number} {}  ", thing.look, thing.bearing()));
        }
        text.push_str("The room has walls around you. ");
        if let Some(barrier) = self.barrier {
            let word = barrier.look.kind.word();
            text.push_str(&format!("You are facing a {word} {} steps away. ", barrier.ahead));
        }
        match self.carrying {
            Some(look) => text.push_str(&format!("You are carrying a {look}.")),
            None => text.push_str("You are not carrying anything."),
        }
        text
    }
}

impl Sighting {
    fn bearing(&self) -> String {
        let Self { ahead, right, .. } = self;
        match right {
            0 => format!("right in front of you {ahead} steps away."),
            1.. => format!("{ahead} steps in front of you and {right} steps to your right."),
            _ => format!("{ahead} steps in front of you and {} steps to your left.", -right),
        }
    }
}

/// How many things of each look were counted, in the order in which looks first came.
#[derive(Debug, Clone, Default)]
pub struct Tally(Vec<(Look, usize)>);

impl Tally {
    /// Counts one more, and says how many there are now.
    pub fn count(&mut self, look: Look) -> usize {
        match self.0.iter_mut().find(|(known, _)| *known == look) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.0.push((look, 1));
                1
            }
        }
    }

    /// How many there are.
    pub fn of(&self, look: Look) -> usize {
        self.0.iter().find(|(known, _)| *known == look).map_or(0, |(_, count)| *count)
    }

    /// As Python prints the dictionary.
    pub fn printed(&self) -> String {
        let rows: Vec<String> = self.0.iter().map(|(look, count)| format!("'{look}': {count}")).collect();
        format!("{{{}}}", rows.join(", "))
    }
}
