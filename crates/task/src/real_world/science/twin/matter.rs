//! What vessels hold, and its three states.

use serde::{Deserialize, Serialize};

/// What heat one action brings at most, in degrees.
const WARMER: i32 = 30;
/// What heat one action takes at most, in degrees.
const COLDER: i32 = 15;

/// An amount of some substance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// `water`, `butter`.
    pub name: String,
    /// Its temperature, in degrees.
    pub degrees: i32,
    /// From how many degrees on it is liquid.
    pub melts: i32,
    /// From how many degrees on it boils.
    pub boils: i32,
}

/// A state of matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Below the melting point.
    Solid,
    /// Between the two.
    Liquid,
    /// From the boiling point on.
    Boiling,
}

impl State {
    /// `liquid`, in texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Solid => "solid",
            Self::Liquid => "liquid",
            Self::Boiling => "boiling",
        }
    }
}

impl Matter {
    /// Water from the tap.
    pub fn water() -> Self {
        Self { name: "water".into(), degrees: super::house::ROOM_DEGREES, melts: 0, boils: 100 }
    }

    /// The state at its temperature.
    ///
    /// ```
    /// use task::real_world::science::twin::{Matter, State};
    /// let water = |degrees| Matter { degrees, ..Matter::water() }.state();
    /// assert_eq!([-1, 0, 99, 100].map(water), [State::Solid, State::Liquid, State::Liquid, State::Boiling]);
    /// ```
    pub fn state(&self) -> State {
        self.state_at(self.degrees)
    }

    /// The state at another temperature.
    pub fn state_at(&self, degrees: i32) -> State {
        match degrees {
            _ if degrees < self.melts => State::Solid,
            _ if degrees < self.boils => State::Liquid,
            _ => State::Boiling,
        }
    }

    /// Takes on some of the temperature around it: what one action brings.
    pub fn approach(&mut self, around: i32) {
        let from = self.degrees;
        self.degrees = around.clamp(from.saturating_sub(COLDER), from.saturating_add(WARMER));
    }
}
