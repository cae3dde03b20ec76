//! The kernels on AVX2, FMA and F16C. Same order of operations per output as `portable`, several outputs at a time.

use std::arch::x86_64::*;
use std::ops::Range;

use super::portable::Weighted;
use super::{panels, portable};
use crate::gguf::Kind;
use crate::weight::{Half, HalfKind};
use crate::{Fp8, Packed, Weight};

mod blocks;
mod dots;
mod many;
mod mix;
mod source;
pub mod whole;

use blocks::{Blocks, of_form};
use source::{F32, Float8, Int4, Int8, Turned, Two, packed_row};

/// Whether this processor has what the kernels here need.
pub fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}

/// Up to this many rows, weights are widened in registers; beyond, once per strip.
const FEW: usize = 3;

/// [`portable::rows_by_rows`].
#[target_feature(enable = "avx2,fma,f16c")]
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    let (row, n) = (|c: usize| &w[c * k..(c + 1) * k], w.len() / k);
    if x.len() <= FEW * k {
        return dots::few(x, n, |c| F32(row(c)), k, out, stride);
    }
    let mut scratch = Vec::new();
    let panels = panels::lay_out::<{ many::COLUMNS }>(n, k, &mut scratch, |c, out| out.copy_from_slice(row(c)));
    many::product(x, panels, (n, k), out, stride);
}

/// [`portable::rows_by_held`]
#[target_feature(enable = "avx2,fma,f16c")]
pub fn rows_by_held(x: &[f32], w: &Weight, rows: Range<usize>, scratch: &mut Vec<f32>, out: &mut [f32], stride: usize) {
    let (k, n, from) = (w.shape().1, rows.len(), rows.start);
    let widen = |c: usize, out: &mut [f32]| super::widen(w, from + c, out);
    if x.len() > FEW * k {
        let panels = panels::lay_out::<{ many::COLUMNS }>(n, k, scratch, widen);
        return many::product(x, panels, (n, k), out, stride);
    }
    let halves = |c: usize| 2 * (from + c) * k..2 * (from + c + 1) * k;
    match w {
        Weight::F32(_) | Weight::Mapped(_) => {
            let floats = w.floats().unwrap_or_default();
            dots::few(x, n, |c| F32(&floats[(from + c) * k..][..k]), k, out, stride);
        }
        Weight::Half(Half { kind: HalfKind::Bf16, bytes, .. }) => {
            dots::few(x, n, |c| Two::<true>(&bytes[halves(c)]), k, out, stride);
        }
        Weight::Half(Half { kind: HalfKind::F16, bytes, .. }) => {
            dots::few(x, n, |c| Two::<false>(&bytes[halves(c)]), k, out, stride);
        }
        Weight::Quantized(w) => of_form!(
            w.kind,
            |Form| dots::few(x, n, |c| Blocks::<Form>::row(w, from + c), k, out, stride),
            widened((x, k), n, widen, scratch, out, stride)
        ),
        _ => match (integers(w), floats(w)) {
            (Some((w, shift)), _) if w.bits == 4 && w.grid.zeros.is_none() => {
                dots::few(x, n, |c| Int4::<true>(packed_row(w, from + c, shift)), k, out, stride);
            }
            (Some((w, shift)), _) if w.bits == 4 => {
                dots::few(x, n, |c| Int4::<false>(packed_row(w, from + c, shift)), k, out, stride);
            }
            (Some((w, shift)), _) => dots::few(x, n, |c| Int8(packed_row(w, from + c, shift)), k, out, stride),
            (_, Some((w, shift))) => dots::few(x, n, |c| Float8::of(w, from + c, shift), k, out, stride),
            _ => widened((x, k), n, widen, scratch, out, stride),
        },
    }
}

