//! Products of activations and weights, handed out to threads in strips of output channels.

use std::ops::Range;

use rayon::prelude::*;

use super::{columns, rows_by_held};
use crate::{Matrix, Weight};

/// Below this many multiplications a product runs on the calling thread: handing it out costs more.
const PARALLEL_FROM: usize = 400_000;
/// Rows of a strip: a block of their columns stays in the level-2 cache.
const STRIP_ROWS: usize = 96;
/// Bytes of a strip of widened weights.
const STRIP_BYTES: usize = 2 << 20;

/// `x w^T`: `x` `[m, in]`, `w` `[out, in]`, gives `[m, out]`.
///
/// # Panics
/// Where the inner sizes differ: a mistake of the caller, never of a file.
pub fn matmul(x: &Matrix, w: &Weight) -> Matrix {
    let mut y = Matrix::zeros(x.rows, w.shape().0);
    matmul_over(x, w, &mut y);
    y
}

/// [`matmul`], written over `y` `[m, out]`.
pub(crate) fn matmul_over(x: &Matrix, w: &Weight, y: &mut Matrix) {
    let (outputs, k) = w.shape();
    assert_eq!((x.cols, y.rows, y.cols), (k, x.rows, outputs), "sizes of a product");
    in_strips((k, columns()), y, |rows, scratch, out, stride| rows_by_held(&x.data, w, rows, scratch, out, stride));
}

/// Hands out the columns of a product `y` `[m, out]` with inner size `k` in strips, multiples of so many columns. `product` is given
/// those of a strip, room for what it widens, and where the first of the first row goes, with the distance of rows.
pub(super) fn in_strips(
    (k, unit): (usize, usize),
    y: &mut Matrix,
    product: impl Fn(Range<usize>, &mut Vec<f32>, &mut [f32], usize) + Sync,
) {
    let (rows, outputs) = (y.rows, y.cols);
    if rows * k * outputs < PARALLEL_FROM || rayon::current_num_threads() == 1 {
        return here((k, unit), y, product);
    }
    let strip = strip_rows(k, outputs, rayon::current_num_threads() * 2, unit);
    if rows == 1 {
        y.data.par_chunks_mut(strip).enumerate().for_each_init(Vec::new, |scratch, (at, out)| {
            product(at * strip..at * strip + out.len(), scratch, out, outputs);
        });
        return;
    }
    let strips: Vec<Vec<f32>> = (0..outputs.div_ceil(strip))
        .into_par_iter()
        .map_init(Vec::new, |scratch, at| {
            let range = at * strip..((at + 1) * strip).min(outputs);
            let width = range.len();
            let mut out = vec![0.0; rows * width];
            product(range, scratch, &mut out, width);
            out
        })
        .collect();
    y.data.par_chunks_mut(outputs).enumerate().for_each(|(row, y)| {
        for (out, strip_values) in y.chunks_mut(strip).zip(&strips) {
            let width = out.len();
            out.copy_from_slice(&strip_values[row * width..(row + 1) * width]);
        }
    });
}

/// [`matmul`] on the calling thread, for callers that hand out rows themselves.
pub(crate) fn matmul_here(x: &Matrix, w: &Weight) -> Matrix {
    let (outputs, k) = w.shape();
    assert_eq!(x.cols, k, "inner sizes of a product");
    let mut y = Matrix::zeros(x.rows, outputs);
    here((k, columns()), &mut y, |rows, scratch, out, stride| rows_by_held(&x.data, w, rows, scratch, out, stride));
    y
}

/// [`in_strips`] on the calling thread.
fn here((k, unit): (usize, usize), y: &mut Matrix, product: impl Fn(Range<usize>, &mut Vec<f32>, &mut [f32], usize)) {
    let outputs = y.cols;
    if y.data.is_empty() || k == 0 {
        return y.data.fill(0.0);
    }
    let strip = strip_rows(k, outputs, 1, unit);
    let mut scratch = Vec::new();
    for from in (0..outputs).step_by(strip) {
        product(from..(from + strip).min(outputs), &mut scratch, &mut y.data[from..], outputs);
    }
}

/// Rows of a strip: a multiple of the unit, at least `parts` strips in all where there are enough.
fn strip_rows(k: usize, outputs: usize, parts: usize, unit: usize) -> usize {
    let fits = (STRIP_BYTES / 4 / k).clamp(1, STRIP_ROWS);
    let share = outputs.div_ceil(parts).max(1);
    let (rows, many) = (fits.min(share), 24usize.next_multiple_of(unit));
    if rows >= many { rows / many * many } else { rows.next_multiple_of(unit) }
}
