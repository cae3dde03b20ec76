//! Dots in the order of `portable::dot`: the sixteen lanes of one output are two registers.

use std::arch::x86_64::*;
use std::ops::Range;

use super::source::{F32, Source};
use crate::kernel::ahead::Ahead;
use crate::kernel::portable::{self, BLOCK, LANES};

/// Values of a register.
const EIGHT: usize = 8;
/// Rows of x that stay in the level-2 cache, a block of k of them, while all rows of w pass.
const RESIDENT: usize = 64;

/// The sum of the lanes in the order of [`portable::sum_lanes`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sum_lanes([low, high]: [__m256; 2]) -> f32 {
    let a = _mm256_add_ps(low, high);
    let four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

/// The same with the products at `range`, fewer than 16, added to the first of them.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sum_with<S: Source>(x: &[f32], w: S, range: Range<usize>, [low, high]: [__m256; 2]) -> f32 {
    if range.is_empty() {
        return sum_lanes([low, high]);
    }
    let mut lanes = [0.0; LANES];
    // SAFETY: `lanes` has sixteen values.
    unsafe {
        _mm256_storeu_ps(lanes.as_mut_ptr(), low);
        _mm256_storeu_ps(lanes.as_mut_ptr().add(EIGHT), high);
    }
    for (lane, at) in lanes.iter_mut().zip(range) {
        *lane = x[at].mul_add(w.get(at), *lane);
    }
    portable::sum_lanes(lanes)
}

/// Few rows of x by the `n` rows that `w` gives, which lie one after another; they are widened in registers.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn few<S: Source>(x: &[f32], n: usize, w: impl Fn(usize) -> S, k: usize, out: &mut [f32], stride: usize) {
    let mut c = 0;
    while c < n {
        let (out, row) = (&mut out[c..], |i: usize| w(c + i));
        let left = n - c;
        c += match x.len() / k {
            // Floats are read one row after another, as memory likes it best.
            1 if left >= 4 && S::BYTES < 64 => columns::<1, 4, S>(x, std::array::from_fn(row), k, out, stride),
            2 if left >= 2 => columns::<2, 2, S>(x, std::array::from_fn(row), k, out, stride),
            3 if left >= 2 => columns::<3, 2, S>(x, std::array::from_fn(row), k, out, stride),
            1 => columns::<1, 1, S>(x, [row(0)], k, out, stride),
            2 => columns::<2, 1, S>(x, [row(0)], k, out, stride),
            _ => columns::<3, 1, S>(x, [row(0)], k, out, stride),
        };
    }
}

/// `R` rows of x by `C` rows of w; gives C.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn columns<const R: usize, const C: usize, S: Source>(
    x: &[f32],
    w: [S; C],
    k: usize,
    out: &mut [f32],
    stride: usize,
) -> usize {
    assert!(x.len() == R * k);
    let mut ahead = Ahead::of(w[0].start(), C * k / 32 * S::BYTES, C > 1);
    for from in (0..k).step_by(BLOCK) {
        let to = (from + BLOCK).min(k);
        let whole = to / LANES * LANES;
        let mut sums = [[[_mm256_setzero_ps(); 2]; C]; R];
        // SAFETY: `whole <= k`; x has R rows of k values (asserted above), and so many has every row of w (the callers
        // made them so).
        unsafe { walk(x, w, k, from..whole, &mut ahead, &mut sums) };
        for (r, sums) in sums.into_iter().enumerate() {
            for c in 0..C {
                let total = sum_with(&x[r * k..][..k], w[c], whole..to, sums[c]);
                let out = &mut out[r * stride + c];
                *out = if from == 0 { total } else { *out + total };
            }
        }
    }
    C
}

