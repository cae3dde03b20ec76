//! Checkpoint formats: what was compressed as its tensors, everything else byte for byte.

mod configuration;
pub(crate) mod pack_quantized;
mod tensor_file;
mod whole_bytes;
mod writer;

use std::fmt;

use serde_json::{Map, Value};

use crate::grid::Number;
use crate::group::Target;
use crate::{CompressError, FloatType, GroupSize, QuantizedWeight, Scheme};
use tensor_file::Plan;

pub(crate) use writer::{CheckpointWriter, Done, Planned, Resumed};

/// How a compressed checkpoint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Floating-point weights as the checkpoint had them; rounded weights are written as the numbers that they stand for.
    Dense,
    /// compressed-tensors: pack-quantized, int-quantized (W8A8) or float-quantized (FP8). vLLM, SGLang, transformers.
    CompressedTensors,
}

/// Names of formats, as typed.
pub const FORMATS: &[(&str, Format)] =
    &[("dense", Format::Dense), ("compressed-tensors", Format::CompressedTensors)];

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Format {
    /// Its name.
    pub fn name(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format of a name; `-` and `_` are alike.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace('_', "-");
        FORMATS.iter().find(|(known, _)| known.replace('_', "-") == name).map(|(_, format)| *format)
    }

    /// What scales are stored as in a checkpoint whose weights are `stored`.
    pub(crate) fn scales(self, stored: FloatType) -> FloatType {
        match self {
            // Scales are not stored at all.
            Format::Dense => FloatType::F32,
            Format::CompressedTensors => stored,
        }
    }

    /// Rounds what is stored as floating-point numbers to what the checkpoint holds.
    pub(crate) fn round(self, linear: &mut Target) {
        if self == Format::Dense || linear.quantized.is_none() {
            let stored = linear.stored;
            linear.weight.data.iter_mut().for_each(|w| *w = stored.nearest(*w));
        }
    }

    /// Bits that a weight of a linear takes, scales and zero points included.
    pub(crate) fn bits(self, linear: &Target) -> f64 {
        match (&linear.quantized, self) {
            (Some(quantized), format) if format != Format::Dense => {
                quantized.stored_bits() as f64 / linear.weight.data.len().max(1) as f64
            }
            _ => linear.stored.bytes() as f64 * 8.0,
        }
    }

    /// Whether it can hold a linear `[rows, cols]` of a scheme.
    pub(crate) fn fits(self, layer: &str, _shape: (usize, usize), scheme: &Scheme) -> Result<(), CompressError> {
        let refuse = |what: String, cure: &str| {
            Err(CompressError::Format { format: self.name(), what, cure: cure.to_owned() })
        };
        match self {
            Format::CompressedTensors if scheme.activations && scheme.group != GroupSize::Channel => {
                refuse(format!("W8A8 weights in groups ({layer})"), "set group_size=channel")
            }
            _ => Ok(()),
        }
    }

    /// The tensors of a quantized linear `name` of shape `[rows, cols]`.
    pub(crate) fn plans(self, name: &str, shape: (usize, usize), scheme: &Scheme) -> Vec<Plan> {
        match whole_bytes(scheme) {
            true => whole_bytes::plans(name, shape, scheme),
            false => pack_quantized::plans(name, shape, scheme),
        }
    }

    /// Their contents, in the order of [`Format::plans`].
    pub(crate) fn contents(self, weight: &QuantizedWeight, scheme: &Scheme) -> Vec<Vec<u8>> {
        match whole_bytes(scheme) {
            true => whole_bytes::contents(weight),
            false => pack_quantized::contents(weight),
        }
    }

    /// Adds to `config.json` how weights and cache are quantized.
    pub(crate) fn configure(self, config: &mut Map<String, Value>, scheme: Option<&Scheme>, kv_bits: Option<u8>) {
        let scheme = scheme.filter(|_| self != Format::Dense);
        if scheme.is_some() || kv_bits.is_some() {
            config.insert("quantization_config".to_owned(), configuration::compressed_tensors(scheme, kv_bits));
        }
    }
}

/// Whether each weight is a byte of its own.
fn whole_bytes(scheme: &Scheme) -> bool {
    scheme.activations || scheme.grid.number == Number::Fp8
}
