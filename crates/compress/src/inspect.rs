//! What a checkpoint is: architecture, format, bits, zeros, sizes.

use std::collections::{BTreeMap, BTreeSet};

use model::gguf::Summary;
use model::{BlockReader, Checkpoint, Linear};
use record::{CheckpointRecord, CompressionRecord};
use serde::Serialize;
use serde_json::Value;

use crate::CompressError;

/// What there is to say of a checkpoint without running it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// `model_type`
    pub architecture: String,
    /// Blocks.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Tokens that the model can look at.
    pub context: usize,
    /// Whether the output head is the embedding.
    pub tied: bool,
    /// `dense`, `compressed-tensors pack-quantized`, `gptq_v2`, `awq gemm`, `gguf`.
    pub format: String,
    /// How the linears of the blocks are stored, and how many are: `int4`, `bf16`.
    pub linears: BTreeMap<String, usize>,
    /// How inputs are rounded while the model runs; absent where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activations: Option<String>,
    /// Bits of a key or value in the cache; absent where they are not rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv_bits: Option<u64>,
    /// Weights of the linears of the blocks.
    pub linear_weights: usize,
    /// Bits that one of these takes, scales and zero points included.
    pub linear_bits: f64,
    /// Share of these that is exactly zero, in [0, 1].
    pub linear_sparsity: f64,
    /// Weights in all: linears, embeddings, head, norms and biases.
    pub parameters: usize,
    /// Bits that one of all takes.
    pub checkpoint_bits: f64,
    /// Bytes of the weight files.
    pub bytes: usize,
    /// SHA-256 over configuration, tokenizer and weights.
    pub digest: String,
    /// What a GGUF file says of itself, and the types of its tensors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gguf: Option<Summary>,
    /// How it was made, where this program made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<CompressionRecord>,
}

impl Inspection {
    /// What a run records of it.
    pub fn record(self) -> CheckpointRecord {
        CheckpointRecord {
            format: self.format,
            linears: self.linears,
            linear_bits: self.linear_bits,
            checkpoint_bits: self.checkpoint_bits,
            sparsity: self.linear_sparsity,
            bytes: self.bytes,
        }
    }
}

/// Sums over linears.
#[derive(Default)]
struct Sums {
    weights: usize,
    zeros: usize,
    bytes: usize,
    kinds: BTreeMap<String, usize>,
    activations: Option<String>,
    /// The tensors that hold them.
    tensors: BTreeSet<String>,
}

/// Looks at every weight of a checkpoint once.
///
/// # Errors
/// Where the checkpoint is damaged or of a format that is not implemented.
pub fn inspect(checkpoint: &Checkpoint) -> Result<Inspection, CompressError> {
    let model = BlockReader::open(checkpoint)?;
    let config = checkpoint.config();
    let mut sums = Sums::default();
    for layer in 0..model.count() {
        for linear in model.load(layer)?.linears() {
            sums.add(checkpoint, linear)?;
        }
    }
    let mut parameters = sums.weights;
    let mut bytes = 0;
    for name in checkpoint.tensor_names() {
        let tensor = checkpoint.tensor(name)?;
        bytes += tensor.bytes.len();
        if !sums.tensors.contains(name) {
            parameters += tensor.shape.iter().product::<usize>();
        }
    }
    let gguf = checkpoint.gguf()?;
    let scheme = &config.quantization;
    let made = checkpoint.folder().map(|folder| folder.join("compress.json")).filter(|path| path.is_file());
    Ok(Inspection {
        architecture: config.model_type.clone(),
        layers: config.layers,
        hidden_size: config.hidden_size,
        vocab_size: config.vocab_size,
        context: config.max_positions,
        tied: config.tie_embeddings,
        format: if checkpoint.is_gguf() { "gguf".to_owned() } else { format_name(scheme) },
        linears: sums.kinds,
        activations: sums.activations,
        kv_bits: scheme.pointer("/kv_cache_scheme/num_bits").and_then(Value::as_u64),
        linear_weights: sums.weights,
        linear_bits: sums.bytes as f64 * 8.0 / sums.weights.max(1) as f64,
        linear_sparsity: sums.zeros as f64 / sums.weights.max(1) as f64,
        parameters: gguf.as_ref().map_or(parameters, Summary::parameters),
        checkpoint_bits: gguf.as_ref().map_or(bytes as f64 * 8.0 / parameters.max(1) as f64, Summary::bits),
        bytes: checkpoint.weight_bytes(),
        digest: checkpoint.digest()?,
        gguf,
        made: made.map(|path| record::read_json(&path)).transpose()?,
    })
}

impl Sums {
    fn add(&mut self, checkpoint: &Checkpoint, linear: &Linear) -> Result<(), CompressError> {
        let (rows, cols) = linear.weight.shape();
        self.weights += rows * cols;
        let mut row = vec![0.0; cols];
        for at in 0..rows {
            linear.weight.widen_row(at, &mut row);
            self.zeros += row.iter().filter(|&&w| w == 0.0).count();
        }
        *self.kinds.entry(linear.weight.kind()).or_default() += 1;
        self.activations = self.activations.take().or(linear.activation.map(|activation| activation.name().to_owned()));
        for name in checkpoint.tensor_names() {
            let suffix = name.strip_prefix(&linear.name).and_then(|rest| rest.strip_prefix('.'));
            if suffix.is_some_and(|suffix| suffix != "bias") {
                let blocks = checkpoint.blocks(name);
                self.bytes += blocks.map_or_else(|| checkpoint.tensor(name), Ok)?.bytes.len();
                self.tensors.insert(name.to_owned());
            }
        }
        Ok(())
    }
}

/// How a checkpoint's configuration calls its format.
fn format_name(scheme: &Value) -> String {
    let text = |name: &str| scheme.get(name).and_then(Value::as_str);
    match text("quant_method") {
        None => "dense".to_owned(),
        Some("gptq") => text("checkpoint_format").unwrap_or("gptq").to_owned(),
        Some("awq") => format!("awq {}", text("version").unwrap_or("gemm")),
        Some(method) => format!("{method} {}", text("format").unwrap_or("")).trim_end().to_owned(),
    }
}
