//! GGUF, for llama.cpp: whole numbers as blocks of 32 with an f16 scale; the layout is in the reader,
//! `model/src/format/gguf.rs`.
//!
//! What is written is exact: a level, scale and zero point of ours are a level, scale and offset of a block, with no
//! rounding between. An offset is `-scale * zero`; [`crate::FloatType::ShortF16`] keeps scales short enough for it to be
//! an f16.

mod file;
mod latent;
mod metadata;
mod pieces;
mod rope;
mod taken;
mod vocabulary;

use std::path::Path;

use half::f16;
use model::gguf::{BLOCK, Kind};
use model::{Checkpoint, Dtype, TensorView};

use super::tensor_file::Plan;
use super::weight_file::FileKind;
use super::{FormatInfo, Misfit, OTHER, SHARED};
use crate::{ActOrder, CompressError, FloatType, Grid, GroupSize, QuantizedWeight, Scheme};

pub(crate) use file::GgufFile;
pub(crate) use metadata::{Metadata, metadata};

/// The row of the format table: 4 bits (Q4_0, with zero points Q4_1), symmetric 8 bits (Q8_0), or not quantized.
pub(super) const INFO: FormatInfo = FormatInfo {
    name: "gguf",
    about: "F32, F16, BF16, Q4_0, Q4_1, Q8_0",
    file: FileKind::Gguf,
    scales: |_| FloatType::ShortF16,
    bits,
    fits,
    plans,
    contents: |weight, _| vec![contents(weight)],
    joined: false,
    ..SHARED
};

/// The one file.
pub(crate) const WEIGHTS: &str = "model.gguf";

fn fits((_, cols): (usize, usize), scheme: &Scheme) -> Result<(), Misfit> {
    Misfit::of_whole_bytes(scheme)?;
    match (scheme.grid.bits, scheme.grid.symmetric) {
        (4, _) | (8, true) => {}
        (8, false) => return Err(Misfit::new("8-bit weights with zero points", "set symmetric=true")),
        (bits, _) => return Err(Misfit::new(format!("{bits}-bit weights"), "set bits=4 or bits=8")),
    }
    if !cols.is_multiple_of(BLOCK) {
        return Err(Misfit::new(format!("{cols} inputs, no multiple of 32,"), OTHER));
    }
    let size = scheme.group.columns(cols);
    if !size.is_multiple_of(BLOCK) {
        let cure = "set group_size to 32 or a multiple of it";
        return Err(Misfit::new(format!("groups of {size} inputs, no multiple of 32,"), cure));
    }
    if scheme.act_order == ActOrder::Group {
        return Err(Misfit::new("groups that follow the act-order", "set act_order=static"));
    }
    Ok(())
}

/// What weights of a grid become.
fn kind(grid: &Grid) -> Kind {
    match (grid.bits, grid.symmetric) {
        (8, _) => Kind::Q8_0,
        (_, true) => Kind::Q4_0,
        (_, false) => Kind::Q4_1,
    }
}

/// Bits that a weight takes in its blocks.
fn bits(weight: &QuantizedWeight) -> f64 {
    let kind = kind(&weight.grid);
    (kind.block_bytes() * 8) as f64 / BLOCK as f64
}

/// The tensor of a linear `name` of shape `[rows, cols]`: u8, `[rows, bytes of a row]`.
fn plans(name: &str, (rows, cols): (usize, usize), scheme: &Scheme) -> Vec<Plan> {
    let kind = kind(&scheme.grid);
    let shape = vec![rows, cols / BLOCK * kind.block_bytes()];
    vec![Plan { name: format!("{name}.{}", kind.suffix()), dtype: Dtype::U8, shape }]
}

/// Its content: the blocks of all rows.
fn contents(weight: &QuantizedWeight) -> Vec<u8> {
    let (groups, group_size) = (weight.groups(), GroupSize::columns(weight.group, weight.cols));
    let mut bytes = Vec::with_capacity(weight.levels.len() / BLOCK * (4 + BLOCK));
    for (row, levels) in weight.levels.chunks(weight.cols.max(1)).enumerate() {
        for (at, levels) in levels.chunks(BLOCK).enumerate() {
            let step = weight.steps[row * groups + at * BLOCK / group_size];
            bytes.extend(f16::from_f32(step.scale).to_le_bytes());
            match (weight.grid.bits, weight.grid.symmetric) {
                (8, _) => bytes.extend(levels.iter().map(|&level| level.wrapping_sub(128))),
                (_, symmetric) => {
                    if !symmetric {
                        bytes.extend(f16::from_f32(0.0 - step.scale * step.zero).to_le_bytes());
                    }
                    let (low, high) = levels.split_at(levels.len() / 2);
                    bytes.extend(low.iter().zip(high).map(|(low, high)| low | high << 4));
                }
            }
        }
    }
    bytes
}

/// Writes a dense checkpoint as one GGUF file: matrices as they are stored, norms and biases in f32.
///
/// # Errors
/// An architecture or a tokenizer that llama.cpp does not have, quantized weights, a full disk.
pub fn export_gguf(checkpoint: &Checkpoint, path: &Path) -> Result<(), CompressError> {
    let mut plans = Vec::new();
    for name in checkpoint.tensor_names() {
        let TensorView { name, dtype, shape, .. } = stored(checkpoint, name)?;
        plans.push(Plan { name, dtype, shape });
    }
    let mut file = GgufFile::create(path, &metadata(checkpoint, None)?, plans)?;
    for name in checkpoint.tensor_names() {
        let tensor = stored(checkpoint, name)?;
        file.write(&tensor.name, &tensor.bytes)?;
        tensor.bytes.forget();
    }
    file.sync()
}

