//! What compression did to a checkpoint: `compress.json` beside the weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The text that a method looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// Where it came from: a file name, or `twins` for the built-in training prompts.
    pub source: String,
    /// SHA-256 of the token ids, hexadecimal.
    pub digest: String,
    /// Number of sequences.
    pub sequences: usize,
    /// Tokens in each.
    pub length: usize,
    /// The seed that chose them.
    pub seed: u64,
}

/// What happened to one linear layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// The weight's name without `.weight`: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// Output rows.
    pub out_features: usize,
    /// Input columns.
    pub in_features: usize,
    /// Bits that one weight takes on disk, scales and zero points included.
    pub bits: f64,
    /// Share of weights that are exactly zero, in [0, 1].
    pub sparsity: f64,
    /// The method's own loss (GPTQ, SparseGPT: sum of squared scaled errors over two); absent for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Relative squared error of the layer's output on the calibration inputs, where they were collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_error: Option<f64>,
    /// Share of the mean diagonal that was added to the Hessian; absent where none was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damping: Option<f64>,
    /// Condition of the damped Hessian, from below; absent where none was factored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<f64>,
    /// What was done instead of the method, where hardly a calibration token reached the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Input channels that no calibration token excited.
    #[serde(default)]
    pub dead_channels: usize,
}

/// What a checkpoint holds that was made elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// `gguf`, `gptq_v2`, `awq gemm`, `dense`.
    pub format: String,
    /// How the linears of the blocks are stored, and how many are: `int4`, `bf16`.
    pub linears: BTreeMap<String, usize>,
    /// Bits that a weight of these takes on disk, scales and zero points included.
    pub linear_bits: f64,
    /// Bits that a weight of the whole checkpoint takes.
    pub checkpoint_bits: f64,
    /// Share of the linears' weights that is exactly zero, in [0, 1].
    pub sparsity: f64,
    /// Bytes of the weight files.
    pub bytes: usize,
}

/// What the weights of a variant are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WeightsRecord {
    /// Compressed by this program.
    Compressed(Box<CompressionRecord>),
    /// Made elsewhere.
    Found(CheckpointRecord),
}

/// What was done to a checkpoint, by what, and how far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompressionRecord {
    /// The method's name, or several: `smoothquant+gptq`.
    pub method: String,
    /// Its settings, all of them; of several methods, under their names.
    pub settings: Value,
    /// How the checkpoint is written: `compressed-tensors`, `gptq`.
    #[serde(default)]
    pub format: String,
    /// SHA-256 of the dense weights that went in.
    pub base_digest: String,
    /// The calibration text; absent for methods that need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Mean bits of a weight over the compressed linears, scales included.
    pub effective_bits: f64,
    /// Mean bits of a weight over the whole checkpoint, embeddings included.
    pub checkpoint_bits: f64,
    /// Share of zero weights over the compressed linears, in [0, 1].
    pub sparsity: f64,
    /// Every compressed linear, in the order of the walk.
    pub layers: Vec<LayerRecord>,
    /// Things a person should know: fallbacks, escalated damping.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
