//! The one walk over layers: collect what a method needs to know of a group's inputs, compress the group, and go on
//! with what the compressed layers put out.

use model::{Block, Model, Sequences, Tap, Weight};
use record::LayerRecord;

use crate::group::{LinearGroup, Needs, Report, Seen, Target};
use crate::sparsity::zero_share;
use crate::{CompressError, FloatType, Matrix, Method};

/// Tokens that run through a block at once; bounds the memory of its activations.
const TOKENS: usize = 2048;

/// Where the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The block at work, from 0.
    pub block: usize,
    /// Blocks in all.
    pub blocks: usize,
    /// The linear that was just finished.
    pub layer: &'a str,
}

/// What becomes of what the walk has finished.
pub trait Sink {
    /// A linear is compressed.
    fn linear(&mut self, done: &Target, record: LayerRecord, warning: Option<String>) -> Result<(), CompressError>;

    /// A block is compressed, its weights are in place, and the walk has no more use for it.
    fn block(&mut self, block: Block);
}

/// What the walk works with.
pub struct Walk<'a> {
    /// The method.
    pub method: &'a dyn Method,
    /// What each linear is stored as in the checkpoint.
    pub stored: &'a dyn Fn(&str) -> Result<FloatType, CompressError>,
    /// Calibration sequences; not looked at where the method needs nothing.
    pub sequences: &'a [Vec<u32>],
    /// Is told of each finished linear.
    pub progress: &'a mut dyn FnMut(Progress),
}

impl Walk<'_> {
    /// Compresses all blocks of a model, first to last, and hands them over one by one; the model has none afterwards.
    pub fn run(&mut self, model: &mut Model, sink: &mut dyn Sink) -> Result<(), CompressError> {
        let mut hidden = Vec::new();
        if self.method.needs() != Needs::Nothing {
            hidden = batches(model, self.sequences)?;
        }
        let blocks = std::mem::take(&mut model.blocks);
        let count = blocks.len();
        for (index, mut block) in blocks.into_iter().enumerate() {
            self.block(&mut block, &hidden, (index, count), sink)?;
            for batch in &mut hidden {
                let states = std::mem::take(&mut batch.states);
                batch.states = block.forward(states, &batch.sequences, &mut ());
            }
            sink.block(block);
        }
        Ok(())
    }

    fn block(
        &mut self,
        block: &mut Block,
        hidden: &[Batch],
        (index, blocks): (usize, usize),
        sink: &mut dyn Sink,
    ) -> Result<(), CompressError> {
        let groups: Vec<Vec<String>> = block.linear_groups().into_iter().map(|group| group.linears).collect();
        let at_once = if self.method.true_sequential() { 1 } else { groups.len() };
        for groups in groups.chunks(at_once.max(1)) {
            let seen = collect(block, groups, hidden, self.method.needs())?;
            for (names, seen) in groups.iter().zip(&seen) {
                let mut group = self.take(block, names)?;
                let dense: Vec<Matrix> = group.linears.iter().map(|linear| linear.weight.clone()).collect();
                let reports = self.method.compress(&mut group, seen)?;
                for ((linear, report), dense) in group.linears.into_iter().zip(reports).zip(&dense) {
                    (self.progress)(Progress { block: index, blocks, layer: &linear.name });
                    let (record, warning) = describe(&linear, report, dense, seen);
                    sink.linear(&linear, record, warning)?;
                    if let Some(place) = block.linear_mut(&linear.name) {
                        place.weight = Weight::F32(linear.weight);
                    }
                }
            }
        }
        Ok(())
    }

    /// The linears of these names with their dense weights, checked.
    fn take(&self, block: &Block, names: &[String]) -> Result<LinearGroup, CompressError> {
        let linears = names.iter().filter_map(|name| block.linear(name)).map(|linear| {
            let weight = linear.weight.to_f32();
            if !weight.data.iter().all(|w| w.is_finite()) {
                let cure = "the checkpoint is damaged, or its training diverged";
                return Err(CompressError::NotFinite { what: "weights", layer: linear.name.clone(), cure });
            }
            let stored = (self.stored)(&linear.name)?;
            Ok(Target { name: linear.name.clone(), weight, stored, quantized: None })
        });
        Ok(LinearGroup { linears: linears.collect::<Result<_, _>>()? })
    }
}

