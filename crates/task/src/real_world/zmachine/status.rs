//! Version 3's status line: where the player is, and the score or the time.

use super::machine::Machine;
use super::{Problem, Version, objects, text};

/// A status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The name of the place.
    pub place: String,
    /// What stands beside it.
    pub clock: Clock,
}

/// What a status line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Points and turns.
    Score {
        /// Points so far, perhaps less than none.
        points: i16,
        /// Turns so far.
        turns: u16,
    },
    /// The time of day.
    Time {
        /// From 0 to 23.
        hour: u16,
        /// From 0 to 59.
        minute: u16,
    },
}

/// The global variables that the line is made of.
const PLACE: u8 = 16;

impl Machine {
    /// The status line; `None` in later versions, whose stories print one themselves.
    pub fn status(&self) -> Option<Status> {
        if self.story().version > Version::V3 {
            return None;
        }
        let global = |number: u8| self.memory.word(self.story().globals + 2 * usize::from(number - PLACE));
        let line = || -> Result<Status, Problem> {
            let name = objects::name(&self.memory, global(PLACE)?)?;
            let place = name.map_or(Ok(String::new()), |at| text::read(&self.memory, at).map(|read| read.text))?;
            let (first, second) = (global(PLACE + 1)?, global(PLACE + 2)?);
            let clock = match self.memory.byte(1)? & 2 {
                0 => Clock::Score { points: first.cast_signed(), turns: second },
                _ => Clock::Time { hour: first, minute: second },
            };
            Ok(Status { place, clock })
        };
        line().ok()
    }
}
