//! Vectors of keys or values, as they are or rounded.

use std::borrow::Cow;
use std::ops::Range;

use crate::kernel;

/// Vectors that lie across together.
pub(super) const STRIP: usize = 64;

/// Vectors as they are, or rounded.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    Exact(Vec<f32>),
    /// Each vector `[dim]` as whole numbers of `bits` between its least and its largest value.
    Rounded {
        bits: u8,
        /// 8 bits: one a byte; 4 bits: two, the first in the low half.
        codes: Vec<u8>,
        /// The least value and the step of each vector.
        grids: Vec<(f32, f32)>,
    },
}

impl Numbers {
    pub fn new(vectors: usize, dim: usize, bits: Option<u8>) -> Self {
        match bits {
            None => Self::Exact(vec![0.0; vectors * dim]),
            Some(bits) => {
                Self::Rounded { bits, codes: vec![0; vectors * bytes_of(dim, bits)], grids: vec![(0.0, 0.0); vectors] }
            }
        }
    }

    pub fn put(&mut self, vector: usize, numbers: &[f32]) {
        let dim = numbers.len();
        match self {
            Self::Exact(all) => all[vector * dim..(vector + 1) * dim].copy_from_slice(numbers),
            Self::Rounded { bits, codes, grids } => {
                let (low, high) = kernel::extent(numbers);
                let top = f32::from(u8::MAX >> (8 - *bits));
                let step = (high - low) / top;
                grids[vector] = (low, step);
                let width = bytes_of(dim, *bits);
                let codes = &mut codes[vector * width..(vector + 1) * width];
                kernel::round_to_codes(numbers, (low, step), *bits, codes);
            }
        }
    }

    /// Writes a vector that is not rounded so that the first number of [`STRIP`] vectors lie side by side, then the second,
    /// and so on: sums over the numbers of many vectors are made without adding up a register.
    pub fn put_across(&mut self, vector: usize, numbers: &[f32]) {
        match self {
            Self::Exact(all) => {
                let strip = &mut all[vector / STRIP * STRIP * numbers.len()..][..STRIP * numbers.len()];
                for (at, &number) in strip.iter_mut().skip(vector % STRIP).step_by(STRIP).zip(numbers) {
                    *at = number;
                }
            }
            Self::Rounded { .. } => self.put(vector, numbers),
        }
    }

    /// Vectors that were written across, `[strips, dim, STRIP]`, from the first of a strip on; none where they are rounded.
    pub fn across(&self, vectors: Range<usize>, dim: usize) -> Option<&[f32]> {
        match self {
            Self::Exact(all) => Some(&all[vectors.start * dim..vectors.end.next_multiple_of(STRIP) * dim]),
            Self::Rounded { .. } => None,
        }
    }

    /// Some vectors after one another.
    pub fn get(&self, vectors: Range<usize>, dim: usize) -> Cow<'_, [f32]> {
        match self {
            Self::Exact(all) => Cow::Borrowed(&all[vectors.start * dim..vectors.end * dim]),
            Self::Rounded { bits, codes, grids } => {
                let width = bytes_of(dim, *bits);
                let mut numbers = vec![0.0; vectors.len() * dim];
                for (vector, numbers) in vectors.zip(numbers.chunks_exact_mut(dim.max(1))) {
                    kernel::widen_codes(&codes[vector * width..(vector + 1) * width], grids[vector], *bits, numbers);
                }
                Cow::Owned(numbers)
            }
        }
    }

    /// Copies vectors from another cache of the same kind.
    pub fn copy(&mut self, to: usize, from: &Self, vectors: Range<usize>, dim: usize) {
        match (self, from) {
            (Self::Exact(all), Self::Exact(from)) => {
                let part = &from[vectors.start * dim..vectors.end * dim];
                all[to * dim..to * dim + part.len()].copy_from_slice(part);
            }
            (Self::Rounded { bits, codes, grids }, Self::Rounded { codes: from, grids: steps, .. }) => {
                let width = bytes_of(dim, *bits);
                let part = &from[vectors.start * width..vectors.end * width];
                codes[to * width..to * width + part.len()].copy_from_slice(part);
                grids[to..to + vectors.len()].copy_from_slice(&steps[vectors]);
            }
            _ => {}
        }
    }

    /// Bytes of all vectors.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Exact(all) => 4 * all.len(),
            Self::Rounded { codes, grids, .. } => codes.len() + 8 * grids.len(),
        }
    }
}

/// Bytes of a vector.
pub(super) fn bytes_of(dim: usize, bits: u8) -> usize {
    (dim * usize::from(bits)).div_ceil(8)
}
