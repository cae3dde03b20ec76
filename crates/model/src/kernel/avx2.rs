//! The kernels on AVX2 and FMA. Same order of operations per output as `portable`, several outputs at a time.

use std::arch::x86_64::*;
use std::ops::Range;

use super::portable::{self, LANES};
use crate::Packed;
use crate::gguf::Kind;

mod source;

use source::{Bf16, F32, Int4, Int8, Source, packed_row};

/// Whether this processor has what the kernels here need.
pub fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The sum of the lanes in the order of [`portable::sum_lanes`].
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum_lanes(a: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

/// `R` rows of x by `C` rows of w: `R * C` dots at a time, each in the order of [`portable::dot`].
#[inline]
#[target_feature(enable = "avx2,fma")]
fn tile<const R: usize, const C: usize, S: Source>(
    x: [&[f32]; R],
    w: [S; C],
    k: usize,
    out: &mut [f32],
    stride: usize,
) {
    assert!(x.iter().all(|x| x.len() == k));
    let mut sums = [[_mm256_setzero_ps(); C]; R];
    let whole = k / LANES * LANES;
    let mut at = 0;
    if w.iter().all(|w| w.is_wide()) {
        while at + 4 * LANES <= whole {
            for c in 0..C {
                // SAFETY: `at + 32 <= whole <= k`, and every row of w has k values (asserted by the callers).
                let wide = unsafe { w[c].load_wide(at) };
                for (part, wide) in wide.into_iter().enumerate() {
                    for r in 0..R {
                        // SAFETY: as above, and every row of x has k values (asserted here).
                        let x = unsafe { _mm256_loadu_ps(x[r].as_ptr().add(at + part * LANES)) };
                        sums[r][c] = _mm256_fmadd_ps(x, wide, sums[r][c]);
                    }
                }
            }
            at += 4 * LANES;
        }
    }
    while at < whole {
        // SAFETY: `at + 8 <= whole <= k`, and every row of w and x has k values (asserted here and by the callers).
        let wide: [__m256; C] = std::array::from_fn(|c| unsafe { w[c].load(at) });
        for r in 0..R {
            // SAFETY: as above.
            let x = unsafe { _mm256_loadu_ps(x[r].as_ptr().add(at)) };
            for c in 0..C {
                sums[r][c] = _mm256_fmadd_ps(x, wide[c], sums[r][c]);
            }
        }
        at += LANES;
    }
    for r in 0..R {
        for c in 0..C {
            out[r * stride + c] = if whole == k {
                sum_lanes(sums[r][c])
            } else {
                let mut lanes = [0.0f32; LANES];
                // SAFETY: `lanes` has eight values.
                unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sums[r][c]) };
                for at in whole..k {
                    lanes[at - whole] = x[r][at].mul_add(w[c].get(at), lanes[at - whole]);
                }
                portable::sum_lanes(lanes)
            };
        }
    }
}

/// All rows of x by `C` rows of w, four rows at a time while they last.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn columns<const C: usize, S: Source>(x: &[f32], w: [S; C], k: usize, out: &mut [f32], stride: usize) {
    let rows = x.len() / k;
    let row = |r: usize| &x[r * k..(r + 1) * k];
    let mut r = 0;
    while C <= 3 && r + 4 <= rows {
        tile::<4, C, S>([row(r), row(r + 1), row(r + 2), row(r + 3)], w, k, &mut out[r * stride..], stride);
        r += 4;
    }
    while r < rows {
        tile::<1, C, S>([row(r)], w, k, &mut out[r * stride..], stride);
        r += 1;
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn product<S: Source>(x: &[f32], n: usize, w: impl Fn(usize) -> S, k: usize, out: &mut [f32], stride: usize) {
    let mut c = 0;
    if x.len() / k < 4 {
        // One row or few: eight outputs at a time keep the FMA units busy.
        while c + 8 <= n {
            columns::<8, S>(x, std::array::from_fn(|i| w(c + i)), k, &mut out[c..], stride);
            c += 8;
        }
    }
    while c + 3 <= n {
        columns::<3, S>(x, std::array::from_fn(|i| w(c + i)), k, &mut out[c..], stride);
        c += 3;
    }
    while c < n {
        columns::<1, S>(x, [w(c)], k, &mut out[c..], stride);
        c += 1;
    }
}

/// [`portable::rows_by_rows`].
#[target_feature(enable = "avx2,fma")]
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    product(x, w.len() / k, |c| F32(&w[c * k..(c + 1) * k]), k, out, stride);
}

