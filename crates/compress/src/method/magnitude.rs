//! Magnitude pruning: the smallest weights of a layer become zero. Needs no data.

use crate::group::{LinearGroup, LinearReport};
use crate::method::{Method, MethodInfo, MethodKind};
use crate::seen::{Needs, Seen};
use crate::settings::{self, Settings};
use crate::sparsity::{Sparsity, zero_masked};
use crate::{CompressError, Matrix};

/// Magnitude pruning.
#[derive(Debug, Clone, Copy)]
pub struct Magnitude {
    /// What share of the layer to zero, or which n of m.
    pub sparsity: Sparsity,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "magnitude",
    about: "drop the smallest weights of each layer: no data, the baseline of pruning",
    settings: &[settings::SPARSITY],
    alone: &[],
    kind: MethodKind::Prunes,
    build: |settings| Ok(Box::new(Magnitude::from_settings(settings)?)),
};

impl Magnitude {
    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        Ok(Self { sparsity: settings.sparsity()? })
    }

    /// Which weights `[out, in]` to drop.
    ///
    /// Unstructured, the threshold is one number for the layer: the weight at place `floor(share * weights)` of the
    /// sorted magnitudes, itself included, and so is every other of the same magnitude.
    ///
    /// ```
    /// use compress::{Matrix, Sparsity, method::Magnitude};
    /// let weight = Matrix { rows: 2, cols: 2, data: vec![0.1, -0.4, 0.3, -0.2] };
    /// let half = Magnitude { sparsity: Sparsity::Unstructured(0.3) };
    /// assert_eq!(half.mask(&weight), [true, false, false, true]);
    /// ```
    pub fn mask(&self, weight: &Matrix) -> Vec<bool> {
        let Sparsity::Unstructured(share) = self.sparsity else {
            return self.sparsity.smallest_by_row(weight, |w, _| w.abs());
        };
        let mut magnitudes: Vec<f32> = weight.data.iter().map(|w| w.abs()).collect();
        let place = (magnitudes.len() as f64 * share) as usize;
        if place >= magnitudes.len() {
            return vec![true; magnitudes.len()];
        }
        let threshold = *magnitudes.select_nth_unstable_by(place, f32::total_cmp).1;
        weight.data.iter().map(|w| w.abs() <= threshold).collect()
    }
}

impl Method for Magnitude {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn sparsity(&self) -> Option<Sparsity> {
        Some(self.sparsity)
    }

    fn compress(&self, group: &mut LinearGroup, _: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        let reports = group.linears.iter_mut().map(|linear| {
            let mask = self.mask(&linear.weight);
            zero_masked(&mut linear.weight, &mask);
            linear.pruned = true;
            LinearReport::default()
        });
        Ok(reports.collect())
    }
}
