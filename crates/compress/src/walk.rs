//! The one walk over layers: collect what the methods need to know of a group's inputs, compress the group, and go on
//! with what the compressed layers put out.

use model::{Block, BlockReader, Group, GroupKind, Weight};
use record::LayerRecord;

use crate::fold;
use crate::format::{CheckpointWriter, Format};
use crate::forward::{self, Taps};
use crate::group::{LinearGroup, LinearReport, Target};
use crate::recipe::Recipe;
use crate::seen::{Needs, Seen};
use crate::sparsity::zero_share;
use crate::states::States;
use crate::{CompressError, FloatType, Matrix, matmul};

/// Where the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkProgress<'a> {
    /// The block at work, from 0.
    pub block: usize,
    /// Blocks in all.
    pub blocks: usize,
    /// Linears of the block that are finished.
    pub linear: usize,
    /// Linears of a block.
    pub linears: usize,
    /// The linear that was just finished; empty where a block begins.
    pub layer: &'a str,
}

/// What each tensor of floating-point numbers is stored as in the checkpoint.
pub(crate) type Stored<'a> = &'a dyn Fn(&str) -> Result<FloatType, CompressError>;

/// How compressed layers are stored, and so what they compute with.
#[derive(Clone, Copy)]
pub(crate) struct Storage<'a> {
    /// What is written.
    pub format: Format,
    /// What each tensor of floating-point numbers is stored as in the checkpoint.
    pub stored: Stored<'a>,
}

/// What the walk works with.
pub(crate) struct Walk<'a> {
    /// The methods.
    pub recipe: &'a Recipe,
    /// How compressed layers are stored.
    pub storage: Storage<'a>,
    /// Whether what goes into the last linears of a block is kept while they are compressed, and not made twice.
    pub keeps: bool,
    /// Is told of each finished linear.
    pub progress: &'a mut dyn FnMut(WalkProgress),
}

/// A block at work.
struct At<'a, 'w> {
    index: usize,
    blocks: usize,
    linear: usize,
    linears: usize,
    states: &'a mut States,
    writer: &'a mut CheckpointWriter<'w>,
}

impl At<'_, '_> {
    fn progress<'a>(&self, layer: &'a str) -> WalkProgress<'a> {
        let Self { index: block, blocks, linear, linears, .. } = *self;
        WalkProgress { block, blocks, linear, linears, layer }
    }

    /// Whether no block comes after this one: what it puts out serves nobody.
    fn is_last(&self) -> bool {
        self.index + 1 == self.blocks
    }
}

impl Walk<'_> {
    /// Compresses the blocks of a model from block `first` on and hands them over one by one. `states` is the residual
    /// stream before that block; none where the methods look at nothing.
    pub(crate) fn run(
        &mut self,
        model: &BlockReader,
        first: usize,
        states: &mut States,
        writer: &mut CheckpointWriter<'_>,
    ) -> Result<(), CompressError> {
        for index in first..model.count() {
            let mut block = model.load(index)?;
            widen(&mut block)?;
            model.forget();
            let linears = block.linears().len();
            let mut at = At { index, blocks: model.count(), linear: 0, linears, states, writer };
            (self.progress)(at.progress(""));
            self.block(&mut block, &mut at)?;
            at.writer.block(index)?;
        }
        Ok(())
    }

    fn block(&mut self, block: &mut Block, at: &mut At<'_, '_>) -> Result<(), CompressError> {
        let needs = self.recipe.needs();
        if needs == Needs::NOTHING {
            for group in block.groups() {
                self.compress(block, group, &mut Seen::nothing(), at)?;
            }
            return Ok(());
        }
        let in_order = self.recipe.true_sequential();
        if self.recipe.folds_any() || !in_order {
            let mut taps = Taps::of(block, needs, at.states);
            forward::survey(block, at.states, &mut taps)?;
            if self.recipe.folds_any() {
                fold::fold(block, &mut taps, self.recipe, self.storage, at.writer)?;
            }
            if !in_order {
                for (group, seen) in block.groups().zip(&mut taps.groups) {
                    self.compress(block, group, seen, at)?;
                }
                return if at.is_last() { Ok(()) } else { forward::advance(block, at.states) };
            }
        }
        self.group_by_group(block, needs, at)
    }

    /// Each group is compressed before the next one's inputs are looked at: what goes into a group is what the compressed
    /// groups before it put out.
    fn group_by_group(&mut self, block: &mut Block, needs: Needs, at: &mut At<'_, '_>) -> Result<(), CompressError> {
        let tokens: usize = at.states.batches.iter().map(|batch| batch.sequences.rows()).sum();
        let experts = block.experts();
        let goes_on = !at.is_last();
        let keeps = self.keeps && goes_on && experts == 1;
        for group in block.groups() {
            // Attention is never run twice.
            let keep = group.kind == GroupKind::Output || group.kind == GroupKind::Down && keeps;
            let mut seen = forward::empty(block, group, needs, tokens);
            forward::look(block, group, (at.states, keep), &mut seen)?;
            self.compress(block, group, &mut seen, at)?;
            let last = group.kind == GroupKind::Down && group.expert + 1 == experts;
            if last && goes_on || group.kind == GroupKind::Output {
                forward::leave(block, group.kind, at.states)?;
            }
        }
        Ok(())
    }

    /// Compresses one group of a block and puts its new weights in place.
    fn compress(
        &mut self,
        block: &mut Block,
        group: Group,
        seen: &mut Seen,
        at: &mut At<'_, '_>,
    ) -> Result<(), CompressError> {
        let mut group = take(block, &[group], self.recipe, self.storage)?;
        if !seen.is_finite() {
            return Err(CompressError::overflow(&group.linears[0].name, None));
        }
        let dead_channels = seen.dead_channels();
        let sample = seen.sample().clone();
        let before: Vec<Matrix> = group.linears.iter().map(|l| matmul::rows(&sample, &l.weight)).collect();
        let reports = self.recipe.compress(&mut group, seen)?;
        for ((mut linear, report), before) in group.linears.into_iter().zip(reports).zip(&before) {
            at.linear += 1;
            (self.progress)(at.progress(&linear.name));
            self.storage.format.round(&mut linear);
            let output_error = relative_error(&matmul::rows(&sample, &linear.weight), before);
            let (record, warning) = describe(&linear, report, self.storage.format);
            at.writer.linear(&linear, LayerRecord { output_error, dead_channels, ..record }, warning)?;
            if let Some(place) = block.linear_mut(&linear.name) {
                place.weight = Weight::F32(linear.weight);
            }
        }
        Ok(())
    }
}

