//! FP8 (`quant_method: fp8`, as DeepSeek and Qwen publish it and transformers and vLLM read it).
//!
//! For a linear `P` of shape `[out, in]`: `P.weight` e4m3 `[out, in]`, and what its numbers are multiplied by: in blocks of
//! `weight_block_size` `[r, c]` `P.weight_scale_inv` `[ceil(out / r), ceil(in / c)]`; without blocks `P.weight_scale` (or
//! `P.weight_scale_inv`), one number or one for each output. Inputs are rounded to e4m3 as well: `dynamic` by each token, in
//! runs of c inputs where weights are in blocks; `static` by `P.input_scale` (or `P.activation_scale`).

use safetensors::Dtype;
use serde_json::Value;

use super::dense::{check_finite, expect_shape, floats, unfit};
use super::{expect_type, first};
use crate::{Activation, Checkpoint, Fp8, ModelError, TensorView, Weight};

/// How the linears of a checkpoint are quantized.
pub struct Fp8Files {
    /// Outputs and inputs of a block.
    block: Option<(usize, usize)>,
    /// Inputs are rounded by a number that the checkpoint holds.
    fixed: bool,
}

/// Names of the scales of a weight, after the linear's.
const SCALES: [&str; 2] = ["weight_scale_inv", "weight_scale"];
/// Names of the scale of its inputs.
const INPUTS: [&str; 2] = ["input_scale", "activation_scale"];

/// Whether the weight of this linear has scales.
pub fn has_scale(checkpoint: &Checkpoint, name: &str) -> bool {
    SCALES.iter().any(|scale| checkpoint.has(&format!("{name}.{scale}")))
}

/// The first of these tensors of a linear that is there.
fn tensor(checkpoint: &Checkpoint, name: &str, names: [&str; 2]) -> Result<TensorView, ModelError> {
    let found = names.iter().find(|one| checkpoint.has(&format!("{name}.{one}"))).unwrap_or(&names[0]);
    checkpoint.tensor(&format!("{name}.{found}"))
}

impl Fp8Files {
    /// Reads `quantization_config`.
    pub fn read(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        let text = |name: &str| first(value, &[name]).and_then(Value::as_str);
        let fixed = match text("activation_scheme").unwrap_or("dynamic") {
            "dynamic" => false,
            "static" => true,
            other => return Err(unsupported(format!("FP8 with `activation_scheme` `{other}`"))),
        };
        for (name, known) in [("scale_fmt", "float"), ("fmt", "e4m3")] {
            if let Some(other) = text(name).filter(|other| *other != known) {
                return Err(unsupported(format!("FP8 with `{name}` `{other}`")));
            }
        }
        let size = |value: &Value| value.as_u64().filter(|&size| size > 0 && size < 1 << 31).map(|size| size as usize);
        let block = match first(value, &["weight_block_size"]) {
            None => None,
            Some(sizes) => match sizes.as_array().map(|sizes| sizes.iter().map(size).collect::<Vec<_>>()).as_deref() {
                Some(&[Some(rows), Some(cols)]) => Some((rows, cols)),
                _ => return Err(unsupported(format!("FP8 with a `weight_block_size` of {sizes}"))),
            },
        };
        Ok(Self { block, fixed })
    }

    /// The weight of the linear `name`.
    pub fn linear(
        &self,
        checkpoint: &Checkpoint,
        name: &str,
        (rows, cols): (usize, usize),
    ) -> Result<Weight, ModelError> {
        let codes = checkpoint.tensor(&format!("{name}.weight"))?;
        let scale = tensor(checkpoint, name, SCALES)?;
        weight(&codes, &scale, (rows, cols), self.block)
    }

    /// How the inputs of the linear `name` are rounded.
    pub fn activation(&self, checkpoint: &Checkpoint, name: &str) -> Result<Activation, ModelError> {
        match self.block {
            _ if self.fixed => fixed_scale(&tensor(checkpoint, name, INPUTS)?),
            Some((_, cols)) => Ok(Activation::Fp8Groups(cols)),
            None => Ok(Activation::Fp8),
        }
    }
}

/// A weight of e4m3 codes `[rows, cols]` with a scale for each block; without blocks one for all, or one for each row.
pub(super) fn weight(
    codes: &TensorView,
    scale: &TensorView,
    (rows, cols): (usize, usize),
    block: Option<(usize, usize)>,
) -> Result<Weight, ModelError> {
    expect_type(codes, Dtype::F8_E4M3)?;
    expect_shape(codes, &[rows, cols])?;
    if let Some(index) = codes.bytes.iter().position(|code| code & 0x7F == 0x7F) {
        let (name, path) = (codes.name.clone(), codes.file.clone());
        return Err(ModelError::NotFinite { name, path, index, value: f32::NAN });
    }
    check_finite(scale)?;
    let scales = floats(scale)?;
    let block = match block {
        Some((high, wide)) => {
            expect_shape(scale, &[rows.div_ceil(high), cols.div_ceil(wide)])?;
            (high, wide)
        }
        None if scales.len() == 1 => (rows.max(1), cols.max(1)),
        None if scale.shape == [rows] || scale.shape == [rows, 1] => (1, cols.max(1)),
        None => return Err(unfit(scale, format!("[{rows}, 1], or one number"), format!("{:?}", scale.shape))),
    };
    Ok(Weight::Fp8(Fp8 { rows, cols, bytes: codes.bytes.clone(), block, scales }))
}

/// Inputs rounded by the one number of a tensor.
pub(super) fn fixed_scale(tensor: &TensorView) -> Result<Activation, ModelError> {
    let scale = floats(tensor)?;
    match scale[..] {
        [scale] if scale.is_finite() && scale > 0.0 => Ok(Activation::StaticFp8(scale)),
        _ => Err(unfit(tensor, "one positive number", format!("{scale:?}"))),
    }
}
