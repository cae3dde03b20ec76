//! Blocks of 32 small integers as packed weights.

use half::f16;

use super::kind::{BLOCK, Kind};
use crate::format::dense::{expect_shape, unfit};
use crate::packed::{Grid, Packed};
use crate::{Checkpoint, Matrix, ModelError, TensorView, Weight};

/// The weight `[out, in]` of the linear `name`; `None` where it is not stored as blocks.
pub fn weight(checkpoint: &Checkpoint, name: &str, shape: (usize, usize)) -> Result<Option<Weight>, ModelError> {
    for kind in [Kind::Q4_0, Kind::Q4_1, Kind::Q8_0] {
        let stored = format!("{name}.{}", kind.suffix());
        if checkpoint.has(&stored) {
            return read(&checkpoint.tensor(&stored)?, kind, shape).map(Some);
        }
    }
    Ok(None)
}

fn read(tensor: &TensorView, kind: Kind, (rows, cols): (usize, usize)) -> Result<Weight, ModelError> {
    if !cols.is_multiple_of(BLOCK) {
        return Err(unfit(tensor, format!("rows of {cols}"), "blocks of 32"));
    }
    expect_shape(tensor, &[rows, cols / BLOCK * kind.block_bytes()])?;
    let blocks = || tensor.bytes.chunks_exact(kind.block_bytes());
    let scales = halves(tensor, kind, 0)?;
    let groups = cols / BLOCK;
    let packed = |bits, integers: Vec<i8>, scales, zeros| {
        let grid = Grid { groups, group_size: BLOCK, scales, zeros, half: false, group_of: None };
        Weight::Packed(Packed::new(rows, cols, bits, &integers, grid))
    };
    Ok(match kind {
        Kind::Q8_0 => packed(8, blocks().flat_map(|block| &block[2..]).map(|&q| q as i8).collect(), scales, None),
        Kind::Q4_1 => {
            let levels = blocks().flat_map(|block| nibbles(&block[4..]));
            let offsets = halves(tensor, kind, 2)?;
            match zero_points(&scales, &offsets) {
                Some(zeros) => packed(4, levels.map(|level| level - 8).collect(), scales, Some(zeros)),
                None => Weight::F32(Matrix::new(rows, cols, with_offsets(levels, &scales, &offsets))),
            }
        }
        _ => packed(4, blocks().flat_map(|block| nibbles(&block[2..])).map(|level| level - 8).collect(), scales, None),
    })
}

/// The levels of a block, 0 to 15.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = i8> {
    let low = bytes.iter().map(|byte| (byte & 0xF) as i8);
    low.chain(bytes.iter().map(|byte| (byte >> 4) as i8))
}

/// The f16 that begins at byte `at` of each block, which must be a number.
fn halves(tensor: &TensorView, kind: Kind, at: usize) -> Result<Vec<f32>, ModelError> {
    let blocks = tensor.bytes.chunks_exact(kind.block_bytes());
    let all: Vec<f32> = blocks.map(|block| f16::from_le_bytes([block[at], block[at + 1]]).to_f32()).collect();
    match all.iter().position(|value| !value.is_finite()) {
        None => Ok(all),
        Some(block) => Err(ModelError::NotFinite {
            name: tensor.name.clone(),
            path: tensor.file.clone(),
            index: block * BLOCK,
            value: all[block],
        }),
    }
}

/// The zero points less 8, where every offset is that of one: `m = -d * zero` exactly. So are files that were written
/// from integers with zero points; llama-quantize's are not.
fn zero_points(scales: &[f32], offsets: &[f32]) -> Option<Vec<i8>> {
    let zero = |(&d, &m): (&f32, &f32)| {
        let zero = if m == 0.0 { 0.0 } else { (-m / d).round() };
        ((0.0..=15.0).contains(&zero) && d * zero == -m).then(|| zero as i8 - 8)
    };
    scales.iter().zip(offsets).map(zero).collect()
}

/// `d * q + m`, where offsets are any numbers.
fn with_offsets(levels: impl Iterator<Item = i8>, scales: &[f32], offsets: &[f32]) -> Vec<f32> {
    levels.enumerate().map(|(at, q)| scales[at / BLOCK] * f32::from(q) + offsets[at / BLOCK]).collect()
}
