//! How weights lie in files: dense tensors, or one of the quantized formats.

mod compressed_tensors;
mod dense;

use serde_json::Value;

use crate::{Checkpoint, ModelError, Weight};

use compressed_tensors::CompressedTensors;
pub(crate) use dense::{vector, weight as dense_weight};

/// Reads the linears of one checkpoint in whatever format they are stored.
pub(crate) struct Reader<'a> {
    checkpoint: &'a Checkpoint,
    quantized: Option<CompressedTensors>,
}

impl<'a> Reader<'a> {
    /// Reads what `config.json` says of the format.
    pub fn new(checkpoint: &'a Checkpoint) -> Result<Self, ModelError> {
        let value = &checkpoint.config().quantization;
        let unsupported = |what: String| ModelError::Unsupported {
            path: checkpoint.path("config.json"),
            what,
            cure: "export the model as compressed-tensors `pack-quantized`, or evaluate the dense original".to_owned(),
        };
        let method = value.get("quant_method").and_then(Value::as_str);
        let quantized = match (value, method) {
            (Value::Null, _) => None,
            (_, Some("compressed-tensors")) => CompressedTensors::read(value, &unsupported)?,
            (_, Some(other)) => return Err(unsupported(format!("quantization method `{other}`"))),
            (_, None) if value.get("config_groups").is_some() => CompressedTensors::read(value, &unsupported)?,
            (_, None) => return Err(unsupported("a quantization without `quant_method`".to_owned())),
        };
        Ok(Self { checkpoint, quantized })
    }

    /// The weight `[out, in]` of the linear `name`.
    pub fn linear(&self, name: &str, shape: (usize, usize)) -> Result<Weight, ModelError> {
        if let Some(quantized) = &self.quantized
            && self.checkpoint.has(&format!("{name}.weight_packed"))
        {
            return quantized.linear(self.checkpoint, name, shape);
        }
        dense_weight(self.checkpoint, &format!("{name}.weight"), shape)
    }
}
