//! Wanda: pruning by weights and activations.

use rayon::prelude::*;

use crate::group::{LinearGroup, LinearReport};
use crate::method::{Method, MethodInfo, MethodKind};
use crate::seen::{Needs, Seen};
use crate::settings::{self, Settings};
use crate::sparsity::{Sparsity, zero_masked};
use crate::{CompressError, Matrix};

/// Wanda (Sun et al. 2023, eq. 1): in each row, drop the weights with the smallest `|w| * ||x||`. The weights that
/// stay keep their values.
#[derive(Debug, Clone, Copy)]
pub struct Wanda {
    /// What share of each row to zero, or which n of m.
    pub sparsity: Sparsity,
    /// The paper's variant: rows lose equal shares of their summed score instead of equal numbers of weights, and
    /// only the layer's mean share is as asked (to 0.001). Unstructured only.
    pub variant: bool,
    /// Whether each group of linears is pruned before the inputs of the next are collected.
    pub true_sequential: bool,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "wanda",
    about: "drop the weights with the smallest |w| * ||x|| of each row (Sun et al. 2023)",
    settings: &[
        settings::SPARSITY,
        settings::VARIANT,
        settings::REFERENCE_SEQUENTIAL,
        settings::SEQUENCES,
        settings::LENGTH,
    ],
    alone: &[],
    kind: MethodKind::Prunes,
    build: |settings| Ok(Box::new(Wanda::from_settings(settings)?)),
};

impl Wanda {
    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        let wanda = Self {
            sparsity: settings.sparsity()?,
            variant: settings.flag("variant")?,
            true_sequential: settings.flag("true_sequential")?,
        };
        if wanda.variant && !matches!(wanda.sparsity, Sparsity::Unstructured(_)) {
            return Err(settings.bad("variant", "false where the sparsity is a pattern such as 2:4"));
        }
        Ok(wanda)
    }

    /// Which weights `[out, in]` to drop, given the mean over sequences of `||x_j||^2`, `[in]`.
    ///
    /// ```
    /// use compress::{Matrix, Sparsity, method::Wanda};
    /// let weight = Matrix { rows: 1, cols: 2, data: vec![1.0, -2.0] };
    /// let wanda = Wanda { sparsity: Sparsity::Unstructured(0.5), variant: false, true_sequential: false };
    /// // The larger weight meets the quieter input: 1 * 3 > 2 * 1.
    /// assert_eq!(wanda.mask(&weight, &[9.0, 1.0]), [false, true]);
    /// ```
    pub fn mask(&self, weight: &Matrix, mean_squares: &[f64]) -> Vec<bool> {
        let norms: Vec<f32> = mean_squares.iter().map(|e| e.sqrt() as f32).collect();
        let score = |w: f32, column: usize| w.abs() * norms[column];
        match self.sparsity {
            Sparsity::Unstructured(share) if self.variant => variant_mask(weight, share, score),
            sparsity => sparsity.smallest_by_row(weight, score),
        }
    }
}

/// Bisects the share `alpha` of a row's summed score that it may lose, until the layer's sparsity is `share` to 0.001
/// (or `alpha` is known to 0.001).
fn variant_mask(weight: &Matrix, share: f64, score: impl Fn(f32, usize) -> f32 + Sync) -> Vec<bool> {
    let columns = weight.cols.max(1);
    let rows: Vec<Row> = weight.data.par_chunks(columns).map(|row| Row::new(row, &score)).collect();
    let (mut low, mut high, mut alpha) = (0.0f32, 0.8f32, 0.4f32);
    loop {
        let thresholds: Vec<f32> = rows.iter().map(|row| row.threshold(alpha)).collect();
        let dropped: usize = rows.iter().zip(&thresholds).map(|(row, &t)| row.dropped(t)).sum();
        let sparsity = dropped as f64 / weight.data.len().max(1) as f64;
        if (sparsity - share).abs() <= 0.001 || high - low < 0.001 {
            let rows = weight.data.chunks(columns).zip(thresholds);
            return rows
                .flat_map(|(row, threshold)| row.iter().enumerate().map(move |(column, &w)| (w, column, threshold)))
                .map(|(w, column, threshold)| score(w, column) <= threshold)
                .collect();
        }
        *(if sparsity > share { &mut high } else { &mut low }) = alpha;
        alpha = (low + high) / 2.0;
    }
}

