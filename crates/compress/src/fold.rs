//! Moves scales from the inputs of linears into their weights: what makes an input is divided, what takes it multiplied.

use model::{Block, Group, GroupKind, Linear, Norm, Part, Rows, Weight};

use crate::format::CheckpointWriter;
use crate::forward::Taps;
use crate::group::LinearGroup;
use crate::recipe::Recipe;
use crate::seen::Seen;
use crate::walk::{Storage, Stored, names, take};
use crate::{CompressError, FloatType};

/// Scales for the inputs of one group, or of the gate and up linears of all experts together.
struct Found {
    group: Group,
    scales: Vec<f32>,
}

/// Searches scales for every group of a block whose inputs something can be divided in, on the block as it is, and then
/// puts all of them in place. What was seen is divided too.
pub(crate) fn fold(
    block: &mut Block,
    taps: &mut Taps,
    recipe: &Recipe,
    storage: Storage,
    writer: &mut CheckpointWriter<'_>,
) -> Result<(), CompressError> {
    let experts = block.experts();
    let mut found = Vec::new();
    for (group, seen) in block.groups().zip(&taps.groups) {
        let joint = group.kind == GroupKind::GateUp && block.router.is_some();
        let (groups, seen) = match &taps.routed {
            // The experts share one norm, so they share its scales: all of them are looked at, once.
            Some(_) if joint && group.expert > 0 => continue,
            Some(routed) if joint => (block.groups().filter(|other| other.kind == group.kind).collect(), routed),
            _ => (vec![group], seen),
        };
        if seen.tokens == 0 || !divisible(block, group) {
            continue;
        }
        let mut linears = take(block, &groups, recipe, storage)?;
        let scales = recipe.fold(&mut linears, experts, seen);
        put_back(block, linears);
        if let Some(scales) = scales? {
            found.push(Found { group, scales });
        }
    }
    for found in found {
        place(block, taps, found, storage.stored, writer)?;
    }
    Ok(())
}

/// Whether what makes the inputs of a group can be divided: a norm; the values, unless they reach the output linear several
/// times because queries share them; up, unless what becomes of it is no multiple.
fn divisible(block: &Block, group: Group) -> bool {
    let inputs = block.linears_of(group).first().map_or(0, |linear| linear.in_features());
    match group.kind {
        GroupKind::Output => block.part(Part::Value, 0).is_some_and(|(_, rows)| rows.len() == inputs),
        GroupKind::Down => block.gating.is_linear_in_up(),
        kind => block.norm_before(kind).is_some(),
    }
}

fn put_back(block: &mut Block, group: LinearGroup) {
    for linear in group.linears {
        if let Some(place) = block.linear_mut(&linear.name) {
            place.weight = Weight::F32(linear.weight);
        }
    }
}

/// Puts scales in place.
fn place(
    block: &mut Block,
    taps: &mut Taps,
    Found { group: Group { kind, expert }, mut scales }: Found,
    stored: Stored,
    writer: &mut CheckpointWriter<'_>,
) -> Result<(), CompressError> {
    match block.norm_before_mut(kind) {
        Some(norm) => {
            divide_norm(norm, &mut scales, stored(&norm.name)?);
            let values: Vec<f32> = norm.weight.iter().map(|weight| weight - norm.less).collect();
            writer.changed(&norm.name, &values)?;
        }
        None => {
            let producer = if kind == GroupKind::Output { Part::Value } else { Part::Up };
            let Some((producer, rows)) = block.part_mut(producer, expert) else { return Ok(()) };
            divide_rows(producer, rows, &scales);
            if let Some(bias) = &mut producer.bias {
                let name = format!("{}.bias", producer.name);
                let kept = stored(&name)?;
                bias.iter_mut().for_each(|value| *value = kept.nearest(*value));
                writer.changed(&name, bias)?;
            }
        }
    }
    let joint = kind == GroupKind::GateUp && block.router.is_some();
    for (group, seen) in block.groups().zip(&mut taps.groups) {
        if group.kind == kind && (joint || group.expert == expert) {
            names(block, group).iter().for_each(|name| multiply(block.linear_mut(name), &scales));
            seen.divide(&scales);
        }
    }
    let gates = block.router.iter_mut().filter(|_| joint);
    for gate in gates.flat_map(|router| std::iter::once(&mut router.gate).chain(&mut router.shared_gate)) {
        multiply(Some(gate), &scales);
        let name = format!("{}.weight", gate.name);
        let kept = stored(&name)?;
        if let Weight::F32(weight) = &mut gate.weight {
            weight.data.iter_mut().for_each(|w| *w = kept.nearest(*w));
            writer.changed(&name, &weight.data)?;
        }
    }
    taps.routed.iter_mut().filter(|_| joint).for_each(|routed: &mut Seen| routed.divide(&scales));
    Ok(())
}

/// Divides a norm as it will be stored; the scales become those that were really divided by, 1 where that is none.
fn divide_norm(norm: &mut Norm, scales: &mut [f32], stored: FloatType) {
    for (weight, scale) in norm.weight.iter_mut().zip(scales) {
        let divided = stored.nearest(*weight / *scale - norm.less) + norm.less;
        let really = *weight / divided;
        if divided != 0.0 && really.is_finite() && really > 0.0 {
            (*weight, *scale) = (divided, really);
        } else {
            *scale = 1.0;
        }
    }
}

/// Divides some outputs of a linear.
fn divide_rows(linear: &mut Linear, rows: Rows, scales: &[f32]) {
    let mut weight = linear.weight.to_f32();
    for (row, scale) in rows.iter().zip(scales) {
        weight.row_mut(row).iter_mut().for_each(|w| *w /= scale);
        if let Some(bias) = linear.bias.as_mut().and_then(|bias| bias.get_mut(row)) {
            *bias /= scale;
        }
    }
    linear.weight = Weight::F32(weight);
}

/// Multiplies the inputs of a linear.
fn multiply(linear: Option<&mut Linear>, scales: &[f32]) {
    let Some(linear) = linear else { return };
    let mut weight = linear.weight.to_f32();
    for row in weight.data.chunks_mut(scales.len().max(1)) {
        row.iter_mut().zip(scales).for_each(|(w, s)| *w *= s);
    }
    linear.weight = Weight::F32(weight);
}
