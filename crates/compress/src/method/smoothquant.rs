//! SmoothQuant: move the outliers of the activations into the weights, so that both can be rounded to 8 bits.

use model::GroupKind;

use crate::group::{LinearGroup, LinearReport};
use crate::method::{Method, MethodInfo, MethodKind, Rtn};
use crate::seen::{Channels, Needs, Seen};
use crate::settings;
use crate::{CompressError, Scheme};

/// The least scale, and the least range of weights.
const LEAST: f32 = 1e-5;

/// SmoothQuant (Xiao et al. 2022, eq. 4) on the inputs that a norm makes: each channel is divided by
/// `max|x_j|^a / max|W_j|^(1-a)`. Where no other method of the list rounds, weights and activations become 8-bit numbers.
#[derive(Debug, Clone, Copy)]
pub struct SmoothQuant {
    /// How much of the outliers moves into the weights, in [0, 1].
    pub alpha: f32,
    /// As llm-compressor: `max - min` of the activations against twice the largest weight.
    pub ranges: bool,
    /// Rounds the weights at the end.
    pub quantize: Option<Rtn>,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "smoothquant",
    about: "move activation outliers into the weights (Xiao et al. 2022); alone it rounds both to 8 bits (W8A8), and \
            so does smoothquant+gptq",
    settings: &[settings::ALPHA, settings::RANGES, settings::SEQUENCES, settings::LENGTH],
    alone: settings::W8A8,
    kind: MethodKind::Folds,
    build: |settings| {
        let alpha = settings.share("alpha")? as f32;
        Ok(Box::new(SmoothQuant { alpha, ranges: settings.flag("ranges")?, quantize: Rtn::where_set(settings)? }))
    },
};

impl SmoothQuant {
    /// What to divide the input channels by, `[in]`, given the largest weight of each channel over all linears, `[in]`.
    ///
    /// ```
    /// use compress::{Channels, Matrix, method::SmoothQuant};
    /// let mut channels = Channels::new(2);
    /// channels.add(&Matrix::new(1, 2, vec![16.0, -1.0]), 1);
    /// let half = SmoothQuant { alpha: 0.5, ranges: false, quantize: None };
    /// assert_eq!(half.scales(&channels, &[1.0, 4.0]), [4.0, 0.5]);
    /// ```
    pub fn scales(&self, channels: &Channels, largest_weights: &[f32]) -> Vec<f32> {
        let (activations, twice) = if self.ranges { (channels.ranges(), 2.0) } else { (channels.largest(), 1.0) };
        let each = activations.iter().zip(largest_weights).map(|(&x, &w)| {
            let weight = (twice * w).max(LEAST).powf(1.0 - self.alpha);
            let scale = x.powf(self.alpha) / weight;
            if scale.is_finite() { scale.max(LEAST) } else { 1.0 }
        });
        each.collect()
    }
}

/// The largest magnitude of each input channel's weights over all linears of a group, `[in]`.
pub fn largest_weights(group: &LinearGroup) -> Vec<f32> {
    let inputs = group.linears.first().map_or(0, |linear| linear.weight.cols);
    let mut largest = vec![0.0f32; inputs];
    for row in group.linears.iter().flat_map(|linear| linear.weight.data.chunks(inputs.max(1))) {
        largest.iter_mut().zip(row).for_each(|(most, w)| *most = most.max(w.abs()));
    }
    largest
}

impl Method for SmoothQuant {
    fn needs(&self) -> Needs {
        Needs::CHANNELS
    }

    fn scheme(&self) -> Option<Scheme> {
        self.quantize.and_then(|rtn| rtn.scheme())
    }

    fn true_sequential(&self) -> bool {
        false
    }

    fn folds(&self, kind: GroupKind, experts: usize) -> bool {
        match kind {
            GroupKind::Qkv | GroupKind::Queries | GroupKind::KeysValues => true,
            GroupKind::GateUp => experts == 1,
            GroupKind::Output | GroupKind::Down => false,
        }
    }

    fn fold(&self, group: &LinearGroup, seen: &Seen, _: Option<&Scheme>) -> Result<Vec<f32>, CompressError> {
        let channels = seen.channels()?;
        let scales = self.scales(channels, &largest_weights(group));
        // The formula would make a channel that no calibration token excited a hundred thousand times as loud.
        let silent = channels.largest().into_iter().map(|x| x == 0.0);
        Ok(scales.into_iter().zip(silent).map(|(scale, silent)| if silent { 1.0 } else { scale }).collect())
    }

    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        match &self.quantize {
            Some(rtn) => rtn.compress(group, seen),
            None => Ok(vec![LinearReport::default(); group.linears.len()]),
        }
    }
}
