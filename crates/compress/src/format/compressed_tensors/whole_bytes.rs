//! compressed-tensors, formats `int-quantized` and `float-quantized`: one byte a weight, for W8A8 and FP8.

use model::Dtype;

use crate::format::dense::{dtype, float_bytes};
use crate::format::tensor_file::Plan;
use crate::grid::Number;
use crate::{QuantizedWeight, Scheme};

/// The tensors of a linear `name` of shape `[rows, cols]`.
pub(super) fn plans(name: &str, (rows, cols): (usize, usize), scheme: &Scheme) -> Vec<Plan> {
    let weight = match scheme.grid.number {
        Number::Int => Dtype::I8,
        Number::Fp8 => Dtype::F8_E4M3,
    };
    let scales = vec![rows, scheme.group.count(cols)];
    vec![
        Plan { name: format!("{name}.weight"), dtype: weight, shape: vec![rows, cols] },
        Plan { name: format!("{name}.weight_scale"), dtype: dtype(scheme.grid.scale_type), shape: scales },
    ]
}

/// The tensors' contents, in the order of [`plans`].
pub(super) fn contents(weight: &QuantizedWeight) -> Vec<Vec<u8>> {
    let levels = match weight.grid.number {
        // Level 128 is 0.
        Number::Int => weight.levels.iter().map(|level| level.wrapping_sub(128)).collect(),
        Number::Fp8 => weight.levels.clone(),
    };
    vec![levels, float_bytes(weight.grid.scale_type, weight.steps.iter().map(|step| step.scale))]
}
