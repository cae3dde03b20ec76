//! compressed-tensors, format `pack-quantized` (as written by llm-compressor 0.14 and read by vLLM).
//!
//! For a linear `P` of shape `[out, in]` with `g` groups:
//! `P.weight_packed` i32 `[out, ceil(in * bits / 32)]`, `P.weight_scale` `[out, g]`, and where the grid is asymmetric
//! `P.weight_zero_point`, packed along its first dimension to i32 `[ceil(out * bits / 32), g]` (older files: i8
//! `[out, g]`); `P.weight_g_idx` i32 `[in]` where groups are not runs of columns; `P.weight_shape` i64 `[2]`.
//! Files of older versions, whose words are padded, are told by the number of words ([`Layout`]).

mod inputs;
mod target;

use safetensors::Dtype;
use serde_json::Value;

use super::dense::{check_finite, expect_shape, floats, unfit};
use super::{expect_type, fp8};
use crate::packed::{Grid, Layout, Packed};
use crate::{Activation, Checkpoint, ModelError, TensorView, Weight};

use inputs::Inputs;
use target::Target;

/// How the linears of a checkpoint are quantized.
pub struct CompressedTensors {
    groups: Vec<(Vec<Target>, Scheme)>,
}

#[derive(Clone, Copy)]
struct Scheme {
    number: Number,
    /// How inputs are rounded.
    inputs: Inputs,
    bits: u32,
    symmetric: bool,
    group_size: Option<usize>,
    /// Outputs and inputs of a block, where weights have a scale for each.
    block: Option<(usize, usize)>,
}

/// How a weight lies in the file.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    /// `pack-quantized`
    Packed,
    /// `int-quantized`: i8, 0 in the middle.
    Int8,
    /// `float-quantized`: e4m3.
    Fp8,
}

