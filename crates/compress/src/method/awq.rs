//! AWQ: scale up the weights that meet loud inputs before rounding, and clip what rounding is better off without.

use model::{GroupKind, kernel};
use rayon::prelude::*;

use crate::group::{LinearGroup, LinearReport, Target};
use crate::method::{Method, MethodInfo, MethodKind, Rtn};
use crate::seen::{HessianPart, Needs, Seen};
use crate::settings::{self, Settings};
use crate::{CompressError, Grid, GroupSize, Matrix, Scheme, matmul};

mod clip;
mod scale;

pub use clip::{clip, clip_limits};
pub use scale::{Candidate, Scaling};

/// Rows of a weight that one task works on. Fixed, so that the result does not depend on the threads.
const ROWS: usize = 64;

/// AWQ (Lin et al. 2023, eq. 4): input channels are multiplied by the scales whose rounding error, measured at the
/// group's outputs over all calibration tokens, is the least; then each group's range is clipped where that helps.
///
/// The paper's loss is that of the linear's own output, and so is ours; its code looks at the output of the attention or
/// the gated product for some groups. Scales that change nothing are always tried, which the code's `duo` search omits.
#[derive(Debug, Clone, Copy)]
pub struct Awq {
    /// Which scales are tried.
    pub scaling: Scaling,
    /// Steps of the exponent in [0, 1).
    pub steps: usize,
    /// Whether ranges are clipped; queries and keys never are.
    pub clip: bool,
    /// Rounds the weights at the end.
    pub quantize: Option<Rtn>,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "awq",
    about: "scale up weights that meet loud inputs, clip, then round to nearest (Lin et al. 2023); awq+gptq rounds by GPTQ",
    settings: &[settings::SCALING, settings::STEPS, settings::CLIP, settings::SEQUENCES, settings::AWQ_LENGTH],
    alone: settings::W4_ASYMMETRIC,
    kind: MethodKind::Folds,
    build: |settings| Ok(Box::new(Awq::from_settings(settings)?)),
};

impl Awq {
    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        let scaling = match settings.value("scaling").as_str() {
            Some("both") => Scaling::Both,
            Some("activations") => Scaling::Activations,
            Some("duo") => Scaling::Duo,
            Some("duo_reference") => Scaling::DuoReference,
            _ => return Err(settings.bad("scaling", "`both`, `activations`, `duo` or `duo_reference`")),
        };
        let quantize = Rtn::where_set(settings)?;
        Ok(Self { scaling, steps: settings.count("steps")?.min(1000), clip: settings.flag("clip")?, quantize })
    }

    /// Tries all scales on a group; the losses are mean squared errors of the outputs over all calibration tokens.
    ///
    /// The sums over tokens are exact up to 256 inputs; beyond, they are estimated from the inputs' sketch.
    ///
    /// # Errors
    /// [`CompressError::NotCollected`] where `seen` lacks channels, sketch or Hessian.
    pub fn search(&self, group: &LinearGroup, seen: &Seen, scheme: &Scheme) -> Result<Vec<Candidate>, CompressError> {
        let probe = Probe::new(seen)?;
        let outputs: usize = group.linears.iter().map(|linear| linear.weight.rows).sum();
        let count = (outputs * seen.tokens).max(1) as f64;
        let mut candidates = self.scaling.candidates(group, seen.channels()?, scheme.group, self.steps);
        let first = candidates.first().map(|first| first.scales.clone()).unwrap_or_default();
        for (at, candidate) in candidates.iter_mut().enumerate() {
            let stale = if self.scaling == Scaling::DuoReference && at > 0 { &first[..] } else { &[] };
            let moved = |linear: &Target| {
                let grid = linear.grid(scheme.grid);
                let trial = Trial { scales: &candidate.scales, stale, grid: &grid, group: scheme.group };
                probe.energy(&linear.weight, |row, moved| trial.error(row, moved))
            };
            candidate.loss = group.linears.iter().map(moved).sum::<f64>() / count;
        }
        Ok(candidates)
    }
}

/// The first candidate of the least loss.
fn best(candidates: Vec<Candidate>) -> Option<Candidate> {
    candidates.into_iter().reduce(|best, next| if next.loss < best.loss { next } else { best })
}

