//! Products of few rows of x: weights are widened in registers, once for all rows, while memory brings the next.

use std::arch::x86_64::*;
use std::ops::Range;

use super::block;
use super::source::{Rows, Source};
use super::sum;
use crate::kernel::ahead::{Ahead, FAR, LONG, LONG_BESIDE, NEAR, NOT};
use crate::kernel::portable::{self, LANES};

/// Rows of x.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// `[m, k]`
    pub plain: &'a [f32],
    /// The same, each whole sixteen of a row in the order in which registers hold the lanes of w.
    pub turned: &'a [f32],
    pub k: usize,
}

impl<'a> Input<'a> {
    /// Rows as a weight is multiplied with.
    pub(super) fn of<S: Source>(x: &'a [f32], k: usize, scratch: &'a mut Vec<f32>) -> Self {
        if !S::TURNED {
            return Self { plain: x, turned: x, k };
        }
        scratch.clear();
        scratch.extend_from_slice(x);
        for (x, out) in x.chunks_exact(k).zip(scratch.chunks_exact_mut(k)) {
            for (x, out) in x.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
                *out = std::array::from_fn(|place| x[place / 2 + place % 2 * 8]);
            }
        }
        Self { plain: x, turned: scratch, k }
    }
}

/// All rows of x by some rows of w: `out[r * stride + c] = x[r] . w[rows.start + c]`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn product<S: Source>(x: Input<'_>, w: S, rows: Range<usize>, out: &mut [f32], stride: usize) {
    let (k, m) = (x.k, x.plain.len() / x.k);
    for first in (0..m).step_by(8) {
        let part = first * k..m.min(first + 8) * k;
        let x = Input { plain: &x.plain[part.clone()], turned: &x.turned[part], k };
        let (out, rows) = (&mut out[first * stride..], rows.clone());
        match m - first {
            // Floats by one row of x are read one row after another, as memory likes it best, until x is so long that several
            // rows must share it; integers take more work to widen, and several rows side by side keep more of it under way.
            1 if S::BYTES >= 32 && k < LONG => columns::<1, 1, NOT, S>(x, w, rows, out, stride),
            1 if S::BYTES == 32 && k < LONG + LONG / 3 => columns::<1, 1, FAR, S>(x, w, rows, out, stride),
            1 => beside::<1, 4, S>(x, w, rows, out, stride),
            2 => beside::<2, 4, S>(x, w, rows, out, stride),
            3 => beside::<3, 4, S>(x, w, rows, out, stride),
            4 => beside::<4, 4, S>(x, w, rows, out, stride),
            5 => beside::<5, 4, S>(x, w, rows, out, stride),
            6 => beside::<6, 4, S>(x, w, rows, out, stride),
            7 => beside::<7, 2, S>(x, w, rows, out, stride),
            _ => beside::<8, 2, S>(x, w, rows, out, stride),
        }
    }
}

/// `R` rows of x by rows of w, `C` side by side, which are asked for as near as x leaves room.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn beside<const R: usize, const C: usize, S: Source>(
    x: Input<'_>,
    w: S,
    rows: Range<usize>,
    out: &mut [f32],
    stride: usize,
) {
    if R * x.k < LONG_BESIDE {
        columns::<R, C, NEAR, S>(x, w, rows, out, stride);
    } else {
        columns::<R, C, FAR, S>(x, w, rows, out, stride);
    }
}

/// `R` rows of x by rows of w, `C` at a time while they last.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn columns<const R: usize, const C: usize, const TO: u8, S: Source>(
    x: Input<'_>,
    w: S,
    rows: Range<usize>,
    out: &mut [f32],
    stride: usize,
) {
    let mut row = rows.start;
    while row + C <= rows.end {
        tile::<R, C, TO, S>(x, w, row, &mut out[row - rows.start..], stride);
        row += C;
    }
    while row < rows.end {
        tile::<R, 1, TO, S>(x, w, row, &mut out[row - rows.start..], stride);
        row += 1;
    }
}

/// `R` rows of x by `C` rows of w: `R * C` dots, each in the order of [`portable::dot`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn tile<const R: usize, const C: usize, const TO: u8, S: Source>(
    x: Input<'_>,
    w: S,
    row: usize,
    out: &mut [f32],
    stride: usize,
) {
    let k = x.k;
    assert!(x.plain.len() == R * k && x.turned.len() == R * k);
    let rows = w.rows(row, C);
    let mut ahead = Ahead::<TO>::of(rows.start(), C * k / LANES * S::BYTES);
    let block = block(S::PAIRS);
    for from in (0..k).step_by(block) {
        let to = (from + block).min(k);
        let whole = to / LANES * LANES;
        // SAFETY: the rows of w were just found; x has R rows of k values (asserted above), and `whole <= k`.
        let mut sums: [[__m512; C]; R] = unsafe { walk::<R, C, TO, S>(x, rows, w.group(), from..whole, &mut ahead) };
        if S::TURNED {
            sums.as_flattened_mut().iter_mut().for_each(|sum| *sum = sum::in_order(*sum));
        }
        let totals = if whole == to { sum::of_all(&sums) } else { rest(x, w, row, whole..to, &sums) };
        for (r, totals) in totals.iter().enumerate() {
            for (out, total) in out[r * stride..][..C].iter_mut().zip(totals) {
                *out = if from == 0 { *total } else { *out + total };
            }
        }
    }
}