/// The scores of a row, sorted, with their running sums.
struct Row {
    sorted: Vec<f32>,
    sums: Vec<f64>,
}

impl Row {
    fn new(row: &[f32], score: impl Fn(f32, usize) -> f32) -> Self {
        let mut sorted: Vec<f32> = row.iter().enumerate().map(|(column, &w)| score(w, column)).collect();
        sorted.sort_by(f32::total_cmp);
        let mut sum = 0.0;
        let sums = sorted.iter().map(|&s| {
            sum += f64::from(s);
            sum
        });
        Self { sums: sums.collect(), sorted }
    }

    /// The largest score that may go while the lost scores sum to `alpha` of all at most; below 0 where none may.
    fn threshold(&self, alpha: f32) -> f32 {
        let budget = self.sums.last().copied().unwrap_or(0.0) * f64::from(alpha);
        let count = self.sums.partition_point(|&sum| sum <= budget);
        if count == 0 { -1.0 } else { self.sorted[count - 1] }
    }

    fn dropped(&self, threshold: f32) -> usize {
        self.sorted.partition_point(|&score| score <= threshold)
    }
}

impl Method for Wanda {
    fn needs(&self) -> Needs {
        Needs::CHANNELS
    }

    fn sparsity(&self) -> Option<Sparsity> {
        Some(self.sparsity)
    }

    fn true_sequential(&self) -> bool {
        self.true_sequential
    }

    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        let mean_squares = seen.channels()?.mean_squares();
        let reports = group.linears.iter_mut().map(|linear| {
            let mask = self.mask(&linear.weight, &mean_squares);
            zero_masked(&mut linear.weight, &mask);
            linear.pruned = true;
            LinearReport::default()
        });
        Ok(reports.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variant_takes_more_of_rows_whose_score_sits_in_few_weights() {
        let mut data: Vec<f32> = (0..400).map(|i| 1.0 + i as f32 / 400.0).collect();
        data.extend((0..400).map(|i| if i < 8 { 100.0 + i as f32 } else { 0.1 + i as f32 / 4000.0 }));
        let weight = Matrix { rows: 2, cols: 400, data };
        let wanda = Wanda { sparsity: Sparsity::Unstructured(0.5), variant: true, true_sequential: false };
        let mask = wanda.mask(&weight, &[1.0; 400]);
        let count = |row: &[bool]| row.iter().filter(|&&gone| gone).count();
        assert!(count(&mask[400..]) > count(&mask[..400]));
        assert!(count(&mask).abs_diff(400) <= 8, "{}", count(&mask));
    }

    #[test]
    fn outputs_move_less_than_by_magnitude_where_inputs_differ_in_size() {
        let mut rng = record::Rng::new(4);
        let mut inputs = Matrix::new(200, 64, (0..200 * 64).map(|_| rng.uniform() as f32 - 0.5).collect());
        for row in inputs.data.chunks_mut(64) {
            row.iter_mut().step_by(8).for_each(|x| *x *= 20.0);
        }
        let weight = Matrix::new(16, 64, (0..16 * 64).map(|_| rng.uniform() as f32 - 0.5).collect());
        let (mut hessian, mut norms) = (crate::Hessian::new(64), crate::Channels::new(64));
        hessian.add(&inputs, 1);
        norms.add(&inputs, 1);
        let lost = |mask: Vec<bool>| {
            let data = weight.data.iter().zip(mask).map(|(&w, gone)| if gone { w } else { 0.0 }).collect();
            hessian.output_energy(&Matrix::new(16, 64, data))
        };
        let sparsity = Sparsity::Unstructured(0.5);
        let wanda = Wanda { sparsity, variant: false, true_sequential: false };
        let by_magnitude = lost(crate::method::Magnitude { sparsity }.mask(&weight));
        assert!(lost(wanda.mask(&weight, &norms.mean_squares())) < 0.5 * by_magnitude);
    }
}
