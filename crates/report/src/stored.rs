//! How the weights of a variant are stored, whoever compressed them.

use record::{CheckpointRecord, CompressionRecord, LayerRecord, WeightsRecord};

use crate::wording::{count, linears, settings};

/// What a row of a table says of a variant's weights.
pub(crate) struct Stored {
    /// What compressed them.
    pub method: String,
    /// How.
    pub settings: Vec<String>,
    /// Bits of a weight of the linears, scales and zero points included.
    pub bits: f64,
    /// Bits of a weight of the whole checkpoint.
    pub checkpoint_bits: f64,
    /// The share of zeros in the linears.
    pub sparsity: f64,
    /// Bytes of the linears.
    pub bytes: f64,
    /// How many linears there are.
    pub linears: usize,
    /// The text that the method saw.
    pub calibration: String,
}

impl Stored {
    /// Of one variant.
    pub fn of(weights: &WeightsRecord) -> Self {
        match weights {
            WeightsRecord::Compressed(record) => Self::compressed(record),
            WeightsRecord::Found(record) => Self::found(record),
        }
    }

    fn compressed(record: &CompressionRecord) -> Self {
        let size = |layer: &LayerRecord| layer.bits * layer.out_features as f64 * layer.in_features as f64 / 8.0;
        Self {
            method: record.method.clone(),
            settings: settings(&record.settings),
            bits: record.effective_bits,
            checkpoint_bits: record.checkpoint_bits,
            sparsity: record.sparsity,
            bytes: record.layers.iter().map(size).sum(),
            linears: record.layers.len(),
            calibration: record.calibration.as_ref().map_or_else(
                || "none needed".to_owned(),
                |text| format!("{}: {} \u{d7} {} tokens", text.source, count(text.sequences), count(text.length)),
            ),
        }
    }

    /// A checkpoint says how its weights are stored, not how they were found.
    fn found(record: &CheckpointRecord) -> Self {
        Self {
            method: format!("ready-made, {}", record.format),
            settings: linears(record),
            bits: record.linear_bits,
            checkpoint_bits: record.checkpoint_bits,
            sparsity: record.sparsity,
            bytes: record.bytes as f64,
            linears: record.linears.values().sum(),
            calibration: "not known".to_owned(),
        }
    }
}
