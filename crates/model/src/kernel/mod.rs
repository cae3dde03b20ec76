//! Products that do not depend on what they are batched with.
//!
//! Libraries choose another kernel, and so another order of additions, for one row than for many, and so a reply
//! depends on its batch. Here every output element is one dot product in one order (`portable::dot`): tiles, strips
//! and threads only change which elements are computed side by side. So a result is the same, bit for bit, whatever
//! the number of rows or threads, and whether the processor has AVX2, AVX-512 or neither.

#[cfg(target_arch = "x86_64")]
mod ahead;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod matmul;
mod pairs;
#[cfg(target_arch = "x86_64")]
mod panels;
pub(crate) mod portable;
mod tiles;
mod whole;

pub use matmul::matmul;
pub(crate) use matmul::{matmul_here, matmul_over};
pub(crate) use pairs::{Pairs, is_of_pairs, product as product_of_pairs, takes as takes_pairs};
pub(crate) use portable::{Soft, Weighted};
pub(crate) use whole::{Whole, product as whole_product};

use std::ops::Range;

use crate::gguf::Kind;
use crate::{Fp8, Packed, Weight};

/// Groups of a packed weight as a power of two, where integers can be widened in registers: 4 or 8 bits, and no eight
/// neighbors in two groups.
#[cfg(target_arch = "x86_64")]
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
                // SAFETY: the processor has AVX2, FMA and F16C, as was just asked.
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
        // SAFETY: `level` says that the processor has AVX-512 (F, BW, DQ, VL).
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::rows_by_rows(x, w, k, out, stride) },
        // SAFETY: `level` says that the processor has AVX2, FMA and F16C.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::rows_by_rows(x, w, k, out, stride) },
        Level::Portable => tiles::rows_by_rows(x, w, k, out, stride),
    }
}

/// The same with the rows `rows` of a weight as it is held; `scratch` is for what is widened.
fn rows_by_held(x: &[f32], w: &Weight, rows: Range<usize>, scratch: &mut Vec<f32>, out: &mut [f32], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: `level` says that the processor has AVX-512 (F, BW, DQ, VL).
        let done =
            level() == Level::Avx512 && unsafe { avx512::rows_by_held(x, w, rows.clone(), scratch, out, stride) };
        if !done && level() >= Level::Avx2 {
            // SAFETY: `level` says that the processor has AVX2, FMA and F16C.
            unsafe { avx2::rows_by_held(x, w, rows.clone(), scratch, out, stride) };
        }
        if done || level() >= Level::Avx2 {
            return;
        }
    }
    tiles::rows_by_held(x, w, rows, scratch, out, stride);
}

/// Adds `sum_j p[r][j] v[j]` over the first `lens[r]` of the j to each row r of `out`, in order of j. Rows of `out` begin
/// `stride` apart.
pub(crate) fn add_weighted_rows(weighted: Weighted<'_>, lens: &[usize], out: &mut [f32], stride: usize) {
    match level() {
        // SAFETY: `level` says that the processor has AVX-512 (F, BW, DQ, VL).
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::add_weighted_rows(weighted, lens, out, stride) },
        // SAFETY: `level` says that the processor has AVX2, FMA and F16C.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::add_weighted_rows(weighted, lens, out, stride) },
        Level::Portable => portable::add_weighted_rows(weighted, lens, out, stride),
    }
}

/// Writes one row of a weight in f32, `[cols]`.
fn widen(w: &Weight, row: usize, out: &mut [f32]) {
    match w {
        Weight::Packed(packed) => widen_packed(packed, row, out),
        Weight::Fp8(fp8) => widen_fp8(fp8, row, out),
        other => other.widen_row(row, out),
    }
}

dispatch!(
    /// One row of a packed weight in f32, `[cols]`.
    pub(crate) widen_packed(w: &Packed, row: usize, out: &mut [f32])
);
dispatch!(
    /// One row of 8-bit floats in f32, `[cols]`.
    pub(crate) widen_fp8(w: &Fp8, row: usize, out: &mut [f32])
);
dispatch!(
    /// Whole blocks of a GGUF file in f32.
    pub(crate) widen_blocks(kind: Kind, bytes: &[u8], out: &mut [f32])
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
    /// Rounds numbers to whole ones in -128..=127 of a step, ties to even, times the factor.
    pub(crate) round_to_int8(row: &mut [f32], step: f32, factor: f32)
);
dispatch!(
    /// The same whole numbers alone.
    pub(crate) int8_codes(row: &[f32], step: f32, codes: &mut [i8])
);
dispatch!(
    /// The sum of each so many codes.
    pub(crate) sums_of_codes(codes: &[i8], size: usize, sums: &mut [i32])
);
dispatch!(
    /// Rounds numbers to bfloat16, ties to even, those nearer to zero than 2^-48 to it.
    pub(crate) round_to_bf16(row: &[f32], out: &mut [u16])
);
dispatch!(
    /// Rounds numbers to those of e4m3 times the scale.
    pub(crate) round_to_fp8(row: &mut [f32], scale: f32)
);
dispatch!(
    /// Codes of 8 bits, or of 4 with the first in the low half of a byte, of numbers that are `low + code * step`.
    pub(crate) round_to_codes(numbers: &[f32], grid: (f32, f32), bits: u8, codes: &mut [u8])
);
dispatch!(
    /// The numbers of codes: `low + code * step`, rounded once.
    pub(crate) widen_codes(codes: &[u8], grid: (f32, f32), bits: u8, numbers: &mut [f32])
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

/// Rows of w that tiles multiply side by side.
fn columns() -> usize {
    match level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::COLUMNS,
        _ => 3,
    }
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

#[cfg(test)]
mod tests;
