//! SparseGPT: drop weights block by block, and let the columns after them make up for the error; rounding what stays, too,
//! where asked.

use std::ops::Range;

use rayon::prelude::*;

use crate::grid::Step;
use crate::group::{LinearGroup, LinearReport, Target};
use crate::hessian::{Factor, FactorFailure, Order, spread};
use crate::method::{Gptq, Method, MethodInfo, MethodKind, column_walk};
use crate::seen::{Needs, Seen};
use crate::settings::{self, Settings};
use crate::sparsity::smallest;
use crate::{ActOrder, CompressError, Grid, GroupSize, Matrix, QuantizedWeight, Scheme, Sparsity};

/// Columns whose weights are ranked together (the paper's block size).
const BLOCK: usize = 128;
/// Rows that one task works on. Fixed, so that the result does not depend on the threads.
const ROWS: usize = 32;

/// SparseGPT (Frantar and Alistarh 2023, algorithm 1). The score of a weight is `w^2 / U_jj^2`; unstructured, the smallest of
/// each block of 128 columns go, over all rows together, so that rows differ in sparsity.
#[derive(Debug, Clone, Copy)]
pub struct SparseGpt {
    /// What share of each block of columns to zero, or which n of m.
    pub sparsity: Sparsity,
    /// Share of the mean diagonal that is added to the Hessian.
    pub damping: f64,
    /// What becomes of a Hessian that cannot be factored.
    pub failure: FactorFailure,
    /// The grid that the weights that stay are rounded to in the same pass, fitted to the dense weights.
    pub quantize: Option<(Grid, GroupSize)>,
    /// Whether each group of linears is compressed before the inputs of the next are collected.
    pub true_sequential: bool,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "sparsegpt",
    about: "drop weights block by block, later columns make up for the error; bits=4 rounds in the same pass \
            (Frantar and Alistarh 2023)",
    settings: &[
        settings::SPARSITY,
        settings::DAMPING,
        settings::FAILURE,
        settings::REFERENCE_SEQUENTIAL,
        settings::SEQUENCES,
        settings::LENGTH,
    ],
    alone: &[settings::NO_BITS, settings::GROUP_SIZE, settings::SYMMETRIC, settings::MSE, settings::GRID],
    kind: MethodKind::Prunes,
    build: |settings| Ok(Box::new(SparseGpt::from_settings(settings)?)),
};

impl SparseGpt {
    /// The paper's settings, without rounding.
    pub fn new(sparsity: Sparsity) -> Self {
        Self { sparsity, damping: 0.01, failure: FactorFailure::Escalate, quantize: None, true_sequential: false }
    }

    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        let quantize = match settings.value("bits").as_u64() {
            Some(16) => None,
            _ if settings.value("bits").is_null() => None,
            _ => Some((settings.grid()?, settings.group_size()?)),
        };
        Ok(Self {
            sparsity: settings.sparsity()?,
            damping: settings.share("damping")?,
            failure: settings.failure()?,
            quantize,
            true_sequential: settings.flag("true_sequential")?,
        })
    }

    /// Prunes a weight `[out, in]` in place along the factor of its inverse Hessian, in the order of the inputs; gives the
    /// integers, where it also rounds, and the loss `sum of ((w - q) / U_jj)^2 / 2`.
    pub fn prune(&self, weight: &mut Matrix, factor: &Factor) -> (Option<QuantizedWeight>, f64) {
        let (rows, columns) = (weight.rows, weight.cols.max(1));
        for row in weight.data.chunks_mut(columns) {
            row.iter_mut().zip(&factor.dead).filter(|(_, dead)| **dead).for_each(|(w, _)| *w = 0.0);
        }
        let mut quantized = self.quantize.map(|(grid, group)| {
            let steps = weight.data.par_chunks(columns).flat_map_iter(|row| {
                row.chunks(group.columns(columns)).map(|group| grid.fit(group)).collect::<Vec<Step>>()
            });
            let steps = steps.collect();
            let levels = vec![0; rows * columns];
            QuantizedWeight { rows, cols: columns, grid, group, levels, steps, group_of: None }
        });
        let mut loss = 0.0;
        let width = match self.sparsity {
            Sparsity::NofM { m, .. } => (BLOCK / m * m).max(m),
            Sparsity::Unstructured(_) => BLOCK,
        };
        for first in (0..columns).step_by(width) {
            let block = first..(first + width).min(columns);
            let block = Pass { method: self, factor, quantized: quantized.as_ref(), block };
            let threshold = block.threshold(weight);
            let chunks = weight.data.par_chunks_mut(ROWS * columns).enumerate();
            let losses: Vec<f64> = chunks.map(|(at, rows)| block.rows(rows, at * ROWS, threshold)).collect();
            loss += losses.iter().sum::<f64>();
        }
        if let Some(quantized) = &mut quantized {
            let (grid, size) = (quantized.grid, quantized.group.columns(columns));
            let groups = columns.div_ceil(size);
            for (at, (level, &w)) in quantized.levels.iter_mut().zip(&weight.data).enumerate() {
                let step = quantized.steps[at / columns * groups + at % columns / size];
                *level = grid.level(step, w);
            }
        }
        (quantized, loss)
    }

    fn linear(&self, linear: &mut Target, factor: &Factor) -> LinearReport {
        let grid = |(grid, group)| (linear.grid(grid), group);
        let method = SparseGpt { quantize: self.quantize.map(grid), ..*self };
        let (quantized, loss) = method.prune(&mut linear.weight, factor);
        linear.pruned = true;
        if let Some(quantized) = quantized {
            linear.put(quantized);
        }
        LinearReport {
            loss: Some(loss),
            damping: Some(factor.damping),
            condition: Some(factor.condition),
            fallback: None,
            warning: Gptq::warning(self.damping, factor),
        }
    }
}

