//! Inputs of linears rounded to 8 bits while the model runs, as W8A8 and FP8 checkpoints ask.

use crate::{Matrix, fp8, kernel};

/// How the inputs of a linear are rounded: each token by itself, so that a reply does not depend on its batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Whole numbers in -128..=127 times `max|x| / 127.5` of the token, ties to even, as compressed-tensors computes dynamic
    /// symmetric token quantization. (vLLM's kernel divides by 127 instead.)
    Int8,
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
    /// The numbers that `x` `[tokens, in]` is rounded to.
    ///
    /// ```
    /// use model::{Activation, Matrix};
    /// let x = Matrix::new(1, 3, vec![127.5, -1.4, 0.0]);
    /// assert_eq!(Activation::Int8.round(&x).data, [127.0, -1.0, 0.0]);
    /// ```
    pub fn round(&self, x: &Matrix) -> Matrix {
        let mut rounded = x.clone();
        let width = match *self {
            Self::Fp8Groups(size) => size,
            _ => x.cols,
        };
        let scale = |run: &[f32], top: f32| {
            let (low, high) = kernel::extent(run);
            match high.max(-low).max(0.0) / top {
                0.0 => LEAST,
                scale => scale,
            }
        };
        for row in rounded.data.chunks_mut(x.cols.max(1)) {
            for run in row.chunks_mut(width.max(1)) {
                match *self {
                    Self::Int8 => kernel::round_to_int8(run, scale(run, 127.5)),
                    Self::Fp8 | Self::Fp8Groups(_) => kernel::round_to_fp8(run, scale(run, fp8::MAX)),
                    Self::StaticFp8(scale) => kernel::round_to_fp8(run, scale),
                }
            }
        }
        rounded
    }

    /// How it is called: `int8`, `fp8`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Fp8 | Self::Fp8Groups(_) | Self::StaticFp8(_) => "fp8",
        }
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
