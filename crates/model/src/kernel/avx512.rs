//! The kernels on AVX-512: a register holds the sixteen lanes of one output, in the order of `portable`.

use std::ops::Range;

use super::panels;
use super::portable::BLOCK;
use crate::Weight;
use crate::gguf::Kind;
use crate::weight::{Half, HalfKind};

mod blocks;
mod few;
mod integers;
mod many;
mod mix;
mod source;
mod sum;
pub mod whole;

use blocks::{Blocks, Iq4Nl, Mxfp4, Q4_1, Q4K, Q5K, Q6K};
use integers::{Grids, Int4, Int8};
pub use mix::add_weighted_rows;
use source::{Float8, Source, Two, Words};

/// Rows of w that are multiplied side by side.
pub const COLUMNS: usize = many::COLUMNS;

/// Whether this processor has what the kernels here need.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// Whether this processor has the instruction for products of bfloat16 numbers, too.
pub fn has_pairs() -> bool {
    is_x86_feature_detected!("avx512bf16")
}

/// Values of k, or pairs of them, whose products are added up before the next block's begin.
const fn block(pairs: bool) -> usize {
    if pairs { BLOCK / 2 } else { BLOCK }
}

/// From this many rows of x on, laying w out anew is repaid: two passes of eight rows take less.
const MANY: usize = 17;
/// The same where few rows would be left to other kernels.
const MANY_WIDENED: usize = 16;

/// [`super::portable::rows_by_rows`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    Product { x, k, rows: 0..w.len() / k, scratch: &mut Vec::new(), out, stride }.by(Words::numbers(w, k));
}

/// [`super::portable::rows_by_held`]; false, and nothing done, where other kernels are better at it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn rows_by_held(
    x: &[f32],
    w: &Weight,
    rows: Range<usize>,
    scratch: &mut Vec<f32>,
    out: &mut [f32],
    stride: usize,
) -> bool {
    let k = w.shape().1;
    let product = Product { x, k, rows, scratch, out, stride };
    match w {
        Weight::F32(_) | Weight::Mapped(_) => product.by(Words::numbers(w.floats().unwrap_or_default(), k)),
        Weight::Half(Half { kind: HalfKind::Bf16, bytes, .. }) => product.by(Two::<true>(bytes, k)),
        Weight::Half(Half { kind: HalfKind::F16, bytes, .. }) => product.by(Two::<false>(bytes, k)),
        Weight::Packed(packed) => match (Grids::of(packed), packed.bits) {
            (Some(grids), 4) if grids.plain() => product.by(Int4::<true>(grids)),
            (Some(grids), 4) => product.by(Int4::<false>(grids)),
            (Some(grids), _) => product.by(Int8(grids)),
            (None, _) => return product.by_widened(w),
        },
        Weight::Quantized(blocks) => match blocks.kind {
            Kind::Q4_1 => product.by(Blocks::<Q4_1>::of(blocks)),
            Kind::IQ4_NL => product.by(Blocks::<Iq4Nl>::of(blocks)),
            Kind::Q4_K => product.by(Blocks::<Q4K>::of(blocks)),
            Kind::Q5_K => product.by(Blocks::<Q5K>::of(blocks)),
            Kind::MXFP4 => product.by(Blocks::<Mxfp4>::of(blocks)),
            Kind::Q6_K => product.by(Blocks::<Q6K>::of(blocks)),
            _ => return product.by_widened(w),
        },
        Weight::Fp8(fp8) => match Float8::of(fp8) {
            Some(codes) => product.by(codes),
            None => return product.by_widened(w),
        },
        Weight::Strips(_) => return product.by_widened(w),
    }
    true
}

/// Rows of x by the rows `rows` of a weight, both in words of two bfloat16 numbers, as [`super::pairs`] says.
///
/// # Safety
/// The processor must have AVX512_BF16 beside.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub unsafe fn rows_by_pairs(
    x: &[f32],
    w: &Half,
    rows: Range<usize>,
    scratch: &mut Vec<f32>,
    out: &mut [f32],
    stride: usize,
) {
    let k = w.cols / 2;
    // SAFETY: as the caller promises.
    let pairs = unsafe { Words::pairs(&w.bytes, k) };
    Product { x, k, rows, scratch, out, stride }.by(pairs);
}

/// Rows of x by some rows of a weight.
struct Product<'a> {
    x: &'a [f32],
    k: usize,
    rows: Range<usize>,
    scratch: &'a mut Vec<f32>,
    out: &'a mut [f32],
    stride: usize,
}

impl Product<'_> {
    /// By weights that registers can widen.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn by<S: Source>(self, w: S) {
        let Self { x, k, rows, scratch, out, stride } = self;
        if x.len() < MANY * k {
            return few::product(few::Input::of::<S>(x, k, scratch), w, rows, out, stride);
        }
        let n = rows.len();
        let panels = many::lay_out(w, rows, k, scratch);
        if S::PAIRS {
            many::product::<true>(x, panels, (n, k), out, stride);
        } else {
            many::product::<false>(x, panels, (n, k), out, stride);
        }
    }

    /// By others: false where there are few rows of x.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn by_widened(self, w: &Weight) -> bool {
        let Self { x, k, rows, scratch, out, stride } = self;
        if x.len() < MANY_WIDENED * k {
            return false;
        }
        let n = rows.len();
        let widen = |row: usize, out: &mut [f32]| super::widen(w, rows.start + row, out);
        let panels = panels::lay_out::<COLUMNS>(n, k, scratch, widen);
        many::product::<false>(x, panels, (n, k), out, stride);
        true
    }
}