/// Turned rows of x by the rows `rows` of a weight, as [`super::pairs`] says.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn rows_by_turned(x: &[f32], w: &Half, rows: Range<usize>, scratch: &mut Vec<f32>, out: &mut [f32], stride: usize) {
    let (k, n, row) = (w.cols, rows.len(), |c: usize| Turned(w.row(rows.start + c)));
    if x.len() <= FEW * k {
        return dots::few(x, n, row, k, out, stride);
    }
    let panels = panels::lay_out::<{ many::COLUMNS }>(n, k, scratch, |c, out| source::widen(row(c), out));
    many::product(x, panels, (n, k), out, stride);
}

/// Few rows of x by the `n` rows that `widen` writes.
#[target_feature(enable = "avx2,fma,f16c")]
fn widened(
    (x, k): (&[f32], usize),
    n: usize,
    widen: impl Fn(usize, &mut [f32]),
    scratch: &mut Vec<f32>,
    out: &mut [f32],
    stride: usize,
) {
    scratch.resize(n * k, 0.0);
    scratch.chunks_exact_mut(k).enumerate().for_each(|(c, wide)| widen(c, wide));
    rows_by_rows(x, scratch, k, out, stride);
}

/// A packed weight that can be widened in registers, with its groups as a power of two.
fn integers(w: &Weight) -> Option<(&Packed, u32)> {
    match w {
        Weight::Packed(w) => super::group_shift(w).map(|shift| (w, shift)),
        _ => None,
    }
}

/// 8-bit floats that can be widened in registers, with their blocks as a power of two.
fn floats(w: &Weight) -> Option<(&Fp8, u32)> {
    match w {
        Weight::Fp8(w) => Float8::shift(w).map(|shift| (w, shift)),
        _ => None,
    }
}

/// [`portable::widen_packed`].
#[target_feature(enable = "avx2,fma,f16c")]
pub fn widen_packed(w: &Packed, row: usize, out: &mut [f32]) {
    match super::group_shift(w) {
        Some(shift) if w.bits == 4 => source::widen(Int4::<false>(packed_row(w, row, shift)), out),
        Some(shift) => source::widen(Int8(packed_row(w, row, shift)), out),
        None => portable::widen_packed(w, row, out),
    }
}

/// [`portable::widen_fp8`].
#[target_feature(enable = "avx2,fma,f16c")]
pub fn widen_fp8(w: &Fp8, row: usize, out: &mut [f32]) {
    match Float8::shift(w) {
        Some(shift) => source::widen(Float8::of(w, row, shift), out),
        None => portable::widen_fp8(w, row, out),
    }
}

/// [`portable::add_weighted_rows`].
#[target_feature(enable = "avx2,fma,f16c")]
pub fn add_weighted_rows(weighted: Weighted<'_>, lens: &[usize], out: &mut [f32], stride: usize) {
    mix::add_weighted_rows(weighted, lens, out, stride);
}

/// [`portable::widen_blocks`]
#[target_feature(enable = "avx2,fma,f16c")]
pub fn widen_blocks(kind: Kind, bytes: &[u8], out: &mut [f32]) {
    of_form!(kind, |Form| source::widen(Blocks::<Form>::of(bytes), out), portable::widen_blocks(kind, bytes, out));
}

/// [`portable::online_softmax`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn online_softmax(row: &mut [f32], soft: &mut portable::Soft) -> f32 {
    portable::online_softmax(row, soft)
}

/// [`portable::softmax`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn softmax(row: &mut [f32]) {
    portable::softmax(row);
}

/// [`portable::round_to_int8`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn round_to_int8(row: &mut [f32], step: f32, factor: f32) {
    portable::round_to_int8(row, step, factor);
}

/// [`portable::sums_of_codes`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn sums_of_codes(codes: &[i8], size: usize, sums: &mut [i32]) {
    portable::sums_of_codes(codes, size, sums);
}

/// [`portable::int8_codes`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn int8_codes(row: &[f32], step: f32, codes: &mut [i8]) {
    portable::int8_codes(row, step, codes);
}

