//! Dense tensors in f32, f16 or bf16; every value is looked at once and must be finite.

use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::Dtype;

use crate::weight::{Half, HalfKind, Mapped};
use crate::{Checkpoint, Matrix, ModelError, TensorView, Weight};

/// A dense weight `[out, in]`: f32 and 16-bit floats stay where they lie.
pub fn weight(checkpoint: &Checkpoint, name: &str, shape: (usize, usize)) -> Result<Weight, ModelError> {
    tensor_weight(&checkpoint.tensor(name)?, shape)
}

/// A dense vector `[size]` in f32.
pub fn vector(checkpoint: &Checkpoint, name: &str, size: usize) -> Result<Vec<f32>, ModelError> {
    tensor_vector(&checkpoint.tensor(name)?, size)
}

/// [`weight`] of a tensor.
pub fn tensor_weight(tensor: &TensorView, (rows, cols): (usize, usize)) -> Result<Weight, ModelError> {
    expect_shape(tensor, &[rows, cols])?;
    check_finite(tensor)?;
    let half = |kind| Weight::Half(Half { kind, rows, cols, bytes: tensor.bytes.clone() });
    match tensor.dtype {
        Dtype::BF16 => Ok(half(HalfKind::Bf16)),
        Dtype::F16 => Ok(half(HalfKind::F16)),
        Dtype::F32 if let Some(mapped) = Mapped::of((rows, cols), &tensor.bytes) => Ok(Weight::Mapped(mapped)),
        _ => Ok(Weight::F32(Matrix::new(rows, cols, floats(tensor)?))),
    }
}

/// [`vector`] of a tensor.
pub fn tensor_vector(tensor: &TensorView, size: usize) -> Result<Vec<f32>, ModelError> {
    expect_shape(tensor, &[size])?;
    check_finite(tensor)?;
    floats(tensor)
}

/// The error that a tensor is not of the type or shape that is needed.
pub fn unfit(tensor: &TensorView, expected: impl Into<String>, got: impl Into<String>) -> ModelError {
    ModelError::Tensor {
        name: tensor.name.clone(),
        path: tensor.file.clone(),
        expected: expected.into(),
        got: got.into(),
    }
}

/// That the tensor has this shape.
pub fn expect_shape(tensor: &TensorView, shape: &[usize]) -> Result<(), ModelError> {
    if tensor.shape == shape {
        return Ok(());
    }
    Err(unfit(tensor, format!("{shape:?}"), format!("{:?}", tensor.shape)))
}

/// The values in f32, whatever float they are stored in.
pub fn floats(tensor: &TensorView) -> Result<Vec<f32>, ModelError> {
    let two = |to: fn([u8; 2]) -> f32| tensor.bytes.as_chunks::<2>().0.iter().map(|&b| to(b)).collect();
    match tensor.dtype {
        Dtype::F32 => Ok(tensor.bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
        Dtype::BF16 => Ok(two(|b| bf16::from_le_bytes(b).to_f32())),
        Dtype::F16 => Ok(two(|b| f16::from_le_bytes(b).to_f32())),
        Dtype::F64 => Ok(tensor.bytes.as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect()),
        other => Err(unfit(tensor, format!("f32, f16, bf16 or f64{}", hint(tensor)), format!("{other:?}"))),
    }
}

/// What a tensor that is none of the dense types probably is.
fn hint(tensor: &TensorView) -> &'static str {
    match tensor.dtype {
        Dtype::I8 | Dtype::U8 | Dtype::I32 | Dtype::U32 | Dtype::F8_E4M3 | Dtype::F8_E5M2 => {
            " (this is a quantized one, and config.json has no quantization_config that says how)"
        }
        _ => "",
    }
}

/// Whether two tensors hold the same values, whatever float each is stored in.
pub fn same_values(one: &TensorView, other: &TensorView) -> bool {
    if one.dtype == other.dtype {
        return one.shape == other.shape && *one.bytes == *other.bytes;
    }
    let equal = || Some(floats(one).ok()? == floats(other).ok()?);
    one.shape == other.shape && equal() == Some(true)
}

/// That every value is a number: one NaN makes every reply nonsense.
pub fn check_finite(tensor: &TensorView) -> Result<(), ModelError> {
    let index = match tensor.dtype {
        Dtype::F32 => first(&tensor.bytes, |b| u32::from_le_bytes(b) & 0x7F80_0000 == 0x7F80_0000),
        Dtype::BF16 => first(&tensor.bytes, |b| u16::from_le_bytes(b) & 0x7F80 == 0x7F80),
        Dtype::F16 => first(&tensor.bytes, |b| u16::from_le_bytes(b) & 0x7C00 == 0x7C00),
        Dtype::F64 => first(&tensor.bytes, |b| !(f64::from_le_bytes(b) as f32).is_finite()),
        _ => None,
    };
    match index {
        None => Ok(()),
        Some(index) => Err(ModelError::NotFinite {
            name: tensor.name.clone(),
            path: tensor.file.clone(),
            index,
            value: floats(tensor)?[index],
        }),
    }
}

/// The first value of `WIDTH` bytes that is bad.
fn first<const WIDTH: usize>(bytes: &[u8], bad: impl Fn([u8; WIDTH]) -> bool + Sync) -> Option<usize> {
    const PIECE: usize = 1 << 12;
    bytes.par_chunks(PIECE * WIDTH).enumerate().find_map_first(|(piece, bytes)| {
        let values = bytes.as_chunks::<WIDTH>().0;
        // All of a piece are looked at without a branch, as a compiler can do for many at a time.
        let any = values.iter().fold(false, |any, &value| any | bad(value));
        any.then(|| values.iter().position(|&value| bad(value)).map(|at| piece * PIECE + at)).flatten()
    })
}
