//! The grid that weights are rounded to: a scale and a zero point for each group of weights.

use half::{bf16, f16};
use model::kernel;

/// The largest scale: 256 levels of it are still finite.
const LARGEST: f32 = f32::MAX / 512.0;

/// How numbers are stored. Scales are rounded to it *before* weights are quantized, so that what is on
/// disk is exactly what the method compensated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatType {
    /// 32-bit floating point.
    F32,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// IEEE half precision; scales of grids with zero points have 7 significant bits, so that the product with any zero
    /// point below 16 is half precision too, exactly (GGUF stores it).
    ShortF16,
}

/// The number with 7 significant bits that is nearest to a positive one, ties to even.
fn seven_bits(value: f32) -> f32 {
    const CUT: u32 = 17;
    let bits = value.to_bits();
    let half = (1 << (CUT - 1)) - 1 + (bits >> CUT & 1);
    f32::from_bits((bits + half) & !((1 << CUT) - 1))
}

impl FloatType {
    /// The nearest positive number of this type that stays finite when it is multiplied by a level.
    fn round(self, scale: f32) -> f32 {
        match self {
            FloatType::F32 => scale.clamp(f32::MIN_POSITIVE, LARGEST),
            FloatType::ShortF16 => {
                // The largest whose product with 15 is finite.
                const MOST: f32 = 4352.0;
                f16::from_f32(seven_bits(scale.clamp(f16::MIN_POSITIVE_SUBNORMAL.to_f32(), MOST))).to_f32()
            }
            FloatType::F16 => {
                let (least, most) = (f16::MIN_POSITIVE_SUBNORMAL.to_f32(), f16::MAX.to_f32());
                f16::from_f32(scale.clamp(least, most)).to_f32()
            }
            FloatType::Bf16 => bf16::from_f32(scale.clamp(f32::MIN_POSITIVE, LARGEST)).to_f32(),
        }
    }

    /// The nearest number of this type.
    pub fn nearest(self, value: f32) -> f32 {
        match self {
            FloatType::F32 => value,
            FloatType::F16 | FloatType::ShortF16 => f16::from_f32(value).to_f32(),
            FloatType::Bf16 => bf16::from_f32(value).to_f32(),
        }
    }

    /// Bytes that one scale takes.
    pub fn bytes(self) -> usize {
        match self {
            FloatType::F32 => 4,
            FloatType::F16 | FloatType::ShortF16 | FloatType::Bf16 => 2,
        }
    }
}

/// How a group's range becomes a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GridRule {
    /// A symmetric grid always reaches from -m to m, m the largest magnitude.
    Corrected,
    /// As the GPTQ reference code: a symmetric grid of a group without a negative weight gets half the range it
    /// needs (its lower end stays 0 while the zero point is in the middle), so large weights are clipped.
    Reference,
    /// As the AWQ and SmoothQuant code: a symmetric grid puts the largest magnitude on level `2^(bits-1) - 1` from the
    /// middle, so the lowest level is hardly used; an asymmetric one covers the weights alone, and 0 only by its zero
    /// point.
    Awq,
}

/// What the levels of a grid are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Whole numbers in `0..2^bits`.
    Int,
    /// The codes of 8-bit floating point, e4m3 without infinities (OCP FP8): weight = `scale * e4m3(level)`.
    Fp8,
}

/// A uniform grid of `2^bits` levels, fitted to each group of weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Bits of a level, 2 to 8.
    pub bits: u8,
    /// What the levels are.
    pub number: Number,
    /// Whether the zero point is fixed in the middle.
    pub symmetric: bool,
    /// Whether the range is shrunk to minimize `sum |error|^2.4` (GPTQ reference, `--mse`).
    pub mse: bool,
    /// Which symmetric rule.
    pub rule: GridRule,
    /// What scales are stored as.
    pub scale_type: FloatType,
}

/// The fitted grid of one group: weight = `scale * (level - zero)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Distance of two levels, positive.
    pub scale: f32,
    /// The level of weight 0, a whole number in `0..2^bits`.
    pub zero: f32,
}

impl Step {
    /// The nearest level of `weight` (ties to even), in `0..=top`.
    #[inline]
    pub fn level(self, weight: f32, top: f32) -> f32 {
        (kernel::round(weight / self.scale) + self.zero).clamp(0.0, top)
    }

