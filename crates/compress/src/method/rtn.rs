//! Round to nearest: every weight goes to the closest level of its group's grid. Needs no data.

use rayon::prelude::*;

use crate::group::{LinearGroup, Needs, Report, Seen};
use crate::method::{Method, MethodInfo};
use crate::settings::{self, Settings};
use crate::{ActOrder, CompressError, Grid, GroupSize, Matrix, QuantizedWeight, Scheme};

/// Round to nearest.
#[derive(Debug, Clone, Copy)]
pub struct Rtn {
    /// The grid.
    pub grid: Grid,
    /// Which weights share a scale.
    pub group: GroupSize,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "rtn",
    about: "round to nearest: no data, the baseline of quantization",
    settings: &[settings::BITS, settings::GROUP_SIZE, settings::SYMMETRIC, settings::MSE, settings::GRID],
    build: |settings| Ok(Box::new(Rtn::from_settings(settings)?)),
};

impl Rtn {
    fn from_settings(settings: &Settings) -> Result<Self, CompressError> {
        Ok(Self { grid: settings.grid()?, group: settings.group_size()? })
    }

    /// Quantizes a weight `[out, in]`.
    ///
    /// ```
    /// use compress::{Grid, GroupSize, Matrix, method::Rtn};
    /// let weight = Matrix { rows: 1, cols: 4, data: vec![-0.75, 0.1, 0.24, 0.75] };
    /// let rtn = Rtn { grid: Grid::new(4, true), group: GroupSize::Channel };
    /// assert_eq!(rtn.quantize(&weight).levels, [0, 9, 10, 15]);
    /// ```
    pub fn quantize(&self, weight: &Matrix) -> QuantizedWeight {
        let (columns, top) = (weight.cols.max(1), self.grid.top());
        let size = self.group.columns(columns);
        let rows = weight.data.par_chunks(columns).map(|row| {
            let mut levels = Vec::with_capacity(columns);
            let steps: Vec<_> = row
                .chunks(size)
                .map(|group| {
                    let step = self.grid.fit(group);
                    levels.extend(group.iter().map(|&w| step.level(w, top) as u8));
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
        Needs::Nothing
    }

    fn scheme(&self) -> Option<Scheme> {
        Some(Scheme { grid: self.grid, group: self.group, act_order: ActOrder::None })
    }

    fn compress(&self, group: &mut LinearGroup, _: &Seen) -> Result<Vec<Report>, CompressError> {
        let reports = group.linears.iter_mut().map(|linear| {
            let rtn = Rtn { grid: Grid { scale_type: linear.stored, ..self.grid }, ..*self };
            let quantized = rtn.quantize(&linear.weight);
            linear.weight = quantized.dequantize();
            linear.quantized = Some(quantized);
            Report::default()
        });
        Ok(reports.collect())
    }
}
