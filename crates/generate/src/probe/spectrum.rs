//! Singular values, from whichever side of a matrix is smaller.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Side};
use model::Matrix;

/// Columns that are widened to f64 at a time.
const COLUMNS: usize = 4096;

/// `A A^T` of a matrix `[rows, cols]`, `[rows, rows]`.
pub(super) fn gram(a: &Matrix) -> Mat<f64> {
    let mut sum = Mat::zeros(a.rows, a.rows);
    for from in (0..a.cols).step_by(COLUMNS) {
        let width = COLUMNS.min(a.cols - from);
        let wide: Vec<f64> =
            (0..a.rows).flat_map(|row| a.row(row)[from..from + width].iter().map(|&x| f64::from(x))).collect();
        let part = MatRef::from_row_major_slice(&wide, a.rows, width);
        matmul(sum.as_mut(), Accum::Add, part, part.transpose(), 1.0, Par::rayon(0));
    }
    sum
}

/// Singular values of a matrix from its Gram matrix, the largest first. `None` where it holds no numbers.
pub(super) fn singular_values(gram: &Mat<f64>) -> Option<Vec<f64>> {
    Some(eigenvalues(gram)?.into_iter().map(f64::sqrt).collect())
}

/// Eigenvalues of a positive semidefinite matrix, the largest first; what rounding makes negative is 0.
pub(super) fn eigenvalues(gram: &Mat<f64>) -> Option<Vec<f64>> {
    if gram.nrows() == 0 || (0..gram.nrows()).any(|at| !gram[(at, at)].is_finite()) {
        return (gram.nrows() == 0).then(Vec::new);
    }
    let mut values = gram.self_adjoint_eigenvalues(Side::Lower).ok()?;
    values.iter_mut().for_each(|value| *value = value.max(0.0));
    values.sort_by(|a, b| b.total_cmp(a));
    Some(values)
}

/// The Gram matrix of the same rows, centered by column and then of length 1: that of the covariance which the paper's
/// code looks at (times the number of rows). Rows that are all mean have no direction and are left out.
pub(super) fn covariance(gram: &Mat<f64>) -> Mat<f64> {
    let n = gram.nrows();
    let means: Vec<f64> = (0..n).map(|i| (0..n).map(|j| gram[(i, j)]).sum::<f64>() / n.max(1) as f64).collect();
    let mean = means.iter().sum::<f64>() / n.max(1) as f64;
    let centered = Mat::from_fn(n, n, |i, j| gram[(i, j)] - means[i] - means[j] + mean);
    let lengths: Vec<f64> = (0..n).map(|i| centered[(i, i)].max(0.0).sqrt()).collect();
    // What centering leaves of a row that is all mean is rounding.
    let zero = |i: usize| lengths[i] <= 1e-7 * gram[(i, i)].max(0.0).sqrt();
    Mat::from_fn(n, n, |i, j| if zero(i) || zero(j) { 0.0 } else { centered[(i, j)] / (lengths[i] * lengths[j]) })
}

/// Singular values of a matrix, the largest first: `min(rows, cols)` of them.
pub(super) fn of_matrix(a: Matrix) -> Option<Vec<f64>> {
    let narrow = if a.rows <= a.cols { a } else { transposed(&a) };
    singular_values(&gram(&narrow))
}

fn transposed(a: &Matrix) -> Matrix {
    let mut turned = Matrix::zeros(a.cols, a.rows);
    for row in 0..a.rows {
        for (col, &value) in a.row(row).iter().enumerate() {
            turned.data[col * a.rows + row] = value;
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &[f64], b: &[f64]) {
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-7), "{a:?} {b:?}");
    }

    #[test]
    fn singular_values_are_those_of_either_side() {
        // A = U S V^T with S = (5, 2): columns of [3, 4] / 5 and its normal.
        let wide = Matrix::new(2, 3, vec![3.0, 0.0, -1.6, 4.0, 0.0, 1.2]);
        let tall = transposed(&wide);
        near(&of_matrix(wide).unwrap_or_default(), &[5.0, 2.0]);
        near(&of_matrix(tall).unwrap_or_default(), &[5.0, 2.0]);
        near(&of_matrix(Matrix::zeros(2, 5)).unwrap_or_default(), &[0.0, 0.0]);
        assert_eq!(of_matrix(Matrix::new(1, 2, vec![1.0, f32::NAN])), None);
    }

    #[test]
    fn the_covariance_is_that_of_centered_rows_of_length_one() {
        let rows = [[1.0f32, 2.0, 4.0], [0.0, -1.0, 3.0], [2.0, 2.0, -5.0], [1.0, 1.0, 2.0]];
        let a = Matrix::new(4, 3, rows.concat());
        let mean: Vec<f32> = (0..3).map(|c| rows.iter().map(|row| row[c]).sum::<f32>() / 4.0).collect();
        let mut direct = a.clone();
        for row in 0..4 {
            let row = direct.row_mut(row);
            row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
        let (got, want) = (covariance(&gram(&a)), gram(&direct));
        assert!((0..4).all(|i| (0..4).all(|j| (got[(i, j)] - want[(i, j)]).abs() < 1e-6)));
        // A row that is the mean has no direction.
        let got = covariance(&gram(&Matrix::new(3, 2, vec![1.0, 1.0, 3.0, 1.0, 2.0, 1.0])));
        assert!((0..3).all(|j| got[(2, j)] == 0.0) && (got[(0, 1)] + 1.0).abs() < 1e-9);
    }
}
