//! The ranges that AWQ clips to.

use rayon::prelude::*;

use super::ROWS;
use crate::{Grid, GroupSize, Hessian, Matrix, matmul};

/// Steps of the range search, of a twentieth each: down to 0.55 of the largest weight.
const SHRINKS: u8 = 10;

/// The largest magnitude to keep of each row and group, `[out, groups]`: the one whose rounded group is nearest to the
/// dense one at the outputs, over all calibration tokens.
pub fn clip_limits(weight: &Matrix, hessian: &Hessian, grid: Grid, group: GroupSize) -> Vec<f32> {
    let columns = weight.cols.max(1);
    let size = group.columns(columns);
    let sums: Vec<Matrix> = (0..columns)
        .step_by(size)
        .map(|from| {
            let run = from..(from + size).min(columns);
            Matrix::new(run.len(), run.len(), hessian.part(run))
        })
        .collect();
    let chunk = |rows: &[f32]| chunk_limits(rows, columns, &grid, size, &sums);
    weight.data.par_chunks(ROWS * columns).flat_map_iter(chunk).collect()
}

/// The limits of some rows, `[rows, groups]`.
fn chunk_limits(rows: &[f32], columns: usize, grid: &Grid, size: usize, sums: &[Matrix]) -> Vec<f32> {
    let (count, groups) = (rows.len() / columns, sums.len());
    let mut limits = vec![0.0; count * groups];
    for (group, sums) in sums.iter().enumerate() {
        let run = |row: usize| &rows[row * columns + group * size..][..sums.rows];
        let mut least = vec![f64::INFINITY; count];
        let largest: Vec<f32> = (0..count).map(|row| run(row).iter().fold(0f32, |most, w| most.max(w.abs()))).collect();
        for shrink in 0..SHRINKS {
            let share = 1.0 - f32::from(shrink) / 20.0;
            let mut moved = Matrix::zeros(count, sums.rows);
            for (row, most) in largest.iter().enumerate() {
                clipped_error(run(row), most * share, grid, moved.row_mut(row));
            }
            let outputs = matmul::rows(&moved, sums);
            for row in 0..count {
                let error = matmul::dot(outputs.row(row), moved.row(row));
                if error < least[row] {
                    least[row] = error;
                    limits[row * groups + group] = largest[row] * share;
                }
            }
        }
    }
    limits
}

/// `Q(clip(w)) - w` of one group.
fn clipped_error(run: &[f32], limit: f32, grid: &Grid, moved: &mut [f32]) {
    moved.iter_mut().zip(run).for_each(|(m, w)| *m = w.clamp(-limit, limit));
    grid.round(moved);
    moved.iter_mut().zip(run).for_each(|(m, w)| *m -= w);
}

/// Clips a weight to limits `[out, groups]`.
pub fn clip(weight: &mut Matrix, limits: &[f32], group: GroupSize) {
    let columns = weight.cols.max(1);
    let runs = weight.data.chunks_mut(columns).flat_map(|row| row.chunks_mut(group.columns(columns)));
    for (run, &limit) in runs.zip(limits) {
        run.iter_mut().for_each(|w| *w = w.clamp(-limit, limit));
    }
}
