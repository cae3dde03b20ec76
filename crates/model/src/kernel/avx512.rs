//! The kernels on AVX-512: a register holds the sixteen lanes of one output, in the order of `portable`.

use std::ops::Range;

use crate::Weight;
use crate::gguf::Kind;
use crate::weight::{Half, HalfKind};

mod blocks;
mod few;
mod many;
mod source;
mod sum;

use blocks::{Blocks, Iq4Nl, Q4_1, Q4K, Q6K};
use source::{Bf16, F16, F32, Int4, Int8};

/// Rows of w that are multiplied side by side.
pub const COLUMNS: usize = many::COLUMNS;

/// Whether this processor has what the kernels here need.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// From this many rows of x on, laying w out anew is repaid.
const MANY: usize = 16;

/// [`super::portable::rows_by_rows`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    if x.len() < MANY * k {
        few::product(few::Input::of(x, k), F32(w, k), 0..w.len() / k, out, stride);
    } else {
        let mut panels = Vec::new();
        let rows = w.len() / k;
        many::lay_out(rows, k, &mut panels, |row, out| out.copy_from_slice(&w[row * k..(row + 1) * k]));
        many::product(x, &panels, (rows, k), out, stride);
    }
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
    if x.len() >= MANY * k {
        many::lay_out(rows.len(), k, scratch, |row, out| super::widen(w, rows.start + row, out));
        many::product(x, scratch, (rows.len(), k), out, stride);
        return true;
    }
    let x = few::Input::of(x, k);
    match w {
        Weight::F32(w) => few::product(x, F32(&w.data, k), rows, out, stride),
        Weight::Half(Half { kind: HalfKind::Bf16, bytes, .. }) => few::product(x, Bf16(bytes, k), rows, out, stride),
        Weight::Half(Half { kind: HalfKind::F16, bytes, .. }) => few::product(x, F16(bytes, k), rows, out, stride),
        Weight::Packed(w) => {
            let Some(grids) = source::Grids::of(w) else { return false };
            match w.bits {
                4 => {
                    let turned = Int4::turned(x.plain, k, scratch);
                    few::product(few::Input { turned, ..x }, Int4(grids), rows, out, stride);
                }
                _ => few::product(x, Int8(grids), rows, out, stride),
            }
        }
        Weight::Quantized(w) => match w.kind {
            Kind::Q4_1 => few::product(x, Blocks::<Q4_1>::of(w), rows, out, stride),
            Kind::IQ4_NL => few::product(x, Blocks::<Iq4Nl>::of(w), rows, out, stride),
            Kind::Q4_K => few::product(x, Blocks::<Q4K>::of(w), rows, out, stride),
            Kind::Q6_K => few::product(x, Blocks::<Q6K>::of(w), rows, out, stride),
            _ => return false,
        },
        Weight::Fp8(_) => return false,
    }
    true
}
