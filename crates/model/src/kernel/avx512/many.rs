//! Products of many rows of x: rows of w are widened and laid out once, as the tiles read them.

use std::arch::x86_64::*;
use std::ops::Range;

use super::sum;
use crate::kernel::portable::{BLOCK, LANES};

/// Rows of w that are multiplied side by side: the columns of a panel.
pub(super) const COLUMNS: usize = 6;
/// Rows of x that are multiplied side by side: 4 x 6 sums, 4 registers of x and one of w are 29 of the 32 registers.
const ROWS: usize = 4;
/// Values of a panel at sixteen neighboring k.
const STEP: usize = COLUMNS * LANES;
/// Rows of x that stay in the level-2 cache, a block of k of them, while all panels pass.
const RESIDENT: usize = 128;

/// Lays `n` rows of `k` values out in panels: sixteen values of the first of six rows, sixteen of the second, and so on.
/// `widen` writes a row. What is beyond the last row and the last k is zero.
pub(super) fn lay_out(n: usize, k: usize, panels: &mut Vec<f32>, widen: impl Fn(usize, &mut [f32])) {
    let (steps, mut row) = (k.div_ceil(LANES), vec![0.0; k.next_multiple_of(LANES)]);
    panels.resize(n.div_ceil(COLUMNS) * steps * STEP, 0.0);
    for at in 0..n.next_multiple_of(COLUMNS) {
        if at < n {
            widen(at, &mut row[..k]);
        } else {
            row.fill(0.0);
        }
        let panel = &mut panels[at / COLUMNS * steps * STEP..][..steps * STEP];
        for (sixteen, step) in row.as_chunks::<LANES>().0.iter().zip(panel.chunks_exact_mut(STEP)) {
            step[at % COLUMNS * LANES..][..LANES].copy_from_slice(sixteen);
        }
    }
}

/// All rows of x `[m, k]` by the `n` rows that were laid out: `out[r * stride + c]`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn product(x: &[f32], panels: &[f32], (n, k): (usize, usize), out: &mut [f32], stride: usize) {
    let rows = x.len() / k;
    for first in (0..rows).step_by(RESIDENT) {
        for from in (0..k).step_by(BLOCK) {
            for (at, panel) in panels.chunks_exact(k.div_ceil(LANES) * STEP).enumerate() {
                let columns = at * COLUMNS..((at + 1) * COLUMNS).min(n);
                let block = Block { x, k, range: from..(from + BLOCK).min(k), panel: &panel[from / LANES * STEP..] };
                for row in (first..rows.min(first + RESIDENT)).step_by(ROWS) {
                    let out = &mut out[row * stride..];
                    match rows - row {
                        1 => tile::<1>(&block, row, columns.clone(), out, stride),
                        2 => tile::<2>(&block, row, columns.clone(), out, stride),
                        3 => tile::<3>(&block, row, columns.clone(), out, stride),
                        _ => tile::<ROWS>(&block, row, columns.clone(), out, stride),
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
fn tile<const R: usize>(block: &Block<'_>, row: usize, columns: Range<usize>, out: &mut [f32], stride: usize) {
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
                sums[c] = _mm512_fmadd_ps(*x, w, sums[c]);
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
    for (r, totals) in sum::of_all(&sums).iter().enumerate() {
        for (out, total) in out[r * stride..][columns.clone()].iter_mut().zip(totals) {
            *out = if range.start == 0 { *total } else { *out + total };
        }
    }
}
