//! The step that GPTQ and SparseGPT share: change one column, and let the columns after it make up for the error.

use std::ops::Range;

use model::kernel;

use crate::Matrix;

/// Walks one row through a block of columns, first to last (Optimal Brain Surgeon along the factor U of the inverse
/// Hessian: GPTQ, algorithm 1, inner loop).
///
/// `weights` `[block]` is the row's part, `choose(offset, weights[offset..])` says what a column becomes. Leaves the scaled
/// errors `(w - q) / U_jj` in `errors` `[block]` and gives half the sum of their squares, the loss.
pub(super) fn walk(
    weights: &mut [f32],
    upper: &Matrix,
    block: Range<usize>,
    errors: &mut [f32],
    mut choose: impl FnMut(usize, &[f32]) -> f32,
) -> f64 {
    let mut loss = 0.0;
    for offset in 0..weights.len() {
        let position = block.start + offset;
        let value = choose(offset, &weights[offset..]);
        let upper = &upper.row(position)[position..block.end];
        let error = (weights[offset] - value) / upper[0];
        loss += f64::from(error) * f64::from(error) / 2.0;
        errors[offset] = error;
        kernel::subtract_scaled(&mut weights[offset..], error, upper);
    }
    loss
}
