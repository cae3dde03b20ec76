//! A weight as integers with scales and zero points.

use model::packed::Layout;

use crate::Matrix;
use crate::grid::{Grid, Step};

/// Which weights of a row share a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupSize {
    /// The whole row (one output channel).
    Channel,
    /// This many consecutive inputs.
    Columns(usize),
}

impl GroupSize {
    /// Weights of a row of `columns` that share a scale, at least 1.
    pub fn columns(self, columns: usize) -> usize {
        match self {
            GroupSize::Channel => columns.max(1),
            GroupSize::Columns(size) => size.max(1),
        }
    }

    /// Groups of a row of `columns`; the last may be shorter.
    pub fn count(self, columns: usize) -> usize {
        columns.div_ceil(self.columns(columns))
    }
}

/// Whether and how columns were processed in another order, as the configuration calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActOrder {
    /// In the order of the inputs.
    None,
    /// By activity, with groups that are runs of inputs.
    Static,
    /// By activity, with groups that are runs of processed columns: `weight_g_idx` says which.
    Group,
}

/// How all linears of a checkpoint are quantized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scheme {
    /// Whether inputs are rounded too, while the model runs: 8-bit numbers of the kind of the weights, a scale a token.
    pub activations: bool,
    /// The grid; its scale type is that of the linear at hand.
    pub grid: Grid,
    /// Which weights share a scale.
    pub group: GroupSize,
    /// The order of the columns.
    pub act_order: ActOrder,
}

/// A quantized weight: `weight[o, i] = scale[o, g] * (level[o, i] - zero[o, g])`, g the group of input i.
///
/// The levels are those of the method's own loop; they are never derived again from rounded weights.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedWeight {
    /// Output rows.
    pub rows: usize,
    /// Input columns.
    pub cols: usize,
    /// The grid.
    pub grid: Grid,
    /// Which weights share a scale.
    pub group: GroupSize,
    /// `[rows, cols]`, each in `0..2^bits`, in the order of the inputs.
    pub levels: Vec<u8>,
    /// `[rows, groups]`.
    pub steps: Vec<Step>,
    /// The group of each input, where groups are not runs of consecutive inputs (act-order with dynamic groups).
    pub group_of: Option<Vec<u32>>,
}

impl QuantizedWeight {
    /// Groups of a row.
    pub fn groups(&self) -> usize {
        self.group.count(self.cols)
    }

    /// The weight as numbers, `[rows, cols]`.
    pub fn dequantize(&self) -> Matrix {
        let (groups, size) = (self.groups(), self.group.columns(self.cols));
        let mut data = Vec::with_capacity(self.levels.len());
        for (row, levels) in self.levels.chunks(self.cols.max(1)).enumerate() {
            let steps = &self.steps[row * groups..(row + 1) * groups];
            data.extend(levels.iter().enumerate().map(|(column, &level)| {
                let group = self.group_of.as_ref().map_or(column / size, |of| of[column] as usize);
                self.grid.weight(steps[group], level)
            }));
        }
        Matrix { rows: self.rows, cols: self.cols, data }
    }

    /// Bits on disk, as compressed-tensors packs it: whole 32-bit words of levels, scales, zero points, group indices.
    pub fn stored_bits(&self) -> usize {
        let words = |count| Layout::Dense.words(count, u32::from(self.grid.bits));
        let levels = self.rows * words(self.cols) * 32;
        let scales = self.rows * self.groups() * self.grid.scale_type.bytes() * 8;
        let zeros = if self.grid.symmetric { 0 } else { words(self.rows) * self.groups() * 32 };
        levels + scales + zeros + self.group_of.as_ref().map_or(0, |of| of.len() * 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_scales_and_zeros_make_the_weight_and_the_bits_are_counted() {
        let step = Step { scale: 0.5, zero: 8.0 };
        let weight = QuantizedWeight {
            rows: 1,
            cols: 8,
            grid: Grid::new(4, false),
            group: GroupSize::Columns(4),
            levels: vec![8, 9, 7, 15, 0, 1, 2, 3],
            steps: vec![step, Step { scale: 1.0, zero: 0.0 }],
            group_of: None,
        };
        assert_eq!(weight.dequantize().data, [0.0, 0.5, -0.5, 3.5, 0.0, 1.0, 2.0, 3.0]);
        // One word of levels, two 32-bit scales, two words of zero points.
        assert_eq!(weight.stored_bits(), 32 + 64 + 64);
        let shuffled = QuantizedWeight { group_of: Some(vec![1, 0, 1, 0, 1, 0, 1, 0]), ..weight };
        assert_eq!(shuffled.dequantize().data, [8.0, 0.5, 7.0, 3.5, 0.0, -3.5, 2.0, -2.5]);
    }
}
