//! GPTQ, v1 and v2 (as AutoGPTQ and GPTQModel write them, and vLLM reads them).
//!
//! For a linear `P` of shape `[out, in]`, `b` bits, `g` groups: `P.qweight` i32 `[in * b / 32, out]`, each column a stream of
//! bits, the first input in the lowest; `P.qzeros` i32 `[g, out * b / 32]`, each row such a stream over outputs; `P.scales`
//! `[g, out]`; `P.g_idx` i32 `[in]`, the group of each input. v1 stores zero points less one, subtracted word by word.

mod dynamic;

use safetensors::Dtype;
use serde_json::Value;

use super::dense::{check_finite, expect_shape, floats, unfit};
use super::{first, words};
use crate::packed::{self, Packed};
use crate::{Checkpoint, ModelError, TensorView, Weight};

use dynamic::Dynamic;

/// How the linears of a checkpoint are quantized.
pub struct Gptq {
    common: Grid,
    dynamic: Dynamic,
    /// Zero points are stored less one.
    less_one: bool,
}

/// How the weights of a linear lie in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    bits: usize,
    /// Inputs of a group; -1 is a whole row.
    group_size: i64,
}

impl Gptq {
    /// Reads `quantization_config`.
    pub fn read(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        if first(value, &["bits"]).is_none() || first(value, &["group_size"]).is_none() {
            return Err(unsupported("GPTQ weights without `bits` or `group_size`".to_owned()));
        }
        let common = Grid { bits: 4, group_size: -1 }.changed(value, unsupported)?;
        let less_one = match first(value, &["checkpoint_format", "format"]).and_then(Value::as_str) {
            None | Some("gptq") => true,
            Some("gptq_v2") => false,
            Some(other) => return Err(unsupported(format!("GPTQ `checkpoint_format` `{other}`"))),
        };
        if first(value, &["is_marlin_format"]).and_then(Value::as_bool) == Some(true) {
            return Err(unsupported("GPTQ weights in Marlin's order (`is_marlin_format`)".to_owned()));
        }
        if value.get("pack_dtype").and_then(Value::as_str).is_some_and(|name| name != "int32") {
            return Err(unsupported("a `pack_dtype` other than int32".to_owned()));
        }
        Ok(Self { common, dynamic: Dynamic::read(value, common, unsupported)?, less_one })
    }

    /// The packed weight of the linear `name`.
    pub fn linear(
        &self,
        checkpoint: &Checkpoint,
        name: &str,
        (rows, cols): (usize, usize),
    ) -> Result<Weight, ModelError> {
        let tensor = |suffix: &str| checkpoint.tensor(&format!("{name}.{suffix}"));
        let weights = tensor("qweight")?;
        let Some(grid) = self.dynamic.of(name).unwrap_or(Some(self.common)) else {
            return Err(unfit(&weights, "absent: `dynamic` says that this linear is not quantized", "there"));
        };
        let bits = grid.bits;
        if !(rows * bits).is_multiple_of(32) || !(cols * bits).is_multiple_of(32) {
            return Err(unfit(&weights, "sizes that fill whole words", format!("{rows} outputs, {cols} inputs")));
        }
        let size = usize::try_from(grid.group_size).map_or(cols, |size| size.min(cols));
        let groups = cols.div_ceil(size);
        let stored = words(&weights, &[cols * bits / 32, rows])?;
        let middle = 1i16 << (bits - 1);
        let mut integers = vec![0i8; rows * cols];
        for row in 0..rows {
            let stream = |word: usize| stored[word * rows + row];
            for (col, q) in integers[row * cols..(row + 1) * cols].iter_mut().enumerate() {
                *q = (i16::from(grid.value_at(stream, col)) - middle) as i8;
            }
        }
        let zeros = grid.zeros(&tensor("qzeros")?, (rows, groups), self.less_one)?;
        let scales = transposed(&tensor("scales")?, (rows, groups))?;
        let group_of = groups_of(checkpoint, name, (cols, groups, size))?;
        let zeros = zeros.iter().any(|&zero| zero != 0).then_some(zeros);
        let grid = packed::Grid { groups, group_size: size, scales, zeros, half: false, group_of };
        Ok(Weight::Packed(Packed::new(rows, cols, bits as u32, &integers, grid)))
    }
}

