//! AWQ GEMM (as AutoAWQ writes it, and vLLM reads it).
//!
//! For a linear `P` of shape `[out, in]` with `g` groups: `P.qweight` i32 `[in, out / 8]`, `P.qzeros` i32 `[g, out / 8]`, each
//! word eight outputs in the order 0, 2, 4, 6, 1, 3, 5, 7; `P.scales` `[g, out]`.

use serde_json::Value;

use super::dense::unfit;
use super::gptq::transposed;
use super::{first, words};
use crate::packed::{Grid, Packed};
use crate::{Checkpoint, ModelError, Weight};

/// Which of a word's outputs each of its values is, from the lowest bits on.
const ORDER: [usize; 8] = [0, 2, 4, 6, 1, 3, 5, 7];

/// How the linears of a checkpoint are quantized.
pub struct Awq {
    /// Inputs of a group; `None` is a whole row.
    group_size: Option<usize>,
}

impl Awq {
    /// Reads `quantization_config`.
    pub fn read(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        let bits = first(value, &["bits", "w_bit"]).unwrap_or(&Value::Null);
        if bits.as_u64() != Some(4) {
            return Err(unsupported(format!("AWQ weights of {bits} bits")));
        }
        let size = first(value, &["group_size", "q_group_size"]).unwrap_or(&Value::Null);
        let group_size = match size.as_i64() {
            Some(-1) => None,
            Some(size @ 1..=0x7FFF_FFFF) => Some(size as usize),
            _ => return Err(unsupported(format!("a `group_size` of {size}"))),
        };
        match value.get("version").map(|version| version.as_str().unwrap_or("").to_lowercase()) {
            Some(version) if version != "gemm" => Err(unsupported(format!("AWQ `version` `{version}`"))),
            _ => Ok(Self { group_size }),
        }
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
        if !rows.is_multiple_of(8) {
            return Err(unfit(&weights, "a multiple of 8 outputs", format!("{rows}")));
        }
        let size = self.group_size.unwrap_or(cols).min(cols);
        let groups = cols.div_ceil(size);
        let integers = signed(&words(&weights, &[cols, rows / 8])?, (rows, cols));
        let zeros = signed(&words(&tensor("qzeros")?, &[groups, rows / 8])?, (rows, groups));
        let scales = transposed(&tensor("scales")?, (rows, groups))?;
        let zeros = zeros.iter().any(|&zero| zero != 0).then_some(zeros);
        let grid = Grid { groups, group_size: size, scales, zeros, half: true, group_of: None };
        Ok(Weight::Packed(Packed::new(rows, cols, 4, &integers, grid)))
    }
}

/// Words `[cols, rows / 8]` as values from the middle of the grid, `[rows, cols]`.
fn signed(words: &[u32], (rows, cols): (usize, usize)) -> Vec<i8> {
    let mut values = vec![0; rows * cols];
    for (at, &word) in words.iter().enumerate() {
        let (col, first) = (at / (rows / 8), at % (rows / 8) * 8);
        for (slot, output) in ORDER.iter().enumerate() {
            values[(first + output) * cols + col] = (word >> (4 * slot) & 0xF) as i8 - 8;
        }
    }
    values
}
