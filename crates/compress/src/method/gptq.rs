//! GPTQ: round one column at a time and let the columns after it make up for the error.

use rayon::prelude::*;

use crate::grid::{GridRule, Step};
use crate::group::{LinearGroup, LinearReport, Target};
use crate::hessian::{Factor, FactorFailure, Order, spread};
use crate::method::{Method, MethodInfo, MethodKind, column_walk};
use crate::seen::{Needs, Seen};
use crate::settings::{self, Settings};
use crate::{ActOrder, CompressError, Grid, GroupSize, Matrix, QuantizedWeight, Scheme};

/// Columns whose errors are spread to the rest of the weight at once (the paper's block size).
const BLOCK: usize = 128;
/// Rows that one task works on. Fixed, so that the result does not depend on the threads.
const ROWS: usize = 32;

/// GPTQ (Frantar et al. 2022, algorithm 1), with the options of its reference code.
#[derive(Debug, Clone, Copy)]
pub struct Gptq {
    /// The grid.
    pub grid: Grid,
    /// Which weights share a scale.
    pub group: GroupSize,
    /// Whether the most excited inputs are rounded first, while others can still make up for them.
    pub act_order: bool,
    /// With act-order: whether columns move only inside their group, and groups among each other (GPTQModel's
    /// `act_group_aware`), so that dynamic groups stay runs of inputs.
    pub group_aware: bool,
    /// Whether grids are fitted to the original weights, and groups are runs of inputs, whatever the order. Otherwise a
    /// group is a run of columns *as processed*, and its grid is fitted when the run begins.
    pub static_groups: bool,
    /// Dynamic groups only: fit the grid to weights that include the feedback of columns of the same block of 128.
    /// The reference code does not (it reads the weight before the block began); nor do we by default.
    pub group_feedback: bool,
    /// Share of the mean diagonal that is added to the Hessian.
    pub damping: f64,
    /// What becomes of a Hessian that cannot be factored.
    pub failure: FactorFailure,
    /// Whether each group of linears is compressed before the inputs of the next are collected.
    pub true_sequential: bool,
    /// Whether inputs are rounded to 8 bits too, while the model runs (W8A8).
    pub activations: bool,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "gptq",
    about: "round column by column, later columns make up for the error (Frantar et al. 2022)",
    settings: &[
        settings::BITS,
        settings::GROUP_SIZE,
        settings::SYMMETRIC,
        settings::ACT_ORDER,
        settings::STATIC_GROUPS,
        settings::GROUP_FEEDBACK,
        settings::DAMPING,
        settings::FAILURE,
        settings::MSE,
        settings::GRID,
        settings::TRUE_SEQUENTIAL,
        settings::ACTIVATION_BITS,
        settings::SEQUENCES,
        settings::LENGTH,
    ],
    alone: &[],
    kind: MethodKind::Quantizes,
    build: |settings| Ok(Box::new(Gptq::from_settings(settings)?)),
};

/// What the loop over a few rows gives.
struct Rounded {
    /// `[rows, in]`, in processing order.
    levels: Vec<u8>,
    /// `[rows, groups]`.
    steps: Vec<Step>,
    loss: f64,
}