/// [`portable::round_to_bf16`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn round_to_bf16(row: &[f32], out: &mut [u16]) {
    portable::round_to_bf16(row, out);
}

/// [`portable::round_to_fp8`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn round_to_fp8(row: &mut [f32], scale: f32) {
    portable::round_to_fp8(row, scale);
}

/// [`portable::round_to_codes`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn round_to_codes(numbers: &[f32], grid: (f32, f32), bits: u8, codes: &mut [u8]) {
    portable::round_to_codes(numbers, grid, bits, codes);
}

/// [`portable::widen_codes`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn widen_codes(codes: &[u8], grid: (f32, f32), bits: u8, numbers: &mut [f32]) {
    portable::widen_codes(codes, grid, bits, numbers);
}

/// [`portable::silu_times`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn silu_times(gate: &mut [f32], up: &[f32]) {
    portable::silu_times(gate, up);
}

/// [`portable::gelu_tanh_times`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn gelu_tanh_times(gate: &mut [f32], up: &[f32]) {
    portable::gelu_tanh_times(gate, up);
}

/// [`portable::clamped_times`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn clamped_times(gate: &mut [f32], up: &[f32], limit: f32, alpha: f32) {
    portable::clamped_times(gate, up, limit, alpha);
}

/// [`portable::soft_cap`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn soft_cap(values: &mut [f32], cap: f32) {
    portable::soft_cap(values, cap);
}

/// [`portable::gelu`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn gelu(values: &mut [f32]) {
    portable::gelu(values);
}

/// [`portable::layer_norm`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    portable::layer_norm(row, weight, bias, eps);
}

/// [`portable::extent`]
#[target_feature(enable = "avx2,fma,f16c")]
pub fn extent(values: &[f32]) -> (f32, f32) {
    let (whole, rest) = values.as_chunks::<16>();
    let [mut low, mut other_low] = [_mm256_set1_ps(f32::INFINITY); 2];
    let [mut high, mut other_high] = [_mm256_set1_ps(f32::NEG_INFINITY); 2];
    for sixteen in whole {
        // SAFETY: eight values each, of sixteen.
        let (some, others) = unsafe { (_mm256_loadu_ps(sixteen.as_ptr()), _mm256_loadu_ps(sixteen.as_ptr().add(8))) };
        // Where the first is no number, the second counts.
        (low, other_low) = (_mm256_min_ps(some, low), _mm256_min_ps(others, other_low));
        (high, other_high) = (_mm256_max_ps(some, high), _mm256_max_ps(others, other_high));
    }
    let (low, high) = (_mm256_min_ps(low, other_low), _mm256_max_ps(high, other_high));
    let low = _mm_min_ps(_mm256_castps256_ps128(low), _mm256_extractf128_ps::<1>(low));
    let high = _mm_max_ps(_mm256_castps256_ps128(high), _mm256_extractf128_ps::<1>(high));
    let (low, high) = (_mm_min_ps(low, _mm_movehl_ps(low, low)), _mm_max_ps(high, _mm_movehl_ps(high, high)));
    let low = _mm_cvtss_f32(_mm_min_ss(low, _mm_movehdup_ps(low)));
    let high = _mm_cvtss_f32(_mm_max_ss(high, _mm_movehdup_ps(high)));
    rest.iter().fold((low, high), |(low, high), &value| (low.min(value), high.max(value)))
}

/// [`portable::round_to_grid`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn round_to_grid(weights: &mut [f32], scale: f32, zero: f32, top: f32) {
    portable::round_to_grid(weights, scale, zero, top);
}

/// [`portable::subtract_scaled`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn subtract_scaled(target: &mut [f32], factor: f32, row: &[f32]) {
    portable::subtract_scaled(target, factor, row);
}

/// [`portable::unscaled_error`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma,f16c")]
pub fn unscaled_error(difference: &mut [f32], scales: &[f32], weights: &[f32]) {
    portable::unscaled_error(difference, scales, weights);
}
