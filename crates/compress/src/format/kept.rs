//! Tensors that stay as they are. What lies in blocks of a GGUF file is written as the numbers that they stand for, where
//! another format is written, or where the numbers were changed.

use model::gguf::{Kind, Quantized};
use model::{Checkpoint, Dtype, TensorView, Weight};

use super::tensor_file::Plan;
use super::weight_file::WeightFile;
use crate::CompressError;

/// The linear and the type of a tensor of a GGUF file's blocks.
pub(super) fn gguf_blocks<'a>(checkpoint: &Checkpoint, name: &'a str) -> Option<(&'a str, Kind)> {
    let (linear, suffix) = name.rsplit_once('.').filter(|_| checkpoint.is_gguf())?;
    Kind::of_suffix(suffix).map(|kind| (linear, kind))
}

/// The tensor of the numbers that blocks stand for.
pub(super) fn widened(linear: &str, kind: Kind, tensor: &TensorView) -> Plan {
    let mut shape = tensor.shape.clone();
    if let Some(inner) = shape.last_mut() {
        *inner = *inner / kind.block_bytes() * kind.block_values();
    }
    Plan { name: format!("{linear}.weight"), dtype: Dtype::F32, shape }
}

/// A tensor that stays as it is.
pub(super) struct KeptTensor {
    /// What is written.
    pub plan: Plan,
    /// Where it comes from.
    pub tensor: TensorView,
}

/// Writes a tensor that stays as it is, as its own bytes or as the numbers that its blocks stand for.
pub(super) fn keep(file: &mut WeightFile, checkpoint: &Checkpoint, kept: &KeptTensor) -> Result<(), CompressError> {
    let KeptTensor { plan, tensor } = kept;
    let blocks = gguf_blocks(checkpoint, &tensor.name).filter(|_| plan.name != tensor.name);
    let wide: Option<Vec<u8>> = blocks.map(|(_, kind)| {
        let (rows, cols) = (plan.shape[0], plan.shape.last().copied().unwrap_or(1));
        let blocks = Quantized { kind, rows, cols, bytes: tensor.bytes.clone() };
        Weight::Quantized(blocks).to_f32().data.iter().flat_map(|value| value.to_le_bytes()).collect()
    });
    file.write(&plan.name, wide.as_deref().unwrap_or(&tensor.bytes))?;
    tensor.bytes.forget();
    Ok(())
}
