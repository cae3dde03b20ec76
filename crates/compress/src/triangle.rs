//! Cholesky factor and triangular inverse in place, in blocks that several threads share.
//!
//! Every product is cut in the same pieces whatever the number of threads, and each piece is computed by one thread, so
//! that results are the same bit for bit.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltParams, LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};
use rayon::prelude::*;

/// Columns of a block.
const BLOCK: usize = 256;

/// Replaces the lower triangle of a symmetric matrix `[size, size]`, column-major, by the inverse of its Cholesky factor,
/// and gives a lower bound of its condition; `None` where it is not positive definite. The strictly upper triangle is
/// left alone.
pub(crate) fn invert_factor(matrix: &mut [f64], size: usize) -> Option<f64> {
    for first in (0..size).step_by(BLOCK) {
        factor_block(matrix, size, first)?;
    }
    let pivots = (0..size).map(|j| matrix[j * size + j]);
    let (least, most) = pivots.fold((f64::INFINITY, 0.0f64), |(least, most), p| (least.min(p), most.max(p)));
    for first in (0..size).step_by(BLOCK).rev() {
        invert_block(matrix, size, first);
    }
    Some((most / least).powi(2))
}

/// Factors the block of columns from `first` and takes it off the columns after it.
fn factor_block(matrix: &mut [f64], size: usize, first: usize) -> Option<()> {
    let width = BLOCK.min(size - first);
    let next = first + width;
    let (done, rest) = matrix.split_at_mut(next * size);
    let panel = MatMut::from_column_major_slice_mut(&mut done[first * size..], size, width);
    let (mut corner, mut below) = panel.get_mut(first.., ..).split_at_row_mut(width);
    // The library writes above the diagonal too.
    let mut factor = Mat::<f64>::from_fn(width, width, |i, j| if i >= j { corner[(i, j)] } else { 0.0 });
    let params: Spec<LltParams, f64> = Spec::default();
    let mut memory = MemBuffer::try_new(cholesky_in_place_scratch::<f64>(width, Par::Seq, params)).ok()?;
    let stack = MemStack::new(&mut memory);
    cholesky_in_place(factor.as_mut(), LltRegularization::default(), Par::Seq, stack, params).ok()?;
    for j in 0..width {
        for i in j..width {
            corner[(i, j)] = factor[(i, j)];
        }
    }
    if next == size {
        return Some(());
    }
    // below = below * corner^-T, a few rows at a time.
    let factor = factor.as_ref();
    below.as_mut().par_row_chunks_mut(BLOCK).for_each(|rows| {
        solve_lower_triangular_in_place(factor, rows.transpose_mut(), Par::Seq);
    });
    let below = below.as_ref();
    rest.par_chunks_mut(BLOCK * size).enumerate().for_each(|(at, columns)| {
        let (from, width) = (at * BLOCK, columns.len() / size);
        let target = MatMut::from_column_major_slice_mut(columns, size, width).get_mut(next + from.., ..);
        let (left, right) = (below.get(from.., ..), below.get(from..from + width, ..));
        // The corner of the product above the diagonal must stay as it was.
        let (mut corner, below) = target.split_at_row_mut(width);
        let mut square = Mat::<f64>::zeros(width, width);
        matmul(square.as_mut(), Accum::Replace, right, right.transpose(), 1.0, Par::Seq);
        for j in 0..width {
            for i in j..width {
                corner[(i, j)] -= square[(i, j)];
            }
        }
        matmul(below, Accum::Add, left.get(width.., ..), right.transpose(), -1.0, Par::Seq);
    });
    Some(())
}

/// Inverts the block of columns from `first` of a lower triangle whose later columns are inverted already:
/// `below = -(later below) corner^-1`.
fn invert_block(matrix: &mut [f64], size: usize, first: usize) {
    let width = BLOCK.min(size - first);
    let next = first + width;
    let (done, later) = matrix.split_at_mut(next * size);
    let panel = MatMut::from_column_major_slice_mut(&mut done[first * size..], size, width);
    let (mut corner, mut below) = panel.get_mut(first.., ..).split_at_row_mut(width);
    let mut inverse = Mat::<f64>::zeros(width, width);
    invert_lower_triangular(inverse.as_mut(), corner.as_ref(), Par::Seq);
    for j in 0..width {
        for i in j..width {
            corner[(i, j)] = inverse[(i, j)];
        }
    }
    if next == size {
        return;
    }
    let later = MatRef::from_column_major_slice(later, size, size - next).get(next.., ..);
    let old = below.as_ref().to_owned();
    below.as_mut().par_row_chunks_mut(BLOCK).enumerate().for_each(|(at, target)| {
        let (from, rows) = (at * BLOCK, target.nrows());
        let mut sum = Mat::<f64>::zeros(rows, width);
        // Of the later columns, the square on the diagonal has an upper triangle that is none of ours.
        let whole = later.get(from..from + rows, ..from);
        matmul(sum.as_mut(), Accum::Replace, whole, old.as_ref().get(..from, ..), -1.0, Par::Seq);
        let square = Mat::<f64>::from_fn(rows, rows, |i, j| if i >= j { later[(from + i, from + j)] } else { 0.0 });
        matmul(sum.as_mut(), Accum::Add, square.as_ref(), old.as_ref().get(from..from + rows, ..), -1.0, Par::Seq);
        matmul(target, Accum::Replace, sum.as_ref(), inverse.as_ref(), 1.0, Par::Seq);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_factor_inverts_in_any_number_of_blocks_and_the_upper_triangle_stays() {
        for size in [1usize, 7, 256, 300, 530] {
            let mut rng = record::Rng::new(size as u64);
            let x = Mat::<f64>::from_fn(size + 20, size, |_, _| rng.uniform() - 0.5);
            let h = x.transpose() * &x;
            let mut matrix: Vec<f64> = (0..size * size).map(|at| h[(at % size, at / size)]).collect();
            let condition = invert_factor(&mut matrix, size);
            assert!(condition.is_some_and(|c| c >= 1.0));
            let inverse = Mat::<f64>::from_fn(size, size, |i, j| if i >= j { matrix[j * size + i] } else { 0.0 });
            let unit = &inverse * &h * inverse.transpose();
            for i in 0..size {
                for j in 0..size {
                    let expected = f64::from(u8::from(i == j));
                    assert!((unit[(i, j)] - expected).abs() < 1e-6, "{size}: {i} {j}: {}", unit[(i, j)]);
                    assert!(i >= j || matrix[j * size + i] == h[(i, j)]);
                }
            }
        }
        assert_eq!(invert_factor(&mut [1.0, 2.0, 2.0, 1.0], 2), None);
    }
}
