//! What a goal is made of.

use serde::{Deserialize, Serialize};

use super::house::{House, Kind};
use super::matter::State;
use super::physics::Stage;

/// Something that holds in a house or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A thing lies directly in or on a place.
    In {
        /// The thing.
        thing: String,
        /// The place.
        place: String,
    },
    /// Some vessel holds a substance.
    Filled {
        /// The substance.
        matter: String,
    },
    /// Something that heats or cools now has a vessel with a substance in it.
    Treated {
        /// The substance.
        matter: String,
    },
    /// A substance in some vessel has this state.
    Is {
        /// The substance.
        matter: String,
        /// The state.
        state: State,
    },
    /// The thermometer told the temperature of a thing.
    Measured {
        /// The thing.
        thing: String,
    },
    /// A rod was in a closed ring.
    Tested {
        /// The rod.
        rod: String,
    },
    /// A wire joins two parts.
    Joined {
        /// The one.
        part: String,
        /// The other.
        other: String,
    },
    /// The lamp is lit.
    Lit {
        /// The lamp.
        lamp: String,
    },
    /// A plant is at least so far.
    Grown {
        /// The seed.
        seed: String,
        /// How far.
        stage: Stage,
    },
}

impl Fact {
    /// Whether it holds.
    pub fn holds(&self, house: &House) -> bool {
        match self {
            Self::In { thing, place } => house.things.get(thing).is_some_and(|thing| thing.at == *place),
            Self::Filled { matter } => house.vessels_of(matter).next().is_some(),
            Self::Treated { matter } => house.vessels_of(matter).any(|vessel| house.is_treated(vessel)),
            Self::Is { matter, state } => {
                house.vessels_of(matter).filter_map(|vessel| house.held_by(vessel)).any(|held| held.state() == *state)
            }
            Self::Measured { thing } => house.measured.contains(thing),
            Self::Tested { rod } => house.tested.contains(rod),
            Self::Joined { part, other } => house.wires_of(part).any(|(_, end)| end == other),
            Self::Lit { lamp } => house.kind(lamp) == Some(&Kind::Lamp) && house.is_lit(lamp),
            Self::Grown { seed, stage } => {
                matches!(house.kind(seed), Some(Kind::Seed { age }) if Stage::after(*age) >= *stage)
            }
        }
    }
}

impl House {
    /// The vessels that hold a substance.
    pub fn vessels_of<'a>(&'a self, matter: &'a str) -> impl Iterator<Item = &'a str> {
        let holds = move |name: &&str| self.held_by(name).is_some_and(|held| held.name == matter);
        self.things.keys().map(String::as_str).filter(holds)
    }

    fn is_treated(&self, name: &str) -> bool {
        self.around(name).filter_map(|place| self.place(place)).any(|place| place.works())
    }
}

/// What is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quest {
    /// In a sentence or two.
    pub told: String,
    /// What must hold before, for the share that is reached: each counts once it held.
    pub steps: Vec<Fact>,
    /// What must hold at the end, all at once.
    pub goals: Vec<Fact>,
}

impl Quest {
    /// The steps and the goals.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.steps.iter().chain(&self.goals)
    }

    /// Whether the end is reached.
    pub fn is_reached(&self, house: &House) -> bool {
        self.goals.iter().all(|goal| goal.holds(house))
    }
}