impl Gptq {
    /// The paper's settings on a grid: act-order with static groups, damping 0.01.
    pub fn new(grid: Grid, group: GroupSize) -> Self {
        Self {
            grid,
            group,
            act_order: true,
            group_aware: false,
            static_groups: true,
            group_feedback: false,
            damping: 0.01,
            failure: FactorFailure::Escalate,
            true_sequential: true,
            activations: false,
        }
    }

    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        let grid = settings.grid()?;
        let order = settings.act_order()?;
        let gptq = Self {
            grid,
            group: settings.group_size()?,
            act_order: order.by_activity,
            group_aware: order.group_aware,
            static_groups: order.static_groups.map_or_else(|| settings.flag("static_groups"), Ok)?,
            group_feedback: settings.flag("group_feedback")?,
            damping: settings.share("damping")?,
            failure: settings.failure()?,
            true_sequential: settings.flag("true_sequential")?,
            activations: settings.activations(&grid)?,
        };
        if gptq.group_feedback && gptq.static_groups {
            return Err(settings.bad("group_feedback", "false where static_groups is true"));
        }
        if gptq.activations && gptq.shuffles_groups() {
            return Err(settings.bad("act_order", "static, group_aware or false where activation_bits is 8"));
        }
        Ok(gptq)
    }

    /// The order of the columns.
    pub fn order(&self) -> Order {
        let group = match self.group {
            GroupSize::Columns(size) if self.group_aware => Some(size),
            _ => None,
        };
        Order { by_activity: self.act_order, group }
    }

    /// Quantizes a weight `[out, in]` along the factor of its inverse Hessian (from [`crate::Hessian::into_factor`] with
    /// [`Gptq::order`]). Also returns the loss, `sum of ((w - q) / U_jj)^2 / 2`.
    ///
    /// Where `keep_zeros`, weights that are zero stay zero: the weight was pruned before.
    pub fn quantize(&self, weight: &Matrix, factor: &Factor, keep_zeros: bool) -> (QuantizedWeight, f64) {
        let columns = weight.cols.max(1);
        let chunks: Vec<Rounded> = weight
            .data
            .par_chunks(ROWS * columns)
            .map(|rows| self.round_rows(rows, columns, factor, keep_zeros))
            .collect();
        let loss = chunks.iter().map(|chunk| chunk.loss).sum();
        let mut levels = vec![0; weight.data.len()];
        let processed = chunks.iter().flat_map(|chunk| chunk.levels.chunks(columns));
        for (levels, processed) in levels.chunks_mut(columns).zip(processed) {
            for (&column, &level) in factor.order.iter().zip(processed) {
                levels[column] = level;
            }
        }
        let group_of = self.shuffles_groups().then(|| {
            let mut group_of = vec![0; columns];
            for (position, &column) in factor.order.iter().enumerate() {
                group_of[column] = (position / self.group.columns(columns)) as u32;
            }
            group_of
        });
        let steps = chunks.into_iter().flat_map(|chunk| chunk.steps).collect();
        let quantized = QuantizedWeight {
            rows: weight.rows,
            cols: weight.cols,
            grid: self.grid,
            group: self.group,
            levels,
            steps,
            group_of,
        };
        (quantized, loss)
    }

    /// Whether groups are not runs of inputs.
    fn shuffles_groups(&self) -> bool {
        self.act_order && !self.group_aware && !self.static_groups && self.group != GroupSize::Channel
    }

    /// The grids that are known before the loop: one of the channel, or those of static groups.
    fn fixed_steps(&self, row: &[f32], alive: &[f32]) -> Option<Vec<Step>> {
        match self.group {
            // The reference fits a channel's grid before it zeroes dead channels, and a static group's after.
            GroupSize::Channel if self.grid.rule == GridRule::Reference => Some(vec![self.grid.fit(row)]),
            GroupSize::Channel => Some(vec![self.grid.fit(alive)]),
            GroupSize::Columns(size) if self.static_groups => {
                Some(alive.chunks(size.max(1)).map(|group| self.grid.fit(group)).collect())
            }
            GroupSize::Columns(_) => None,
        }
    }

    fn round_rows(&self, rows: &[f32], columns: usize, factor: &Factor, keep_zeros: bool) -> Rounded {
        let mut work = Vec::with_capacity(rows.len());
        let mut steps = Vec::new();
        let unknown = vec![Step { scale: 1.0, zero: 0.0 }; self.group.count(columns)];
        for row in rows.chunks(columns) {
            let alive: Vec<f32> = row.iter().zip(&factor.dead).map(|(&w, &dead)| if dead { 0.0 } else { w }).collect();
            steps.push(self.fixed_steps(row, &alive).unwrap_or_else(|| unknown.clone()));
            work.extend(factor.order.iter().map(|&column| alive[column]));
        }
        let kept: Vec<bool> = if keep_zeros { work.iter().map(|&w| w == 0.0).collect() } else { Vec::new() };
        let mut levels = vec![0; rows.len()];
        let mut loss = 0.0;
        let mut errors = vec![0.0; rows.len() / columns * BLOCK.min(columns)];
        for first in (0..columns).step_by(BLOCK) {
            let block = first..(first + BLOCK).min(columns);
            let errors = &mut errors[..rows.len() / columns * block.len()];
            let each = work.chunks(columns).zip(levels.chunks_mut(columns)).zip(&mut steps);
            for (((row, levels), steps), (at, errors)) in each.zip(errors.chunks_mut(block.len()).enumerate()) {
                let kept = if keep_zeros { &kept[at * columns..(at + 1) * columns] } else { &[] };
                let mut walk = BlockOfRow { gptq: self, factor, row, steps, kept };
                loss += walk.round(block.clone(), &mut levels[block.clone()], errors);
            }
            spread(&mut work, errors, &factor.upper, block);
        }
        Rounded { levels, steps: steps.concat(), loss }
    }

    /// What a person should know of the factor.
    pub(super) fn warning(damping: f64, factor: &Factor) -> Option<String> {
        if factor.diagonal_only {
            Some("the Hessian could not be factored: only its diagonal was used, without feedback".to_owned())
        } else if factor.damping > damping {
            let raised = factor.damping;
            Some(format!("damping was raised from {damping} to {raised} until the Hessian could be factored"))
        } else {
            None
        }
    }

    fn linear(&self, linear: &mut Target, factor: &Factor) -> LinearReport {
        let gptq = Gptq { grid: linear.grid(self.grid), ..*self };
        let (quantized, loss) = gptq.quantize(&linear.weight, factor, linear.pruned);
        linear.put(quantized);
        LinearReport {
            loss: Some(loss),
            damping: Some(factor.damping),
            condition: Some(factor.condition),
            fallback: None,
            warning: Self::warning(self.damping, factor),
        }
    }
}

