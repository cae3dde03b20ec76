//! Products of the calibration walk. No reply depends on them, so they need not be those of the engine: a library's are
//! faster here. They are cut in the same pieces whatever the number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::Matrix;

/// Rows of a piece.
const ROWS: usize = 256;

/// `x w^T` on one thread: `x` `[m, in]`, `w` `[out, in]`, gives `[m, out]`.
pub(crate) fn rows(x: &Matrix, w: &Matrix) -> Matrix {
    let mut y = Matrix::zeros(x.rows, w.rows);
    piece(&x.data, w, &mut y.data);
    y
}

/// Writes `x w^T + b` into `y` `[m, out]`, on all threads.
pub(crate) fn linear(x: &Matrix, w: &Matrix, bias: Option<&[f32]>, y: &mut Matrix) {
    if y.data.is_empty() || x.cols == 0 {
        y.data.fill(0.0);
        return;
    }
    y.data.par_chunks_mut(ROWS * w.rows).zip(x.data.par_chunks(ROWS * x.cols)).for_each(|(y, x)| {
        piece(x, w, y);
        for row in y.chunks_mut(w.rows).filter(|_| bias.is_some()) {
            row.iter_mut().zip(bias.unwrap_or_default()).for_each(|(y, b)| *y += b);
        }
    });
}

/// `sum of a b` in 64 bits, as eight sums side by side.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (mut sums, (a, ends_a), (b, ends_b)) = ([0.0; 8], a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, &a), &b)| *sum += f64::from(a) * f64::from(b));
    }
    let ends = ends_a.iter().zip(ends_b).map(|(&a, &b)| f64::from(a) * f64::from(b));
    sums.into_iter().chain(ends).sum()
}

fn piece(x: &[f32], w: &Matrix, y: &mut [f32]) {
    if y.is_empty() {
        return;
    }
    let rows = y.len() / w.rows;
    let y = MatMut::from_row_major_slice_mut(y, rows, w.rows);
    let x = MatRef::from_row_major_slice(x, rows, w.cols);
    let w = MatRef::from_row_major_slice(&w.data, w.rows, w.cols);
    matmul(y, Accum::Replace, x, w.transpose(), 1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_by_hand() {
        let numbers: Vec<f32> = (1..=20).map(|at| at as f32).collect();
        assert_eq!(dot(&numbers, &numbers), 2870.0);
        assert_eq!(dot(&[], &[]), 0.0);
    }

    #[test]
    fn products_by_hand_and_of_nothing() {
        let (x, w) = (Matrix::new(1, 2, vec![3.0, 4.0]), Matrix::new(2, 2, vec![1.0, 2.0, 0.0, -1.0]));
        let mut y = Matrix::new(1, 2, vec![7.0; 2]);
        linear(&x, &w, Some(&[0.5, 0.0]), &mut y);
        assert_eq!(y.data, [11.5, -4.0]);
        assert_eq!(rows(&x, &w).data, [11.0, -4.0]);
        let mut none = Matrix::zeros(0, 2);
        linear(&Matrix::zeros(0, 2), &w, None, &mut none);
        assert!(none.data.is_empty());
        linear(&Matrix::zeros(1, 0), &Matrix::zeros(2, 0), None, &mut y);
        assert_eq!(y.data, [0.0; 2], "products of nothing");
    }
}
