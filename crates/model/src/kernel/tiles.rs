//! Products in plain Rust, several side by side: what processors run that no other kernels are written for. Compilers keep the
//! lanes of a tile in vector registers (on aarch64 four of NEON's for each element), so that a row that was read is used
//! several times, and sums do not wait for each other.

use std::array::from_fn;
use std::ops::Range;

use crate::Weight;
use crate::kernel::portable::{BLOCK, LANES, dot, sum_lanes};

/// Rows of w that are widened at a time, and multiplied side by side by one row of x.
const COLUMNS: usize = 4;

type Lanes = [f32; LANES];

/// `sum += x w`, lane by lane.
#[inline(always)]
fn add(sum: &mut Lanes, x: &Lanes, w: &Lanes) {
    for lane in 0..LANES {
        sum[lane] = x[lane].mul_add(w[lane], sum[lane]);
    }
}

/// One row of x by four of w. (Within its caller compilers leave the lanes in memory, one by one.)
#[inline(never)]
fn one_by_four([x]: [&[Lanes]; 1], [a, b, c, d]: [&[Lanes]; 4]) -> [Lanes; 4] {
    let mut sums = [[0.0; LANES]; 4];
    let [s, t, u, v] = &mut sums;
    for ((((x, a), b), c), d) in x.iter().zip(a).zip(b).zip(c).zip(d) {
        add(s, x, a);
        add(t, x, b);
        add(u, x, c);
        add(v, x, d);
    }
    sums
}

/// Two rows of x by two of w, row by row.
#[inline(never)]
fn two_by_two([x, y]: [&[Lanes]; 2], [a, b]: [&[Lanes]; 2]) -> [Lanes; 4] {
    let mut sums = [[0.0; LANES]; 4];
    let [s, t, u, v] = &mut sums;
    for (((x, y), a), b) in x.iter().zip(y).zip(a).zip(b) {
        add(s, x, a);
        add(t, x, b);
        add(u, y, a);
        add(v, y, b);
    }
    sums
}

/// Dot products in the order of `portable::dot`, of each row of x with each of w. All have the same length.
#[inline(always)]
fn tile<const R: usize, const C: usize>(
    x: [&[f32]; R],
    w: [&[f32]; C],
    whole: impl Fn([&[Lanes]; R], [&[Lanes]; C]) -> [Lanes; 4],
) -> [f32; 4] {
    let mut sums = [0.0; 4];
    for from in (0..x[0].len()).step_by(BLOCK) {
        let range = from..x[0].len().min(from + BLOCK);
        let (x, w) = (x.map(|x| x[range.clone()].as_chunks()), w.map(|w| w[range.clone()].as_chunks()));
        let mut lanes = whole(x.map(|x| x.0), w.map(|w| w.0));
        for (at, lanes) in lanes.iter_mut().enumerate() {
            let (x, w) = (x[at / C].1, w[at % C].1);
            lanes.iter_mut().zip(x).zip(w).for_each(|((lane, x), w)| *lane = x.mul_add(*w, *lane));
        }
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            *sum = if from == 0 { sum_lanes(lanes) } else { *sum + sum_lanes(lanes) };
        }
    }
    sums
}

/// `out[r * stride + c] = x[r] . w[c]` for `x` `[m, k]` and `w` `[n, k]`.
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    let (m, n) = (x.len() / k, w.len() / k);
    let (xs, ws) = (|row: usize| &x[row * k..][..k], |col: usize| &w[col * k..][..k]);
    let mut row = 0;
    while row < m {
        // Two rows by two, or one by four: as many lanes as there are registers.
        let rows = if row + 2 <= m { 2 } else { 1 };
        let columns = COLUMNS / rows;
        let mut col = 0;
        while col + columns <= n {
            let place = row * stride + col;
            if rows == 2 {
                let four = tile([xs(row), xs(row + 1)], [ws(col), ws(col + 1)], two_by_two);
                out[place..place + 2].copy_from_slice(&four[..2]);
                out[place + stride..place + stride + 2].copy_from_slice(&four[2..]);
            } else {
                let four = tile([xs(row)], from_fn(|c| ws(col + c)), one_by_four);
                out[place..place + COLUMNS].copy_from_slice(&four);
            }
            col += columns;
        }
        for row in row..row + rows {
            (col..n).for_each(|col| out[row * stride + col] = dot(xs(row), ws(col)));
        }
        row += rows;
    }
}

/// The same with the rows `rows` of a weight as it is held: a few are widened at a time, and stay in the level-1 cache.
pub fn rows_by_held(x: &[f32], w: &Weight, rows: Range<usize>, scratch: &mut Vec<f32>, out: &mut [f32], stride: usize) {
    let k = w.shape().1;
    if let Some(floats) = w.floats() {
        return rows_by_rows(x, &floats[rows.start * k..rows.end * k], k, out, stride);
    }
    rows_by_widened((x, k), rows, |row, out| super::widen(w, row, out), scratch, out, stride);
}

/// Rows of x, `k` values each, by the rows `rows` of a weight that `widen` writes.
pub fn rows_by_widened(
    (x, k): (&[f32], usize),
    rows: Range<usize>,
    widen: impl Fn(usize, &mut [f32]),
    scratch: &mut Vec<f32>,
    out: &mut [f32],
    stride: usize,
) {
    scratch.resize(COLUMNS * k, 0.0);
    for from in rows.clone().step_by(COLUMNS) {
        let some = from..rows.end.min(from + COLUMNS);
        let wide = &mut scratch[..some.len() * k];
        some.zip(wide.chunks_exact_mut(k)).for_each(|(row, wide)| widen(row, wide));
        rows_by_rows(x, wide, k, &mut out[from - rows.start..], stride);
    }
}
