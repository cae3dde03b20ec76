//! YaRN (Peng et al. 2023): fast frequencies stay, slow ones are divided, those between are mixed along a ramp; cosines and
//! sines grow a little.

use std::f64::consts::TAU;

use super::scaling::{Around, positive};
use crate::ModelError;
use crate::config::Fields;

/// YaRN's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yarn {
    /// How much longer the context is.
    pub factor: f64,
    /// Tokens of the original context.
    pub original: usize,
    /// Turns in the original context from which on a frequency stays.
    pub beta_fast: f64,
    /// Turns in the original context up to which a frequency is divided.
    pub beta_slow: f64,
    /// Whether the ends of the ramp are made whole numbers.
    pub truncate: bool,
    /// What cosines and sines are multiplied by.
    pub attention_factor: f32,
}

impl Yarn {
    pub(super) fn read(fields: &Fields<'_>, around: &Around) -> Result<Self, ModelError> {
        let implied = around.positions as f64 / around.original as f64;
        let factor = positive(fields, "factor")?.unwrap_or(implied);
        // As in `transformers`: 0 counts as absent.
        let given = |name: &str| Ok(Some(fields.number_or(name, 0.0)?).filter(|&value| value != 0.0));
        let formula = match (given("mscale")?, given("mscale_all_dim")?) {
            (Some(one), Some(all)) => growth(factor, one) / growth(factor, all),
            _ => growth(factor, 1.0),
        };
        let beta = |name: &str, default: f64| given(name).map(|value| value.unwrap_or(default));
        Ok(Self {
            factor,
            original: around.original,
            beta_fast: beta("beta_fast", 32.0)?,
            beta_slow: beta("beta_slow", 1.0)?,
            truncate: fields.flag_or("truncate", true)?,
            attention_factor: positive(fields, "attention_factor")?.unwrap_or(formula) as f32,
        })
    }

    /// The frequencies of `dim` numbers with this base, `[dim / 2]`.
    pub(super) fn frequencies(&self, theta: f64, dim: usize) -> Vec<f32> {
        let (low, high) = self.ramp(theta, dim);
        let frequency = |i: usize| {
            let period = (theta as f32).powf((2 * i) as f32 / dim as f32);
            let divided = ((i as f32 - low) / (high - low)).clamp(0.0, 1.0);
            1.0 / (self.factor as f32 * period) * divided + 1.0 / period * (1.0 - divided)
        };
        (0..dim / 2).map(frequency).collect()
    }

    /// Between which frequencies, counted from the fastest, the ramp lies.
    fn ramp(&self, theta: f64, dim: usize) -> (f32, f32) {
        // The one that turns this often in the original context.
        let turning = |turns: f64| dim as f64 * (self.original as f64 / (turns * TAU)).ln() / (2.0 * theta.ln());
        let (mut low, mut high) = (turning(self.beta_fast), turning(self.beta_slow));
        if self.truncate {
            (low, high) = (low.floor(), high.ceil());
        }
        (low, high) = (low.max(0.0), high.min(dim as f64 - 1.0));
        if low == high {
            high += 0.001;
        }
        (low as f32, high as f32)
    }
}

/// `0.1 m ln s + 1`, for a context that is s times as long.
pub(crate) fn growth(s: f64, m: f64) -> f64 {
    if s <= 1.0 { 1.0 } else { 0.1 * m * s.ln() + 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_by_hand() {
        // Theta e and 2 pi e^4 tokens: frequency i turns e^(4 - 2i / 8) times, so that e^3 turns are frequency 4 and e^2 are 8,
        // which is cut to 7.
        let yarn = Yarn {
            factor: 4.0,
            original: (TAU * 4f64.exp()) as usize,
            beta_fast: 3f64.exp(),
            beta_slow: 2f64.exp(),
            truncate: false,
            attention_factor: 1.0,
        };
        let (low, high) = yarn.ramp(1f64.exp(), 8);
        assert!((low - 4.0).abs() < 0.02 && high == 7.0, "{low} {high}");
        let kept = |i: i32| (-f64::from(i) / 4.0).exp() as f32;
        let made = yarn.frequencies(1f64.exp(), 8);
        assert!((0..4).all(|i| (made[i as usize] - kept(i)).abs() < 1e-6), "those before the ramp stay");
        let early = Yarn { beta_fast: 5f64.exp(), beta_slow: 4f64.exp(), truncate: true, ..yarn };
        let made = early.frequencies(1f64.exp(), 8);
        assert!((1..4).all(|i| (made[i as usize] - kept(i) / 4.0).abs() < 1e-6), "those behind it are divided");
    }

    #[test]
    fn growth_by_hand() {
        assert_eq!(growth(1.0, 1.0), 1.0);
        assert!((growth(4.0, 1.0) - 1.138_629).abs() < 1e-6);
        assert!((growth(40.0, 0.707) - 1.260_804).abs() < 1e-5);
    }
}
