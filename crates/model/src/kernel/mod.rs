//! Products that do not depend on what they are batched with.
//!
//! Libraries choose another kernel, and so another order of additions, for one row than for many, and so a reply
//! depends on its batch. Here every output element is one dot product in one order (`portable::dot`): tiles, strips
//! and threads only change which elements are computed side by side. So a result is the same, bit for bit, whatever
//! the number of rows or threads, and whether the processor has AVX2, AVX-512 or neither.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod portable;

pub(crate) use portable::Soft;

use std::ops::Range;

use rayon::prelude::*;

use crate::gguf::Kind;
use crate::weight::{Half, HalfKind};
use crate::{Matrix, Packed, Weight};

/// Below this many multiplications a product runs on the calling thread: handing it out costs more.
const PARALLEL_FROM: usize = 400_000;
/// Bytes of a strip of widened weights: it stays in the level-2 cache.
const STRIP_BYTES: usize = 96 * 1024;
/// Up to this many rows, weights are widened in registers; beyond, once per strip.
const REGISTER_ROWS: usize = 3;
/// From this many rows of x on, laying w out for AVX-512 is repaid.
#[cfg(target_arch = "x86_64")]
const WIDE_ROWS: usize = 12;

/// Groups of a packed weight as a power of two, where integers can be widened in registers: 4 or 8 bits, and no eight
/// neighbors in two groups.
fn group_shift(w: &Packed) -> Option<u32> {
    let (size, one) = (w.grid.group_size, w.grid.groups == 1);
    let plain = matches!(w.bits, 4 | 8) && w.grid.group_of.is_none() && !w.grid.half;
    match plain {
        true if one => Some(usize::BITS - 1),
        true if size.is_power_of_two() && size >= 8 => Some(size.trailing_zeros()),
        _ => None,
    }
}

macro_rules! dispatch {
    ($(#[$doc:meta])* $vis:vis $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        $(#[$doc])*
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            if level() != Level::Portable {
                // SAFETY: the processor has AVX2 and FMA, as was just asked.
                return unsafe { avx2::$name($($arg),*) };
            }
            portable::$name($($arg),*)
        }
    };
}

/// Instruction sets that kernels are written for; a later one includes those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The most that this processor has.
fn level() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        static LEVEL: std::sync::OnceLock<Level> = std::sync::OnceLock::new();
        *LEVEL.get_or_init(|| match (avx2::available(), avx512::available()) {
            (true, true) => Level::Avx512,
            (true, false) => Level::Avx2,
            (false, _) => Level::Portable,
        })
    }
    #[cfg(not(target_arch = "x86_64"))]
    Level::Portable
}

/// `out[r * stride + c] = x[r] . w[c]` for `x` `[m, k]` and `w` `[n, k]`.
pub(crate) fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    match level() {
        // SAFETY: `level` says that the processor has AVX-512 (F, DQ, VL).
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 if x.len() >= WIDE_ROWS * k => unsafe { avx512::rows_by_rows(x, w, k, out, stride) },
        // SAFETY: `level` says that the processor has AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx2 => unsafe { avx2::rows_by_rows(x, w, k, out, stride) },
        Level::Portable => portable::rows_by_rows(x, w, k, out, stride),
    }
}

dispatch!(
    /// The same with `w` in bf16.
    pub(crate) rows_by_bf16(x: &[f32], w: &[u8], k: usize, out: &mut [f32], stride: usize)
);
dispatch!(
    /// The same with the rows `rows` of a packed weight.
    pub(crate) rows_by_packed(x: &[f32], w: &Packed, rows: Range<usize>, out: &mut [f32], stride: usize)
);
dispatch!(
    /// One row of a packed weight in f32, `[cols]`.
    pub(crate) widen_packed(w: &Packed, row: usize, out: &mut [f32])
);
dispatch!(
    /// Whole blocks of a GGUF file in f32.
    pub(crate) widen_blocks(kind: Kind, bytes: &[u8], out: &mut [f32])
);
dispatch!(
    /// Adds `sum_j p[r][j] v[j]` over the first `lens[r]` of the j to each row r of `out` `[lens.len(), dim]`, in order of
    /// j; `p` `[lens.len(), n]`, `v` `[n, dim]`.
    pub(crate) add_weighted_rows(p: &[f32], lens: &[usize], v: &[f32], out: &mut [f32])
);
dispatch!(
    /// Turns more scores of a softmax into weights, in place, and gives the factor that earlier weights are due.
    pub(crate) online_softmax(row: &mut [f32], soft: &mut Soft) -> f32
);
dispatch!(
    /// Softmax of one row, in place.
    pub(crate) softmax(row: &mut [f32])
);
dispatch!(
    /// `gate = silu(gate) * up`, in place.
    pub(crate) silu_times(gate: &mut [f32], up: &[f32])
);
dispatch!(
    /// `gate = gelu(gate) * up` by the formula with a hyperbolic tangent, in place.
    pub(crate) gelu_tanh_times(gate: &mut [f32], up: &[f32])
);
dispatch!(
    /// `gate = (up + 1) * g * sigmoid(alpha * g)` for gate and up cut at the limit, in place.
    pub(crate) clamped_times(gate: &mut [f32], up: &[f32], limit: f32, alpha: f32)
);
dispatch!(
    /// `cap * tanh(value / cap)` in place.
    pub(crate) soft_cap(values: &mut [f32], cap: f32)
);
dispatch!(
    /// GELU in place.
    pub(crate) gelu(values: &mut [f32])
);
dispatch!(
    /// Layer norm of one row in place.
    pub(crate) layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32)
);

