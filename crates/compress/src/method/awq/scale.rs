//! The scales that AWQ tries.

use crate::group::LinearGroup;
use crate::{Channels, GroupSize};

/// The least scale before they are centered.
const LEAST: f32 = 1e-4;

/// Which scales are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// Those of both searches.
    Both,
    /// `s = x^r`, x the mean magnitude of the inputs (the paper); at r = 0 nothing is scaled.
    Activations,
    /// `s = x^r / w^(1-r)`, w the mean relative magnitude of the weights (AutoAWQ); never the identity.
    Duo,
    /// The same, as AutoAWQ computes it on a CPU: its copy of the weights is none there, so the first scales that it tries
    /// stay in the weights for all the others, and nearly always the first wins.
    DuoReference,
}

/// Scales that were tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The exponent r, in [0, 1).
    pub ratio: f32,
    /// `[in]`: weight columns are multiplied, inputs divided.
    pub scales: Vec<f32>,
    /// Mean squared error of the outputs.
    pub loss: f64,
}

impl Scaling {
    /// All scales of this search for a group, in the order in which equal ones win.
    pub(super) fn candidates(
        self,
        group: &LinearGroup,
        channels: &Channels,
        size: GroupSize,
        steps: usize,
    ) -> Vec<Candidate> {
        let inputs = channels.mean_magnitudes();
        let mut all = Vec::new();
        let ratios = || (0..steps).map(|step| step as f32 / steps as f32);
        let mut add = |ratio: f32, scale: &dyn Fn(usize) -> f32| {
            let scales = centered((0..inputs.len()).map(|at| scale(at).max(LEAST)).collect());
            all.push(Candidate { ratio, scales, loss: f64::INFINITY });
        };
        if matches!(self, Self::Both | Self::Activations) {
            ratios().for_each(|ratio| add(ratio, &|at| inputs[at].powf(ratio)));
        }
        if self != Self::Activations {
            let weights = relative_weights(group, size);
            ratios().for_each(|r| add(r, &|at| inputs[at].powf(r) / (weights[at].powf(1.0 - r) + 1e-4)));
        }
        all
    }
}

/// Divided by the geometric mean of the outermost; what is no number then does not scale.
fn centered(mut scales: Vec<f32>) -> Vec<f32> {
    let (least, most) = scales.iter().fold((f32::INFINITY, 0.0f32), |(least, most), &s| (least.min(s), most.max(s)));
    let center = (most * least).sqrt();
    for scale in &mut scales {
        *scale /= center;
        if !scale.is_finite() || *scale <= 0.0 {
            *scale = 1.0;
        }
    }
    scales
}

/// The mean over all rows of the group's weights of `|w| / max|w|`, the maximum over the weights that share a scale, `[in]`.
fn relative_weights(group: &LinearGroup, size: GroupSize) -> Vec<f32> {
    let inputs = group.linears.first().map_or(0, |linear| linear.weight.cols);
    let mut sums = vec![0.0f64; inputs];
    let mut rows = 0;
    for row in group.linears.iter().flat_map(|linear| linear.weight.data.chunks(inputs.max(1))) {
        rows += 1;
        let size = size.columns(inputs);
        for (run, sums) in row.chunks(size).zip(sums.chunks_mut(size)) {
            let most = run.iter().fold(0f32, |most, w| most.max(w.abs())) + 1e-6;
            sums.iter_mut().zip(run).for_each(|(sum, w)| *sum += f64::from(w.abs() / most));
        }
    }
    sums.iter().map(|sum| (sum / rows.max(1) as f64) as f32).collect()
}
