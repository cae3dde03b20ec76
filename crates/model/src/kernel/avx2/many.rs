//! Products of many rows of x: rows of w are widened and laid out once, as the tiles read them.

use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernel::portable::{self, BLOCK, LANES};

/// Rows of w that are multiplied side by side: the columns of a panel.
pub(super) const COLUMNS: usize = 3;
/// Rows of x that are multiplied side by side: 4 x 3 sums, 3 registers of w and one of x are all sixteen.
const ROWS: usize = 4;
/// Values of a panel at sixteen neighboring k.
const STEP: usize = COLUMNS * LANES;
/// Values of a register.
const EIGHT: usize = 8;
/// Panels that stay in the level-1 cache, a block of k of them, while rows of x pass: those come from the level-2 cache.
const TOGETHER: usize = 3;
/// Rows of x that stay in the level-2 cache, a block of k of them, while all panels pass.
const RESIDENT: usize = 64;

/// All rows of x `[m, k]` by the `n` rows that were laid out: `out[r * stride + c]`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn product(x: &[f32], panels: &[f32], (n, k): (usize, usize), out: &mut [f32], stride: usize) {
    let (rows, length) = (x.len() / k, k.div_ceil(LANES) * STEP);
    for first in (0..rows).step_by(RESIDENT) {
        for from in (0..k).step_by(BLOCK) {
            for (at, some) in panels.chunks(length * TOGETHER).enumerate() {
                for row in (first..rows.min(first + RESIDENT)).step_by(ROWS) {
                    for (column, panel) in (at * TOGETHER * COLUMNS..n).step_by(COLUMNS).zip(some.chunks_exact(length))
                    {
                        let panel = &panel[from / LANES * STEP..];
                        let block = Block {
                            x,
                            k,
                            range: from..(from + BLOCK).min(k),
                            panel,
                            columns: (n - column).min(COLUMNS),
                        };
                        let out = &mut out[row * stride + column..];
                        match rows - row {
                            1 => tile::<1>(&block, row, out, stride),
                            2 => tile::<2>(&block, row, out, stride),
                            3 => tile::<3>(&block, row, out, stride),
                            _ => tile::<ROWS>(&block, row, out, stride),
                        }
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
    /// Columns of the panel that are wanted.
    columns: usize,
}

/// `R` rows of x from `row` on by a panel: `out[r * stride + c]`.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
fn tile<const R: usize>(block: &Block<'_>, row: usize, out: &mut [f32], stride: usize) {
    let Block { x, k, range, panel, columns } = block;
    let x = &x[row * k..][..R * k];
    let steps = range.len() / LANES;
    assert!(panel.len() >= range.len().div_ceil(LANES) * STEP && range.end <= *k);
    // SAFETY: x has R rows of k values, and the panel so many steps.
    let low: [[__m256; COLUMNS]; R] = unsafe { half_lanes(&x[range.start..], *k, panel, steps, 0) };
    // SAFETY: likewise.
    let high: [[__m256; COLUMNS]; R] = unsafe { half_lanes(&x[range.start..], *k, panel, steps, EIGHT) };
    let (whole, again) = (range.start + steps * LANES, range.start > 0);
    for r in (0..R).step_by(2) {
        let other = (r + 1).min(R - 1);
        let mut both = totals([&low[r], &low[other]], [&high[r], &high[other]]);
        for (r, totals) in [r, other].into_iter().zip(&mut both) {
            if whole < range.end {
                *totals = with_rest(&low[r], &high[r], &x[r * k..][whole..range.end], &panel[steps * STEP..]);
            }
        }
        for (r, totals) in (r..R).zip(both) {
            let out = &mut out[r * stride..][..*columns];
            match (<&mut [f32; COLUMNS]>::try_from(&mut *out), again) {
                (Ok([a, b, c]), true) => (*a, *b, *c) = (*a + totals[0], *b + totals[1], *c + totals[2]),
                (Ok([a, b, c]), false) => (*a, *b, *c) = (totals[0], totals[1], totals[2]),
                (Err(_), true) => out.iter_mut().zip(totals).for_each(|(out, total)| *out += total),
                (Err(_), false) => out.iter_mut().zip(totals).for_each(|(out, total)| *out = total),
            }
        }
    }
}

/// The lanes 0 to 7, or from `first` 8 on, of the dots of `R` rows of x, `k` apart, with the columns of a panel. Sums stay in
/// registers, all sixteen of which are in use: within its caller, compilers leave one of them in memory.
///
/// # Safety
/// Each row of x must have `16 * steps` values, and the panel `48 * steps`.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn half_lanes<const R: usize>(
    x: &[f32],
    k: usize,
    panel: &[f32],
    steps: usize,
    first: usize,
) -> [[__m256; COLUMNS]; R] {
    let mut sums = [[_mm256_setzero_ps(); COLUMNS]; R];
    for step in 0..steps {
        // SAFETY: the panel has 48 values for each step, sixteen of each column, as the caller promises.
        let load = |c: usize| unsafe { _mm256_loadu_ps(panel.as_ptr().add(step * STEP + c * LANES + first)) };
        let w: [__m256; COLUMNS] = std::array::from_fn(load);
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row of x has sixteen values for each step, as the caller promises.
            let x = unsafe { _mm256_loadu_ps(x.as_ptr().add(r * k + step * LANES + first)) };
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = _mm256_fmadd_ps(x, w, *sum);
            }
        }
    }
    sums
}

/// The sums of the lanes of each column, 0 to 7 and 8 to 15, of two rows of x, in the order of [`portable::sum_lanes`], and
/// something more.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn totals(low: [&[__m256; COLUMNS]; 2], high: [&[__m256; COLUMNS]; 2]) -> [[f32; COLUMNS + 1]; 2] {
    // Lanes 0 to 3 plus 4 to 7: of the first row in the lower half, of the second in the upper one.
    let mut fours = [_mm256_setzero_ps(); COLUMNS];
    for (c, four) in fours.iter_mut().enumerate() {
        let (a, b) = (_mm256_add_ps(low[0][c], high[0][c]), _mm256_add_ps(low[1][c], high[1][c]));
        *four = _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
    }
    // Of two columns side by side 0 and 1 plus 2 and 3; then of all those.
    let [a, b, c] = fours;
    let ab = _mm256_add_ps(_mm256_shuffle_ps::<0b01_00_01_00>(a, b), _mm256_shuffle_ps::<0b11_10_11_10>(a, b));
    let c = _mm256_add_ps(c, _mm256_permute_ps::<0b11_10_11_10>(c));
    let abc = _mm256_add_ps(_mm256_shuffle_ps::<0b10_00_10_00>(ab, c), _mm256_shuffle_ps::<0b11_01_11_01>(ab, c));
    let mut all = [[0.0; COLUMNS + 1]; 2];
    // SAFETY: `all` has eight values.
    unsafe { _mm256_storeu_ps(all.as_mut_ptr().cast(), abc) };
    all
}

/// The same of one row, with the products of the last values of x, fewer than sixteen, added to the first lanes.
#[cold]
#[target_feature(enable = "avx2,fma,f16c")]
fn with_rest(low: &[__m256; COLUMNS], high: &[__m256; COLUMNS], x: &[f32], panel: &[f32]) -> [f32; COLUMNS + 1] {
    let mut totals = [0.0; COLUMNS + 1];
    for (c, w) in panel.as_chunks::<LANES>().0.iter().take(COLUMNS).enumerate() {
        let mut lanes = [0.0; LANES];
        // SAFETY: `lanes` has sixteen values.
        unsafe {
            _mm256_storeu_ps(lanes.as_mut_ptr(), low[c]);
            _mm256_storeu_ps(lanes.as_mut_ptr().add(EIGHT), high[c]);
        }
        for (lane, (x, w)) in lanes.iter_mut().zip(x.iter().zip(w)) {
            *lane = x.mul_add(*w, *lane);
        }
        totals[c] = portable::sum_lanes(lanes);
    }
    totals
}
