//! How weights lie in files: dense tensors, or one of the quantized formats.

mod awq;
mod compressed_tensors;
mod dense;
mod fp8;
pub mod gguf;
mod gptq;
mod pattern;

use safetensors::Dtype;
use serde_json::Value;

use crate::{Activation, Checkpoint, ModelError, TensorView, Weight};

use awq::Awq;
use compressed_tensors::CompressedTensors;
use dense::{expect_shape, unfit};
pub(crate) use dense::{same_values, tensor_vector, tensor_weight, vector};
use fp8::Fp8Files;
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
    Fp8(Fp8Files),
}

impl<'a> Reader<'a> {
    /// Reads what `config.json` says of the format.
    pub fn new(checkpoint: &'a Checkpoint) -> Result<Self, ModelError> {
        let value = &checkpoint.config().quantization;
        let unsupported = |what: String| ModelError::Unsupported {
            path: checkpoint.quantization_path(),
            what,
            cure:
                "compressed-tensors, GPTQ, AWQ GEMM and FP8 are read: export the model as one of them, or evaluate the \
                   dense original"
                    .to_owned(),
        };
        let quantized = match (value, method(value).as_deref()) {
            (Value::Null, _) => None,
            (_, Some("compressed-tensors")) => {
                CompressedTensors::read(value, &unsupported)?.map(Quantized::CompressedTensors)
            }
            (_, Some("gptq")) => Some(Quantized::Gptq(Gptq::read(value, &unsupported)?)),
            (_, Some("awq")) => Some(Quantized::Awq(Awq::read(value, &unsupported)?)),
            // Tensors of such blocks are told by themselves: see `Checkpoint::blocks`.
            (_, Some("mxfp4")) => None,
            (_, Some("fp8")) => Some(Quantized::Fp8(Fp8Files::read(value, &unsupported)?)),
            (_, Some(other)) => return Err(unsupported(format!("quantization method `{other}`"))),
            (_, None) => return Err(unsupported("a quantization without `quant_method`".to_owned())),
        };
        Ok(Self { checkpoint, quantized })
    }

    /// The weight `[out, in]` of the linear `name`.
    pub fn linear(&self, name: &str, shape: (usize, usize)) -> Result<Weight, ModelError> {
        if let Some(blocks) = self.checkpoint.blocks(&format!("{name}.weight")) {
            return gguf::read(&blocks, gguf::Kind::MXFP4, shape);
        }
        let has = |suffix: &str| self.checkpoint.has(&format!("{name}.{suffix}"));
        match &self.quantized {
            Some(Quantized::CompressedTensors(format)) if has("weight_packed") || has("weight_scale") => {
                format.linear(self.checkpoint, name, shape)
            }
            Some(Quantized::Gptq(format)) if has("qweight") => format.linear(self.checkpoint, name, shape),
            Some(Quantized::Awq(format)) if has("qweight") => format.linear(self.checkpoint, name, shape),
            Some(Quantized::Fp8(format)) if fp8::has_scale(self.checkpoint, name) => {
                format.linear(self.checkpoint, name, shape)
            }
            None if has("qweight") || has("weight_packed") => Err(ModelError::Unsupported {
                path: self.checkpoint.path("config.json"),
                what: format!("the packed weights of `{name}`, but says nothing of their format"),
                cure: "copy `quantization_config` of config.json, or quantize_config.json, from the model's original \
                       download"
                    .to_owned(),
            }),
            _ => dense_weight(self.checkpoint, &format!("{name}.weight"), shape),
        }
    }

    /// How the inputs of the linear `name` are rounded.
    pub fn activation(&self, name: &str) -> Result<Option<Activation>, ModelError> {
        match &self.quantized {
            Some(Quantized::CompressedTensors(format)) if self.checkpoint.has(&format!("{name}.weight_scale")) => {
                format.activation(self.checkpoint, name)
            }
            Some(Quantized::Fp8(format)) if fp8::has_scale(self.checkpoint, name) => {
                format.activation(self.checkpoint, name).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// `quant_method`, or what older files go by: AutoGPTQ's and AutoAWQ's own settings have no such field.
fn method(value: &Value) -> Option<String> {
    let has = |name: &str| value.get(name).is_some();
    match first(value, &["quant_method", "method"]).and_then(Value::as_str) {
        Some(name) => Some(name.to_lowercase()),
        None if has("config_groups") => Some("compressed-tensors".to_owned()),
        None if has("w_bit") || has("q_group_size") => Some("awq".to_owned()),
        None if has("bits") && has("group_size") => Some("gptq".to_owned()),
        None => None,
    }
}

/// The first of these fields that is there and not `null`.
fn first<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().filter_map(|name| value.get(name)).find(|value| !value.is_null())
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
