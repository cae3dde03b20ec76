//! Choosing the next token.

use record::Rng;
use serde_json::Value;

use crate::checkpoint::files::damaged;
use crate::config::Fields;
use crate::text::tokenizer::{GENERATION, NO_GENERATION};
use crate::{Checkpoint, ModelError};

/// How the next token is drawn from the logits; by default greedily.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the likeliest token.
    pub temperature: f32,
    /// Only the likeliest tokens that together reach this probability, in (0, 1]; 1 keeps all.
    pub top_p: f32,
    /// Only this many likeliest tokens; 0 keeps all.
    pub top_k: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Self::GREEDY
    }
}

impl Sampling {
    /// Always the likeliest token; of equal ones the one with the smallest id.
    pub const GREEDY: Sampling = Sampling { temperature: 0.0, top_p: 1.0, top_k: 0 };

    /// What the checkpoint's `generation_config.json` recommends; greedy where it does not ask for sampling.
    ///
    /// # Errors
    /// Where the file is missing or a field is not a number in range.
    pub fn recommended(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let path = checkpoint.path(GENERATION);
        let value = checkpoint.json(GENERATION, NO_GENERATION)?;
        let fields = Fields::new(&value, &path)?;
        if fields.get("do_sample").and_then(Value::as_bool) != Some(true) {
            return Ok(Self::GREEDY);
        }
        let number = |name, default| fields.number_or(name, default).map(|number| number as f32);
        let top_k = fields.get("top_k").and_then(Value::as_u64).unwrap_or(50) as usize;
        let sampling = Self { temperature: number("temperature", 1.0)?, top_p: number("top_p", 1.0)?, top_k };
        sampling.check().map_err(|error| damaged(&path, error.to_string(), NO_GENERATION))?;
        Ok(sampling)
    }

    /// That the settings mean something.
    ///
    /// # Errors
    /// [`ModelError::Request`] naming the setting.
    pub fn check(&self) -> Result<(), ModelError> {
        let bad = |why: String| Err(ModelError::Request { why });
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return bad(format!("temperature {} is not 0 or more", self.temperature));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return bad(format!("top_p {} is not in (0, 1]", self.top_p));
        }
        Ok(())
    }

    /// The next token; `None` where a logit is NaN or all are infinite.
    pub(crate) fn choose(&self, logits: &[f32], rng: &mut Rng) -> Option<u32> {
        let likeliest =
            |best: (usize, f32), (id, &logit): (usize, &f32)| if logit > best.1 { (id, logit) } else { best };
        let (best, most) = logits.iter().enumerate().fold((0, f32::NEG_INFINITY), likeliest);
        if !most.is_finite() || logits.iter().any(|logit| logit.is_nan()) {
            return None;
        }
        if self.temperature == 0.0 || self.top_k == 1 {
            return Some(best as u32);
        }
        let mut kept: Vec<(u32, f64)> = logits
            .iter()
            .zip(0u32..)
            .map(|(&logit, id)| (id, (f64::from(logit - most) / f64::from(self.temperature)).exp()))
            .collect();
        if self.top_k > 0 || self.top_p < 1.0 {
            self.cut(&mut kept);
        }
        let mut left = rng.uniform() * kept.iter().map(|one| one.1).sum::<f64>();
        for (id, weight) in &kept {
            left -= weight;
            if left < 0.0 {
                return Some(*id);
            }
        }
        Some(kept.last().map_or(best as u32, |one| one.0))
    }

    /// Leaves the likeliest, the likeliest first: so many as `top_k` says, of these as many as together reach `top_p`. Only
    /// what may be left is put in order, a few more each time.
    fn cut(&self, all: &mut Vec<(u32, f64)>) {
        let order = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let likeliest = |all: &mut [(u32, f64)], count: usize| {
            if count < all.len() {
                all.select_nth_unstable_by(count, order);
            }
            all[..count].sort_unstable_by(order);
        };
        if (1..all.len()).contains(&self.top_k) {
            likeliest(all, self.top_k);
            all.truncate(self.top_k);
        }
        let wanted = f64::from(self.top_p) * all.iter().map(|one| one.1).sum::<f64>();
        let mut looked = FIRST.min(all.len());
        loop {
            likeliest(all, looked);
            let mut reached = 0.0;
            let enough = all[..looked].iter().position(|one| {
                reached += one.1;
                reached >= wanted
            });
            if let Some(last) = enough {
                return all.truncate(last + 1);
            }
            if looked == all.len() {
                return;
            }
            looked = (looked * 8).min(all.len());
        }
    }
}

