//! How calibration sequences run through a block, and what is seen on the way.

use model::{Block, Flow, Group, GroupKind, Part, Spare, Weight};

use crate::seen::{Needs, Seen};
use crate::states::{Batch, States};
use crate::{CompressError, Matrix, matmul};

/// What is seen of the inputs of all groups of a block.
pub(crate) struct Taps {
    /// In the order of [`Block::groups`].
    pub groups: Vec<Seen>,
    /// Of the inputs of all experts together, before they are routed; where a router chooses.
    pub routed: Option<Seen>,
}

impl Taps {
    /// Nothing seen yet.
    pub fn of(block: &Block, needs: Needs, states: &States) -> Self {
        let tokens = states.batches.iter().map(|batch| batch.sequences.rows()).sum();
        let width = block.part(Part::Gate, 0).map_or(0, |(gate, _)| gate.in_features());
        let routed = block.router.as_ref().map(|_| Seen::new(needs, width, tokens));
        Self { groups: block.groups().map(|group| empty(block, group, needs, tokens)).collect(), routed }
    }
}

/// Nothing seen of a group's inputs.
pub(crate) fn empty(block: &Block, group: Group, needs: Needs, tokens: usize) -> Seen {
    let inputs = block.linears_of(group).first().map_or(0, |linear| linear.in_features());
    Seen::new(needs, inputs, tokens)
}

/// What the linears of a group make of an input, written over `products`.
fn products(block: &Block, group: Group, x: &Matrix, mut products: Vec<Matrix>) -> Vec<Matrix> {
    for (linear, y) in block.linears_of(group).iter().zip(&mut products) {
        match &linear.weight {
            Weight::F32(weight) => matmul::linear(x, weight, linear.bias.as_deref(), y),
            other => matmul::linear(x, &other.to_f32(), linear.bias.as_deref(), y),
        }
    }
    products
}

/// Multiplies the input of a group that was entered, and leaves it.
fn multiply(block: &Block, group: Group, flow: &mut Flow) {
    let room = block.room(group, flow, flow.input().rows);
    let products = products(block, group, flow.input(), room);
    block.leave(group, flow, products);
}

/// Enters a group, from the residual stream before its part of the block.
fn reach(block: &Block, group: Group, flow: &mut Flow) {
    for before in block.before(group) {
        block.enter(before, flow);
        multiply(block, before, flow);
    }
    block.enter(group, flow);
}

/// Where inputs come from.
struct Origin<'a> {
    batch: &'a Batch,
    /// The linear that takes them.
    layer: &'a str,
    /// Which row of the batch each is; `None`: all of them, in order.
    rows: Option<&'a [usize]>,
}

/// Adds inputs to what was seen, once each is known to be a number.
fn see(seen: &mut Seen, x: &Matrix, from: Origin) -> Result<(), CompressError> {
    let Origin { batch, layer, rows } = from;
    if let Some(bad) = (0..x.rows).find(|&row| !x.row(row).iter().all(|x| x.is_finite())) {
        let row = rows.map_or(bad, |rows| rows[bad]);
        let mut ends = batch.lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        let sequence = ends.position(|end| row < end).unwrap_or(0);
        return Err(CompressError::overflow(layer, Some(batch.first + sequence)));
    }
    seen.add(x, batch.count);
    Ok(())
}

/// Runs all sequences through a block as it is, up to the inputs of its last linears. The states stay as they are.
pub(crate) fn survey(block: &Block, states: &mut States, taps: &mut Taps) -> Result<(), CompressError> {
    let mut spare = Spare::default();
    for at in 0..states.batches.len() {
        let state = states.take(at)?;
        let batch = &states.batches[at];
        let mut flow = Flow::new(state.clone(), &batch.sequences).reusing(spare);
        for (group, seen) in block.groups().zip(&mut taps.groups) {
            block.enter(group, &mut flow);
            let layer = first_linear(block, group);
            if let (Some(x), Some(routed)) = (flow.before_routing(), taps.routed.as_mut().filter(|_| first(group))) {
                see(routed, x, Origin { batch, layer, rows: None })?;
            }
            see(seen, flow.input(), Origin { batch, layer, rows: flow.rows(group) })?;
            if group.kind != GroupKind::Down {
                multiply(block, group, &mut flow);
            }
        }
        let input;
        (_, input, spare) = flow.into_parts();
        spare.give(input.unwrap_or_default());
        states.put(at, state)?;
    }
    Ok(())
}

/// The first linear of a group.
fn first_linear(block: &Block, group: Group) -> &str {
    block.linears_of(group).first().map_or("", |linear| &linear.name)
}

/// Whether no expert's inputs were looked at before this one's.
fn first(group: Group) -> bool {
    group == Group { kind: GroupKind::GateUp, expert: 0 }
}

/// Runs all sequences through a block; the states are its outputs then.
pub(crate) fn advance(block: &Block, states: &mut States) -> Result<(), CompressError> {
    let mut spare = Spare::default();
    for at in 0..states.batches.len() {
        let state = states.take(at)?;
        let mut flow = Flow::new(state, &states.batches[at].sequences).reusing(spare);
        for group in block.groups() {
            block.enter(group, &mut flow);
            multiply(block, group, &mut flow);
        }
        let state;
        (state, _, spare) = flow.into_parts();
        states.put(at, state)?;
    }
    Ok(())
}

/// Shows the inputs of a group to `seen`. The groups of a block are looked at in their order, with the weights of those
/// before it in place; `keep` says whether the inputs are put aside for [`leave`].
pub(crate) fn look(
    block: &Block,
    group: Group,
    (states, keep): (&mut States, bool),
    seen: &mut Seen,
) -> Result<(), CompressError> {
    let mut spare = Spare::default();
    for at in 0..states.batches.len() {
        let state = states.take(at)?;
        let batch = &states.batches[at];
        let mut flow = Flow::new(state, &batch.sequences).reusing(spare);
        reach(block, group, &mut flow);
        see(seen, flow.input(), Origin { batch, layer: first_linear(block, group), rows: flow.rows(group) })?;
        let (state, input);
        (state, input, spare) = flow.into_parts();
        match input {
            Some(input) if keep => states.put_aside(at, input)?,
            input => spare.give(input.unwrap_or_default()),
        }
        states.put(at, state)?;
    }
    Ok(())
}

/// Adds what the groups of a kind give to the residual stream, once all of them are compressed.
pub(crate) fn leave(block: &Block, kind: GroupKind, states: &mut States) -> Result<(), CompressError> {
    let mut spare = Spare::default();
    for at in 0..states.batches.len() {
        let kept = states.take_aside(at)?;
        let state = states.take(at)?;
        let mut flow = Flow::new(state, &states.batches[at].sequences).reusing(spare);
        for group in block.groups().filter(|group| group.kind == kind) {
            if kept.rows > 0 {
                let room = block.room(group, &mut flow, kept.rows);
                block.leave(group, &mut flow, products(block, group, &kept, room));
            } else {
                reach(block, group, &mut flow);
                multiply(block, group, &mut flow);
            }
        }
        let state;
        (state, _, spare) = flow.into_parts();
        states.put(at, state)?;
    }
    Ok(())
}