    /// The weight of a level.
    pub fn weight(self, level: f32) -> f32 {
        self.scale * (level - self.zero)
    }
}

/// The range search of the reference: shrink by 1% at a time, down to a fifth.
const SHRINKS: u8 = 80;
/// The largest number of e4m3.
const FP8_MAX: f32 = 448.0;
/// The exponent of the range search.
const NORM: f64 = 2.4;

impl Grid {
    /// A grid by the corrected rule, without range search, with 32-bit scales.
    pub fn new(bits: u8, symmetric: bool) -> Self {
        Self { bits, number: Number::Int, symmetric, mse: false, rule: GridRule::Corrected, scale_type: FloatType::F32 }
    }

    /// The highest level, `2^bits - 1`.
    pub fn top(&self) -> f32 {
        f32::from(u8::MAX >> (8 - self.bits.clamp(1, 8)))
    }

    /// Fits scale and zero point to the weights of one group (spec: GPTQ reference `find_params`).
    ///
    /// ```
    /// let step = compress::Grid::new(4, false).fit(&[-0.5, 0.0, 1.0]);
    /// assert_eq!((step.scale, step.zero), (0.1, 5.0));
    /// ```
    pub fn fit(&self, weights: &[f32]) -> Step {
        if self.number == Number::Fp8 {
            let most = weights.iter().fold(0f32, |most, w| most.max(w.abs()));
            return Step { scale: self.scale_type.round(most / FP8_MAX), zero: 0.0 };
        }
        let (low, high) = self.range(weights);
        let step = self.step(low, high);
        if self.mse { self.search(weights, low, high, step) } else { step }
    }

    /// The weight of a level.
    pub fn weight(&self, step: Step, level: u8) -> f32 {
        match self.number {
            Number::Int => step.weight(f32::from(level)),
            Number::Fp8 => step.scale * model::fp8::decode(level),
        }
    }

    /// The nearest level of a weight.
    pub fn level(&self, step: Step, weight: f32) -> u8 {
        match self.number {
            Number::Int => step.level(weight, self.top()) as u8,
            Number::Fp8 => model::fp8::encode(weight / step.scale),
        }
    }

    /// Rounds the weights of one group to their grid, in place.
    pub fn round(&self, weights: &mut [f32]) {
        let step = self.fit(weights);
        match self.number {
            Number::Int => kernel::round_to_grid(weights, step.scale, step.zero, self.top()),
            Number::Fp8 => weights.iter_mut().for_each(|w| *w = self.weight(step, self.level(step, *w))),
        }
    }

    /// The range to cover; it always holds 0, but for an asymmetric grid by the rule of AWQ.
    fn range(&self, weights: &[f32]) -> (f32, f32) {
        let (low, high) = kernel::extent(weights);
        if self.rule == GridRule::Awq && !self.symmetric {
            return if low <= high { (low, high.max(low + 1e-5)) } else { (0.0, 1e-5) };
        }
        let (mut low, mut high) = (low.min(0.0), high.max(0.0));
        if self.symmetric {
            high = high.max(-low);
            if low < 0.0 || self.rule == GridRule::Corrected {
                low = -high;
            }
        }
        if low == 0.0 && high == 0.0 { (-1.0, 1.0) } else { (low, high) }
    }

    fn step(&self, low: f32, high: f32) -> Step {
        let top = self.top();
        let width = high - low;
        // Weights near the largest number: the difference overflows, the quotients do not.
        let scale = match (self.rule, self.symmetric) {
            (GridRule::Awq, true) => high / top.midpoint(-1.0),
            _ if width.is_finite() => width / top,
            _ => high / top - low / top,
        };
        let scale = match self.scale_type {
            // The zero point is a power of two.
            FloatType::ShortF16 if self.symmetric => FloatType::F16.round(scale),
            other => other.round(scale),
        };
        let zero = if self.symmetric { (top + 1.0) / 2.0 } else { (-low / scale).round_ties_even().clamp(0.0, top) };
        Step { scale, zero }
    }

