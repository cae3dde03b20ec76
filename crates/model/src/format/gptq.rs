//! GPTQ, v1 and v2 (as AutoGPTQ and GPTQModel write them, and vLLM reads them).
//!
//! For a linear `P` of shape `[out, in]`, `b` bits, `g` groups: `P.qweight` i32 `[in * b / 32, out]`, each column a stream of
//! bits, the first input in the lowest; `P.qzeros` i32 `[g, out * b / 32]`, each row such a stream over outputs; `P.scales`
//! `[g, out]`; `P.g_idx` i32 `[in]`, the group of each input. v1 stores zero points less one, subtracted word by word.

use safetensors::Dtype;
use serde_json::Value;

use super::dense::{check_finite, expect_shape, floats, unfit};
use super::{group_size, words};
use crate::packed::{Grid, Packed};
use crate::{Checkpoint, ModelError, TensorView, Weight};

/// How the linears of a checkpoint are quantized.
pub struct Gptq {
    bits: usize,
    value: Value,
    /// Zero points are stored less one.
    less_one: bool,
}

impl Gptq {
    /// Reads `quantization_config`.
    pub fn read(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        let bits = match value.get("bits").and_then(Value::as_u64) {
            Some(bits @ (2 | 3 | 4 | 8)) => bits as usize,
            other => return Err(unsupported(format!("GPTQ weights of {other:?} bits"))),
        };
        let less_one = match value.get("checkpoint_format").and_then(Value::as_str) {
            None | Some("gptq") => true,
            Some("gptq_v2") => false,
            Some(other) => return Err(unsupported(format!("GPTQ `checkpoint_format` `{other}`"))),
        };
        if value.get("pack_dtype").and_then(Value::as_str).is_some_and(|name| name != "int32") {
            return Err(unsupported("a `pack_dtype` other than int32".to_owned()));
        }
        Ok(Self { bits, value: value.clone(), less_one })
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
        if !(rows * self.bits).is_multiple_of(32) || !(cols * self.bits).is_multiple_of(32) {
            return Err(unfit(&weights, "sizes that fill whole words", format!("{rows} outputs, {cols} inputs")));
        }
        let size = group_size(&self.value, cols, |what| unfit(&weights, "a known `group_size`", what))?;
        let groups = cols.div_ceil(size);
        let stored = words(&weights, &[cols * self.bits / 32, rows])?;
        let middle = 1i16 << (self.bits - 1);
        let mut integers = vec![0i8; rows * cols];
        for row in 0..rows {
            let stream = |word: usize| stored[word * rows + row];
            for (col, q) in integers[row * cols..(row + 1) * cols].iter_mut().enumerate() {
                *q = (i16::from(self.value_at(stream, col)) - middle) as i8;
            }
        }
        let zeros = self.zeros(&tensor("qzeros")?, (rows, groups))?;
        let scales = transposed(&tensor("scales")?, (rows, groups))?;
        let group_of = groups_of(checkpoint, name, (cols, groups, size))?;
        let zeros = zeros.iter().any(|&zero| zero != 0).then_some(zeros);
        let grid = Grid { groups, group_size: size, scales, zeros, half: false, group_of };
        Ok(Weight::Packed(Packed::new(rows, cols, self.bits as u32, &integers, grid)))
    }

    /// Value `at` of a stream of bits.
    fn value_at(&self, word: impl Fn(usize) -> u32, at: usize) -> u8 {
        let (first, shift) = (at * self.bits / 32, at * self.bits % 32);
        let low = u64::from(word(first));
        let both = if shift + self.bits > 32 { low | u64::from(word(first + 1)) << 32 } else { low };
        ((both >> shift) & ((1 << self.bits) - 1)) as u8
    }

    /// Zero points `[rows, groups]`, from the middle of the grid.
    fn zeros(&self, tensor: &TensorView, (rows, groups): (usize, usize)) -> Result<Vec<i8>, ModelError> {
        let per_group = rows * self.bits / 32;
        let mut stored = words(tensor, &[groups, per_group])?;
        let mut add = u8::from(self.less_one);
        if self.less_one && self.bits != 3 {
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