/// Calibration sequences that run through a block together.
struct Batch {
    sequences: Sequences,
    count: usize,
    /// `[tokens, hidden]`: the input of the next block.
    states: Matrix,
}

fn batches(model: &Model, sequences: &[Vec<u32>]) -> Result<Vec<Batch>, CompressError> {
    let longest = sequences.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let batch = |some: &[Vec<u32>]| {
        let lengths: Vec<usize> = some.iter().map(Vec::len).collect();
        let states = model.embed(&some.concat())?;
        Ok(Batch { sequences: Sequences::whole(&lengths), count: some.len(), states })
    };
    sequences.chunks((TOKENS / longest).max(1)).map(batch).collect()
}

/// Collects the inputs of some groups.
struct Collector<'a> {
    groups: &'a [Vec<String>],
    seen: Vec<Option<Seen>>,
    needs: Needs,
    /// Whole sequences in the batch that runs.
    sequences: usize,
    /// The first linear whose input was not finite.
    broken: Option<String>,
}

impl Tap for Collector<'_> {
    fn input(&mut self, linear: &str, rows: &Matrix) {
        let Some(at) = self.groups.iter().position(|names| names.first().is_some_and(|name| name == linear)) else {
            return;
        };
        if self.broken.is_none() && !rows.data.iter().all(|x| x.is_finite()) {
            self.broken = Some(linear.to_owned());
        }
        if self.broken.is_none() {
            self.seen[at].get_or_insert_with(|| Seen::empty(self.needs, rows.cols)).add(rows, self.sequences);
        }
    }
}

/// What the method needs of each group, over all calibration sequences.
fn collect(block: &Block, groups: &[Vec<String>], hidden: &[Batch], needs: Needs) -> Result<Vec<Seen>, CompressError> {
    let mut tap = Collector { groups, seen: vec![None; groups.len()], needs, sequences: 0, broken: None };
    for batch in hidden {
        tap.sequences = batch.count;
        block.forward(batch.states.clone(), &batch.sequences, &mut tap);
    }
    let overflown = || tap.seen.iter().position(|seen| seen.as_ref().is_some_and(|seen| !seen.is_finite()));
    let first = |at: usize| groups[at].first().cloned();
    if let Some(layer) = tap.broken.take().or_else(|| overflown().and_then(first)) {
        let cure = "its weights overflow 32-bit arithmetic on this text; look at the weights of the layers before it";
        return Err(CompressError::NotFinite { what: "calibration inputs", layer, cure });
    }
    Ok(tap.seen.into_iter().map(|seen| seen.unwrap_or(Seen::Nothing)).collect())
}

/// The layer's line in `compress.json`, and its warning with its name.
fn describe(linear: &Target, report: Report, dense: &Matrix, seen: &Seen) -> (LayerRecord, Option<String>) {
    let mut output_error = None;
    if let Seen::Hessian(hessian) = seen {
        let mut difference = linear.weight.clone();
        difference.data.iter_mut().zip(&dense.data).for_each(|(new, old)| *new -= old);
        let energy = hessian.output_energy(dense);
        output_error = (energy > 0.0).then(|| hessian.output_energy(&difference) / energy);
    }
    let weights = linear.weight.data.len().max(1) as f64;
    let bits = match &linear.quantized {
        Some(quantized) => quantized.stored_bits() as f64 / weights,
        None => linear.stored.bytes() as f64 * 8.0,
    };
    let record = LayerRecord {
        name: linear.name.clone(),
        out_features: linear.weight.rows,
        in_features: linear.weight.cols,
        bits,
        sparsity: zero_share(&linear.weight.data),
        loss: report.loss,
        output_error,
        damping: report.damping,
        dead_channels: seen.dead_channels(),
    };
    (record, report.warning.map(|warning| format!("{}: {warning}", linear.name)))
}
