//! How calibration sequences run through a block, and what is seen on the way.

use std::borrow::Cow;

use model::{Block, Gated, GroupKind, Linear, Route, Weight};

use crate::seen::{Needs, Seen};
use crate::states::{Batch, States};
use crate::{CompressError, Matrix, product};

/// What is seen of the inputs of all groups of a block.
pub(crate) struct Taps {
    /// In the order of [`Block::linear_groups`].
    pub groups: Vec<Seen>,
    /// Of the inputs of all experts together, before they are routed; where there are several.
    pub routed: Option<Seen>,
}

impl Taps {
    /// Nothing seen yet.
    pub fn of(block: &Block, needs: Needs, states: &States) -> Self {
        let tokens = states.batches.iter().map(|batch| batch.sequences.rows()).sum();
        let groups = block.linear_groups();
        let routed = (block.mlp.experts.len() > 1).then(|| Seen::new(needs, block.mlp_norm.len(), tokens));
        Self { groups: groups.iter().map(|group| empty(block, group, needs, tokens)).collect(), routed }
    }
}

/// Nothing seen of a group's inputs.
pub(crate) fn empty(block: &Block, group: &model::LinearGroup, needs: Needs, tokens: usize) -> Seen {
    let inputs = group.linears.first().and_then(|name| block.linear(name)).map_or(0, Linear::in_features);
    Seen::new(needs, inputs, tokens)
}

/// `x W^T + b`
fn forward(linear: &Linear, x: &Matrix) -> Matrix {
    match &linear.weight {
        Weight::F32(weight) => product::linear(x, weight, linear.bias.as_deref()),
        other => product::linear(x, &other.to_f32(), linear.bias.as_deref()),
    }
}

/// What goes into the attention's output linear.
fn attention(block: &Block, x: &Matrix, batch: &Batch) -> Matrix {
    block.attention(forward(&block.q, x), forward(&block.k, x), forward(&block.v, x), &batch.sequences)
}

/// What goes into the down linear.
fn hidden(gated: &Gated, x: &Matrix) -> Matrix {
    Gated::combine(forward(&gated.gate, x), &forward(&gated.up, x))
}

/// The rows that an expert sees; not copied where those are all.
fn rows_of<'a>(x: &'a Matrix, route: &Route) -> Cow<'a, Matrix> {
    if route.rows.len() == x.rows { Cow::Borrowed(x) } else { Cow::Owned(route.gather(x)) }
}

/// Adds inputs to what was seen, once each is known to be a number. `rows` says which row of the batch each is.
fn see(
    seen: &mut Seen,
    x: &Matrix,
    (batch, name, rows): (&Batch, &str, Option<&[usize]>),
) -> Result<(), CompressError> {
    if let Some(bad) = (0..x.rows).find(|&row| !x.row(row).iter().all(|x| x.is_finite())) {
        let row = rows.map_or(bad, |rows| rows[bad]);
        let mut ends = batch.lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        let sequence = ends.position(|end| row < end).unwrap_or(0);
        return Err(CompressError::overflow(name, Some(batch.first + sequence)));
    }
    seen.add(x, batch.count);
    Ok(())
}

/// Runs all sequences through a block as it is, up to the inputs of its last linears. The states stay as they are.
pub(crate) fn survey(block: &Block, states: &mut States, taps: &mut Taps) -> Result<(), CompressError> {
    for at in 0..states.batches.len() {
        let before = states.take(at)?;
        let batch = &states.batches[at];
        let x = block.qkv_input(&before);
        see(&mut taps.groups[0], &x, (batch, &block.q.name, None))?;
        let x = attention(block, &x, batch);
        see(&mut taps.groups[1], &x, (batch, &block.o.name, None))?;
        let mut after = forward(&block.o, &x);
        after.add(&before);
        let x = block.gate_up_input(&after);
        if let Some(routed) = &mut taps.routed {
            see(routed, &x, (batch, &block.mlp.experts[0].gate.name, None))?;
        }
        for (expert, route) in block.mlp.routes(&x).iter().enumerate() {
            let gated = &block.mlp.experts[expert];
            let rows = rows_of(&x, route);
            see(&mut taps.groups[2 + 2 * expert], &rows, (batch, &gated.gate.name, Some(&route.rows)))?;
            let rows = hidden(gated, &rows);
            see(&mut taps.groups[3 + 2 * expert], &rows, (batch, &gated.down.name, Some(&route.rows)))?;
        }
        states.put(at, before)?;
    }
    Ok(())
}

/// Runs all sequences through a block; the states are its outputs then.
pub(crate) fn advance(block: &Block, states: &mut States) -> Result<(), CompressError> {
    for at in 0..states.batches.len() {
        let mut state = states.take(at)?;
        let x = attention(block, &block.qkv_input(&state), &states.batches[at]);
        state.add(&forward(&block.o, &x));
        states.put(at, state)?;
        leave(block, states, at)?;
    }
    Ok(())
}

/// Shows the inputs of a group to `seen`. The groups of a block are entered in their order, each once, with the weights of
/// those before it in place; `keep` says whether inputs of the last linears are put aside for [`leave`].
pub(crate) fn enter(
    block: &Block,
    group: &model::LinearGroup,
    (states, at, keep): (&mut States, usize, bool),
    seen: &mut Seen,
) -> Result<(), CompressError> {
    let state = states.take(at)?;
    let batch = &states.batches[at];
    let gated = &block.mlp.experts[group.expert];
    match group.kind {
        GroupKind::Qkv => see(seen, &block.qkv_input(&state), (batch, &block.q.name, None))?,
        GroupKind::Output => {
            let x = attention(block, &block.qkv_input(&state), batch);
            see(seen, &x, (batch, &block.o.name, None))?;
            states.put_aside(at, x)?;
        }
        GroupKind::GateUp | GroupKind::Down => {
            let x = block.gate_up_input(&state);
            let route = &block.mlp.routes(&x)[group.expert];
            let mut rows = rows_of(&x, route);
            let mut name = &gated.gate.name;
            if group.kind == GroupKind::Down {
                rows = Cow::Owned(hidden(gated, &rows));
                name = &gated.down.name;
            }
            see(seen, &rows, (batch, name, Some(&route.rows)))?;
            if group.kind == GroupKind::Down && keep && block.mlp.experts.len() == 1 {
                states.put_aside(at, rows.into_owned())?;
            }
        }
    }
    states.put(at, state)
}

/// Adds the attention to the states, once its output linear is compressed.
pub(crate) fn attended(block: &Block, states: &mut States) -> Result<(), CompressError> {
    for at in 0..states.batches.len() {
        let x = states.take_aside(at)?;
        let mut state = states.take(at)?;
        state.add(&forward(&block.o, &x));
        states.put(at, state)?;
    }
    Ok(())
}

/// Adds the feed-forward part to the states of a batch.
pub(crate) fn leave(block: &Block, states: &mut States, at: usize) -> Result<(), CompressError> {
    let kept = states.take_aside(at)?;
    let mut state = states.take(at)?;
    let down = &block.mlp.experts[0].down;
    if kept.rows == state.rows && kept.cols == down.in_features() && kept.rows > 0 {
        state.add(&forward(down, &kept));
        return states.put(at, state);
    }
    let x = block.gate_up_input(&state);
    for (expert, route) in block.mlp.routes(&x).iter().enumerate() {
        let gated = &block.mlp.experts[expert];
        let output = forward(&gated.down, &hidden(gated, &rows_of(&x, route)));
        route.scatter_add(&output, &mut state);
    }
    states.put(at, state)
}