/// [`portable::rows_by_bf16`].
#[target_feature(enable = "avx2,fma")]
pub fn rows_by_bf16(x: &[f32], w: &[u8], k: usize, out: &mut [f32], stride: usize) {
    product(x, w.len() / (2 * k), |c| Bf16(&w[2 * c * k..2 * (c + 1) * k]), k, out, stride);
}

/// [`portable::rows_by_packed`].
#[target_feature(enable = "avx2,fma")]
pub fn rows_by_packed(x: &[f32], w: &Packed, rows: Range<usize>, out: &mut [f32], stride: usize) {
    let Some(shift) = super::group_shift(w) else { return portable::rows_by_packed(x, w, rows, out, stride) };
    match w.bits {
        4 => product(x, rows.len(), |c| Int4(packed_row(w, rows.start + c, shift)), w.cols, out, stride),
        _ => product(x, rows.len(), |c| Int8(packed_row(w, rows.start + c, shift)), w.cols, out, stride),
    }
}

/// [`portable::widen_packed`].
#[target_feature(enable = "avx2,fma")]
pub fn widen_packed(w: &Packed, row: usize, out: &mut [f32]) {
    match super::group_shift(w) {
        Some(shift) if w.bits == 4 => widen(Int4(packed_row(w, row, shift)), out),
        Some(shift) => widen(Int8(packed_row(w, row, shift)), out),
        None => portable::widen_packed(w, row, out),
    }
}

/// All weights of one row.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn widen<S: Source>(row: S, out: &mut [f32]) {
    let step = if row.is_wide() { 4 * LANES } else { out.len() + 1 };
    let mut chunks = out.chunks_exact_mut(step);
    let mut at = 0;
    for chunk in &mut chunks {
        // SAFETY: `at + 32` does not exceed the length of the row, which is that of `out`.
        let wide = unsafe { row.load_wide(at) };
        for (part, eight) in wide.into_iter().zip(chunk.chunks_exact_mut(LANES)) {
            // SAFETY: `eight` has eight values.
            unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), part) };
        }
        at += step;
    }
    for (value, at) in chunks.into_remainder().iter_mut().zip(at..) {
        *value = row.get(at);
    }
}

/// What some rows of [`portable::add_weighted_rows`] are made of.
#[derive(Clone, Copy)]
struct Mixed<'a> {
    /// Weights of the rows, `stride` apart.
    p: &'a [f32],
    stride: usize,
    /// `[len, dim]`
    v: &'a [f32],
    len: usize,
    dim: usize,
}

