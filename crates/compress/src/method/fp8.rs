//! FP8: weights as 8-bit floating point, a scale for each output channel; activations likewise, a scale for each token.

use crate::grid::Number;
use crate::group::{LinearGroup, LinearReport};
use crate::method::{Method, MethodInfo, MethodKind, Rtn};
use crate::seen::{Needs, Seen};
use crate::settings;
use crate::{CompressError, Grid, GroupSize, Scheme};

/// e4m3 weights `W / s` with `s = max|W| / 448` of each row, cast to nearest even (Micikevicius et al. 2022). Needs no data;
/// activations are cast the same way, token by token, while the model runs.
#[derive(Debug, Clone, Copy)]
pub struct Fp8 {
    /// Whether activations are cast too.
    pub activations: bool,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "fp8",
    about: "8-bit floating point: a scale for each output channel, and for each token's activations; no data",
    settings: &[settings::FP8_ACTIVATIONS],
    alone: &[],
    kind: MethodKind::Quantizes,
    build: |settings| {
        let activations = match settings.value("activation_bits").as_u64() {
            Some(8) => true,
            Some(16) => false,
            _ => return Err(settings.bad("activation_bits", "8 or 16")),
        };
        Ok(Box::new(Fp8 { activations }))
    },
};

impl Fp8 {
    /// The rounding of weights.
    pub fn rtn(&self) -> Rtn {
        let grid = Grid { number: Number::Fp8, ..Grid::new(8, true) };
        Rtn { grid, group: GroupSize::Channel, activations: self.activations }
    }
}

impl Method for Fp8 {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn scheme(&self) -> Option<Scheme> {
        self.rtn().scheme()
    }

    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        self.rtn().compress(group, seen)
    }
}
