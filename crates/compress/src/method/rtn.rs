//! Round to nearest: every weight goes to the closest level of its group's grid. Needs no data.

use rayon::prelude::*;

use crate::group::{LinearGroup, LinearReport, Target};
use crate::method::{Method, MethodInfo, MethodKind};
use crate::seen::{Needs, Seen};
use crate::settings::{self, Settings};
use crate::{ActOrder, CompressError, Grid, GroupSize, Matrix, QuantizedWeight, Scheme};

/// Round to nearest.
#[derive(Debug, Clone, Copy)]
pub struct Rtn {
    /// The grid.
    pub grid: Grid,
    /// Which weights share a scale.
    pub group: GroupSize,
    /// Whether inputs are rounded to 8 bits too, while the model runs.
    pub activations: bool,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "rtn",
    about: "round to nearest: no data, the baseline of quantization",
    settings: &[
        settings::BITS,
        settings::GROUP_SIZE,
        settings::SYMMETRIC,
        settings::MSE,
        settings::GRID,
        settings::ACTIVATION_BITS,
    ],
    alone: &[],
    kind: MethodKind::Quantizes,
    build: |settings| Ok(Box::new(Rtn::from_settings(settings)?)),
};

impl Rtn {
    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        let grid = settings.grid()?;
        Ok(Self { grid, group: settings.group_size()?, activations: settings.activations(&grid)? })
    }

    /// The rounding at the end of a method that rounds only where no other method of the list does.
    pub(super) fn where_set(settings: &Settings) -> Result<Option<Self>, CompressError> {
        if settings.value("bits").is_null() { Ok(None) } else { Self::from_settings(settings).map(Some) }
    }

    /// Rounds one linear.
    pub(crate) fn linear(&self, linear: &mut Target) {
        let rtn = Rtn { grid: linear.grid(self.grid), ..*self };
        linear.put(rtn.quantize(&linear.weight));
    }

    /// Quantizes a weight `[out, in]`.
    ///
    /// ```
    /// use compress::{Grid, GroupSize, Matrix, method::Rtn};
    /// let weight = Matrix { rows: 1, cols: 4, data: vec![-0.75, 0.1, 0.24, 0.75] };
    /// let rtn = Rtn { grid: Grid::new(4, true), group: GroupSize::Channel, activations: false };
    /// assert_eq!(rtn.quantize(&weight).levels, [0, 9, 10, 15]);
    /// ```
    pub fn quantize(&self, weight: &Matrix) -> QuantizedWeight {
        let columns = weight.cols.max(1);
        let size = self.group.columns(columns);
        let rows = weight.data.par_chunks(columns).map(|row| {
            let mut levels = Vec::with_capacity(columns);
            let steps: Vec<_> = row
                .chunks(size)
                .map(|group| {
                    let step = self.grid.fit(group);
                    levels.extend(group.iter().map(|&w| self.grid.level(step, w)));
                    step
                })
                .collect();
            (levels, steps)
        });
        let (levels, steps): (Vec<_>, Vec<_>) = rows.unzip();
        QuantizedWeight {
            rows: weight.rows,
            cols: weight.cols,
            grid: self.grid,
            group: self.group,
            levels: levels.concat(),
            steps: steps.concat(),
            group_of: None,
        }
    }
}

impl Method for Rtn {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn scheme(&self) -> Option<Scheme> {
        let (grid, group, activations) = (self.grid, self.group, self.activations);
        Some(Scheme { activations, grid, group, act_order: ActOrder::None })
    }

    fn compress(&self, group: &mut LinearGroup, _: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        group.linears.iter_mut().for_each(|linear| self.linear(linear));
        Ok(vec![LinearReport::default(); group.linears.len()])
    }
}
