//! Dots in the order of `portable::dot`: the sixteen lanes of one output are two registers.

use std::arch::x86_64::*;
use std::ops::Range;

use super::source::Source;
use crate::kernel::ahead::{Ahead, FAR, LONG, NEAR, NOT};
use crate::kernel::portable::{self, BLOCK, LANES};

/// Values of a register.
const EIGHT: usize = 8;

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
            // Floats are read one row after another, as memory likes it best, until x is so long that rows must share it.
            1 if left >= 4 && S::BYTES < 64 => columns::<1, 4, NEAR, S>(x, std::array::from_fn(row), k, out, stride),
            1 if left >= 4 && k >= LONG => columns::<1, 4, FAR, S>(x, std::array::from_fn(row), k, out, stride),
            2 if left >= 2 => columns::<2, 2, NEAR, S>(x, std::array::from_fn(row), k, out, stride),
            3 if left >= 2 => columns::<3, 2, NEAR, S>(x, std::array::from_fn(row), k, out, stride),
            1 => columns::<1, 1, NOT, S>(x, [row(0)], k, out, stride),
            2 => columns::<2, 1, NOT, S>(x, [row(0)], k, out, stride),
            _ => columns::<3, 1, NOT, S>(x, [row(0)], k, out, stride),
        };
    }
}

/// `R` rows of x by `C` rows of w; gives C.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn columns<const R: usize, const C: usize, const TO: u8, S: Source>(
    x: &[f32],
    w: [S; C],
    k: usize,
    out: &mut [f32],
    stride: usize,
) -> usize {
    assert!(x.len() == R * k);
    let mut ahead = Ahead::<TO>::of(w[0].start(), C * k / 32 * S::BYTES);
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
unsafe fn walk<const R: usize, const C: usize, const TO: u8, S: Source>(
    x: &[f32],
    w: [S; C],
    k: usize,
    range: Range<usize>,
    ahead: &mut Ahead<TO>,
    sums: &mut [[[__m256; 2]; C]; R],
) {
    // SAFETY: the callers below keep `at + 8` within `range`, which is within the R rows of x.
    let load = |r: usize, at: usize| unsafe { _mm256_loadu_ps(x.as_ptr().add(r * k + at)) };
    let mut at = range.start;
    while at + 4 * EIGHT <= range.end && w[0].is_wide() {
        for c in 0..C {
            ahead.go(S::BYTES);
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