/// The pass over one block of columns.
struct Pass<'a> {
    method: &'a SparseGpt,
    factor: &'a Factor,
    /// The grids, where weights that stay are rounded.
    quantized: Option<&'a QuantizedWeight>,
    block: Range<usize>,
}

impl Pass<'_> {
    fn score(&self, weight: f32, position: usize) -> f32 {
        let pivot = self.factor.upper.data[position * (self.factor.upper.cols + 1)];
        weight * weight / (pivot * pivot)
    }

    /// The largest score that goes, over all rows of the block; unstructured only.
    fn threshold(&self, weight: &Matrix) -> f32 {
        let Sparsity::Unstructured(share) = self.method.sparsity else { return f32::NEG_INFINITY };
        let rows = weight.data.par_chunks(weight.cols);
        let mut scores: Vec<f32> =
            rows.flat_map_iter(|row| self.block.clone().map(|position| self.score(row[position], position))).collect();
        let place = ((scores.len() as f64 * share) as usize).min(scores.len() - 1);
        *scores.select_nth_unstable_by(place, f32::total_cmp).1
    }

    /// Walks some rows, the first of them row `from` of the weight, through the block and spreads their errors; gives
    /// their loss.
    fn rows(&self, rows: &mut [f32], from: usize, threshold: f32) -> f64 {
        let (columns, width) = (self.factor.upper.cols, self.block.len());
        let mut errors = vec![0.0; rows.len() / columns * width];
        let mut loss = 0.0;
        for (at, (row, errors)) in rows.chunks_mut(columns).zip(errors.chunks_mut(width)).enumerate() {
            loss += self.row(row, from + at, threshold, errors);
        }
        spread(rows, &errors, &self.factor.upper, self.block.clone());
        loss
    }

    /// The value of a weight that stays.
    fn kept(&self, weight: f32, row: usize, position: usize) -> f32 {
        let Some(quantized) = self.quantized else { return weight };
        let step = quantized.steps[row * quantized.groups() + position / quantized.group.columns(quantized.cols)];
        step.weight(step.level(weight, quantized.grid.top()))
    }

    fn row(&self, row: &mut [f32], at: usize, threshold: f32, errors: &mut [f32]) -> f64 {
        let mut weights = row[self.block.clone()].to_vec();
        let scored = |weights: &[f32], offset: usize| -> Vec<f32> {
            weights.iter().zip(self.block.start + offset..).map(|(&w, position)| self.score(w, position)).collect()
        };
        let mut gone: Vec<bool> = scored(&weights, 0).iter().map(|&score| score <= threshold).collect();
        let mut values = Vec::with_capacity(weights.len());
        let loss = column_walk::walk(&mut weights, &self.factor.upper, self.block.clone(), errors, |offset, rest| {
            if let Sparsity::NofM { n, m } = self.method.sparsity
                && offset.is_multiple_of(m)
            {
                let run = &rest[..m.min(rest.len())];
                smallest(&scored(run, offset), n).into_iter().for_each(|at| gone[offset + at] = true);
            }
            let value = if gone[offset] { 0.0 } else { self.kept(rest[0], at, self.block.start + offset) };
            values.push(value);
            value
        });
        row[self.block.clone()].copy_from_slice(&values);
        loss
    }
}

