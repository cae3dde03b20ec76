//! The verb: a checkpoint in, a compressed checkpoint out.

use std::collections::BTreeMap;
use std::path::Path;

use model::arch::{LinearShape, kept_linears, linears};
use model::{BlockReader, Checkpoint, Config, Dtype, Linear, Weight, gguf};
use record::CompressionRecord;
use serde_json::json;

use crate::calibration::{Calibration, CalibrationSource};
use crate::format::{CheckpointWriter, Done, Format, FormatInfo, Planned, Resumed};
use crate::forward;
use crate::memory::{Estimate, TextSize};
use crate::recipe::Recipe;
use crate::seen::Needs;
use crate::states::States;
use crate::walk::{Storage, Walk, WalkProgress, widen};
use crate::{CompressError, FloatType};

/// What to do to a checkpoint.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The methods with their settings, fitted to the checkpoint: [`Recipe::fitted`].
    pub recipe: &'a Recipe,
    /// The calibration text; methods that need none do not look at it.
    pub calibration: Option<&'a CalibrationSource>,
    /// What is written; absent: compressed-tensors where weights are quantized, dense otherwise.
    pub format: Option<Format>,
    /// Bytes of memory that the walk should stay within: past it, activations lie in a file. Absent: in memory.
    pub ram_budget: Option<u64>,
    /// The folder to write. It must not exist yet, or be empty.
    pub out: &'a Path,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The walk begins.
    Began(Estimate),
    /// So many blocks were done by an earlier process.
    Resumed(usize),
    /// A linear is finished.
    Linear(WalkProgress<'a>),
}

/// Compresses a checkpoint.
///
/// The new checkpoint is written to `<out>.part`, block by block, and renamed once it is whole, with a
/// [`CompressionRecord`] in `compress.json`. A killed job goes on after its last finished block when it is asked for
/// again. The same job gives the same bytes, whatever the number of threads, and however often it was killed.
///
/// # Errors
/// Sizes that do not fit, text that is too short, a
/// checkpoint that is damaged or quantized already, a full disk. Nothing is left at `out` then; finished blocks are kept in
/// `<out>.part`.
pub fn compress(
    checkpoint: &Checkpoint,
    job: &Job,
    progress: &mut dyn FnMut(Progress),
) -> Result<CompressionRecord, CompressError> {
    let recipe = job.recipe;
    let format = job.format.unwrap_or_else(|| FormatInfo::usual(recipe.scheme()));
    check(checkpoint.config(), recipe, Some(format))?;
    let size = TextSize::of(recipe, checkpoint.config());
    let estimate = Estimate::new(checkpoint, recipe, size, job.ram_budget);
    let model = BlockReader::open(checkpoint)?;
    let planned = plan(checkpoint, &model, recipe, format)?;
    let calibration = calibrate(checkpoint, job)?;
    let record = CompressionRecord {
        method: recipe.name(),
        settings: recipe.settings(),
        format: format.name.to_owned(),
        base_digest: checkpoint.digest()?,
        calibration: calibration.as_ref().map(|calibration| calibration.record.clone()),
        effective_bits: 0.0,
        checkpoint_bits: 0.0,
        sparsity: 0.0,
        layers: Vec::new(),
        warnings: Vec::new(),
    };
    let asked = json!([env!("CARGO_PKG_VERSION"), &record]).to_string();
    let kept = kept_linears(checkpoint.config());
    let (planned, kept) = (&planned, &kept[..]);
    let done = Done { checkpoint, recipe, format, planned, kept, job: record::digest(asked.as_bytes()) };
    let sequences = calibration.as_ref().map_or(&[][..], |calibration| &calibration.sequences);
    progress(Progress::Began(estimate));
    let mut writer = CheckpointWriter::create(done, job.out)?;
    let spill = estimate.spills.then(|| writer.part().to_owned());
    let mut states = match recipe.needs() {
        Needs::NOTHING => States::nothing(),
        _ => States::embed(&model, sequences, spill.as_deref())?,
    };
    let resumed = writer.resumed();
    if resumed.blocks > 0 {
        progress(Progress::Resumed(resumed.blocks));
        go_on(&resumed, &mut states)?;
    }
    let stored = |name: &str| stored_as(checkpoint, name);
    let mut tell = |at: WalkProgress| progress(Progress::Linear(at));
    let storage = Storage { format, stored: &stored };
    let mut walk = Walk { recipe, storage, keeps: estimate.keeps, progress: &mut tell };
    walk.run(&model, resumed.blocks, &mut states, &mut writer)?;
    let mut warnings: Vec<String> = recipe.scheme().and_then(|scheme| format.warning(&scheme)).into_iter().collect();
    warnings.extend(mixed_groups(checkpoint.config(), recipe).filter(|_| format.joins()));
    writer.finish(CompressionRecord { warnings, ..record })
}