impl CompressedTensors {
    /// Reads `quantization_config`; `None` where it says that nothing is quantized.
    pub fn read(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Option<Self>, ModelError> {
        let filled = |name: &str| match value.get(name) {
            Some(Value::Object(map)) => !map.is_empty(),
            None | Some(Value::Null) => false,
            Some(_) => true,
        };
        if filled("transform_config") {
            return Err(unsupported("`transform_config` of compressed-tensors".to_owned()));
        }
        // `dense`: the zeros are stored like other numbers.
        let sparse = value.pointer("/sparsity_config/format").and_then(Value::as_str).unwrap_or("none");
        if filled("sparsity_config") && sparse != "dense" {
            return Err(unsupported(format!("`sparsity_config` of compressed-tensors with format `{sparse}`")));
        }
        let Some(groups) = value.get("config_groups").and_then(Value::as_object).filter(|map| !map.is_empty()) else {
            return Ok(None);
        };
        let format = value.get("format").and_then(Value::as_str).unwrap_or("none");
        let mut all = Vec::new();
        for group in groups.values() {
            let format = group.get("format").and_then(Value::as_str).unwrap_or(format);
            let number = match format {
                "pack-quantized" => Number::Packed,
                "int-quantized" => Number::Int8,
                "float-quantized" => Number::Fp8,
                other => return Err(unsupported(format!("compressed-tensors format `{other}`"))),
            };
            if group.get("output_activations").is_some_and(|value| !value.is_null()) {
                return Err(unsupported("`output_activations` (activation quantization)".to_owned()));
            }
            let inputs = Inputs::read(group.get("input_activations").unwrap_or(&Value::Null), unsupported)?;
            let targets = group.get("targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let target = |text| Target::read(text).map_err(|why| unsupported(format!("{why} of `targets`")));
            let targets = targets.iter().filter_map(Value::as_str).map(target).collect::<Result<_, _>>()?;
            let weights = group.get("weights").unwrap_or(&Value::Null);
            all.push((targets, Scheme::read(weights, (number, inputs), unsupported)?));
        }
        Ok(Some(Self { groups: all }))
    }

    /// The packed weight of the linear `name`.
    pub fn linear(
        &self,
        checkpoint: &Checkpoint,
        name: &str,
        (rows, cols): (usize, usize),
    ) -> Result<Weight, ModelError> {
        let packed = format!("{name}.weight_packed");
        let plain = !checkpoint.has(&packed);
        let words = checkpoint.tensor(&if plain { format!("{name}.weight") } else { packed })?;
        let scheme = self.scheme(name).ok_or_else(|| {
            unfit(&words, "named by a target of quantization_config", "a quantized weight that no target names")
        })?;
        match scheme.number {
            Number::Int8 => return scheme.bytes(checkpoint, &words, (name, rows, cols)),
            Number::Fp8 => {
                let scale = checkpoint.tensor(&format!("{name}.weight_scale"))?;
                return fp8::weight(&words, &scale, (rows, cols), scheme.block);
            }
            Number::Packed => {}
        }
        expect_type(&words, Dtype::I32)?;
        let fits = |layout: &Layout| words.shape == [rows, layout.words(cols, scheme.bits)];
        let Some(layout) = [Layout::Dense, Layout::Padded].into_iter().find(fits) else {
            let expected = [rows, Layout::Dense.words(cols, scheme.bits)];
            return Err(unfit(&words, format!("{expected:?}"), format!("{:?}", words.shape)));
        };
        if checkpoint.has(&format!("{name}.weight_shape")) {
            let shape = checkpoint.tensor(&format!("{name}.weight_shape"))?;
            let said = whole_numbers(&shape)?;
            if said != [rows as i64, cols as i64] {
                return Err(unfit(&shape, format!("[{rows}, {cols}]"), format!("{said:?}")));
            }
        }
        let grid = scheme.grid(checkpoint, name, (rows, cols), layout)?;
        Ok(Weight::Packed(match layout {
            Layout::Dense => Packed { rows, cols, bits: scheme.bits, words: words.bytes, grid },
            Layout::Padded => {
                let padded: Vec<u32> = whole_numbers(&words)?.into_iter().map(|word| word as u32).collect();
                Packed::new(rows, cols, scheme.bits, &layout.unpack(&padded, cols, scheme.bits), grid)
            }
        }))
    }

    /// How the inputs of a linear are rounded.
    pub fn activation(&self, checkpoint: &Checkpoint, name: &str) -> Result<Option<Activation>, ModelError> {
        Ok(match self.scheme(name).map_or(Inputs::AsTheyAre, |scheme| scheme.inputs) {
            Inputs::AsTheyAre => None,
            Inputs::Int8 => Some(Activation::Int8),
            Inputs::Fp8 => Some(Activation::Fp8),
            Inputs::Fp8Groups(size) => Some(Activation::Fp8Groups(size)),
            Inputs::StaticFp8 => Some(fp8::fixed_scale(&checkpoint.tensor(&format!("{name}.input_scale"))?)?),
        })
    }

    fn scheme(&self, name: &str) -> Option<Scheme> {
        let of = |names: &dyn Fn(&Target) -> bool| self.groups.iter().find(|(targets, _)| targets.iter().any(names));
        let named = of(&|target| target.names(name));
        named.or_else(|| of(&|target| matches!(target, Target::Linear))).map(|(_, scheme)| *scheme)
    }
}

impl Scheme {
    fn read(
        weights: &Value,
        (number, inputs): (Number, Inputs),
        unsupported: &dyn Fn(String) -> ModelError,
    ) -> Result<Self, ModelError> {
        let kind = weights.get("type").and_then(Value::as_str).unwrap_or("int");
        let bits = weights.get("num_bits").and_then(Value::as_u64).unwrap_or(0);
        let fits = match number {
            Number::Packed => kind == "int" && (1..=8).contains(&bits),
            Number::Int8 => kind == "int" && bits == 8,
            Number::Fp8 => kind == "float" && bits == 8,
        };
        if !fits {
            return Err(unsupported(format!("weights of type `{kind}` with {bits} bits in this format")));
        }
        let size = weights.get("group_size").and_then(Value::as_i64).filter(|&size| size > 0);
        let group_size = match weights.get("strategy").and_then(Value::as_str) {
            Some("group") if size.is_none() => return Err(unsupported("strategy `group` without group_size".into())),
            Some("group") | None => size.map(|size| size as usize),
            Some("channel" | "tensor") => None,
            Some("block") if number == Number::Fp8 => None,
            Some(other) => return Err(unsupported(format!("quantization strategy `{other}`"))),
        };
        let symmetric = weights.get("symmetric").and_then(Value::as_bool).unwrap_or(true);
        if number == Number::Fp8 && group_size.is_some() {
            return Err(unsupported("FP8 weights in groups".to_owned()));
        }
        let block = match weights.get("strategy").and_then(Value::as_str) {
            Some("block") => Some(block(weights.get("block_structure").unwrap_or(&Value::Null), unsupported)?),
            _ => None,
        };
        Ok(Self { number, inputs, bits: bits as u32, symmetric, group_size, block })
    }

    /// A weight of whole bytes, i8 `[rows, cols]`.
    fn bytes(
        &self,
        checkpoint: &Checkpoint,
        tensor: &TensorView,
        (name, rows, cols): (&str, usize, usize),
    ) -> Result<Weight, ModelError> {
        expect_type(tensor, Dtype::I8)?;
        expect_shape(tensor, &[rows, cols])?;
        let grid = self.grid(checkpoint, name, (rows, cols), Layout::Dense)?;
        let integers: Vec<i8> = tensor.bytes.iter().map(|&byte| byte as i8).collect();
        Ok(Weight::Packed(Packed::new(rows, cols, 8, &integers, grid)))
    }

    /// The grid; `layout` is that of the weight, and so of the zero points.
    fn grid(
        &self,
        checkpoint: &Checkpoint,
        name: &str,
        (rows, cols): (usize, usize),
        layout: Layout,
    ) -> Result<Grid, ModelError> {
        let group_size = self.group_size.unwrap_or(cols).min(cols);
        let groups = cols.div_ceil(group_size);
        let scale = checkpoint.tensor(&format!("{name}.weight_scale"))?;
        check_finite(&scale)?;
        let mut scales = floats(&scale)?;
        if scales.len() == 1 && groups == 1 {
            scales = vec![scales[0]; rows];
        } else {
            expect_shape(&scale, &[rows, groups])?;
        }
        let zeros = if self.symmetric { None } else { Some(self.zeros(checkpoint, name, (rows, groups), layout)?) };
        let group_of = group_of(checkpoint, name, (cols, groups))?;
        Ok(Grid { groups, group_size, scales, zeros, half: false, group_of })
    }

    fn zeros(
        &self,
        checkpoint: &Checkpoint,
        name: &str,
        (rows, groups): (usize, usize),
        layout: Layout,
    ) -> Result<Vec<i8>, ModelError> {
        let tensor = checkpoint.tensor(&format!("{name}.weight_zero_point"))?;
        if tensor.dtype == Dtype::I8 {
            expect_shape(&tensor, &[rows, groups])?;
            let zeros: Vec<i8> = tensor.bytes.iter().map(|&byte| byte as i8).collect();
            let middle = 1i16 << (self.bits - 1);
            if let Some(zero) = zeros.iter().find(|&&zero| !(-middle..middle).contains(&i16::from(zero))) {
                return Err(unfit(&tensor, format!("zero points of {} bits", self.bits), format!("{zero}")));
            }
            return Ok(zeros);
        }
        expect_type(&tensor, Dtype::I32)?;
        let packed_rows = layout.words(rows, self.bits);
        expect_shape(&tensor, &[packed_rows, groups])?;
        let words = whole_numbers(&tensor)?;
        let mut zeros = vec![0i8; rows * groups];
        for group in 0..groups {
            let column: Vec<u32> = (0..packed_rows).map(|row| words[row * groups + group] as u32).collect();
            for (row, zero) in layout.unpack(&column, rows, self.bits).into_iter().enumerate() {
                zeros[row * groups + group] = zero;
            }
        }
        Ok(zeros)
    }
}

/// Outputs and inputs of a block: `[128, 128]`, or `128x128`.
fn block(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<(usize, usize), ModelError> {
    let sizes: Vec<Option<usize>> = match value {
        Value::String(text) => text.split('x').map(|size| size.parse().ok()).collect(),
        _ => value.as_array().into_iter().flatten().map(|size| size.as_u64().map(|size| size as usize)).collect(),
    };
    match sizes[..] {
        [Some(rows @ 1..=0x7FFF_FFFF), Some(cols @ 1..=0x7FFF_FFFF)] => Ok((rows, cols)),
        _ => Err(unsupported(format!("a `block_structure` of {value}"))),
    }
}

/// The group of each column, where the file says so. Writers leave -1 everywhere where groups are runs of columns.
fn group_of(
    checkpoint: &Checkpoint,
    name: &str,
    (cols, groups): (usize, usize),
) -> Result<Option<Vec<u32>>, ModelError> {
    let name = format!("{name}.weight_g_idx");
    if !checkpoint.has(&name) {
        return Ok(None);
    }
    let tensor = checkpoint.tensor(&name)?;
    expect_shape(&tensor, &[cols])?;
    let numbers = whole_numbers(&tensor)?;
    if numbers.iter().all(|&group| group == -1) {
        return Ok(None);
    }
    let known = |&group: &i64| u32::try_from(group).ok().filter(|&group| (group as usize) < groups);
    let all: Option<Vec<u32>> = numbers.iter().map(known).collect();
    all.map(Some).ok_or_else(|| unfit(&tensor, format!("groups below {groups}"), "a group outside"))
}

/// The values of an i32 or i64 tensor.
fn whole_numbers(tensor: &TensorView) -> Result<Vec<i64>, ModelError> {
    match tensor.dtype {
        Dtype::I32 => {
            Ok(tensor.bytes.as_chunks::<4>().0.iter().map(|&bytes| i64::from(i32::from_le_bytes(bytes))).collect())
        }
        Dtype::I64 => Ok(tensor.bytes.as_chunks::<8>().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()),
        other => Err(unfit(tensor, "i32 or i64", format!("{other:?}"))),
    }
}
