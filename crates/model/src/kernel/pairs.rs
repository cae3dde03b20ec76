//! Products of bfloat16 weights and of inputs that are rounded to such numbers: two at a time where the processor has an
//! instruction for it (AVX512_BF16), at twice the speed of f32.
//!
//! A product of two bfloat16 numbers is exact in f32, so that only additions round. Their order is that of [`portable::dot`] over
//! turned columns: of each 32, the sixteen odd ones come first, then the even ones. The instruction adds them so: a lane takes
//! a pair of neighbors, and of these the second first.
//!
//! The instruction takes numbers below 2^-126 for zero. None occur: inputs below [`LEAST_INPUT`] are rounded to zero, and weights
//! with numbers nearer to zero than [`LEAST_WEIGHT`] are not taken ([`takes`]), so that every product, and every sum of some, is
//! a whole multiple of 2^-126.

use std::ops::Range;

use rayon::prelude::*;

use super::portable::LANES;
use super::{columns, matmul};
use crate::Matrix;
use crate::weight::{Half, HalfKind};

/// Columns that are turned together.
pub const TURN: usize = 2 * LANES;
/// Inputs nearer to zero are rounded to it: 2^-48. Those above have no bit below 2^-55.
pub const LEAST_INPUT: f32 = 1.0 / (1u64 << 48) as f32;
/// 2^-64: numbers of no less have no bit below 2^-71.
const LEAST_WEIGHT: u16 = (127 - 64) << 7;

/// Inputs `[m, k]` rounded to bfloat16.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// Inputs of a row.
    pub k: usize,
    /// Two neighbors in a word, the first in its low half, `[m, k / 2]`.
    pub words: Vec<u32>,
}

impl Pairs {
    pub fn of(x: &Matrix) -> Self {
        let mut numbers = vec![0; x.data.len()];
        super::round_to_bf16(&x.data, &mut numbers);
        let word = |&[first, second]: &[u16; 2]| u32::from(first) | u32::from(second) << 16;
        Self { k: x.cols, words: numbers.as_chunks().0.iter().map(word).collect() }
    }

    /// The numbers in f32, each 32 of a row turned, `[m, k]`.
    fn turned(&self) -> Vec<f32> {
        let mut all = vec![0.0; 2 * self.words.len()];
        self.words.as_chunks().0.iter().zip(all.as_chunks_mut().0).for_each(|(words, out)| *out = turned(words));
        all
    }
}

/// The numbers of sixteen pairs: the second ones, then the first ones.
#[inline(always)]
fn turned(words: &[u32; LANES]) -> [f32; TURN] {
    std::array::from_fn(|at| {
        let word = words[at % LANES];
        f32::from_bits(if at < LANES { word & 0xFFFF_0000 } else { word << 16 })
    })
}

/// A row of bfloat16 numbers in f32, each 32 of them turned.
#[inline(always)]
pub fn widen_turned(row: &[u8], out: &mut [f32]) {
    for (bytes, out) in row.as_chunks::<{ 2 * TURN }>().0.iter().zip(out.as_chunks_mut().0) {
        let words = bytes.as_chunks().0;
        *out = turned(&std::array::from_fn(|at| u32::from_le_bytes(words[at])));
    }
}

/// Whether a weight is pairs of bfloat16 numbers.
pub fn is_of_pairs(w: &Half) -> bool {
    w.kind == HalfKind::Bf16 && w.cols.is_multiple_of(TURN)
}

/// Whether products of a weight and of inputs that are rounded to bfloat16 are the same on every processor.
pub fn takes(w: &Half) -> bool {
    let tiny = |&number: &[u8; 2]| (1..LEAST_WEIGHT).contains(&(u16::from_le_bytes(number) & 0x7FFF));
    // A fold, not a search: one that never ends early is done many numbers at a time.
    let any = |part: &[u8]| part.as_chunks().0.iter().fold(false, |any, number| any | tiny(number));
    is_of_pairs(w) && !w.bytes.par_chunks(1 << 16).any(any)
}

/// `x w^T`, written over `y` `[m, out]`.
pub fn product(x: &Pairs, w: &Half, y: &mut Matrix) {
    assert_eq!((x.k, y.rows * x.k, y.cols), (w.cols, 2 * x.words.len(), w.rows), "sizes of a product");
    assert!(is_of_pairs(w), "a weight of pairs");
    #[cfg(target_arch = "x86_64")]
    if super::level() == super::Level::Avx512 && super::avx512::has_pairs() {
        let words = x.k / 2;
        return matmul::in_strips((words, columns()), y, |rows, scratch, out, stride| {
            // SAFETY: the processor has AVX-512 (F, BW, DQ, VL) and its instruction for bfloat16, as was just asked.
            unsafe { super::avx512::rows_by_pairs(bytemuck::cast_slice(&x.words), w, rows, scratch, out, stride) };
        });
    }
    let turned = x.turned();
    matmul::in_strips((x.k, columns()), y, |rows, scratch, out, stride| {
        rows_by_turned(&turned, w, rows, scratch, out, stride);
    });
}

/// Turned rows of x by the rows `rows` of w.
fn rows_by_turned(x: &[f32], w: &Half, rows: Range<usize>, scratch: &mut Vec<f32>, out: &mut [f32], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if super::level() != super::Level::Portable {
        // SAFETY: the processor has AVX2, FMA and F16C, as was just asked.
        return unsafe { super::avx2::rows_by_turned(x, w, rows, scratch, out, stride) };
    }
    let widen = |row: usize, out: &mut [f32]| widen_turned(w.row(row), out);
    super::tiles::rows_by_widened((x, w.cols), rows, widen, scratch, out, stride);
}