/// Scales at trial.
struct Trial<'a> {
    scales: &'a [f32],
    /// Scales that an earlier trial left in the weights, as AutoAWQ does on a CPU; empty: none.
    stale: &'a [f32],
    grid: &'a Grid,
    group: GroupSize,
}

impl Trial<'_> {
    /// `Q(w s) / s - w` of one row.
    fn error(&self, row: &[f32], moved: &mut [f32]) {
        moved.copy_from_slice(row);
        moved.iter_mut().zip(self.stale).for_each(|(m, s)| *m *= s);
        moved.iter_mut().zip(self.scales).for_each(|(m, s)| *m *= s);
        for run in moved.chunks_mut(self.group.columns(row.len())) {
            self.grid.round(run);
        }
        kernel::unscaled_error(moved, self.scales, row);
    }
}

/// What turns a change of weights into a change of outputs.
enum Probe<'a> {
    /// `X^T X`, `[in, in]`.
    Exact(Matrix),
    /// S with `S^T S` about `X^T X`.
    Sketch(&'a Matrix),
}

impl<'a> Probe<'a> {
    fn new(seen: &'a Seen) -> Result<Self, CompressError> {
        if let Some(sketch) = seen.sketch() {
            return Ok(Self::Sketch(sketch));
        }
        let hessian = seen.hessian()?;
        let size = hessian.size();
        Ok(Self::Exact(Matrix::new(size, size, hessian.part(0..size))))
    }

    /// `sum over tokens of ||D x||^2`, D row by row by `change(row of the weight, row of D)`.
    fn energy(&self, weight: &Matrix, change: impl Fn(&[f32], &mut [f32]) + Sync) -> f64 {
        let columns = weight.cols.max(1);
        let chunk = |rows: &[f32]| {
            let mut moved = Matrix::zeros(rows.len() / columns, columns);
            rows.chunks(columns).zip(moved.data.chunks_mut(columns)).for_each(|(row, moved)| change(row, moved));
            match self {
                Self::Exact(sums) => matmul::dot(&matmul::rows(&moved, sums).data, &moved.data),
                Self::Sketch(sketch) => {
                    let seen = matmul::rows(&moved, sketch);
                    matmul::dot(&seen.data, &seen.data)
                }
            }
        };
        let sums: Vec<f64> = weight.data.par_chunks(ROWS * columns).map(chunk).collect();
        sums.into_iter().sum()
    }
}

impl Method for Awq {
    fn needs(&self) -> Needs {
        // A range is clipped by what its own group of inputs makes of it.
        let hessian = match &self.quantize {
            Some(rtn) if self.clip => match rtn.group {
                GroupSize::Channel => HessianPart::Whole,
                GroupSize::Columns(size) => HessianPart::Runs(size),
            },
            _ => HessianPart::Nothing,
        };
        Needs { channels: true, sketch: true, hessian, inputs: false }
    }

    fn scheme(&self) -> Option<Scheme> {
        self.quantize.and_then(|rtn| rtn.scheme())
    }

    fn true_sequential(&self) -> bool {
        false
    }

    fn folds(&self, _: GroupKind, _: usize) -> bool {
        true
    }

    fn fold(&self, group: &LinearGroup, seen: &Seen, scheme: Option<&Scheme>) -> Result<Vec<f32>, CompressError> {
        let inputs = group.linears.first().map_or(0, |linear| linear.weight.cols);
        let Some(scheme) = scheme else { return Ok(vec![1.0; inputs]) };
        Ok(best(self.search(group, seen, scheme)?).map_or_else(|| vec![1.0; inputs], |best| best.scales))
    }

    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        let Some(rtn) = &self.quantize else { return Ok(vec![LinearReport::default(); group.linears.len()]) };
        if self.clip {
            // Queries and keys meet in a product, where clipping does harm.
            let from = match group.kind {
                GroupKind::Qkv => 2,
                GroupKind::Queries | GroupKind::KeysValues => usize::MAX,
                _ => 0,
            };
            for linear in group.linears.iter_mut().filter(|linear| linear.position >= from) {
                let grid = linear.grid(rtn.grid);
                let limits = clip_limits(&linear.weight, seen.hessian()?, grid, rtn.group);
                clip(&mut linear.weight, &limits, rtn.group);
            }
        }
        rtn.compress(group, seen)
    }
}