/// One row's walk through one block of columns.
struct BlockOfRow<'a> {
    gptq: &'a Gptq,
    factor: &'a Factor,
    /// The row as it was when the block began, in processing order.
    row: &'a [f32],
    steps: &'a mut Vec<Step>,
    /// In processing order, which weights stay zero; empty: none has to.
    kept: &'a [bool],
}

impl BlockOfRow<'_> {
    /// Rounds the block's columns in order and leaves their scaled errors; gives the loss.
    fn round(&mut self, block: std::ops::Range<usize>, levels: &mut [u8], errors: &mut [f32]) -> f64 {
        let (gptq, factor) = (self.gptq, self.factor);
        let top = gptq.grid.top();
        let size = gptq.group.columns(self.row.len());
        let is_static = gptq.static_groups || gptq.group == GroupSize::Channel;
        let runs = gptq.shuffles_groups();
        let mut weights = self.row[block.clone()].to_vec();
        column_walk::walk(&mut weights, &factor.upper, block.clone(), errors, |offset, rest| {
            let position = block.start + offset;
            let group = if runs { position } else { factor.order[position] } / size;
            if !is_static && position.is_multiple_of(size) {
                self.steps[group] = self.fit_dynamic(position, rest, block.end);
            }
            let step = self.steps[group];
            let zero = self.kept.get(position).is_some_and(|&kept| kept);
            let level = if zero { step.zero } else { step.level(rest[0], top) };
            levels[offset] = level as u8;
            step.weight(level)
        })
    }

    /// The grid of the run of columns that begins at `position`; `fed_back` are the block's columns from there on.
    fn fit_dynamic(&self, position: usize, fed_back: &[f32], block_end: usize) -> Step {
        let end = (position + self.gptq.group.columns(self.row.len())).min(self.row.len());
        if !self.gptq.group_feedback {
            return self.gptq.grid.fit(&self.row[position..end]);
        }
        let mut group = fed_back[..(end.min(block_end) - position)].to_vec();
        group.extend_from_slice(&self.row[end.min(block_end)..end]);
        self.gptq.grid.fit(&group)
    }
}

impl Method for Gptq {
    fn needs(&self) -> Needs {
        Needs::HESSIAN
    }