/// Tokens that are put in order at first where a share of the probability is wanted.
const FIRST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(sampling: Sampling) -> [f64; 4] {
        let logits = [0.4f32, 0.3, 0.2, 0.1].map(f32::ln);
        let mut counts = [0.0; 4];
        let mut rng = Rng::new(1);
        for _ in 0..20_000 {
            counts[sampling.choose(&logits, &mut rng).unwrap() as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let near = |got: [f64; 4], want: [f64; 4]| {
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 0.02), "{got:?} {want:?}");
        };
        let all = Sampling { temperature: 1.0, top_p: 1.0, top_k: 0 };
        near(shares(all), [0.4, 0.3, 0.2, 0.1]);
        near(shares(Sampling { top_k: 2, ..all }), [4.0 / 7.0, 3.0 / 7.0, 0.0, 0.0]);
        near(shares(Sampling { top_p: 0.65, ..all }), [4.0 / 7.0, 3.0 / 7.0, 0.0, 0.0]);
        near(shares(Sampling { temperature: 0.5, ..all }), [16.0 / 30.0, 9.0 / 30.0, 4.0 / 30.0, 1.0 / 30.0]);
        near(shares(Sampling::GREEDY), [1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn what_is_cut_is_what_sorting_all_would_cut() {
        let mut rng = Rng::new(5);
        for (size, sharpness, top_k, top_p) in [
            (5, 1.0, 0, 0.9),
            (3000, 0.01, 0, 0.99),
            (3000, 9.0, 0, 0.9),
            (3000, 1.0, 40, 0.8),
            (700, 1.0, 700, 1.0),
            (9, 1.0, 50, 0.5),
        ] {
            let weights: Vec<(u32, f64)> =
                (0..size).map(|id| (id, (sharpness * (rng.below(1000) as f64 / 100.0)).exp())).collect();
            let mut sorted = weights.clone();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            sorted.truncate(if top_k > 0 { top_k } else { usize::MAX });
            let wanted = f64::from(top_p as f32) * sorted.iter().map(|one| one.1).sum::<f64>();
            let mut reached = 0.0;
            let under = sorted.iter().take_while(|one| {
                reached += one.1;
                reached < wanted
            });
            let count = under.count() + 1;
            sorted.truncate(count);
            let mut cut = weights;
            Sampling { temperature: 1.0, top_p: top_p as f32, top_k }.cut(&mut cut);
            assert!(cut.len().abs_diff(sorted.len()) <= 1, "{size} {sharpness}: {} for {}", cut.len(), sorted.len());
            let both = cut.len().min(sorted.len());
            assert_eq!(cut[..both], sorted[..both], "{size} {sharpness}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_from_is_refused() {
        let mut rng = Rng::new(0);
        assert_eq!(Sampling::GREEDY.choose(&[1.0, f32::NAN], &mut rng), None);
        assert_eq!(Sampling::GREEDY.choose(&[f32::INFINITY, 0.0], &mut rng), None);
        assert_eq!(Sampling::GREEDY.choose(&[2.0, 2.0], &mut rng), Some(0));
        assert!(Sampling { temperature: -1.0, ..Sampling::GREEDY }.check().is_err());
        assert!(Sampling { top_p: 0.0, ..Sampling::GREEDY }.check().is_err());
    }
}