    fn search(&self, weights: &[f32], low: f32, high: f32, widest: Step) -> Step {
        let top = self.top();
        let error = |step: Step| -> f64 {
            weights.iter().map(|&w| f64::from((step.weight(step.level(w, top)) - w).abs()).powf(NORM)).sum()
        };
        let mut best = (f64::INFINITY, widest);
        for percent in 0..SHRINKS {
            let share = 1.0 - f32::from(percent) / 100.0;
            let step = self.step(share * low, share * high);
            let now = error(step);
            if now < best.0 {
                best = (now, step);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_symmetric_group_without_negative_weights_is_not_clipped_unless_the_reference_is_asked_for() {
        let weights = [0.0, 0.25, 1.0];
        let ours = Grid::new(4, true);
        let step = ours.fit(&weights);
        assert!((step.weight(step.level(1.0, 15.0)) - 1.0).abs() <= step.scale / 2.0 + 1e-6);
        let reference = Grid { rule: GridRule::Reference, ..ours }.fit(&weights);
        assert!((reference.weight(reference.level(1.0, 15.0)) - 7.0 / 15.0).abs() < 1e-6);
    }

    #[test]
    fn a_group_of_zeros_and_a_group_of_giants_have_usable_grids() {
        for symmetric in [true, false] {
            for scale_type in [FloatType::F32, FloatType::F16, FloatType::Bf16] {
                let grid = Grid { scale_type, ..Grid::new(4, symmetric) };
                for weights in [[0.0, 0.0], [f32::MAX, f32::MIN], [1e-44, -1e-44]] {
                    let step = grid.fit(&weights);
                    assert!(step.scale > 0.0 && step.scale.is_finite(), "{step:?}");
                    assert!(weights.iter().all(|&w| step.weight(step.level(w, 15.0)).is_finite()));
                }
                assert_eq!(grid.fit(&[0.0]).level(0.0, 15.0), grid.fit(&[0.0]).zero);
            }
        }
    }

    #[test]
    fn the_range_search_is_never_worse_by_its_own_measure() {
        let weights: Vec<f32> = (0..32).map(|i| if i == 3 { 4.0 } else { (i as f32 * 0.7).sin() }).collect();
        let plain = Grid::new(3, true);
        let searched = Grid { mse: true, ..plain };
        let error = |step: Step| -> f64 {
            weights.iter().map(|&w| f64::from((step.weight(step.level(w, 7.0)) - w).abs()).powf(2.4)).sum()
        };
        assert!(error(searched.fit(&weights)) < error(plain.fit(&weights)));
    }

    proptest! {
        #[test]
        fn a_short_scale_times_a_zero_point_is_half_precision(
            weights in prop::collection::vec(-1f32..1.0, 1..64), power in -30i32..16,
        ) {
            let weights: Vec<f32> = weights.iter().map(|w| w * 2f32.powi(power)).collect();
            let grid = Grid { scale_type: FloatType::ShortF16, ..Grid::new(4, false) };
            let step = grid.fit(&weights);
            for value in [step.scale, step.scale * step.zero, step.scale * 15.0] {
                prop_assert!(value.is_finite() && f16::from_f32(value).to_f32() == value, "{value}, {step:?}");
            }
            let exact = Grid { scale_type: FloatType::F32, ..grid }.fit(&weights).scale;
            prop_assert!((step.scale - exact).abs() <= exact / 128.0 + 2f32.powi(-25) || exact > 4352.0 || exact < 2f32.powi(-24));
        }

        #[test]
        fn a_weight_within_the_grid_moves_by_half_a_step_at_most(
            weights in prop::collection::vec(-100f32..100.0, 1..64), bits in 2u8..=8, symmetric: bool,
            scale_type in prop::sample::select(vec![FloatType::F32, FloatType::F16, FloatType::Bf16]),
        ) {
            let grid = Grid { scale_type, ..Grid::new(bits, symmetric) };
            let step = grid.fit(&weights);
            let (low, high) = (step.weight(0.0), step.weight(grid.top()));
            for &w in &weights {
                let error = (step.weight(step.level(w, grid.top())) - w).abs();
                let outside = (low - w).max(w - high).max(0.0);
                prop_assert!(error <= (step.scale / 2.0).max(outside) * (1.0 + 1e-4), "{w} off by {error}, {step:?}");
                prop_assert!(outside <= step.scale * 1.5, "{w} is {outside} outside, {step:?}");
            }
        }
    }
}
