//! The one walk over layers: collect what a method needs to know of a group's inputs, compress the group, and go on
//! with what the compressed layers put out.

use model::{Block, GroupKind, Model, Sequences, Tap, Weight};
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
            let at = (index, count);
            match self.method.true_sequential() {
                true => self.group_by_group(&mut block, &mut hidden, at, sink)?,
                false => self.all_at_once(&mut block, &mut hidden, at, sink)?,
            }
            sink.block(block);
        }
        Ok(())
    }

    /// Each group is compressed before the next one's inputs are looked at. Everything runs once: what goes into a
    /// group is what the compressed groups before it put out.
    fn group_by_group(
        &mut self,
        block: &mut Block,
        hidden: &mut [Batch],
        at: (usize, usize),
        sink: &mut dyn Sink,
    ) -> Result<(), CompressError> {
        for group in block.linear_groups() {
            let mut inputs = Inputs::of(&group, self.method.needs());
            for batch in hidden.iter_mut() {
                let sequences = batch.count;
                batch.enter(block, group.kind, |x| inputs.add(x, sequences));
            }
            self.compress(block, &group, &inputs.seen()?, at, sink)?;
        }
        hidden.iter_mut().for_each(|batch| batch.leave(block));
        Ok(())
    }

    /// All groups see the inputs that they have in the dense block; then the compressed one runs.
    fn all_at_once(
        &mut self,
        block: &mut Block,
        hidden: &mut [Batch],
        at: (usize, usize),
        sink: &mut dyn Sink,
    ) -> Result<(), CompressError> {
        let groups = block.linear_groups();
        let inputs = groups.iter().map(|group| Inputs::of(group, self.method.needs())).collect();
        let mut tap = Taps { inputs, sequences: 0 };
        for batch in hidden.iter() {
            tap.sequences = batch.count;
            block.forward(batch.states.clone(), &batch.sequences, &mut tap);
        }
        for (group, inputs) in groups.iter().zip(tap.inputs) {
            self.compress(block, group, &inputs.seen()?, at, sink)?;
        }
        for batch in hidden {
            let states = std::mem::take(&mut batch.states);
            batch.states = block.forward(states, &batch.sequences, &mut ());
        }
        Ok(())
    }

    /// Compresses one group of a block and puts its new weights in place.
    fn compress(
        &mut self,
        block: &mut Block,
        group: &model::LinearGroup,
        seen: &Seen,
        (index, blocks): (usize, usize),
        sink: &mut dyn Sink,
    ) -> Result<(), CompressError> {
        let mut group = self.take(block, &group.linears)?;
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
    /// `[tokens, hidden]`: the residual stream, as far as it is.
    states: Matrix,
    /// `[tokens, heads * head_dim]`: what goes into the output linear, from when it is known until it is used.
    attended: Matrix,
}

impl Batch {
    /// Shows the input of a group to `see`. The groups of a block are entered in their order, each once, with the
    /// weights of those before it in place.
    fn enter(&mut self, block: &Block, group: GroupKind, see: impl FnOnce(&Matrix)) {
        match group {
            GroupKind::Qkv => see(&block.qkv_input(&self.states)),
            GroupKind::Output => {
                self.attended = block.output_input(&block.qkv_input(&self.states), &self.sequences);
                see(&self.attended);
            }
            GroupKind::GateUp => {
                self.states.add(&block.o.forward(&std::mem::take(&mut self.attended)));
                see(&block.gate_up_input(&self.states));
            }
            GroupKind::Down => see(&self.down_input(block)),
        }
    }

    /// Ends a block whose groups were all entered: the states are its output then.
    fn leave(&mut self, block: &Block) {
        let x = self.down_input(block);
        self.states.add(&block.down.forward(&x));
    }

    /// What goes into the down linear, once attention is in the states: made twice, rather than kept for all tokens.
    fn down_input(&self, block: &Block) -> Matrix {
        block.gated(&block.gate_up_input(&self.states))
    }
}

fn batches(model: &Model, sequences: &[Vec<u32>]) -> Result<Vec<Batch>, CompressError> {
    let longest = sequences.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let batch = |some: &[Vec<u32>]| {
        let lengths: Vec<usize> = some.iter().map(Vec::len).collect();
        let states = model.embed(&some.concat())?;
        let attended = Matrix::default();
        Ok(Batch { sequences: Sequences::whole(&lengths), count: some.len(), states, attended })
    };
    sequences.chunks((TOKENS / longest).max(1)).map(batch).collect()
}

/// What is collected of the inputs of one group.
struct Inputs {
    /// The group's first linear.
    first: String,
    needs: Needs,
    seen: Option<Seen>,
    /// Every input so far was finite.
    finite: bool,
}

impl Inputs {
    fn of(group: &model::LinearGroup, needs: Needs) -> Self {
        Self { first: group.linears.first().cloned().unwrap_or_default(), needs, seen: None, finite: true }
    }

    /// Adds the inputs `[tokens, in]` of `sequences` whole sequences.
    fn add(&mut self, rows: &Matrix, sequences: usize) {
        self.finite &= rows.data.iter().all(|x| x.is_finite());
        if self.finite {
            self.seen.get_or_insert_with(|| Seen::empty(self.needs, rows.cols)).add(rows, sequences);
        }
    }

    /// What was collected, over all calibration sequences.
    fn seen(self) -> Result<Seen, CompressError> {
        let seen = self.seen.unwrap_or(Seen::Nothing);
        if self.finite && seen.is_finite() {
            return Ok(seen);
        }
        let cure = "its weights overflow 32-bit arithmetic on this text; look at the weights of the layers before it";
        Err(CompressError::NotFinite { what: "calibration inputs", layer: self.first, cure })
    }
}

/// Collects the inputs of all groups of a block while it runs.
struct Taps {
    inputs: Vec<Inputs>,
    /// Whole sequences in the batch that runs.
    sequences: usize,
}

impl Tap for Taps {
    fn input(&mut self, linear: &str, rows: &Matrix) {
        if let Some(inputs) = self.inputs.iter_mut().find(|inputs| inputs.first == linear) {
            inputs.add(rows, self.sequences);
        }
    }
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
