//! Rotary positions (Su et al. 2021), in the two-halves form of `transformers`.

use std::f32::consts::TAU;

use crate::ModelError;
use crate::config::Fields;

/// Llama 3.1's longer context: frequencies that turn less than `low` times in the original context are divided by
/// `factor`, those that turn more than `high` times stay, and those between are mixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// How much longer the context is, at least 1.
    pub factor: f32,
    /// `low_freq_factor`, in turns.
    pub low: f32,
    /// `high_freq_factor`, in turns; more than `low`.
    pub high: f32,
    /// Tokens of the original context.
    pub original: usize,
}

impl Stretch {
    /// Reads a `rope_scaling` of type `llama3`.
    ///
    /// # Errors
    /// A missing or senseless field.
    pub fn read(fields: &Fields<'_>) -> Result<Self, ModelError> {
        let number = |name| match fields.get(name) {
            None => Err(fields.bad(format!("field `{name}` of the rope scaling is missing"))),
            Some(_) => fields.number_or(name, 0.0),
        };
        let (factor, low, high) = (number("factor")?, number("low_freq_factor")?, number("high_freq_factor")?);
        let original = fields.count("original_max_position_embeddings")?;
        if !((1.0..1e6).contains(&factor) && low > 0.0 && low < high && high < 1e6) {
            return Err(fields.bad(format!(
                "the rope scaling's factor {factor}, low_freq_factor {low} or high_freq_factor {high} is out of range"
            )));
        }
        Ok(Self { factor: factor as f32, low: low as f32, high: high as f32, original })
    }

    fn apply(&self, frequency: f32) -> f32 {
        let turns = self.original as f32 * frequency / TAU;
        let share = ((turns - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (1.0 - share) * frequency / self.factor + share * frequency
    }
}

/// The rotary frequencies of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    frequencies: Vec<f32>,
}

/// Cosine and sine of every row's angles, `[rows, dim / 2]` each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Angles {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// Frequencies `theta^(-2i / dim)` for i in `0 .. dim / 2`, stretched where the model says so.
    pub fn new(theta: f64, dim: usize, stretch: Option<Stretch>) -> Self {
        let frequency = |i: usize| {
            let frequency = 1.0 / (theta as f32).powf((2 * i) as f32 / dim as f32);
            stretch.map_or(frequency, |stretch| stretch.apply(frequency))
        };
        Self { frequencies: (0..dim / 2).map(frequency).collect() }
    }

    /// The angles of rows at these positions. In f32 up to the cosine, as the models were trained.
    pub(crate) fn angles(&self, positions: impl Iterator<Item = usize>) -> Angles {
        let mut angles = Angles::default();
        for position in positions {
            for frequency in &self.frequencies {
                let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                angles.cos.push(cos as f32);
                angles.sin.push(sin as f32);
            }
        }
        angles
    }
}

impl Angles {
    /// Turns every head `[dim]` of one row.
    pub fn turn(&self, row: usize, heads: &mut [f32], dim: usize) {
        let half = dim / 2;
        let cos = &self.cos[row * half..(row + 1) * half];
        let sin = &self.sin[row * half..(row + 1) * half];
        for head in heads.chunks_exact_mut(dim) {
            let (low, high) = head.split_at_mut(half);
            for i in 0..half {
                let (a, b) = (low[i], high[i]);
                low[i] = a * cos[i] - b * sin[i];
                high[i] = b * cos[i] + a * sin[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rope, Stretch, TAU};

    #[test]
    fn a_turn_keeps_length_and_depends_on_the_distance_only() {
        let rope = Rope::new(10_000.0, 4, None);
        let angles = rope.angles([0, 1, 5, 6].into_iter());
        let turned = |row| {
            let mut head = [1.0, 2.0, 3.0, 4.0];
            angles.turn(row, &mut head, 4);
            head
        };
        let dot = |a: [f32; 4], b: [f32; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        assert_eq!(turned(0), [1.0, 2.0, 3.0, 4.0]);
        assert!((dot(turned(3), turned(3)) - 30.0).abs() < 1e-4);
        assert!((dot(turned(0), turned(1)) - dot(turned(2), turned(3))).abs() < 1e-4);
        // First pair (1, 3) at position 1 with frequency 1.
        let (sin, cos) = 1f32.sin_cos();
        assert!((turned(1)[0] - (cos - 3.0 * sin)).abs() < 1e-6);
    }

    #[test]
    fn a_stretch_slows_what_turns_little() {
        let stretch = Stretch { factor: 8.0, low: 1.0, high: 4.0, original: 64 };
        let turning = |turns: f32| turns * TAU / 64.0;
        for (turns, stays) in [(0.5, 0.125), (1.0, 0.125), (2.5, 0.5625), (4.0, 1.0), (9.0, 1.0)] {
            let stretched = stretch.apply(turning(turns)) / turning(turns);
            assert!((stretched - stays).abs() < 1e-5, "{turns}: {stretched}");
        }
    }
}
