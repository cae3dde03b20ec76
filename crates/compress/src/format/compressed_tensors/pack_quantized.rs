//! compressed-tensors, format `pack-quantized`: small integers in 32-bit words, as llm-compressor writes them.
//!
//! The levels of a row are one stream of bits, the first in the lowest bits of the first word, as compressed-tensors 0.19
//! and 0.20 pack them ([`model::packed`]).

use model::Dtype;
use model::packed::{self, Layout};

use crate::format::dense::{dtype, float_bytes};
use crate::format::tensor_file::Plan;
use crate::{ActOrder, QuantizedWeight, Scheme};

/// The tensors of a linear `name` of shape `[rows, cols]`.
pub(super) fn plans(name: &str, (rows, cols): (usize, usize), scheme: &Scheme) -> Vec<Plan> {
    let words = |count| Layout::Dense.words(count, u32::from(scheme.grid.bits));
    let groups = scheme.group.count(cols);
    let plan =
        |suffix: &str, dtype, shape: &[usize]| Plan { name: format!("{name}.{suffix}"), dtype, shape: shape.into() };
    let mut all = vec![
        plan("weight_packed", Dtype::I32, &[rows, words(cols)]),
        plan("weight_scale", dtype(scheme.grid.scale_type), &[rows, groups]),
        plan("weight_shape", Dtype::I64, &[2]),
    ];
    if !scheme.grid.symmetric {
        all.push(plan("weight_zero_point", Dtype::I32, &[words(rows), groups]));
    }
    if scheme.act_order == ActOrder::Group {
        all.push(plan("weight_g_idx", Dtype::I32, &[cols]));
    }
    all
}

/// The tensors' contents, in the order of [`plans`].
pub(super) fn contents(weight: &QuantizedWeight) -> Vec<Vec<u8>> {
    let bits = u32::from(weight.grid.bits);
    let words = |levels: &[u8], cols: usize| -> Vec<u8> {
        let offset = 1i16 << (bits - 1);
        let signed: Vec<i8> = levels.iter().map(|&level| (i16::from(level) - offset) as i8).collect();
        packed::pack(&signed, cols, bits).into_iter().flat_map(u32::to_le_bytes).collect()
    };
    let shape = [weight.rows as i64, weight.cols as i64];
    let mut all = vec![
        words(&weight.levels, weight.cols),
        float_bytes(weight.grid.scale_type, weight.steps.iter().map(|step| step.scale)),
        shape.into_iter().flat_map(i64::to_le_bytes).collect(),
    ];
    if !weight.grid.symmetric {
        let zeros: Vec<u8> = weight.steps.iter().map(|step| step.zero as u8).collect();
        all.push(transpose_words(&words(&transpose(&zeros, weight.groups()), weight.rows), weight.groups()));
    }
    if let Some(group_of) = &weight.group_of {
        all.push(group_of.iter().flat_map(|&group| (group as i32).to_le_bytes()).collect());
    }
    all
}

/// `[rows, cols]` to `[cols, rows]`.
fn transpose(values: &[u8], cols: usize) -> Vec<u8> {
    let rows = values.len() / cols.max(1);
    (0..cols).flat_map(|col| (0..rows).map(move |row| values[row * cols + col])).collect()
}

/// 32-bit words `[rows, cols]` to `[cols, rows]`.
fn transpose_words(bytes: &[u8], rows: usize) -> Vec<u8> {
    let words = bytes.as_chunks::<4>().0;
    let cols = words.len() / rows.max(1);
    (0..cols).flat_map(|col| (0..rows).flat_map(move |row| words[row * cols + col])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FloatType, Grid, GroupSize, Matrix, method::Rtn};

    #[test]
    fn contents_have_the_planned_sizes_and_the_counted_bits() {
        let mut rng = record::Rng::new(1);
        let weight = Matrix { rows: 5, cols: 24, data: (0..120).map(|_| rng.uniform() as f32 - 0.3).collect() };
        for bits in [2, 3, 4, 8] {
            for symmetric in [true, false] {
                for group in [GroupSize::Channel, GroupSize::Columns(8)] {
                    let grid = Grid { scale_type: FloatType::Bf16, ..Grid::new(bits, symmetric) };
                    let mut quantized = Rtn { grid, group, activations: false }.quantize(&weight);
                    quantized.group_of = Some(vec![0; 24]);
                    let plans =
                        plans("l", (5, 24), &Scheme { activations: false, grid, group, act_order: ActOrder::Group });
                    let contents = contents(&quantized);
                    assert_eq!(plans.len(), contents.len());
                    assert!(plans.iter().zip(&contents).all(|(plan, bytes)| plan.bytes() == bytes.len()));
                    let counted: usize = contents.iter().map(Vec::len).sum::<usize>() - 16;
                    assert_eq!(quantized.stored_bits(), counted * 8);
                }
            }
        }
    }

    #[test]
    fn zero_points_are_packed_along_the_outputs() {
        let step = |zero| crate::Step { scale: 1.0, zero };
        let weight = QuantizedWeight {
            rows: 2,
            cols: 2,
            grid: Grid::new(4, false),
            group: GroupSize::Columns(1),
            levels: vec![0; 4],
            steps: vec![step(1.0), step(2.0), step(3.0), step(4.0)],
            group_of: None,
        };
        assert_eq!(contents(&weight)[3], [0x31, 0, 0, 0, 0x42, 0, 0, 0]);
    }
}
