//! A small house and what is in it: rooms, furniture, devices, vessels with what they hold, circuits and plants.
//!
//! Things lie in a room, in or on another thing, or in the agent's hands; all are known by their names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::matter::Matter;

/// Where what the agent holds is.
pub const HANDS: &str = "you";
/// The temperature of rooms, in degrees.
pub const ROOM_DEGREES: i32 = 20;
/// Most things of a house that is read.
const MOST_THINGS: usize = 200;
/// Actions for which a watered pot stays wet.
pub const WET: u32 = 4;

/// The house as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct House {
    /// The rooms, and which rooms each leads to.
    pub rooms: BTreeMap<String, Vec<String>>,
    /// The things.
    pub things: BTreeMap<String, Thing>,
    /// The room that the agent is in.
    pub agent: String,
    /// What was measured with the thermometer.
    #[serde(default)]
    pub measured: BTreeSet<String>,
    /// Rods that were once part of a closed ring with a battery and a lamp.
    #[serde(default)]
    pub tested: BTreeSet<String>,
}

/// A thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// A room, another thing, or [`HANDS`].
    pub at: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What a thing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Something to carry about.
    Plain,
    /// Where things are put: furniture, a box, a device.
    Place(Place),
    /// A cup or a pan.
    Vessel {
        /// What is in it.
        holds: Option<Matter>,
    },
    /// A closed flask that keeps its temperature.
    Flask {
        /// The temperature of what is in it, in degrees.
        degrees: i32,
    },
    /// A tap: gives water, and takes what is poured away.
    Sink,
    /// The thermometer.
    Thermometer,
    /// The battery of a circuit.
    Battery,
    /// A lamp of a circuit.
    Lamp,
    /// A rod of a circuit.
    Rod {
        /// Whether current goes through it.
        conducts: bool,
    },
    /// A wire.
    Wire {
        /// What it joins.
        ends: Option<[String; 2]>,
    },
    /// A pot with soil.
    Pot {
        /// For how many more actions it is wet.
        wet: u32,
    },
    /// A seed, and the plant that it becomes.
    Seed {
        /// For how many actions it stood in wet soil.
        age: u32,
    },
}

/// A thing that other things are put in or on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// Whether things lie on it rather than in it.
    #[serde(default)]
    pub surface: bool,
    /// Whether it is open; `None` where it cannot be closed.
    #[serde(default)]
    pub open: Option<bool>,
    /// Whether it is on; `None` where it has no switch.
    #[serde(default)]
    pub on: Option<bool>,
    /// Devices: the temperature that they bring things to.
    #[serde(default)]
    pub degrees: Option<i32>,
}

impl Place {
    /// Whether it heats or cools now: switched on, and closed if it has a door.
    pub fn works(&self) -> bool {
        self.degrees.is_some() && self.on != Some(false) && self.open != Some(true)
    }

    /// How things lie there.
    pub fn preposition(&self) -> &'static str {
        if self.surface { "on" } else { "in" }
    }
}

impl Kind {
    /// Whether it can be carried.
    pub fn is_portable(&self) -> bool {
        !matches!(self, Self::Place(_) | Self::Sink | Self::Pot { .. })
    }

    /// Whether wires can be joined to it.
    pub fn is_part(&self) -> bool {
        matches!(self, Self::Battery | Self::Lamp | Self::Rod { .. })
    }
}

impl House {
    /// A house without rooms.
    pub fn empty() -> Self {
        let (rooms, things) = (BTreeMap::new(), BTreeMap::new());
        Self { rooms, things, agent: String::new(), measured: BTreeSet::new(), tested: BTreeSet::new() }
    }

    /// What a thing is.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.things.get(name).map(|thing| &thing.kind)
    }

    /// A thing as a place.
    pub fn place(&self, name: &str) -> Option<&Place> {
        match self.kind(name) {
            Some(Kind::Place(place)) => Some(place),
            _ => None,
        }
    }

    /// What a vessel holds.
    pub fn held_by(&self, vessel: &str) -> Option<&Matter> {
        match self.kind(vessel) {
            Some(Kind::Vessel { holds }) => holds.as_ref(),
            _ => None,
        }
    }

    /// Whether the agent holds a thing.
    pub fn holds(&self, name: &str) -> bool {
        self.things.get(name).is_some_and(|thing| thing.at == HANDS)
    }

    /// The things that lie there, by name.
    pub fn things_at<'a>(&'a self, place: &'a str) -> impl Iterator<Item = (&'a String, &'a Thing)> {
        self.things.iter().filter(move |(_, thing)| thing.at == place)
    }

    /// The places around a thing, from the innermost to the room or the hands that it is in.
    pub fn around<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let first = self.things.get(name).map(|thing| thing.at.as_str());
        std::iter::successors(first, |place| self.things.get(*place).map(|thing| thing.at.as_str()))
            .take(self.things.len() + 1)
    }

    /// The room that a thing is in.
    pub fn room_of(&self, name: &str) -> Option<&str> {
        let outermost = self.around(name).last()?;
        if outermost == HANDS { Some(&self.agent) } else { Some(outermost) }
    }

    /// The closed place around a thing that hides it, the outermost first.
    pub fn hidden_by(&self, name: &str) -> Option<&str> {
        let closed = |place: &&str| self.place(place).is_some_and(|place| place.open == Some(false));
        self.around(name).filter(closed).last()
    }

    /// Whether a thing is in the agent's room or hands, and not in something closed.
    pub fn can_reach(&self, name: &str) -> bool {
        self.room_of(name) == Some(self.agent.as_str()) && self.hidden_by(name).is_none()
    }

    /// The wires that are joined to a part, with what their other ends are joined to.
    pub fn wires_of<'a>(&'a self, part: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.things.iter().filter_map(move |(wire, thing)| match &thing.kind {
            Kind::Wire { ends: Some([a, b]) } if a == part => Some((wire.as_str(), b.as_str())),
            Kind::Wire { ends: Some([a, b]) } if b == part => Some((wire.as_str(), a.as_str())),
            _ => None,
        })
    }

    /// The temperature that is around a thing.
    pub fn degrees_around(&self, name: &str) -> i32 {
        let working = self.around(name).filter_map(|place| self.place(place)).find(|place| place.works());
        working.and_then(|place| place.degrees).unwrap_or(ROOM_DEGREES)
    }

    /// What is wrong with a house that comes from elsewhere.
    ///
    /// # Errors
    /// Places that are not there, things inside themselves, too many things: which.
    pub fn check(&self) -> Result<(), String> {
        let room = |name: &String| self.rooms.contains_key(name);
        if self.things.len() > MOST_THINGS || self.rooms.len() > MOST_THINGS {
            return Err(format!("more than {MOST_THINGS} things or rooms"));
        }
        let exits = self.rooms.values().flatten();
        if let Some(place) = exits.chain([&self.agent]).find(|name| !room(name)) {
            return Err(format!("there is no room {place:?}"));
        }
        for (name, thing) in &self.things {
            let known = thing.at == HANDS || room(&thing.at) || self.things.contains_key(&thing.at);
            let ends = match &thing.kind {
                Kind::Wire { ends: Some(ends) } => ends.as_slice(),
                _ => &[],
            };
            let joined = ends.iter().all(|end| self.kind(end).is_some_and(Kind::is_part));
            if name == HANDS || room(name) || !known || !joined {
                return Err(format!("{name:?} is nowhere, is joined to nothing, or has the name of a room"));
            }
            if self.around(name).last().is_none_or(|last| self.things.contains_key(last)) {
                return Err(format!("{name:?} is inside itself"));
            }
        }
        Ok(())
    }
}