    fn scheme(&self) -> Option<Scheme> {
        let act_order = match (self.act_order, self.shuffles_groups()) {
            (false, _) => ActOrder::None,
            (true, false) => ActOrder::Static,
            (true, true) => ActOrder::Group,
        };
        Some(Scheme { grid: self.grid, group: self.group, act_order, activations: self.activations })
    }

    fn true_sequential(&self) -> bool {
        self.true_sequential
    }

    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        let factor = seen.take_hessian()?.into_factor(self.damping, self.order(), self.failure);
        Ok(group.linears.iter_mut().map(|linear| self.linear(linear, &factor)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hessian;
    use crate::method::Rtn;

    const INPUTS: usize = 160;

    /// Inputs that share a few directions, as activations do; channel 5 is dead.
    fn correlated() -> Matrix {
        let mut rng = record::Rng::new(2);
        let mut number = || (rng.uniform() + rng.uniform() - 1.0) as f32;
        let mixing: Vec<f32> = (0..12 * INPUTS).map(|_| number()).collect();
        let mut inputs = Matrix::zeros(400, INPUTS);
        for row in 0..400 {
            let hidden: Vec<f32> = (0..12).map(|_| number()).collect();
            for (column, x) in inputs.row_mut(row).iter_mut().enumerate().filter(|(column, _)| *column != 5) {
                let shared: f32 = hidden.iter().enumerate().map(|(k, h)| h * mixing[k * INPUTS + column]).sum();
                *x = shared + 0.2 * number();
            }
        }
        inputs
    }

    fn weight() -> Matrix {
        let mut rng = record::Rng::new(3);
        Matrix::new(40, INPUTS, (0..40 * INPUTS).map(|_| rng.uniform() as f32 - 0.5).collect())
    }

    fn hessian() -> Hessian {
        let mut hessian = Hessian::new(INPUTS);
        hessian.add(&correlated(), 4);
        hessian
    }

    /// Relative squared output error of a changed weight.
    fn error(changed: &Matrix) -> f64 {
        let (hessian, dense) = (hessian(), weight());
        let difference = changed.data.iter().zip(&dense.data).map(|(a, b)| a - b).collect();
        hessian.output_energy(&Matrix::new(40, INPUTS, difference)) / hessian.output_energy(&dense)
    }

    #[test]
    fn feedback_beats_rounding_to_nearest_in_every_form() {
        let hessian = hessian();
        for bits in [2, 3, 4, 8] {
            for symmetric in [true, false] {
                for group in [GroupSize::Channel, GroupSize::Columns(32)] {
                    let grid = Grid::new(bits, symmetric);
                    let rtn = error(&Rtn { grid, group, activations: false }.quantize(&weight()).dequantize());
                    for (act_order, static_groups, group_feedback) in
                        [(true, true, false), (true, false, false), (false, false, false), (false, false, true)]
                    {
                        let gptq = Gptq { act_order, static_groups, group_feedback, ..Gptq::new(grid, group) };
                        let factor = hessian.factor(gptq.damping, act_order);
                        let (quantized, loss) = gptq.quantize(&weight(), &factor, false);
                        let ours = error(&quantized.dequantize());
                        assert!(ours < 0.8 * rtn && loss > 0.0, "{gptq:?}: {ours}, nearest {rtn}");
                        assert!(bits < 8 || ours < 1e-4, "{gptq:?}: {ours}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_dead_channel_becomes_zero_and_a_diagonal_hessian_gives_nearest_rounding() {
        let gptq = Gptq::new(Grid::new(4, true), GroupSize::Columns(32));
        let dead = gptq.quantize(&weight(), &hessian().factor(0.01, true), false).0.dequantize();
        assert!((0..40).all(|row| dead.row(row)[5] == 0.0));
        let mut diagonal = Hessian::new(INPUTS);
        let mut unit = Matrix::zeros(INPUTS, INPUTS);
        (0..INPUTS).for_each(|at| unit.row_mut(at)[at] = 1.0 + at as f32);
        diagonal.add(&unit, 1);
        let rtn = Rtn { grid: gptq.grid, group: gptq.group, activations: false }.quantize(&weight());
        assert_eq!(gptq.quantize(&weight(), &diagonal.factor(0.01, true), false).0.levels, rtn.levels);
    }
}
