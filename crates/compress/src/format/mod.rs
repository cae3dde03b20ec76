//! Checkpoint formats: what was compressed as its tensors, everything else byte for byte.

mod awq;
mod configuration;
pub(crate) mod gguf;
mod gptq;
mod kept;
pub(crate) mod pack_quantized;
mod tensor_file;
mod weight_file;
mod whole_bytes;
mod writer;

use std::fmt;

use serde_json::{Map, Value};

use crate::grid::Number;
use crate::group::Target;
use crate::{ActOrder, CompressError, FloatType, GroupSize, QuantizedWeight, Scheme};
use tensor_file::Plan;

pub(crate) use writer::{CheckpointWriter, Done, Planned, Resumed};

/// How a compressed checkpoint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Floating-point weights as the checkpoint had them; rounded weights are written as the numbers that they stand for.
    Dense,
    /// compressed-tensors: pack-quantized, int-quantized (W8A8) or float-quantized (FP8). vLLM, SGLang, transformers.
    CompressedTensors,
    /// GPTQ v1, which older programs read: 2, 3, 4 or 8 bits.
    Gptq,
    /// GPTQ v2, whose zero points are stored as they are.
    GptqV2,
    /// AWQ GEMM: 4 bits.
    Awq,
    /// GGUF, for llama.cpp: 4 bits (Q4_0, with zero points Q4_1), symmetric 8 bits (Q8_0), or not quantized.
    Gguf,
}

/// Names of formats, as typed.
pub const FORMATS: &[(&str, Format)] = &[
    ("dense", Format::Dense),
    ("compressed-tensors", Format::CompressedTensors),
    ("gptq", Format::Gptq),
    ("gptq_v2", Format::GptqV2),
    ("awq", Format::Awq),
    ("gguf", Format::Gguf),
];

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
            Format::Gptq | Format::GptqV2 | Format::Awq => FloatType::F16,
            Format::Gguf => FloatType::ShortF16,
        }
    }

    /// Rounds what is stored as floating-point numbers to what the checkpoint holds.
    pub(crate) fn round(self, linear: &mut Target) {
        let stored = linear.stored;
        if self == Format::Dense || linear.quantized.is_none() {
            linear.weight.data.iter_mut().for_each(|w| *w = stored.nearest(*w));
        } else if self == Format::Awq {
            // Every program that runs AWQ widens it to 16 bits.
            linear.weight.data.iter_mut().for_each(|w| *w = FloatType::F16.nearest(*w));
        }
    }

    /// Bits that a weight of a linear takes, scales and zero points included.
    pub(crate) fn bits(self, linear: &Target) -> f64 {
        match (&linear.quantized, self) {
            (Some(quantized), Format::Gguf) => gguf::bits(quantized),
            (Some(quantized), format) if format != Format::Dense => {
                quantized.stored_bits() as f64 / linear.weight.data.len().max(1) as f64
            }
            _ => linear.stored.bytes() as f64 * 8.0,
        }
    }

    /// Whether it can hold a linear `[rows, cols]` of a scheme.
    pub(crate) fn fits(self, layer: &str, (rows, cols): (usize, usize), scheme: &Scheme) -> Result<(), CompressError> {
        let bits = usize::from(scheme.grid.bits);
        let other = "choose --format compressed-tensors";
        let refused = match self {
            Format::Dense => None,
            Format::CompressedTensors => (scheme.activations && scheme.group != GroupSize::Channel)
                .then(|| ("W8A8 weights in groups".to_owned(), "set group_size=channel")),
            _ if whole_bytes(scheme) => Some(("W8A8 or FP8".to_owned(), other)),
            Format::Gguf => gguf::refused(cols, scheme),
            Format::Gptq if !scheme.grid.symmetric => {
                let cure = "choose --format gptq_v2, which can, or symmetric=true";
                Some(("a zero point of 0, which asymmetric weights may have".to_owned(), cure))
            }
            Format::Gptq | Format::GptqV2 => (!(rows * bits).is_multiple_of(32) || !(cols * bits).is_multiple_of(32))
                .then(|| (format!("{bits}-bit words of {rows} outputs and {cols} inputs"), other)),
            Format::Awq if bits != 4 => Some((format!("{bits}-bit weights"), "set bits=4")),
            Format::Awq if scheme.act_order == ActOrder::Group => {
                Some(("groups that follow the act-order".to_owned(), "set act_order=static"))
            }
            Format::Awq => (!rows.is_multiple_of(8)).then(|| (format!("{rows} outputs, no multiple of 8,"), other)),
        };
        refused.map_or(Ok(()), |(what, cure)| {
            let (format, what, cure) = (self.name(), format!("{what} ({layer})"), cure.to_owned());
            Err(CompressError::Format { format, what, cure })
        })
    }

    /// The tensors of a quantized linear `name` of shape `[rows, cols]`.
    pub(crate) fn plans(self, name: &str, shape: (usize, usize), scheme: &Scheme) -> Vec<Plan> {
        match self {
            Format::Gptq | Format::GptqV2 => gptq::plans(name, shape, scheme),
            Format::Awq => awq::plans(name, shape, scheme),
            Format::Gguf => gguf::plans(name, shape, scheme),
            _ if whole_bytes(scheme) => whole_bytes::plans(name, shape, scheme),
            _ => pack_quantized::plans(name, shape, scheme),
        }
    }

    /// Their contents, in the order of [`Format::plans`].
    pub(crate) fn contents(self, weight: &QuantizedWeight, scheme: &Scheme) -> Vec<Vec<u8>> {
        match self {
            Format::Gptq | Format::GptqV2 => gptq::contents(weight, self == Format::Gptq),
            Format::Awq => awq::contents(weight),
            Format::Gguf => vec![gguf::contents(weight)],
            _ if whole_bytes(scheme) => whole_bytes::contents(weight),
            _ => pack_quantized::contents(weight),
        }
    }

    /// Whether it can say how the cache is quantized.
    pub(crate) fn fits_cache(self, kv_bits: Option<u8>) -> Result<(), CompressError> {
        if kv_bits.is_none() || matches!(self, Format::Dense | Format::CompressedTensors) {
            return Ok(());
        }
        let cure = "choose --format compressed-tensors".to_owned();
        Err(CompressError::Format { format: self.name(), what: "a quantized KV cache".to_owned(), cure })
    }

    /// A file beside `config.json` that says the same again, where the format has one: its name and content.
    pub(crate) fn companion(self, scheme: Option<&Scheme>) -> Option<(&'static str, Value)> {
        match (self, scheme) {
            (Format::Gptq | Format::GptqV2, Some(scheme)) => {
                Some(("quantize_config.json", gptq::configuration(scheme, self == Format::Gptq)))
            }
            _ => None,
        }
    }

    /// Adds to `config.json` how weights and cache are quantized.
    pub(crate) fn configure(self, config: &mut Map<String, Value>, scheme: Option<&Scheme>, kv_bits: Option<u8>) {
        let scheme = scheme.filter(|_| !matches!(self, Format::Dense | Format::Gguf));
        if scheme.is_some() || kv_bits.is_some() {
            let value = match (self, scheme) {
                (Format::Gptq | Format::GptqV2, Some(scheme)) => gptq::configuration(scheme, self == Format::Gptq),
                (Format::Awq, Some(scheme)) => awq::configuration(scheme),
                _ => configuration::compressed_tensors(scheme, kv_bits),
            };
            config.insert("quantization_config".to_owned(), value);
        }
    }
}

/// Whether each weight is a byte of its own.
fn whole_bytes(scheme: &Scheme) -> bool {
    scheme.activations || scheme.grid.number == Number::Fp8
}
