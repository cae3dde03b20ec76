//! Random numbers that are the same every time.

use record::Rng;

/// The story's dice.
#[derive(Debug, Clone)]
pub struct Random {
    seed: u64,
    rng: Rng,
}

impl Random {
    /// Dice for a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, rng: Rng::stream(seed, "story") }
    }

    /// The opcode `random`: a number from 1 to `range`; where that is not positive, 0, and the dice begin again, from
    /// the number where it is negative and from the machine's own seed where it is zero.
    pub fn roll(&mut self, range: i16) -> u16 {
        match usize::try_from(range) {
            Ok(0) => *self = Self::new(self.seed),
            Ok(range) => return u16::try_from(self.rng.between(1, range)).unwrap_or(1),
            Err(_) => self.rng = Rng::new(u64::from(range.unsigned_abs())),
        }
        0
    }
}