impl Method for SparseGpt {
    fn needs(&self) -> Needs {
        Needs::HESSIAN
    }

    fn scheme(&self) -> Option<Scheme> {
        let scheme = |(grid, group)| Scheme { activations: false, grid, group, act_order: ActOrder::None };
        self.quantize.map(scheme)
    }

    fn sparsity(&self) -> Option<Sparsity> {
        Some(self.sparsity)
    }

    fn true_sequential(&self) -> bool {
        self.true_sequential
    }

    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        let factor = seen.take_hessian()?.into_factor(self.damping, Order::INPUTS, self.failure);
        Ok(group.linears.iter_mut().map(|linear| self.linear(linear, &factor)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hessian;
    use crate::method::Magnitude;
    use crate::sparsity::{zero_masked, zero_share};

    fn matrix(rows: usize, cols: usize, seed: u64) -> Matrix {
        let mut rng = record::Rng::new(seed);
        Matrix::new(rows, cols, (0..rows * cols).map(|_| rng.uniform() as f32 - 0.5).collect())
    }

    /// Inputs whose neighbors are alike, so that one can stand in for the other.
    fn hessian(size: usize) -> Hessian {
        let mut inputs = matrix(300, size, 1);
        for row in inputs.data.chunks_mut(size) {
            (1..size).for_each(|at| row[at] = 0.8 * row[at - 1] + 0.4 * row[at]);
        }
        let mut hessian = Hessian::new(size);
        hessian.add(&inputs, 3);
        hessian
    }

    #[test]
    fn it_moves_the_output_less_than_dropping_the_smallest_and_keeps_the_share() {
        let (dense, hessian) = (matrix(24, 144, 2), hessian(144));
        let factor = hessian.factor(0.01, false);
        let moved = |pruned: &Matrix| {
            let difference = pruned.data.iter().zip(&dense.data).map(|(a, b)| a - b).collect();
            hessian.output_energy(&Matrix::new(24, 144, difference))
        };
        for sparsity in [Sparsity::Unstructured(0.5), Sparsity::NofM { n: 2, m: 4 }, Sparsity::NofM { n: 2, m: 3 }] {
            let mut ours = dense.clone();
            let (_, loss) = SparseGpt::new(sparsity).prune(&mut ours, &factor);
            let mut plain = dense.clone();
            zero_masked(&mut plain, &Magnitude { sparsity }.mask(&dense));
            assert!(moved(&ours) < 0.7 * moved(&plain) && loss > 0.0, "{sparsity}");
            let share = match sparsity {
                Sparsity::Unstructured(share) => share,
                Sparsity::NofM { n, m } => n as f64 / m as f64,
            };
            assert!((zero_share(&ours.data) - share).abs() < 0.01, "{sparsity}");
            if let Sparsity::NofM { n, m } = sparsity {
                assert!(ours.data.chunks(m).all(|run| run.iter().filter(|&&w| w == 0.0).count() >= n));
            }
        }
    }

    #[test]
    fn rounding_in_the_same_pass_keeps_the_zeros_and_stays_on_the_grid() {
        let (dense, factor) = (matrix(24, 144, 2), hessian(144).factor(0.01, false));
        for symmetric in [true, false] {
            let quantize = Some((Grid::new(4, symmetric), GroupSize::Columns(48)));
            let method = SparseGpt { quantize, ..SparseGpt::new(Sparsity::NofM { n: 2, m: 4 }) };
            let mut weight = dense.clone();
            let (quantized, _) = method.prune(&mut weight, &factor);
            assert_eq!(quantized.map(|quantized| quantized.dequantize()).as_ref(), Some(&weight));
            assert!(weight.data.chunks(4).all(|run| run.iter().filter(|&&w| w == 0.0).count() >= 2));
        }
    }
}