/// All weights of a block in 32 bits, checked.
pub(crate) fn widen(block: &mut Block) -> Result<(), CompressError> {
    // Later layers are fitted to what the weights put out; inputs and cache are rounded when the model runs.
    block.without_rounding();
    let names: Vec<String> = block.linears().iter().map(|linear| linear.name.clone()).collect();
    for name in names {
        let Some(linear) = block.linear_mut(&name) else { continue };
        let weight = linear.weight.to_f32();
        if !weight.data.iter().all(|w| w.is_finite()) {
            let cure = "the checkpoint is damaged, or its training diverged";
            return Err(CompressError::NotFinite { what: "weights".to_owned(), layer: name, cure });
        }
        linear.weight = Weight::F32(weight);
    }
    Ok(())
}

/// The linears of groups that share their input out of their block.
pub(crate) fn take(
    block: &mut Block,
    groups: &[Group],
    recipe: &Recipe,
    storage: Storage,
) -> Result<LinearGroup, CompressError> {
    let names: Vec<String> = groups.iter().flat_map(|&group| names(block, group)).collect();
    let mut linears = Vec::new();
    for (position, name) in names.iter().enumerate() {
        let Some(linear) = block.linear_mut(name) else { continue };
        let empty = Weight::F32(Matrix::default());
        let weight = match std::mem::replace(&mut linear.weight, empty) {
            Weight::F32(weight) => weight,
            other => other.to_f32(),
        };
        let stored = (storage.stored)(&format!("{name}.weight"))?;
        let (bias, scales) = (linear.bias.clone(), storage.format.scales(stored));
        let (name, width) = (name.clone(), recipe.width(name));
        linears.push(Target { name, position, width, weight, bias, stored, scales, pruned: false, quantized: None });
    }
    Ok(LinearGroup { kind: groups[0].kind, expert: groups[0].expert, linears })
}

/// The names of a group's linears.
pub(crate) fn names(block: &Block, group: Group) -> Vec<String> {
    block.linears_of(group).iter().map(|linear| linear.name.clone()).collect()
}

/// `|a - b|^2 / |b|^2`; `None` where b is nothing.
fn relative_error(after: &Matrix, before: &Matrix) -> Option<f64> {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let all: f64 = before.data.iter().map(|&b| square(b)).sum();
    let moved: f64 = after.data.iter().zip(&before.data).map(|(a, b)| square(a - b)).sum();
    (all > 0.0).then(|| moved / all)
}

/// The layer's line in `compress.json`, and its warning with its name.
fn describe(linear: &Target, report: LinearReport, format: Format) -> (LayerRecord, Option<String>) {
    let record = LayerRecord {
        name: linear.name.clone(),
        out_features: linear.weight.rows,
        in_features: linear.weight.cols,
        bits: format.bits(linear),
        sparsity: zero_share(&linear.weight.data),
        loss: report.loss,
        output_error: None,
        damping: report.damping,
        condition: report.condition.filter(|condition| condition.is_finite()),
        fallback: report.fallback,
        dead_channels: 0,
    };
    (record, report.warning.map(|warning| format!("{}: {warning}", linear.name)))
}
