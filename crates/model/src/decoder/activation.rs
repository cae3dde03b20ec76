//! Inputs of linears rounded while the model runs: to 8 bits, as W8A8 and FP8 checkpoints ask, or as a run asks.

use half::{bf16, f16};
use record::Activations;

use crate::kernel::Whole;
use crate::{Matrix, Weight, fp8, kernel};

/// How the inputs of a linear are rounded: each token by itself, so that a reply does not depend on its batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Whole numbers in -128..=127 times `max|x| / 127.5` of the token, ties to even, as compressed-tensors computes dynamic
    /// symmetric token quantization. (vLLM's kernel divides by 127 instead.)
    Int8,
    /// Whole numbers in -127..=127 times `max|x| / 127` of each run of this many inputs of the token, ties to even; of runs of 32
    /// the factor is rounded to f16, and what offsets of weights are multiplied by is. So llama.cpp rounds the inputs of weights in
    /// blocks (Q8_0; Q8_K has runs of 256).
    Int8Runs(usize),
    /// bfloat16 numbers, ties to even; those nearer to zero than 2^-48 become it.
    Bf16,
    /// e4m3 numbers times `max|x| / 448` of the token.
    Fp8,
    /// e4m3 numbers times `max|x| / 448` of each run of this many inputs of the token, as weights in blocks ask.
    Fp8Groups(usize),
    /// e4m3 numbers times one scale for all tokens, which the checkpoint holds as `input_scale`.
    StaticFp8(f32),
}

/// The scale of a token of zeros.
const LEAST: f32 = f32::EPSILON;

impl Activation {
    /// How the inputs of a weight are rounded of which the checkpoint says nothing.
    pub(crate) fn asked(activations: Activations, w: &Weight) -> Option<Self> {
        match (activations, w) {
            (Activations::Stored, _) => None,
            (Activations::Int8, Weight::Packed(_)) => Some(Self::Int8Runs(32)),
            (Activations::Int8, Weight::Quantized(blocks)) => Some(Self::Int8Runs(blocks.kind.block_values())),
            (Activations::Bf16, Weight::Half(half)) if kernel::takes_pairs(half) => Some(Self::Bf16),
            (Activations::Int8 | Activations::Bf16, _) => None,
        }
    }

    /// The numbers that `x` `[tokens, in]` is rounded to.
    ///
    /// ```
    /// use model::{Activation, Matrix};
    /// let x = Matrix::new(1, 3, vec![127.5, -1.4, 0.0]);
    /// assert_eq!(Activation::Int8.round(&x).data, [127.0, -1.0, 0.0]);
    /// ```
    pub fn round(&self, x: &Matrix) -> Matrix {
        let width = self.width(x.cols);
        let mut rounded = x.clone();
        for run in rounded.data.chunks_mut(x.cols.max(1)).flat_map(|row| row.chunks_mut(width)) {
            match *self {
                Self::Int8 | Self::Int8Runs(_) => {
                    let (step, factor) = self.step(run);
                    kernel::round_to_int8(run, step, factor);
                }
                Self::Bf16 => {
                    let mut codes = vec![0; run.len()];
                    kernel::round_to_bf16(run, &mut codes);
                    run.iter_mut().zip(codes).for_each(|(x, code)| *x = bf16::from_bits(code).to_f32());
                }
                Self::Fp8 | Self::Fp8Groups(_) => kernel::round_to_fp8(run, scale(run, fp8::MAX)),
                Self::StaticFp8(scale) => kernel::round_to_fp8(run, scale),
            }
        }
        rounded
    }

    /// The whole numbers that `x` `[tokens, in]` is rounded to, where it is to such.
    pub(crate) fn whole(&self, x: &Matrix) -> Whole {
        let run = self.width(x.cols);
        let mut codes = vec![0; x.data.len()];
        let mut scales = Vec::with_capacity(x.rows * x.cols.div_ceil(run));
        let mut steps = Vec::with_capacity(scales.capacity());
        for (row, codes) in x.data.chunks(x.cols.max(1)).zip(codes.chunks_mut(x.cols.max(1))) {
            for (numbers, codes) in row.chunks(run).zip(codes.chunks_mut(run)) {
                let (step, factor) = self.step(numbers);
                kernel::int8_codes(numbers, step, codes);
                // Whole numbers cannot say that an input is none; the scale can.
                let broken = numbers.iter().any(|x| x.is_nan());
                scales.push(if broken { f32::NAN } else { factor });
                steps.push(step);
            }
        }
        Whole { k: x.cols, codes, run, scales, steps: self.is_short().then_some(steps) }
    }

