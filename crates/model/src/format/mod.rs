//! How weights lie in files: dense tensors, or one of the quantized formats.

mod awq;
mod compressed_tensors;
mod dense;
pub mod gguf;
mod gptq;

use safetensors::Dtype;
use serde_json::Value;

use crate::{Activation, Checkpoint, ModelError, TensorView, Weight};

use awq::Awq;
use compressed_tensors::CompressedTensors;
use dense::{expect_shape, unfit};
pub(crate) use dense::{same_values, tensor_vector, tensor_weight, vector};
use gptq::Gptq;

/// Reads the linears of one checkpoint in whatever format they are stored.
pub(crate) struct Reader<'a> {
    checkpoint: &'a Checkpoint,
    quantized: Option<Quantized>,
}

/// The quantized formats.
enum Quantized {
    CompressedTensors(CompressedTensors),
    Gptq(Gptq),
    Awq(Awq),
}

impl<'a> Reader<'a> {
    /// Reads what `config.json` says of the format.
    pub fn new(checkpoint: &'a Checkpoint) -> Result<Self, ModelError> {
        let value = &checkpoint.config().quantization;
        let unsupported = |what: String| ModelError::Unsupported {
            path: checkpoint.path("config.json"),
            what,
            cure: "export the model as compressed-tensors, GPTQ or AWQ GEMM, or evaluate the dense original".to_owned(),
        };
        let method = value.get("quant_method").and_then(Value::as_str);
        let compressed = || CompressedTensors::read(value, &unsupported);
        let quantized = match (value, method) {
            (Value::Null, _) => None,
            (_, Some("compressed-tensors")) => compressed()?.map(Quantized::CompressedTensors),
            (_, Some("gptq")) => Some(Quantized::Gptq(Gptq::read(value, &unsupported)?)),
            (_, Some("awq")) => Some(Quantized::Awq(Awq::read(value, &unsupported)?)),
            (_, Some(other)) => return Err(unsupported(format!("quantization method `{other}`"))),
            (_, None) if value.get("config_groups").is_some() => compressed()?.map(Quantized::CompressedTensors),
            (_, None) => return Err(unsupported("a quantization without `quant_method`".to_owned())),
        };
        Ok(Self { checkpoint, quantized })
    }

    /// The weight `[out, in]` of the linear `name`.
    pub fn linear(&self, name: &str, shape: (usize, usize)) -> Result<Weight, ModelError> {
        let has = |suffix: &str| self.checkpoint.has(&format!("{name}.{suffix}"));
        match &self.quantized {
            Some(Quantized::CompressedTensors(format)) if has("weight_packed") || has("weight_scale") => {
                format.linear(self.checkpoint, name, shape)
            }
            Some(Quantized::Gptq(format)) if has("qweight") => format.linear(self.checkpoint, name, shape),
            Some(Quantized::Awq(format)) if has("qweight") => format.linear(self.checkpoint, name, shape),
            _ => dense_weight(self.checkpoint, &format!("{name}.weight"), shape),
        }
    }

    /// How the inputs of the linear `name` are rounded.
    pub fn activation(&self, name: &str) -> Result<Option<Activation>, ModelError> {
        match &self.quantized {
            Some(Quantized::CompressedTensors(format)) if self.checkpoint.has(&format!("{name}.weight_scale")) => {
                format.activation(self.checkpoint, name)
            }
            _ => Ok(None),
        }
    }
}

/// A weight `[out, in]` of a tensor `<name>.weight`, or of GGUF blocks of this name: an embedding may be either.
pub(crate) fn dense_weight(checkpoint: &Checkpoint, name: &str, shape: (usize, usize)) -> Result<Weight, ModelError> {
    let blocks = match name.strip_suffix(".weight") {
        Some(linear) if checkpoint.is_gguf() => gguf::weight(checkpoint, linear, shape)?,
        _ => None,
    };
    blocks.map_or_else(|| dense::weight(checkpoint, name, shape), Ok)
}

/// That the tensor has this type.
fn expect_type(tensor: &TensorView, dtype: Dtype) -> Result<(), ModelError> {
    if tensor.dtype == dtype { Ok(()) } else { Err(unfit(tensor, format!("{dtype:?}"), format!("{:?}", tensor.dtype))) }
}

/// The words of an i32 tensor of this shape.
fn words(tensor: &TensorView, shape: &[usize]) -> Result<Vec<u32>, ModelError> {
    expect_type(tensor, Dtype::I32)?;
    expect_shape(tensor, shape)?;
    Ok(tensor.bytes.as_chunks::<4>().0.iter().map(|&four| u32::from_le_bytes(four)).collect())
}

/// `group_size` of a configuration, for a linear of `cols` inputs: -1 is a whole row.
fn group_size(value: &Value, cols: usize, unsupported: impl Fn(String) -> ModelError) -> Result<usize, ModelError> {
    match value.get("group_size").or_else(|| value.get("q_group_size")).map(Value::as_i64) {
        Some(Some(-1)) => Ok(cols),
        Some(Some(size @ 1..=0x7FFF_FFFF)) => Ok((size as usize).min(cols)),
        other => Err(unsupported(format!("a `group_size` of {other:?}"))),
    }
}
