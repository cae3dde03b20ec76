//! A house: what the story's table says (`tools/story/house.inf` has its layout).

use std::collections::BTreeMap;

use crate::real_world::story::Patch;
use crate::real_world::zmachine::Story;

/// Things that can be carried about, in the story's order; the story counts from 1.
pub const THINGS: [&str; 20] = [
    "silver cup",
    "red book",
    "glass ball",
    "old map",
    "gold ring",
    "green apple",
    "wool coat",
    "clay pot",
    "wax candle",
    "steel knife",
    "white shell",
    "black stone",
    "blue feather",
    "tin whistle",
    "bone comb",
    "paper fan",
    "silk scarf",
    "leather glove",
    "ivory horn",
    "crystal vase",
];
/// Keys follow them.
pub const KEYS: [&str; 3] = ["brass key", "iron key", "copper key"];
/// What things are put on.
pub const SUPPORTERS: [&str; 5] = ["oak table", "stone altar", "long shelf", "low bench", "marble pedestal"];
/// What things are put in.
pub const CONTAINERS: [&str; 5] = ["wooden box", "iron chest", "tall cabinet", "wicker basket", "deep drawer"];
/// The last of all.
pub const LAMP: &str = "oil lamp";
/// The doors.
pub const DOORS: [&str; 3] = ["red door", "green door", "blue door"];
/// The directions, and the opposite of each two further.
pub const DIRECTIONS: [&str; 4] = ["north", "east", "south", "west"];
/// How many rooms the story knows.
pub const ROOMS: usize = 20;

/// The compiled story.
pub const STORY: &[u8] = include_bytes!("../../../../../../tools/story/house.z3");

/// How the table begins, and how long it is.
const MARK: &[u8] = b"ACBHOUSE";
const LENGTH: usize = 226;
const AT_START: usize = 8;
const AT_COUNT: usize = 9;
const AT_GOALS: usize = 10;
const AT_DOORS: usize = 16;
const AT_ROOMS: usize = 24;
const AT_ITEMS: usize = 124;

/// The number of a thing in the story, of whatever kind.
pub fn number(name: &str) -> usize {
    names().position(|known| known == name).map_or(0, |index| index + 1)
}

/// All things, in the story's order.
pub fn names() -> impl Iterator<Item = &'static str> {
    THINGS.into_iter().chain(KEYS).chain(SUPPORTERS).chain(CONTAINERS).chain([LAMP])
}

/// Where a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a room, from 1.
    Room(usize),
    /// In or on a thing.
    Thing(&'static str),
}

/// How a door or a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Open.
    #[default]
    Open,
    /// Closed.
    Closed,
    /// Locked.
    Locked,
}

/// A thing in the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub place: Place,
    /// How it is, of a container.
    pub state: State,
    /// Its key, of a container.
    pub key: Option<&'static str>,
}

/// A way out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The room that it leads to.
    pub to: usize,
    /// The door in it, from 0.
    pub door: Option<usize>,
}

/// A whole house.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct House {
    /// Where the player wakes.
    pub start: usize,
    /// Things and where they belong.
    pub goals: Vec<(&'static str, &'static str)>,
    /// The keys of the doors that there are; all of these are locked.
    pub doors: Vec<&'static str>,
    /// Rooms and their ways, in the order of [`DIRECTIONS`].
    pub rooms: BTreeMap<usize, [Option<Way>; 4]>,
    /// The room without light.
    pub dark: Option<usize>,
    /// Everything in it.
    pub items: BTreeMap<&'static str, Item>,
}

impl House {
    /// The room in which a thing is, whatever holds it.
    pub fn room_of(&self, thing: &str) -> Option<usize> {
        match self.items.get(thing)?.place {
            Place::Room(room) => Some(room),
            Place::Thing(holder) => self.room_of(holder),
        }
    }

    /// The table of this house.
    pub fn table(&self) -> Vec<u8> {
        let mut table = vec![0; LENGTH];
        let mut put = |at: usize, value: usize| {
            if let (Some(place), Ok(value)) = (table.get_mut(at), u8::try_from(value)) {
                *place = value;
            }
        };
        for (at, &byte) in MARK.iter().enumerate() {
            put(at, usize::from(byte));
        }
        put(AT_START, self.start);
        put(AT_COUNT, self.goals.len());
        for (index, (thing, target)) in self.goals.iter().enumerate() {
            put(AT_GOALS + 2 * index, number(thing));
            put(AT_GOALS + 2 * index + 1, number(target));
        }
        for (index, key) in self.doors.iter().enumerate() {
            put(AT_DOORS + 2 * index, number(key));
            put(AT_DOORS + 2 * index + 1, State::Locked as usize);
        }
        for (&room, ways) in &self.rooms {
            let at = AT_ROOMS + 5 * (room - 1);
            for (direction, way) in ways.iter().enumerate() {
                put(at + direction, way.map_or(0, |way| way.to + 32 * way.door.map_or(0, |door| door + 1)));
            }
            put(at + 4, usize::from(self.dark == Some(room)));
        }
        for (name, item) in &self.items {
            let at = AT_ITEMS + 3 * (number(name) - 1);
            let place = match item.place {
                Place::Room(room) => room,
                Place::Thing(holder) => 64 + number(holder),
            };
            put(at, place);
            put(at + 1, item.state as usize);
            put(at + 2, item.key.map_or(0, number));
        }
        table
    }

    /// What differs from the compiled story; `None` if that has no table.
    pub fn patch(&self, story: &Story) -> Option<Patch> {
        let at = story.bytes().windows(MARK.len()).position(|window| window == MARK)?;
        Some(Patch { at, bytes: self.table().iter().map(|byte| format!("{byte:02x}")).collect() })
    }
}
