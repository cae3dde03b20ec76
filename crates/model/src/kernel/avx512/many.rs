//! Products of many rows of x: rows of w are widened and laid out once, as the tiles read them.

use std::arch::x86_64::*;
use std::ops::Range;

use super::block;
use super::source::Source;
use super::sum;
use crate::kernel::panels;
use crate::kernel::portable::LANES;

/// Rows of w that are multiplied side by side: the columns of a panel.
pub(super) const COLUMNS: usize = 8;
/// Rows of x that are multiplied side by side: 3 x 8 sums, 3 registers of x and one of w are 28 of the 32 registers.
const ROWS: usize = 3;
/// Values of a panel at sixteen neighboring k.
const STEP: usize = COLUMNS * LANES;
/// Rows of x that stay in the level-2 cache, a block of k of them, while all panels pass.
const RESIDENT: usize = 126;

/// Lays rows of `k` values out in panels.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn lay_out<S: Source>(w: S, rows: Range<usize>, k: usize, scratch: &mut Vec<f32>) -> &[f32] {
    let whole = k / LANES * LANES;
    let (panels, places) = panels::places::<COLUMNS>(rows.len(), k, scratch);
    for (place, row) in places.zip(rows) {
        let (run, mut from, mut group) = (w.rows(row, 1), 0, 0usize);
        while from < whole {
            let end = (group + 1).saturating_mul(w.group()).min(whole);
            // SAFETY: the row is there, and the group begins within it; the processor has what this is compiled for.
            let grid = unsafe { S::grid(run, 0, group) };
            for at in (from..end).step_by(LANES) {
                // SAFETY: `at + 16 <= whole`, since groups are multiples of 16.
                let sixteen = unsafe { S::load(run, 0, grid, at) };
                let sixteen = if S::TURNED { sum::in_order(sixteen) } else { sixteen };
                let place = &mut panels[place + at / LANES * STEP..][..LANES];
                // SAFETY: the place has sixteen values.
                unsafe { _mm512_storeu_ps(place.as_mut_ptr(), sixteen) };
            }
            (from, group) = (end, group + 1);
        }
        if whole < k {
            let place = &mut panels[place + whole / LANES * STEP..][..LANES];
            place.fill(0.0);
            place.iter_mut().zip(whole..k).for_each(|(value, at)| *value = w.get(row, at));
        }
    }
    panels
}

/// All rows of x `[m, k]` by the `n` rows that were laid out: `out[r * stride + c]`. For `PAIRS` of bfloat16 numbers, of which a
/// value is two, the processor has AVX512_BF16.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn product<const PAIRS: bool>(
    x: &[f32],
    panels: &[f32],
    (n, k): (usize, usize),
    out: &mut [f32],
    stride: usize,
) {
    let rows = x.len() / k;
    for first in (0..rows).step_by(RESIDENT) {
        for from in (0..k).step_by(block(PAIRS)) {
            for (at, panel) in panels.chunks_exact(k.div_ceil(LANES) * STEP).enumerate() {
                let columns = at * COLUMNS..((at + 1) * COLUMNS).min(n);
                let block =
                    Block { x, k, range: from..(from + block(PAIRS)).min(k), panel: &panel[from / LANES * STEP..] };
                for row in (first..rows.min(first + RESIDENT)).step_by(ROWS) {
                    let out = &mut out[row * stride..];
                    match rows - row {
                        1 => tile::<1, PAIRS>(&block, row, columns.clone(), out, stride),
                        2 => tile::<2, PAIRS>(&block, row, columns.clone(), out, stride),
                        _ => tile::<ROWS, PAIRS>(&block, row, columns.clone(), out, stride),
                    }
                }
            }
        }
    }
}

/// A block of k, and a panel from there on.
struct Block<'a> {
    x: &'a [f32],
    k: usize,
    range: Range<usize>,
    panel: &'a [f32],
}

/// `R` rows of x from `row` on by a panel; sums go to `columns` of `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn tile<const R: usize, const PAIRS: bool>(
    block: &Block<'_>,
    row: usize,
    columns: Range<usize>,
    out: &mut [f32],
    stride: usize,
) {
    let Block { x, k, range, panel } = block;
    let x = &x[row * k..][..R * k];
    let steps = range.len() / LANES;
    assert!(panel.len() >= range.len().div_ceil(LANES) * STEP && range.end <= *k);
    let mut sums = [[_mm512_setzero_ps(); COLUMNS]; R];
    for step in 0..steps {
        // SAFETY: sixteen values from `16 * step` on lie within the range, and that within R rows of k values.
        let x: [__m512; R] =
            std::array::from_fn(|r| unsafe { _mm512_loadu_ps(x.as_ptr().add(r * k + range.start + step * LANES)) });
        for c in 0..COLUMNS {
            // SAFETY: the panel has 96 values for each step (asserted above).
            let w = unsafe { _mm512_loadu_ps(panel.as_ptr().add(step * STEP + c * LANES)) };
            for (x, sums) in x.iter().zip(&mut sums) {
                // SAFETY: for pairs, the processor has what they need.
                sums[c] = unsafe { sum::add::<PAIRS>(*x, w, sums[c]) };
            }
        }
    }
    let rest = range.len() % LANES;
    if rest > 0 {
        // Only the first lanes take part: adding a zero to the others would turn -0 into 0.
        let few = (1u16 << rest) - 1;
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: only the `rest` values that remain of row r are read.
            let x = unsafe { _mm512_maskz_loadu_ps(few, x.as_ptr().add(r * k + range.end - rest)) };
            for (c, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the last step of the panel, as above.
                let w = unsafe { _mm512_loadu_ps(panel.as_ptr().add(steps * STEP + c * LANES)) };
                *sum = _mm512_mask3_fmadd_ps(x, w, *sum, few);
            }
        }
    }
    let wanted = (0xFF >> (COLUMNS - columns.len())) as u8;
    for (r, sums) in sums.iter().enumerate() {
        let (totals, out) = (sum::of_eight(*sums), &mut out[r * stride..][columns.clone()]);
        // SAFETY: only the first of the eight are read and written, as many as `out` has.
        unsafe {
            let before = if range.start == 0 { None } else { Some(_mm256_maskz_loadu_ps(wanted, out.as_ptr())) };
            let totals = before.map_or(totals, |before| _mm256_add_ps(before, totals));
            _mm256_mask_storeu_ps(out.as_mut_ptr(), wanted, totals);
        }
    }
}