/// What can be known of a job by the model's settings, before anything is read: that overrides name linears of the model,
/// and that the format holds what will be written.
///
/// # Errors
/// Where one of these does not hold, with the linear.
pub fn check(config: &Config, recipe: &Recipe, format: Option<Format>) -> Result<(), CompressError> {
    let format = format.unwrap_or_else(|| FormatInfo::usual(recipe.scheme()));
    format.fits_cache(recipe.kv_bits())?;
    let linears: Vec<LinearShape> = linears(config).collect();
    recipe.check_names(&linears.iter().map(|linear| linear.name.as_str()).collect::<Vec<_>>())?;
    for linear in &linears {
        if let Some(scheme) = recipe.scheme_of(&linear.name) {
            format.fits(&linear.name, linear.shape, &scheme)?;
        }
    }
    Ok(())
}

/// Runs the sequences through the blocks that an earlier process finished, as they were written.
fn go_on(resumed: &Resumed, states: &mut States) -> Result<(), CompressError> {
    if states.batches.is_empty() {
        return Ok(());
    }
    let begun = Checkpoint::open(&resumed.part)?;
    let blocks = BlockReader::open(&begun)?;
    for index in 0..resumed.blocks {
        let mut block = blocks.load(index)?;
        widen(&mut block)?;
        blocks.forget();
        forward::advance(&block, states)?;
    }
    Ok(())
}

/// All linears that will be compressed, once each of them is known to fit.
fn plan(
    checkpoint: &Checkpoint,
    model: &BlockReader,
    recipe: &Recipe,
    format: Format,
) -> Result<BTreeMap<String, Planned>, CompressError> {
    let mut planned = BTreeMap::new();
    for layer in 0..model.count() {
        for linear in model.load(layer)?.linears() {
            planned.insert(linear.name.clone(), fitting(checkpoint, linear, recipe, format)?);
        }
        model.forget();
    }
    Ok(planned)
}

/// That a linear can be compressed, and what it will be.
fn fitting(
    checkpoint: &Checkpoint,
    linear: &Linear,
    recipe: &Recipe,
    format: Format,
) -> Result<Planned, CompressError> {
    if !matches!(linear.weight, Weight::F32(_) | Weight::Mapped(_) | Weight::Half(_) | Weight::Quantized(_)) {
        return Err(CompressError::AlreadyCompressed { layer: linear.name.clone() });
    }
    let stored = stored_as(checkpoint, &format!("{}.weight", linear.name))?;
    Ok(Planned { shape: linear.weight.shape(), stored, scheme: format.scheme(recipe, &linear.name) })
}

/// Linears of a group that will have different widths, which programs that join them do not run.
fn mixed_groups(config: &Config, recipe: &Recipe) -> Option<String> {
    let width = |linear: &LinearShape| recipe.scheme_of(&linear.name).map(|scheme| scheme.grid.bits);
    let linears: Vec<LinearShape> = linears(config).collect();
    let groups = linears.chunk_by(|a, b| (a.block, a.group) == (b.block, b.group));
    let mut mixed = groups.filter(|group| group.iter().any(|linear| width(linear) != width(&group[0]))).peekable();
    let first = mixed.peek()?.iter().map(|linear| linear.name.as_str()).collect::<Vec<_>>().join(", ");
    let more = match mixed.count() {
        1 => String::new(),
        2 => " (and those of another group)".to_owned(),
        count => format!(" (and those of {} other groups)", count - 1),
    };
    Some(format!(
        "{first}{more} differ in width: vLLM and SGLang join such linears and want one width for them; transformers and \
         this program do not"
    ))
}

/// What a tensor of floating-point numbers is stored as. Blocks of a GGUF file count as the numbers that they stand for.
pub(crate) fn stored_as(checkpoint: &Checkpoint, tensor: &str) -> Result<FloatType, CompressError> {
    let linear = tensor.strip_suffix(".weight").filter(|_| checkpoint.is_gguf() && !checkpoint.has(tensor));
    if linear.is_some_and(|linear| gguf::stored(checkpoint, linear).is_some()) {
        return Ok(FloatType::F32);
    }
    match checkpoint.tensor(tensor)?.dtype {
        Dtype::F32 => Ok(FloatType::F32),
        Dtype::F16 => Ok(FloatType::F16),
        Dtype::BF16 => Ok(FloatType::Bf16),
        _ => Err(CompressError::AlreadyCompressed { layer: tensor.trim_end_matches(".weight").to_owned() }),
    }
}

/// The calibration sequences, for methods that look at some. A sequence is never longer than the model's context.
fn calibrate(checkpoint: &Checkpoint, job: &Job) -> Result<Option<Calibration>, CompressError> {
    let recipe = job.recipe;
    if !recipe.calibrates() {
        return Ok(None);
    }
    let source = job.calibration.ok_or_else(|| CompressError::NoCalibration { method: recipe.name() })?;
    let size = TextSize::of(recipe, checkpoint.config());
    source.cut(checkpoint, size.sequences, size.length).map(Some)
}