impl Grid {
    /// With the settings that are there.
    fn changed(self, settings: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        if !settings.is_object() {
            return Err(unsupported(format!("{settings} as settings of `dynamic`")));
        }
        let bits = match first(settings, &["bits"]).map(|bits| (bits, bits.as_u64())) {
            None => self.bits,
            Some((_, Some(bits @ (2 | 3 | 4 | 8)))) => bits as usize,
            Some((other, _)) => return Err(unsupported(format!("GPTQ weights of {other} bits"))),
        };
        let group_size = match first(settings, &["group_size"]).map(|size| (size, size.as_i64())) {
            None => self.group_size,
            Some((_, Some(size @ (-1 | 1..=0x7FFF_FFFF)))) => size,
            Some((other, _)) => return Err(unsupported(format!("a `group_size` of {other}"))),
        };
        Ok(Self { bits, group_size })
    }

    /// Value `at` of a stream of bits.
    fn value_at(self, word: impl Fn(usize) -> u32, at: usize) -> u8 {
        let (first, shift) = (at * self.bits / 32, at * self.bits % 32);
        let low = u64::from(word(first));
        let both = if shift + self.bits > 32 { low | u64::from(word(first + 1)) << 32 } else { low };
        ((both >> shift) & ((1 << self.bits) - 1)) as u8
    }

    /// Zero points `[rows, groups]`, from the middle of the grid.
    fn zeros(self, tensor: &TensorView, (rows, groups): (usize, usize), less_one: bool) -> Result<Vec<i8>, ModelError> {
        let per_group = rows * self.bits / 32;
        let mut stored = words(tensor, &[groups, per_group])?;
        let mut add = u8::from(less_one);
        if less_one && self.bits != 3 {
            // A one in each value of a word; carries go where the subtraction borrowed.
            let ones = (0..32 / self.bits).fold(0u32, |ones, at| ones | 1 << (at * self.bits));
            stored.iter_mut().for_each(|word| *word = word.wrapping_add(ones));
            add = 0;
        }
        let middle = 1i16 << (self.bits - 1);
        let mut zeros = vec![0i8; rows * groups];
        for group in 0..groups {
            for row in 0..rows {
                let value = self.value_at(|word| stored[group * per_group + word], row);
                zeros[row * groups + group] = (i16::from(value) + i16::from(add) - middle) as i8;
            }
        }
        Ok(zeros)
    }
}

/// Scales `[groups, rows]` as `[rows, groups]`.
pub(super) fn transposed(tensor: &TensorView, (rows, groups): (usize, usize)) -> Result<Vec<f32>, ModelError> {
    expect_shape(tensor, &[groups, rows])?;
    check_finite(tensor)?;
    let values = floats(tensor)?;
    Ok((0..rows)
        .flat_map(|row| (0..groups).map(move |group| (row, group)))
        .map(|(r, g)| values[g * rows + r])
        .collect())
}

/// The group of each input, where groups are not runs of inputs.
fn groups_of(
    checkpoint: &Checkpoint,
    name: &str,
    (cols, groups, size): (usize, usize, usize),
) -> Result<Option<Vec<u32>>, ModelError> {
    let name = format!("{name}.g_idx");
    if !checkpoint.has(&name) {
        return Ok(None);
    }
    let tensor = checkpoint.tensor(&name)?;
    super::expect_type(&tensor, Dtype::I32)?;
    let all = words(&tensor, &[cols])?;
    if all.iter().any(|&group| group as usize >= groups) {
        return Err(unfit(&tensor, format!("groups below {groups}"), "a group outside"));
    }
    let in_order = all.iter().enumerate().all(|(at, &group)| group as usize == at / size);
    Ok((!in_order).then_some(all))
}
