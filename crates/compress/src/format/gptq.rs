//! GPTQ, v1 and v2, as GPTQModel writes them and vLLM reads them; the layout is in the reader, `model/src/format/gptq.rs`.

use half::f16;
use model::Dtype;
use serde_json::{Map, Value, json};

use super::tensor_file::Plan;
use super::{FormatInfo, Misfit, Mix, OTHER, SHARED, whole_bytes};
use crate::{ActOrder, GroupSize, QuantizedWeight, Scheme};

/// The row of the format table: v1, which older programs read.
pub(super) const INFO: FormatInfo = FormatInfo {
    name: "gptq",
    about: "v1, symmetric",
    fits,
    plans,
    contents: |weight, _| contents(weight, true),
    configuration: |mix, _| mix.map(|mix| configuration(mix, true)),
    companion: Some("quantize_config.json"),
    ..SHARED
};

fn fits(shape: (usize, usize), scheme: &Scheme) -> Result<(), Misfit> {
    if !scheme.grid.symmetric && !whole_bytes(scheme) {
        let cure = "choose --format gptq_v2, which can, or symmetric=true";
        return Err(Misfit::new("a zero point of 0, which asymmetric weights may have", cure));
    }
    fits_words(shape, scheme)
}

/// Whether integers of a linear `[rows, cols]` fill whole words.
pub(super) fn fits_words((rows, cols): (usize, usize), scheme: &Scheme) -> Result<(), Misfit> {
    Misfit::of_whole_bytes(scheme)?;
    let bits = usize::from(scheme.grid.bits);
    if (rows * bits).is_multiple_of(32) && (cols * bits).is_multiple_of(32) {
        return Ok(());
    }
    Err(Misfit::new(format!("{bits}-bit words of {rows} outputs and {cols} inputs"), OTHER))
}

/// The tensors of a linear `name` of shape `[rows, cols]`.
fn plans(name: &str, (rows, cols): (usize, usize), scheme: &Scheme) -> Vec<Plan> {
    let bits = usize::from(scheme.grid.bits);
    let groups = scheme.group.count(cols);
    let plan =
        |suffix: &str, dtype, shape: &[usize]| Plan { name: format!("{name}.{suffix}"), dtype, shape: shape.into() };
    vec![
        plan("qweight", Dtype::I32, &[cols * bits / 32, rows]),
        plan("qzeros", Dtype::I32, &[groups, rows * bits / 32]),
        plan("scales", Dtype::F16, &[groups, rows]),
        plan("g_idx", Dtype::I32, &[cols]),
    ]
}

/// The tensors' contents, in the order of [`plans`]; `less_one` for v1, which stores zero points less one.
pub(super) fn contents(weight: &QuantizedWeight, less_one: bool) -> Vec<Vec<u8>> {
    let bits = usize::from(weight.grid.bits);
    let (rows, cols, groups) = (weight.rows, weight.cols, weight.groups());
    let mut words = vec![0u32; cols * bits / 32 * rows];
    for (row, levels) in weight.levels.chunks(cols).enumerate() {
        stream(levels.iter().copied(), bits, |at, part| words[at * rows + row] |= part);
    }
    let mut zeros = vec![0u32; groups * (rows * bits / 32)];
    for (group, zeros) in zeros.chunks_mut(rows * bits / 32).enumerate() {
        let zero = |row: usize| weight.steps[row * groups + group].zero as u8 - u8::from(less_one);
        stream((0..rows).map(zero), bits, |at, part| zeros[at] |= part);
    }
    let size = weight.group.columns(cols);
    let group_of = |col: usize| weight.group_of.as_ref().map_or((col / size) as u32, |of| of[col]);
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    vec![bytes(&words), bytes(&zeros), scales(weight), (0..cols).flat_map(|col| group_of(col).to_le_bytes()).collect()]
}

/// Scales as f16, `[groups, rows]`.
pub(super) fn scales(weight: &QuantizedWeight) -> Vec<u8> {
    let groups = weight.groups();
    let at = |group: usize, row: usize| f16::from_f32(weight.steps[row * groups + group].scale).to_le_bytes();
    (0..groups).flat_map(|group| (0..weight.rows).flat_map(move |row| at(group, row))).collect()
}

/// Puts values of a few bits one after another into 32-bit words: `put(word, part)`.
fn stream(values: impl Iterator<Item = u8>, bits: usize, mut put: impl FnMut(usize, u32)) {
    for (at, value) in values.enumerate() {
        let (word, shift) = (at * bits / 32, at * bits % 32);
        put(word, u32::from(value) << shift);
        if shift + bits > 32 {
            put(word + 1, u32::from(value) >> (32 - shift));
        }
    }
}

/// The entry `quantization_config` of `config.json`, and the content of `quantize_config.json`.
pub(super) fn configuration(mix: &Mix, less_one: bool) -> Value {
    let scheme = &mix.scheme;
    let group_size = match scheme.group {
        GroupSize::Channel => -1,
        GroupSize::Columns(size) => size as i64,
    };
    let mut all = json!({
        "quant_method": "gptq",
        "checkpoint_format": if less_one { "gptq" } else { "gptq_v2" },
        "bits": scheme.grid.bits,
        "group_size": group_size,
        "sym": scheme.grid.symmetric,
        "desc_act": scheme.act_order == ActOrder::Group,
        "lm_head": false,
        "pack_dtype": "int32",
    });
    let rules = dynamic(mix);
    if !rules.is_empty() {
        all["dynamic"] = Value::Object(rules);
    }
    all
}

/// GPTQModel's rules for single linears: what differs after `+:` and a pattern, not quantized after `-:`.
fn dynamic(mix: &Mix) -> Map<String, Value> {
    let escaped = |name: &&str| name.replace('.', r"\.");
    let pattern = |names: &[&str]| format!("^(?:{})$", names.iter().map(escaped).collect::<Vec<_>>().join("|"));
    let widths = mix.others().map(|(bits, names)| (format!("+:{}", pattern(names)), json!({ "bits": bits })));
    let dense = (!mix.dense.is_empty()).then(|| (format!("-:{}", pattern(&mix.dense)), json!({})));
    widths.chain(dense).collect()
}
