//! Products of activations and weights, handed out to threads in strips of output channels.

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
    if x.rows * k * outputs < PARALLEL_FROM || rayon::current_num_threads() == 1 {
        return here(x, w, y);
    }
    let strip = strip_rows(k, outputs, rayon::current_num_threads() * 2);
    if x.rows == 1 {
        y.data.par_chunks_mut(strip).enumerate().for_each_init(Vec::new, |scratch, (at, out)| {
            rows_by_held(&x.data, w, at * strip..at * strip + out.len(), scratch, out, outputs);
        });
        return;
    }
    let strips: Vec<Vec<f32>> = (0..outputs.div_ceil(strip))
        .into_par_iter()
        .map_init(Vec::new, |scratch, at| {
            let range = at * strip..((at + 1) * strip).min(outputs);
            let width = range.len();
            let mut out = vec![0.0; x.rows * width];
            rows_by_held(&x.data, w, range, scratch, &mut out, width);
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
    here(x, w, &mut y);
    y
}

fn here(x: &Matrix, w: &Weight, y: &mut Matrix) {
    let (outputs, k) = w.shape();
    if x.rows == 0 || k == 0 || outputs == 0 {
        return y.data.fill(0.0);
    }
    let strip = strip_rows(k, outputs, 1);
    let mut scratch = Vec::new();
    for from in (0..outputs).step_by(strip) {
        rows_by_held(&x.data, w, from..(from + strip).min(outputs), &mut scratch, &mut y.data[from..], outputs);
    }
}

/// Rows of a strip: a multiple of the tiles' columns, at least `parts` strips in all where there are enough.
fn strip_rows(k: usize, outputs: usize, parts: usize) -> usize {
    let fits = (STRIP_BYTES / 4 / k).clamp(1, STRIP_ROWS);
    let share = outputs.div_ceil(parts).max(1);
    let rows = fits.min(share);
    if rows >= 24 { rows / 24 * 24 } else { rows.next_multiple_of(columns()) }
}
