//! Floating-point weights as the checkpoint had them; rounded weights are written as the numbers that they stand for.

use half::{bf16, f16};
use model::Dtype;

use super::compressed_tensors::configuration::compressed_tensors;
use super::{FormatInfo, SHARED};
use crate::FloatType;

/// The row of the format table.
pub(super) const INFO: FormatInfo = FormatInfo {
    name: "dense",
    about: "as the model was stored",
    quantized: false,
    cache: true,
    // Scales are not stored at all.
    scales: |_| FloatType::F32,
    widened: Some,
    joined: false,
    configuration: |_, kv_bits| kv_bits.map(|_| compressed_tensors(None, kv_bits)),
    ..SHARED
};

/// The type that a checkpoint's floating-point tensor is stored as.
pub(super) fn dtype(stored: FloatType) -> Dtype {
    match stored {
        FloatType::F32 => Dtype::F32,
        FloatType::F16 | FloatType::ShortF16 => Dtype::F16,
        FloatType::Bf16 => Dtype::BF16,
    }
}

/// Numbers as the checkpoint stores them, little-endian.
pub(super) fn float_bytes(stored: FloatType, values: impl Iterator<Item = f32>) -> Vec<u8> {
    match stored {
        FloatType::F32 => values.flat_map(f32::to_le_bytes).collect(),
        FloatType::F16 | FloatType::ShortF16 => values.flat_map(|v| f16::from_f32(v).to_le_bytes()).collect(),
        FloatType::Bf16 => values.flat_map(|v| bf16::from_f32(v).to_le_bytes()).collect(),
    }
}