    /// What inputs of a run are divided by before they are rounded to whole numbers, and multiplied by after.
    fn step(&self, run: &[f32]) -> (f32, f32) {
        match self {
            Self::Int8Runs(_) => {
                let step = scale(run, 127.0);
                let held = f16::from_f32(step).to_f32();
                (step, if self.is_short() && held.is_finite() { held } else { step })
            }
            _ => {
                let step = scale(run, 127.5);
                (step, step)
            }
        }
    }

    /// Whether scales and sums of a run are 16-bit floats.
    fn is_short(&self) -> bool {
        *self == Self::Int8Runs(32)
    }

    /// Inputs of a token that are rounded together; `None` where all are.
    fn run(&self) -> Option<usize> {
        match *self {
            Self::Fp8Groups(size) | Self::Int8Runs(size) => Some(size),
            _ => None,
        }
    }

    /// The same of so many inputs in all.
    fn width(&self, cols: usize) -> usize {
        self.run().unwrap_or(cols).clamp(1, cols.max(1))
    }

    /// The same where inputs are rounded to whole numbers: more than there are where all are rounded together.
    pub(crate) fn whole_run(&self) -> Option<usize> {
        matches!(self, Self::Int8 | Self::Int8Runs(_)).then(|| self.run().unwrap_or(usize::MAX))
    }

    /// How it is called: `int8`, `bf16`, `fp8`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Int8 | Self::Int8Runs(_) => "int8",
            Self::Bf16 => "bf16",
            Self::Fp8 | Self::Fp8Groups(_) | Self::StaticFp8(_) => "fp8",
        }
    }
}

/// The step of a run whose largest number is `top` steps.
fn scale(run: &[f32], top: f32) -> f32 {
    let (low, high) = kernel::extent(run);
    match high.max(-low).max(0.0) / top {
        0.0 => LEAST,
        scale => scale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_rounded_by_itself() {
        let x = Matrix::new(1, 5, vec![1000.0, 1.0, 448.0, 1.0, 448.0]);
        let rounded = Activation::Fp8Groups(2).round(&x).data;
        assert!(rounded[1] != 1.0 && rounded[2..] == [448.0, 1.0, 448.0], "{rounded:?}");
        assert_eq!(Activation::Fp8Groups(5).round(&x), Activation::Fp8.round(&x));
    }

    #[test]
    fn whole_numbers_times_their_scales_are_what_inputs_are_rounded_to() {
        let numbers = (0..3 * 70).map(|at| (at as f32 * 0.7).sin() * (at % 9) as f32).collect();
        let x = Matrix::new(3, 70, numbers);
        for (activation, runs) in [(Activation::Int8, 1), (Activation::Int8Runs(32), 3), (Activation::Int8Runs(256), 1)]
        {
            let whole = activation.whole(&x);
            let scale = |at: usize| whole.scales[at / 70 * runs + at % 70 / whole.run];
            let wide: Vec<f32> =
                whole.codes.iter().enumerate().map(|(at, &code)| f32::from(code) * scale(at)).collect();
            assert_eq!(activation.round(&x).data, wide, "{activation:?}");
            assert_eq!(whole.scales.len(), 3 * runs);
        }
        // What is no number is not lost.
        let broken = Activation::Int8.whole(&Matrix::new(2, 2, vec![f32::NAN, 1.0, 2.0, 1.0]));
        assert!(broken.scales[0].is_nan() && !broken.scales[1].is_nan());
        // As llama.cpp: the largest number is 127 steps, and the step an f16 number.
        let run = Activation::Int8Runs(32).whole(&Matrix::new(1, 2, vec![-1.0, 0.5]));
        assert_eq!((run.codes, run.scales), (vec![-127, 64], vec![f16::from_f32(1.0 / 127.0).to_f32()]));
    }

    #[test]
    fn a_token_is_rounded_by_itself_and_zeros_stay() {
        let x = Matrix::new(3, 2, vec![1.0, 0.3, 1000.0, 1.0, 0.0, 0.0]);
        for activation in [Activation::Int8, Activation::Fp8, Activation::StaticFp8(2.0)] {
            let all = activation.round(&x);
            for row in 0..3 {
                assert_eq!(activation.round(&x.slice_rows(row..row + 1)).data, all.row(row));
            }
            assert_eq!(all.row(2), [0.0, 0.0]);
            let lost = all.row(1)[1] != 1.0;
            assert_eq!(
                lost,
                activation != Activation::StaticFp8(2.0),
                "{activation:?}: a small number beside a large one"
            );
        }
    }
}
