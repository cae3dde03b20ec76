//! Draws a house: rooms, furniture, and where things lie.

use std::collections::BTreeMap;

use record::Rng;

use super::house::{House, Kind, Place, Thing};
use super::matter::Matter;

/// The room with stove, oven, freezer and sink.
pub const KITCHEN: &str = "kitchen";
/// What the stove heats to, in degrees.
pub const STOVE: i32 = 150;
/// What the oven heats to, in degrees.
pub const OVEN: i32 = 240;
/// What the freezer cools to, in degrees.
pub const FREEZER: i32 = -20;
const ROOMS: &[&str] =
    &["hall", "study", "bedroom", "cellar", "attic", "workshop", "pantry", "parlor", "garage", "library", "balcony"];
const MADE: &[&str] = &["oak", "white", "tall", "old", "narrow", "round", "painted", "small", "wide", "low"];
const SURFACES: &[&str] = &["table", "shelf", "bench", "desk", "stool"];
const OPEN: &[&str] = &["basket", "crate", "tray", "bucket"];
const CLOSED: &[&str] = &["cupboard", "chest", "drawer", "cabinet", "trunk"];
const COLORS: &[&str] = &["red", "blue", "green", "white", "black", "yellow", "gray", "brown", "pink", "orange"];
const GOODS: &[&str] = &[
    "key", "spoon", "book", "coin", "comb", "brush", "ball", "hat", "map", "bell", "candle", "letter", "ruler", "doll",
    "scarf", "hammer",
];
const VESSELS: &[&str] = &["cup", "pan", "mug", "bowl", "jar", "kettle"];

/// How large a house is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rooms.
    pub rooms: usize,
    /// Pieces of furniture in each room.
    pub furniture: usize,
    /// Things that no goal needs.
    pub clutter: usize,
    /// Whether furniture has doors, which are closed at first.
    pub closed: bool,
}

/// A house that is being furnished.
pub struct Builder<'a> {
    /// The random numbers.
    pub rng: &'a mut Rng,
    /// What is there already.
    pub house: House,
    size: Size,
}

impl<'a> Builder<'a> {
    /// Rooms, each of which can be reached, with furniture; the devices are in the kitchen.
    pub fn new(rng: &'a mut Rng, size: Size) -> Self {
        let others = rng.choose(ROOMS.len(), size.rooms.saturating_sub(1));
        let names: Vec<&str> = std::iter::once(KITCHEN).chain(others.into_iter().map(|room| ROOMS[room])).collect();
        let mut rooms: BTreeMap<String, Vec<String>> = names.iter().map(|&room| (room.into(), Vec::new())).collect();
        for (index, &room) in names.iter().enumerate().skip(1) {
            let to = names[rng.below(index)];
            for (from, to) in [(room, to), (to, room)] {
                rooms.entry(from.to_owned()).or_default().push(to.to_owned());
            }
        }
        rooms.values_mut().for_each(|exits| exits.sort());
        let agent = names[rng.below(names.len())].to_owned();
        let house = House { rooms, agent, ..House::empty() };
        let mut builder = Self { rng, house, size };
        builder.equip();
        names.iter().for_each(|room| builder.furnish(room));
        builder
    }

    fn equip(&mut self) {
        let device = |open: Option<bool>, on, degrees| {
            Kind::Place(Place { surface: open.is_none(), open, on, degrees: Some(degrees) })
        };
        self.put("stove", KITCHEN, device(None, Some(false), STOVE));
        self.put("oven", KITCHEN, device(Some(false), Some(false), OVEN));
        self.put("freezer", KITCHEN, device(Some(false), None, FREEZER));
        self.put("sink", KITCHEN, Kind::Sink);
    }

    fn furnish(&mut self, room: &str) {
        for _ in 0..self.size.furniture {
            let (nouns, surface, open) = match self.rng.below(if self.size.closed { 4 } else { 2 }) {
                0 => (SURFACES, true, None),
                1 => (OPEN, false, None),
                _ => (CLOSED, false, Some(false)),
            };
            let name = self.name(MADE, nouns);
            self.put(&name, room, Kind::Place(Place { surface, open, ..Place::default() }));
        }
    }

    /// A name of two words that nothing has yet; no two things share their noun unless all nouns are taken.
    fn name(&mut self, firsts: &[&str], nouns: &[&str]) -> String {
        let last = |name: &str| name.rsplit(' ').next().map(str::to_owned);
        let taken: Vec<String> = self.house.things.keys().filter_map(|name| last(name)).collect();
        let free: Vec<&str> = nouns.iter().copied().filter(|noun| !taken.iter().any(|taken| taken == noun)).collect();
        let nouns = if free.is_empty() { nouns } else { &free };
        loop {
            let noun = nouns[self.rng.below(nouns.len())];
            let name = format!("{} {noun}", firsts[self.rng.below(firsts.len())]);
            if !self.house.things.contains_key(&name) {
                return name;
            }
        }
    }

    /// A color and a noun that nothing is called yet.
    pub fn colored(&mut self, noun: &str) -> String {
        self.name(COLORS, &[noun])
    }

    /// Puts a thing somewhere.
    pub fn put(&mut self, name: &str, at: &str, kind: Kind) {
        self.house.things.insert(name.to_owned(), Thing { at: at.to_owned(), kind });
    }

    /// Puts a thing on the floor of a room, or in or on a piece of furniture.
    pub fn scatter(&mut self, name: &str, kind: Kind) {
        let is_spot = |kind: &Kind| matches!(kind, Kind::Place(place) if place.degrees.is_none());
        let furniture: Vec<String> = self.furniture(is_spot);
        let rooms: Vec<String> = self.house.rooms.keys().cloned().collect();
        let spots = if self.rng.chance(0.75) { furniture } else { rooms };
        let at = spots[self.rng.below(spots.len())].clone();
        self.put(name, &at, kind);
    }

    fn furniture(&self, which: impl Fn(&Kind) -> bool) -> Vec<String> {
        self.house.things.iter().filter(|(_, thing)| which(&thing.kind)).map(|(name, _)| name.clone()).collect()
    }

    /// A new thing to carry about, lying somewhere.
    pub fn good(&mut self) -> String {
        let name = self.name(COLORS, GOODS);
        self.scatter(&name, Kind::Plain);
        name
    }

    /// A new vessel somewhere.
    pub fn vessel(&mut self, holds: Option<Matter>) -> String {
        let name = self.name(COLORS, VESSELS);
        self.scatter(&name, Kind::Vessel { holds });
        name
    }

    /// A piece of furniture, other than those named.
    pub fn spot(&mut self, not: &[&str]) -> String {
        let mut all = self.furniture(|kind| matches!(kind, Kind::Place(place) if place.degrees.is_none()));
        all.retain(|name| !not.contains(&name.as_str()));
        all.swap_remove(self.rng.below(all.len()))
    }

    /// A room that is not the kitchen.
    pub fn room(&mut self) -> String {
        let mut rooms: Vec<String> = self.house.rooms.keys().filter(|room| *room != KITCHEN).cloned().collect();
        rooms.swap_remove(self.rng.below(rooms.len()))
    }

    /// What no goal needs.
    pub fn clutter(&mut self) {
        for _ in 0..self.size.clutter {
            self.good();
        }
    }
}
