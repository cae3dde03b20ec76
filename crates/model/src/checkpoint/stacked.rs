//! Experts that lie in one tensor for all of them (gpt-oss), as the tensors of each.
//!
//! In a block's `mlp.experts.`: `gate_up_proj` and `down_proj` `[experts, in, out]`, or in 4 bits `.._blocks`
//! `[experts, out, in / 32, 16]` and `.._scales` `[experts, out, in / 32]`; `.._bias` `[experts, out]`.

use safetensors::Dtype;

use super::tensors::{Change, Entry, Tensors};

/// What stands before the linears of all experts in a block's names.
const EXPERTS: &str = ".mlp.experts.";
/// Numbers of a run that has one scale.
const RUN: usize = 32;

/// Puts the tensors of each of `count` experts in the place of those of all. What is of another shape stays.
pub(super) fn unstack(tensors: &mut Tensors, count: usize) {
    let names: Vec<String> = tensors.names().filter(|name| name.contains(EXPERTS)).map(str::to_owned).collect();
    for name in names {
        if let Some(parts) = parts(tensors, &name, count) {
            tensors.remove(&name);
            if let Some(linear) = name.strip_suffix("_blocks") {
                // They are part of the numbers now.
                tensors.remove(&format!("{linear}_scales"));
            }
            parts.into_iter().for_each(|(name, entry)| tensors.insert(name, entry));
        }
    }
}

/// The tensors of each expert in one of all.
fn parts(tensors: &Tensors, name: &str, count: usize) -> Option<Vec<(String, Entry)>> {
    let (before, linear) = name.split_once(EXPERTS)?;
    let entry = tensors.entry(name)?;
    let whole = entry.shape.first() == Some(&count) && entry.range.len().is_multiple_of(count.max(1));
    // One byte each at least: sizes of nothing may be anything.
    if !whole || entry.range.len() < count || entry.change != Change::None {
        return None;
    }
    let width = entry.range.len() / count;
    let called = |expert: usize, linear: &str, what: &str| format!("{before}{EXPERTS}{expert}.{linear}.{what}");
    let part = |expert: usize, shape: &[usize], change: Change| {
        let start = entry.range.start + expert * width;
        Entry { shape: shape.to_vec(), range: start..start + width, change, ..entry.clone() }
    };
    match (linear, &entry.shape[1..]) {
        ("gate_up_proj" | "down_proj", &[inputs, outputs]) => {
            let one = |expert| (called(expert, linear, "weight"), part(expert, &[outputs, inputs], Change::Transposed));
            Some((0..count).map(one).collect())
        }
        ("gate_up_proj_bias" | "down_proj_bias", shape @ [_]) => {
            let linear = linear.strip_suffix("_bias")?;
            Some((0..count).map(|expert| (called(expert, linear, "bias"), part(expert, shape, Change::None))).collect())
        }
        (_, &[outputs, runs, 16]) if entry.dtype == Dtype::U8 => {
            let linear = linear.strip_suffix("_blocks")?;
            let scales = tensors.entry(&format!("{before}{EXPERTS}{linear}_scales"))?;
            if scales.dtype != Dtype::U8 || scales.shape != [count, outputs, runs] {
                return None;
            }
            let one = |expert: usize| {
                let from = scales.range.start + expert * outputs * runs;
                let change = Change::Mxfp4(scales.shard, from..from + outputs * runs);
                let values = Entry { dtype: Dtype::BF16, ..part(expert, &[outputs, runs * RUN], change) };
                (called(expert, linear, "weight"), values)
            };
            Some((0..count).map(one).collect())
        }
        _ => None,
    }
}
