//! Checkpoint formats: what was compressed as its tensors, everything else byte for byte. One file each, and one row each in
//! [`FORMATS`].

mod awq;
mod compressed_tensors;
mod dense;
pub(crate) mod gguf;
mod gptq;
mod gptq_v2;
mod kept;
mod mix;
mod tensor_file;
mod weight_file;
mod writer;

use std::fmt;

use serde_json::{Map, Value};

use crate::grid::Number;
use crate::group::Target;
use crate::{CompressError, FloatType, QuantizedWeight, Recipe, Scheme};
use tensor_file::Plan;
use weight_file::FileKind;

pub(crate) use mix::Mix;
pub(crate) use writer::{CheckpointWriter, Done, Planned, Resumed};

/// How a compressed checkpoint is written: a row of [`FORMATS`].
pub type Format = &'static FormatInfo;

/// A row of the format table.
pub struct FormatInfo {
    /// The name on the command line.
    pub name: &'static str,
    /// What of it is written.
    pub about: &'static str,
    /// The kind of file that holds the weights.
    file: FileKind,
    /// Whether quantized linears are stored as levels and scales; otherwise as the numbers that these stand for.
    quantized: bool,
    /// Whether it can say how the KV cache is quantized.
    cache: bool,
    /// What scales are stored as in a checkpoint whose weights are stored as given.
    scales: fn(FloatType) -> FloatType,
    /// What every program that runs it makes of a quantized weight, where the dense one is stored as given; `None`: 32 bits.
    widened: fn(FloatType) -> Option<FloatType>,
    /// Bits that a quantized weight takes, scales and zero points included.
    bits: fn(&QuantizedWeight) -> f64,
    /// Whether it can hold a linear `[rows, cols]` of a scheme.
    fits: fn((usize, usize), &Scheme) -> Result<(), Misfit>,
    /// The tensors of a quantized linear of a name and a shape `[rows, cols]`.
    plans: fn(&str, (usize, usize), &Scheme) -> Vec<Plan>,
    /// Their contents, in the order of `plans`.
    contents: fn(&QuantizedWeight, &Scheme) -> Vec<Vec<u8>>,
    /// The entry `quantization_config` of `config.json`, for quantized linears and a cache of so many bits.
    configuration: fn(Option<&Mix>, Option<u8>) -> Option<Value>,
    /// A file beside `config.json` that says the same again.
    companion: Option<&'static str>,
    /// What a person should know who has weights of a scheme written.
    warning: fn(&Scheme) -> Option<String>,
    /// Whether programs that run it join linears that share an input, and so want one width for them.
    joined: bool,
}

/// What a format has that says nothing else: safetensors, 16-bit scales, the bits that compressed-tensors takes.
const SHARED: FormatInfo = FormatInfo {
    name: "",
    about: "",
    file: FileKind::Safetensors,
    quantized: true,
    cache: false,
    scales: |_| FloatType::F16,
    widened: |_| None,
    bits: |weight| weight.stored_bits() as f64 / weight.levels.len().max(1) as f64,
    fits: |_, _| Ok(()),
    plans: |_, _, _| Vec::new(),
    contents: |_, _| Vec::new(),
    configuration: |_, _| None,
    companion: None,
    warning: |_| None,
    joined: true,
};

/// All formats, in the order they are listed.
pub const FORMATS: &[FormatInfo] =
    &[dense::INFO, compressed_tensors::INFO, gptq::INFO, gptq_v2::INFO, awq::INFO, gguf::INFO];

/// What a format cannot hold of a linear, and what would do.
#[derive(Debug, PartialEq)]
struct Misfit {
    what: String,
    cure: &'static str,
}

/// The cure that always does.
const OTHER: &str = "choose --format compressed-tensors";

impl Misfit {
    fn new(what: impl Into<String>, cure: &'static str) -> Self {
        Self { what: what.into(), cure }
    }

    /// For formats of small integers alone.
    fn of_whole_bytes(scheme: &Scheme) -> Result<(), Self> {
        if whole_bytes(scheme) { Err(Self::new("W8A8 or FP8", OTHER)) } else { Ok(()) }
    }
}

/// Whether each weight is a byte of its own.
fn whole_bytes(scheme: &Scheme) -> bool {
    scheme.activations || scheme.grid.number == Number::Fp8
}

impl fmt::Display for FormatInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FormatInfo {
    /// The format of a name; `-` and `_` are alike.
    pub fn named(name: &str) -> Option<Format> {
        let name = name.trim().to_lowercase().replace('_', "-");
        FORMATS.iter().find(|format| format.name.replace('_', "-") == name)
    }

    /// The format where none is chosen, for weights of a scheme.
    pub(crate) fn usual(scheme: Option<Scheme>) -> Format {
        if scheme.is_some() { &compressed_tensors::INFO } else { &dense::INFO }
    }

    /// How a linear's weights are stored; none where they are stored as numbers.
    pub(crate) fn scheme(&self, recipe: &Recipe, linear: &str) -> Option<Scheme> {
        recipe.scheme_of(linear).filter(|_| self.quantized)
    }

    /// Whether programs that run it join linears that share an input.
    pub(crate) fn joins(&self) -> bool {
        self.joined
    }

    /// What scales are stored as in a checkpoint whose weights are `stored`.
    pub(crate) fn scales(&self, stored: FloatType) -> FloatType {
        (self.scales)(stored)
    }

    /// Rounds what is stored as floating-point numbers to what the checkpoint holds.
    pub(crate) fn round(&self, linear: &mut Target) {
        let stored = linear.stored;
        let held = if linear.quantized.is_some() { (self.widened)(stored) } else { Some(stored) };
        if let Some(held) = held {
            linear.weight.data.iter_mut().for_each(|w| *w = held.nearest(*w));
        }
    }

    /// Bits that a weight of a linear takes, scales and zero points included.
    pub(crate) fn bits(&self, linear: &Target) -> f64 {
        match &linear.quantized {
            Some(weight) if self.quantized => (self.bits)(weight),
            _ => linear.stored.bytes() as f64 * 8.0,
        }
    }

    /// Whether it can hold a linear `[rows, cols]` of a scheme.
    pub(crate) fn fits(&self, layer: &str, shape: (usize, usize), scheme: &Scheme) -> Result<(), CompressError> {
        (self.fits)(shape, scheme).map_err(|Misfit { what, cure }| self.refuses(format!("{what} ({layer})"), cure))
    }

    /// Whether it can say how the cache is quantized.
    pub(crate) fn fits_cache(&self, kv_bits: Option<u8>) -> Result<(), CompressError> {
        let fits = kv_bits.is_none() || self.cache;
        if fits { Ok(()) } else { Err(self.refuses("a quantized KV cache".to_owned(), OTHER)) }
    }

    fn refuses(&self, what: String, cure: &str) -> CompressError {
        CompressError::Format { format: self.name, what, cure: cure.to_owned() }
    }

    /// What a person should know who has weights of a scheme written.
    pub(crate) fn warning(&self, scheme: &Scheme) -> Option<String> {
        (self.warning)(scheme)
    }

    /// A file beside `config.json` that says the same again, where the format has one: its name and content.
    fn companion(&self, mix: Option<&Mix>) -> Option<(&'static str, Value)> {
        Some((self.companion?, (self.configuration)(mix, None)?))
    }

    /// Adds to `config.json` how weights and cache are quantized.
    fn configure(&self, config: &mut Map<String, Value>, mix: Option<&Mix>, kv_bits: Option<u8>) {
        if let Some(value) = (self.configuration)(mix, kv_bits) {
            config.insert("quantization_config".to_owned(), value);
        }
    }
}
