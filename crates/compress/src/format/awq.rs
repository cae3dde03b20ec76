//! AWQ GEMM, as AutoAWQ writes it and vLLM reads it; the layout is in the reader, `model/src/format/awq.rs`.

use model::Dtype;
use serde_json::{Value, json};

use super::gptq::scales;
use super::tensor_file::Plan;
use super::{FormatInfo, Misfit, Mix, OTHER, SHARED};
use crate::{ActOrder, FloatType, GroupSize, QuantizedWeight, Scheme};

/// The row of the format table.
pub(super) const INFO: FormatInfo = FormatInfo {
    name: "awq",
    about: "GEMM, 4 bits",
    // Every program that runs AWQ widens it to 16 bits.
    widened: |_| Some(FloatType::F16),
    fits,
    plans,
    contents: |weight, _| contents(weight),
    configuration: |mix, _| mix.map(configuration),
    ..SHARED
};

/// Which of a word's outputs each of its values is, from the lowest bits on.
const ORDER: [usize; 8] = [0, 2, 4, 6, 1, 3, 5, 7];

fn fits((rows, _): (usize, usize), scheme: &Scheme) -> Result<(), Misfit> {
    Misfit::of_whole_bytes(scheme)?;
    if scheme.grid.bits != 4 {
        return Err(Misfit::new(format!("{}-bit weights", scheme.grid.bits), "set bits=4"));
    }
    if scheme.act_order == ActOrder::Group {
        return Err(Misfit::new("groups that follow the act-order", "set act_order=static"));
    }
    if !rows.is_multiple_of(8) {
        return Err(Misfit::new(format!("{rows} outputs, no multiple of 8,"), OTHER));
    }
    Ok(())
}

/// The tensors of a linear `name` of shape `[rows, cols]`.
fn plans(name: &str, (rows, cols): (usize, usize), scheme: &Scheme) -> Vec<Plan> {
    let groups = scheme.group.count(cols);
    let plan =
        |suffix: &str, dtype, shape: &[usize]| Plan { name: format!("{name}.{suffix}"), dtype, shape: shape.into() };
    vec![
        plan("qweight", Dtype::I32, &[cols, rows / 8]),
        plan("qzeros", Dtype::I32, &[groups, rows / 8]),
        plan("scales", Dtype::F16, &[groups, rows]),
    ]
}

/// The tensors' contents, in the order of [`plans`].
fn contents(weight: &QuantizedWeight) -> Vec<Vec<u8>> {
    let (cols, groups) = (weight.cols, weight.groups());
    let levels = packed(weight.rows, cols, |row, col| weight.levels[row * cols + col]);
    let zeros = packed(weight.rows, groups, |row, group| weight.steps[row * groups + group].zero as u8);
    vec![levels, zeros, scales(weight)]
}

/// Values `[rows, cols]` as words `[cols, rows / 8]`.
fn packed(rows: usize, cols: usize, value: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let word = |col: usize, first: usize| {
        let slots = ORDER.iter().enumerate();
        slots.fold(0u32, |word, (slot, output)| word | u32::from(value(first + output, col)) << (4 * slot))
    };
    (0..cols)
        .flat_map(|col| (0..rows / 8).map(move |at| (col, at * 8)))
        .flat_map(|(c, r)| word(c, r).to_le_bytes())
        .collect()
}

/// The entry `quantization_config` of `config.json`.
fn configuration(mix: &Mix) -> Value {
    let group_size = match mix.scheme.group {
        GroupSize::Channel => -1,
        GroupSize::Columns(size) => size as i64,
    };
    // The head is not converted anyway.
    let routers = mix.kept.iter().skip(1).map(String::as_str);
    let dense: Vec<&str> = routers.chain(mix.dense.iter().copied()).collect();
    json!({
        "quant_method": "awq",
        "version": "gemm",
        "bits": 4,
        "group_size": group_size,
        "zero_point": true,
        "modules_to_not_convert": (!dense.is_empty()).then_some(&dense),
    })
}