/// The lanes of the dots of the values at `range`, whose ends are multiples of 16.
///
/// # Safety
/// `rows` must be C rows of w, whose groups have `size` weights, and `range` lie within k; x has R rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn walk<const R: usize, const C: usize, const TO: u8, S: Source>(
    x: Input<'_>,
    rows: S::Rows,
    size: usize,
    range: Range<usize>,
    ahead: &mut Ahead<TO>,
) -> [[__m512; C]; R] {
    let line = 64 / S::BYTES;
    let mut sums = [[_mm512_setzero_ps(); C]; R];
    let (mut at, mut group) = (range.start, range.start / size);
    (0..C).for_each(|c| rows.ask::<TO>(C + c, group));
    // SAFETY: groups begin within `range`, and the processor has what this function is compiled for.
    let grids = |group| std::array::from_fn(|c| unsafe { S::grid(rows, c, group) });
    if size == 2 * LANES && range.len().is_multiple_of(size) && range.start.is_multiple_of(size) {
        while at < range.end {
            let grids: [S::Grid; C] = grids(group);
            (0..C).for_each(|_| ahead.go(2 * S::BYTES));
            // SAFETY: `at + 32 <= range.end`, as the range is whole groups, and the rest as the caller promises.
            unsafe {
                step_at::<R, C, S>(x, rows, &grids, at, &mut sums);
                step_at::<R, C, S>(x, rows, &grids, at + LANES, &mut sums);
            }
            (at, group) = (at + size, group + 1);
        }
        return sums;
    }
    while at < range.end {
        let end = (group + 1).saturating_mul(size).min(range.end);
        let grids: [S::Grid; C] = grids(group);
        group += 1;
        while at + line * LANES <= end {
            (0..C).for_each(|_| ahead.go(64));
            for step in 0..line {
                // SAFETY: `at + 16 * line <= end`, which is within `range`, and that as the caller promises.
                unsafe { step_at::<R, C, S>(x, rows, &grids, at + step * LANES, &mut sums) };
            }
            at += line * LANES;
        }
        if at < end {
            (0..C).for_each(|_| ahead.go((end - at) / LANES * S::BYTES));
        }
        while at < end {
            // SAFETY: likewise, since groups are multiples of 16.
            unsafe { step_at::<R, C, S>(x, rows, &grids, at, &mut sums) };
            at += LANES;
        }
    }
    sums
}

/// Adds the products of sixteen values.
///
/// # Safety
/// `rows` must be C rows of w, and `at + 16` not exceed k; x has R rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn step_at<const R: usize, const C: usize, S: Source>(
    x: Input<'_>,
    rows: S::Rows,
    grids: &[S::Grid; C],
    at: usize,
    sums: &mut [[__m512; C]; R],
) {
    for c in 0..C {
        // SAFETY: as the caller promises.
        let wide = unsafe { S::load(rows, c, grids[c], at) };
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: likewise, and `r < R`.
            let x = unsafe { _mm512_loadu_ps(x.turned.as_ptr().add(r * x.k + at)) };
            // SAFETY: where there are pairs, the processor has what they need.
            sums[c] = unsafe {
                if S::PAIRS { sum::add::<true>(x, wide, sums[c]) } else { sum::add::<false>(x, wide, sums[c]) }
            };
        }
    }
}

/// The sums of the lanes with the products at `range`, fewer than 16, added to the first of them.
#[cold]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn rest<const R: usize, const C: usize, S: Source>(
    x: Input<'_>,
    w: S,
    row: usize,
    range: Range<usize>,
    sums: &[[__m512; C]; R],
) -> [[f32; C]; R] {
    std::array::from_fn(|r| {
        std::array::from_fn(|c| {
            let mut lanes = [0.0; LANES];
            // SAFETY: `lanes` has sixteen values.
            unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), sums[r][c]) };
            for (lane, at) in lanes.iter_mut().zip(range.clone()) {
                *lane = x.plain[r * x.k + at].mul_add(w.get(row + c, at), *lane);
            }
            portable::sum_lanes(lanes)
        })
    })
}