dispatch!(
    /// The least and the largest of some numbers; of none, an empty range.
    pub extent(values: &[f32]) -> (f32, f32)
);
dispatch!(
    /// Rounds weights to a grid in place: `scale * (clamp(round(w / scale) + zero, 0, top) - zero)`, ties to even.
    pub round_to_grid(weights: &mut [f32], scale: f32, zero: f32, top: f32)
);
dispatch!(
    /// `target -= factor * row`
    pub subtract_scaled(target: &mut [f32], factor: f32, row: &[f32])
);
dispatch!(
    /// `difference = difference / scales - weights`
    pub unscaled_error(difference: &mut [f32], scales: &[f32], weights: &[f32])
);

/// The nearest whole number, ties to even, of numbers below a million; of larger ones, a large number.
#[inline]
pub fn round(x: f32) -> f32 {
    portable::round(x)
}

/// `1 / (1 + e^-x)`
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + portable::exp(-x))
}

/// `e^x`, within a unit or two in the last place.
pub(crate) fn exp(x: f32) -> f32 {
    portable::exp(x)
}

/// The name of the kernels that this processor runs, for records: `avx512`, `avx2` or `portable`.
pub fn name() -> &'static str {
    match level() {
        Level::Portable => "portable",
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => "avx2",
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => "avx512",
    }
}

/// `x w^T`: `x` `[m, in]`, `w` `[out, in]`, gives `[m, out]`.
///
/// # Panics
/// Where the inner sizes differ: a mistake of the caller, never of a file.
pub fn matmul(x: &Matrix, w: &Weight) -> Matrix {
    let (outputs, k) = w.shape();
    assert_eq!(x.cols, k, "inner sizes of a product");
    let mut y = Matrix::zeros(x.rows, outputs);
    if x.rows == 0 || k == 0 || outputs == 0 {
        return y;
    }
    if x.rows * k * outputs < PARALLEL_FROM || rayon::current_num_threads() == 1 {
        return matmul_here(x, w);
    }
    let strip = strip_rows(k, outputs, rayon::current_num_threads() * 2);
    if x.rows == 1 {
        y.data.par_chunks_mut(strip).enumerate().for_each_init(Vec::new, |scratch, (at, out)| {
            product(&x.data, w, at * strip..at * strip + out.len(), scratch, out, outputs);
        });
        return y;
    }
    let strips: Vec<Vec<f32>> = (0..outputs.div_ceil(strip))
        .into_par_iter()
        .map_init(Vec::new, |scratch, at| {
            let range = at * strip..((at + 1) * strip).min(outputs);
            let width = range.len();
            let mut out = vec![0.0; x.rows * width];
            product(&x.data, w, range, scratch, &mut out, width);
            out
        })
        .collect();
    y.data.par_chunks_mut(outputs).enumerate().for_each(|(row, y)| {
        for (out, strip_values) in y.chunks_mut(strip).zip(&strips) {
            let width = out.len();
            out.copy_from_slice(&strip_values[row * width..(row + 1) * width]);
        }
    });
    y
}

/// [`matmul`] on the calling thread, for callers that hand out rows themselves.
pub(crate) fn matmul_here(x: &Matrix, w: &Weight) -> Matrix {
    let (outputs, k) = w.shape();
    assert_eq!(x.cols, k, "inner sizes of a product");
    let mut y = Matrix::zeros(x.rows, outputs);
    if x.rows == 0 || k == 0 || outputs == 0 {
        return y;
    }
    let strip = strip_rows(k, outputs, 1);
    let mut scratch = Vec::new();
    for from in (0..outputs).step_by(strip) {
        product(&x.data, w, from..(from + strip).min(outputs), &mut scratch, &mut y.data[from..], outputs);
    }
    y
}

/// Rows of a strip: a multiple of the tiles' columns, at least `parts` strips in all where there are enough.
fn strip_rows(k: usize, outputs: usize, parts: usize) -> usize {
    let fits = (STRIP_BYTES / 4 / k).max(1);
    let share = outputs.div_ceil(parts).max(1);
    let rows = fits.min(share);
    let columns = match level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::COLUMNS,
        _ => 3,
    };
    if rows >= 24 { rows / 24 * 24 } else { rows.div_ceil(columns) * columns }
}

/// One strip of outputs: `out[r * stride + c]` for the rows `range` of `w`.
fn product(x: &[f32], w: &Weight, range: Range<usize>, scratch: &mut Vec<f32>, out: &mut [f32], stride: usize) {
    let k = w.shape().1;
    match w {
        Weight::F32(w) => rows_by_rows(x, &w.data[range.start * k..range.end * k], k, out, stride),
        Weight::Half(Half { kind: HalfKind::Bf16, bytes, .. }) if x.len() <= REGISTER_ROWS * k => {
            rows_by_bf16(x, &bytes[range.start * k * 2..range.end * k * 2], k, out, stride);
        }
        Weight::Packed(w) if x.len() <= REGISTER_ROWS * k && group_shift(w).is_some() => {
            rows_by_packed(x, w, range, out, stride);
        }
        other => {
            scratch.resize(range.len() * k, 0.0);
            for (row, wide) in range.zip(scratch.chunks_exact_mut(k)) {
                match other {
                    Weight::Packed(packed) => widen_packed(packed, row, wide),
                    other => other.widen_row(row, wide),
                }
            }
            rows_by_rows(x, scratch, k, out, stride);
        }
    }
}

#[cfg(test)]
mod tests;