/// `R` rows and `8 * C` columns of [`portable::add_weighted_rows`], from column `from`; `out` `[R, dim]`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn mix_tile<const R: usize, const C: usize>(mixed: Mixed<'_>, from: usize, out: &mut [f32]) {
    let Mixed { p, stride, v, len, dim } = mixed;
    assert!(p.len() >= (R - 1) * stride + len && v.len() >= len * dim);
    assert!(out.len() >= R * dim && from + C * LANES <= dim);
    let place = |r: usize, c: usize| r * dim + from + c * LANES;
    // SAFETY: the eight columns lie within row r of `out` (asserted above).
    let load = |r, c| unsafe { _mm256_loadu_ps(out.as_ptr().add(place(r, c))) };
    let mut sums: [[__m256; C]; R] = std::array::from_fn(|r| std::array::from_fn(|c| load(r, c)));
    for j in 0..len {
        // SAFETY: row j is below `len`, and the eight columns lie within it (asserted above).
        let v: [__m256; C] =
            std::array::from_fn(|c| unsafe { _mm256_loadu_ps(v.as_ptr().add(j * dim + from + c * LANES)) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `j < len` (asserted above).
            let p = unsafe { _mm256_broadcast_ss(&*p.as_ptr().add(r * stride + j)) };
            for (sum, v) in sums.iter_mut().zip(v) {
                *sum = _mm256_fmadd_ps(p, v, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (c, sum) in sums.iter().enumerate() {
            // SAFETY: as for the loads.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr().add(place(r, c)), *sum) };
        }
    }
}

/// All columns of `R` rows: `C` registers wide while that lasts, then one, then single columns.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn mix_columns<const R: usize, const C: usize>(mixed: Mixed<'_>, out: &mut [f32]) {
    let Mixed { p, stride, v, len, dim } = mixed;
    let mut from = 0;
    while from + C * LANES <= dim {
        mix_tile::<R, C>(mixed, from, out);
        from += C * LANES;
    }
    while from + LANES <= dim {
        mix_tile::<R, 1>(mixed, from, out);
        from += LANES;
    }
    for row in 0..R {
        for column in from..dim {
            let sum = &mut out[row * dim + column];
            *sum = p[row * stride..][..len]
                .iter()
                .enumerate()
                .fold(*sum, |sum, (j, &p)| p.mul_add(v[j * dim + column], sum));
        }
    }
}

/// [`portable::add_weighted_rows`]: six rows at a time as far as all of them go, then each to its own end.
#[target_feature(enable = "avx2,fma")]
pub fn add_weighted_rows(p: &[f32], lens: &[usize], v: &[f32], out: &mut [f32]) {
    let (rows, dim) = (lens.len().max(1), out.len() / lens.len().max(1));
    let stride = p.len() / rows;
    let mut row = 0;
    while row < lens.len() {
        let count = (lens.len() - row).min(6);
        let shared = lens[row..row + count].iter().copied().min().unwrap_or(0);
        let mixed = Mixed { p: &p[row * stride..], stride, v, len: shared, dim };
        let out = &mut out[row * dim..(row + count) * dim];
        match count {
            6 => mix_columns::<6, 2>(mixed, out),
            5 => mix_columns::<5, 2>(mixed, out),
            4 => mix_columns::<4, 2>(mixed, out),
            3 => mix_columns::<3, 4>(mixed, out),
            2 => mix_columns::<2, 4>(mixed, out),
            _ => mix_columns::<1, 8>(mixed, out),
        }
        for (at, out) in out.chunks_exact_mut(dim).enumerate() {
            let p = &p[(row + at) * stride..][shared..lens[row + at]];
            if !p.is_empty() {
                mix_columns::<1, 8>(Mixed { p, stride, v: &v[shared * dim..], len: p.len(), dim }, out);
            }
        }
        row += count;
    }
}

/// [`portable::widen_blocks`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn widen_blocks(kind: Kind, bytes: &[u8], out: &mut [f32]) {
    portable::widen_blocks(kind, bytes, out);
}

/// [`portable::online_softmax`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn online_softmax(row: &mut [f32], soft: &mut portable::Soft) -> f32 {
    portable::online_softmax(row, soft)
}

/// [`portable::softmax`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn softmax(row: &mut [f32]) {
    portable::softmax(row);
}

/// [`portable::silu_times`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn silu_times(gate: &mut [f32], up: &[f32]) {
    portable::silu_times(gate, up);
}

/// [`portable::gelu_tanh_times`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn gelu_tanh_times(gate: &mut [f32], up: &[f32]) {
    portable::gelu_tanh_times(gate, up);
}

/// [`portable::clamped_times`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn clamped_times(gate: &mut [f32], up: &[f32], limit: f32, alpha: f32) {
    portable::clamped_times(gate, up, limit, alpha);
}

/// [`portable::soft_cap`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn soft_cap(values: &mut [f32], cap: f32) {
    portable::soft_cap(values, cap);
}

/// [`portable::gelu`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn gelu(values: &mut [f32]) {
    portable::gelu(values);
}

/// [`portable::layer_norm`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    portable::layer_norm(row, weight, bias, eps);
}

/// [`portable::extent`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn extent(values: &[f32]) -> (f32, f32) {
    portable::extent(values)
}

/// [`portable::round_to_grid`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn round_to_grid(weights: &mut [f32], scale: f32, zero: f32, top: f32) {
    portable::round_to_grid(weights, scale, zero, top);
}

/// [`portable::subtract_scaled`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn subtract_scaled(target: &mut [f32], factor: f32, row: &[f32]) {
    portable::subtract_scaled(target, factor, row);
}

/// [`portable::unscaled_error`], vectorized by the compiler.
#[target_feature(enable = "avx2,fma")]
pub fn unscaled_error(difference: &mut [f32], scales: &[f32], weights: &[f32]) {
    portable::unscaled_error(difference, scales, weights);
}