/// Adds the products at `range`, whose ends are multiples of 16.
///
/// # Safety
/// `range` must lie within the rows of w and of x, of which there are R.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn walk<const R: usize, const C: usize, S: Source>(
    x: &[f32],
    w: [S; C],
    k: usize,
    range: Range<usize>,
    ahead: &mut Ahead,
    sums: &mut [[[__m256; 2]; C]; R],
) {
    // SAFETY: the callers below keep `at + 8` within `range`, which is within the R rows of x.
    let load = |r: usize, at: usize| unsafe { _mm256_loadu_ps(x.as_ptr().add(r * k + at)) };
    let mut at = range.start;
    while at + 4 * EIGHT <= range.end && w[0].is_wide() {
        for c in 0..C {
            if C > 1 {
                ahead.go(S::BYTES);
            }
            // SAFETY: `at + 32` is within `range`, which is within the rows of w.
            let wide = unsafe { w[c].load_wide(at) };
            for (part, wide) in wide.into_iter().enumerate() {
                for (r, sums) in sums.iter_mut().enumerate() {
                    let sum = &mut sums[c][part % 2];
                    *sum = _mm256_fmadd_ps(load(r, at + part * EIGHT), wide, *sum);
                }
            }
        }
        at += 4 * EIGHT;
    }
    while at < range.end {
        for c in 0..C {
            for part in 0..2 {
                // SAFETY: `at + 16` is within `range`, which is within the rows of w.
                let wide = unsafe { w[c].load(at + part * EIGHT) };
                for (r, sums) in sums.iter_mut().enumerate() {
                    sums[c][part] = _mm256_fmadd_ps(load(r, at + part * EIGHT), wide, sums[c][part]);
                }
            }
        }
        at += LANES;
    }
}

/// Many rows of x `[m, k]` by rows of w `[n, k]`: tiles of 4 x 3 outputs, first the lanes 0 to 7 of all of them, then the
/// others, so that their sums stay in registers.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn many(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    let (rows, n) = (x.len() / k, w.len() / k);
    for first in (0..rows).step_by(RESIDENT) {
        for from in (0..k).step_by(BLOCK) {
            let range = from..(from + BLOCK).min(k);
            for c in (0..n).step_by(3) {
                for r in (first..rows.min(first + RESIDENT)).step_by(4) {
                    let size = ((rows - r).min(4), (n - c).min(3));
                    tile_of(size, &x[r * k..], &w[c * k..], (k, range.clone()), &mut out[r * stride + c..], stride);
                }
            }
        }
    }
}

/// A tile of so many rows and columns.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tile_of(
    size: (usize, usize),
    x: &[f32],
    w: &[f32],
    (k, range): (usize, Range<usize>),
    out: &mut [f32],
    stride: usize,
) {
    match size {
        (4, 3) => tile::<4, 3>(x, w, k, range, out, stride),
        (4, 2) => tile::<4, 2>(x, w, k, range, out, stride),
        (4, _) => tile::<4, 1>(x, w, k, range, out, stride),
        (3, 3) => tile::<3, 3>(x, w, k, range, out, stride),
        (2, 3) => tile::<2, 3>(x, w, k, range, out, stride),
        (1, 3) => tile::<1, 3>(x, w, k, range, out, stride),
        (m, n) => (0..m * n).for_each(|at| {
            let (r, c) = (at / n, at % n);
            tile::<1, 1>(&x[r * k..], &w[c * k..], k, range.clone(), &mut out[r * stride + c..], stride);
        }),
    }
}

/// A block of the dots of `R` rows of x and `C` rows of w.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tile<const R: usize, const C: usize>(
    x: &[f32],
    w: &[f32],
    k: usize,
    range: Range<usize>,
    out: &mut [f32],
    stride: usize,
) {
    let whole = range.end / LANES * LANES;
    assert!(x.len() >= R * k && w.len() >= C * k && range.end <= k);
    let mut sums = [[[_mm256_setzero_ps(); 2]; C]; R];
    for half in 0..2 {
        let mut eight = [[_mm256_setzero_ps(); C]; R];
        let mut at = range.start + half * EIGHT;
        while at < whole {
            // SAFETY: `at + 8 <= whole <= k`, and w has C rows of k values (asserted above).
            let w: [__m256; C] = std::array::from_fn(|c| unsafe { _mm256_loadu_ps(w.as_ptr().add(c * k + at)) });
            for (r, eight) in eight.iter_mut().enumerate() {
                // SAFETY: likewise, and x has R rows.
                let x = unsafe { _mm256_loadu_ps(x.as_ptr().add(r * k + at)) };
                for (sum, w) in eight.iter_mut().zip(w) {
                    *sum = _mm256_fmadd_ps(x, w, *sum);
                }
            }
            at += LANES;
        }
        for (sums, eight) in sums.as_flattened_mut().iter_mut().zip(eight.as_flattened()) {
            sums[half] = *eight;
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        for (c, sums) in sums.into_iter().enumerate() {
            let total = sum_with(&x[r * k..][..k], F32(&w[c * k..][..k]), whole..range.end, sums);
            let out = &mut out[r * stride + c];
            *out = if range.start == 0 { total } else { *out + total };
        }
    }
}