/// A tensor as a file has it: 4-bit floats of gpt-oss as blocks.
fn stored(checkpoint: &Checkpoint, name: &str) -> Result<TensorView, CompressError> {
    let linear = name.strip_suffix(".weight");
    match linear.zip(checkpoint.blocks(name)) {
        Some((linear, blocks)) => Ok(TensorView { name: format!("{linear}.{}", Kind::MXFP4.suffix()), ..blocks }),
        None => Ok(checkpoint.tensor(name)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    #[test]
    fn blocks_hold_what_the_weight_holds() {
        let grid = Grid { scale_type: FloatType::ShortF16, ..Grid::new(4, false) };
        let levels: Vec<u8> = (0..64).map(|at| (at % 16) as u8).collect();
        let steps = vec![Step { scale: 0.5, zero: 3.0 }];
        let weight =
            QuantizedWeight { rows: 1, cols: 64, grid, group: GroupSize::Channel, levels, steps, group_of: None };
        let bytes = contents(&weight);
        assert_eq!(bytes.len(), 2 * 20);
        assert_eq!(f16::from_le_bytes([bytes[0], bytes[1]]).to_f32(), 0.5);
        assert_eq!(f16::from_le_bytes([bytes[2], bytes[3]]).to_f32(), -1.5);
        // Inputs 1 and 17 have levels 1 and 1.
        assert_eq!(bytes[5], 0x11);
        assert_eq!(bytes[..20], bytes[20..]);
    }

    /// The weight of one linear of the bundled model on a grid, with the levels and steps that it fits.
    fn rounded(grid: Grid, size: usize) -> Result<QuantizedWeight, CompressError> {
        let model = model::Model::load(&Checkpoint::bundled()?)?;
        let dense = model.blocks[0].linears()[0].weight.to_f32();
        let group = GroupSize::Columns(size);
        let steps: Vec<Step> = dense.data.chunks(size).map(|weights| grid.fit(weights)).collect();
        let levels = dense.data.iter().enumerate().map(|(at, &w)| grid.level(steps[at / size], w)).collect();
        Ok(QuantizedWeight { rows: dense.rows, cols: dense.cols, grid, group, levels, steps, group_of: None })
    }

    #[test]
    fn a_linear_is_read_back_bit_for_bit_and_packed() -> Result<(), Box<dyn std::error::Error>> {
        const NAME: &str = "model.layers.0.self_attn.q_proj";
        let (folder, pico) = (tempfile::tempdir()?, Checkpoint::bundled()?);
        for (bits, symmetric, size) in [(4, true, 32), (4, true, 128), (4, false, 32), (4, false, 64), (8, true, 128)] {
            let grid = Grid { scale_type: FloatType::ShortF16, ..Grid::new(bits, symmetric) };
            let weight = rounded(grid, size)?;
            let scheme = Scheme { activations: false, grid, group: weight.group, act_order: ActOrder::None };
            let names: Vec<&str> = pico.tensor_names().filter(|name| *name != format!("{NAME}.weight")).collect();
            let kept = names.iter().map(|name| pico.tensor(name)).collect::<Result<Vec<_>, _>>()?;
            let mut all = plans(NAME, (weight.rows, weight.cols), &scheme);
            let name = all[0].name.clone();
            all.extend(kept.iter().map(|t| Plan { name: t.name.clone(), dtype: t.dtype, shape: t.shape.clone() }));
            let path = folder.path().join(format!("{bits}{symmetric}{size}.gguf"));
            let mut file = GgufFile::create(&path, &metadata(&pico, Some(&scheme))?, all)?;
            kept.iter().try_for_each(|tensor| file.write(&tensor.name, &tensor.bytes))?;
            file.write(&name, &contents(&weight))?;
            file.sync()?;
            let read = model::Model::load(&Checkpoint::open(&path)?)?;
            let read = &read.blocks[0].linears()[0].weight;
            assert!(
                matches!(read, model::Weight::Packed(_) | model::Weight::Quantized(_)),
                "{bits} {symmetric}: {}",
                read.kind()
            );
            assert!(read.to_f32() == weight.dequantize(), "{bits} {symmetric} {size}");
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_cure() {
        let scheme = |bits, symmetric, size| Scheme {
            activations: false,
            grid: Grid::new(bits, symmetric),
            group: GroupSize::Columns(size),
            act_order: ActOrder::Static,
        };
        assert_eq!(fits((8, 128), &scheme(4, true, 128)), Ok(()));
        assert_eq!(fits((8, 128), &scheme(8, true, 32)), Ok(()));
        for (cols, scheme, cure) in [
            (128, scheme(3, true, 32), "bits=4"),
            (128, scheme(8, false, 32), "symmetric=true"),
            (128, scheme(4, true, 16), "multiple"),
            (48, scheme(4, true, 48), "compressed-tensors"),
            (128, Scheme { act_order: ActOrder::Group, ..scheme(4, true, 32) }, "act_order=static"),
        ] {
            assert!(fits((8, cols), &scheme).is_err_and(|misfit| misfit.cure.contains(cure)), "{scheme:?}");
        }
    }
}
