//! `compress`: a checkpoint in, a compressed checkpoint out.

use std::path::Path;

use compress::{CalibrationSource, Estimate, Format, Job, Progress, Recipe, TextSize};
use generate::{Checkpoint, OwnText};
use record::{CompressionRecord, TextOrigin, VariantRecord, VariantSource, run_path};

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::{Error, calibration, size_text};

/// One compression that is wanted.
pub struct Compression<'a> {
    /// The methods with their settings.
    pub recipe: &'a Recipe,
    /// Where calibration text comes from, for methods that look at some.
    pub calibration: &'a TextOrigin,
    /// Where text that the model writes itself is kept while the work is under way; absent: beside the folder to write.
    pub kept: Option<&'a Path>,
    /// The seed that chooses calibration text.
    pub seed: u64,
    /// What is written; absent: compressed-tensors where weights are quantized, dense otherwise.
    pub format: Option<Format>,
    /// Bytes of memory to stay within: past it, activations lie in a file. Absent: what this process can have.
    pub ram_budget: Option<u64>,
    /// The folder to write.
    pub out: &'a Path,
}

/// Compresses a checkpoint into a folder of the Hugging Face layout, with `compress.json`.
///
/// # Errors
/// Settings that do not fit the model, a text that is too short, a full disk. The folder is then not there.
pub fn compress(
    checkpoint: &Checkpoint,
    wanted: &Compression<'_>,
    watch: &mut Watch<'_>,
) -> Result<CompressionRecord, Error> {
    let recipe = wanted.recipe;
    // What cannot be is refused before text is made.
    compress::check(checkpoint.config(), recipe, wanted.format)?;
    let kept = wanted.kept.map_or_else(|| calibration::own::beside(wanted.out), Path::to_owned);
    if recipe.calibrates() {
        // It counts among what is held.
        checkpoint.tokenizer()?;
    }
    let size = TextSize::of(recipe, checkpoint.config());
    // Where nobody said what to stay within, it is what there is.
    let ram_budget = wanted.ram_budget.or_else(compress::room);
    let estimate = Estimate::new(checkpoint, recipe, size, ram_budget);
    match wanted.ram_budget {
        None => estimate.fits(ram_budget)?,
        given => estimate.within(given)?,
    }
    let (source, recipe) = text(checkpoint, wanted, &kept, watch)?;
    watch(Event::Begin(format!("{}: compressing", recipe.variant_name())));
    let job = Job { recipe: &recipe, calibration: source.as_ref(), format: wanted.format, ram_budget, out: wanted.out };
    let record = compress::compress(checkpoint, &job, &mut |at| {
        watch(match at {
            Progress::Began(estimate) => Event::Note(expected(&estimate)),
            Progress::Resumed(blocks) => Event::Note(format!("going on after {blocks} finished blocks")),
            Progress::Linear(at) => Event::Progress {
                done: at.block * at.linears + at.linear,
                total: at.blocks * at.linears,
                detail: format!("block {} of {}", at.block + 1, at.blocks),
            },
        });
    })?;
    if let Some(peak) = compress::peak() {
        watch(Event::Note(format!("peak memory of this process: {}", size_text(peak))));
    }
    for warning in &record.warnings {
        watch(Event::Warning(warning.clone()));
    }
    if wanted.kept.is_none() && kept.is_file() {
        std::fs::remove_file(&kept).map_err(|source| record::RecordError::io("remove", &kept, source))?;
    }
    Ok(record)
}

/// Compresses a variant of a run into its folder, unless that is done already.
///
/// # Errors
/// As [`compress()`]; and a checkpoint in the folder that was made from something else.
pub fn compress_variant(run: &Run, variant: &VariantRecord, watch: &mut Watch<'_>) -> Result<(), Error> {
    let VariantSource::Compressed { method, settings, calibration } = &variant.source else { return Ok(()) };
    let out = run_path::checkpoint(&run.root, &variant.name);
    let done = out.join("compress.json");
    if done.is_file() {
        let record: CompressionRecord = record::read_json(&done)?;
        let what = format!("what {} was made from", out.display());
        return Error::same_digest(what, &run.record.model.digest, &record.base_digest);
    }
    // Runs that did not record it had the twins' prompts.
    let calibration = calibration.as_ref().unwrap_or(&TextOrigin::Twins);
    calibration::check(calibration)?;
    let (checkpoint, kept) = (run.checkpoint()?, run_path::own_text(&run.root));
    let wanted = Compression {
        recipe: &Recipe::fitted(method, settings, &compress::widths(checkpoint.config()))?,
        calibration,
        kept: Some(&kept),
        seed: run.record.seed,
        format: None,
        ram_budget: None,
        out: &out,
    };
    let record = compress(&checkpoint, &wanted, watch)?;
    watch(Event::End(format!(
        "{}: {:.2} bits a weight, {:.0}% zeros",
        variant.name,
        record.effective_bits,
        record.sparsity * 100.0
    )));
    Ok(())
}

/// Writes the text that variants of a run are calibrated on and the model writes itself, as much as the one needs that needs
/// most. What is written already is not written again.
///
/// # Errors
/// A model that cannot be loaded, or writes nothing; a full disk.
pub(crate) fn write_own_text(run: &Run, watch: &mut Watch<'_>) -> Result<(), Error> {
    let checkpoint = run.checkpoint()?;
    let mut most = 0;
    for variant in &run.record.variants {
        let VariantSource::Compressed { method, settings, calibration: Some(TextOrigin::Own { tokens }) } =
            &variant.source
        else {
            continue;
        };
        let recipe = Recipe::fitted(method, settings, &compress::widths(checkpoint.config()))?;
        most = most.max(TextSize::of(&recipe, checkpoint.config()).tokens().min(*tokens));
    }
    let asked = OwnText { seed: run.record.seed, tokens: most };
    calibration::own::source(&checkpoint, &asked, &run_path::own_text(&run.root), watch).map(drop)
}

/// What the walk will take of memory.
fn expected(estimate: &Estimate) -> String {
    let activations = size_text(estimate.activations);
    let place = if estimate.spills { "in a file" } else { "in memory" };
    match estimate.activations {
        0 => format!("expected peak memory: {}", size_text(estimate.peak)),
        _ => format!("expected peak memory: {}; {activations} of activations {place}", size_text(estimate.peak)),
    }
}

/// The calibration text, for methods that look at some, and the recipe for as many sequences as there are.
fn text(
    checkpoint: &Checkpoint,
    wanted: &Compression<'_>,
    kept: &Path,
    watch: &mut Watch<'_>,
) -> Result<(Option<CalibrationSource>, Recipe), Error> {
    let mut recipe = wanted.recipe.clone();
    if !recipe.calibrates() {
        return Ok((None, recipe));
    }
    let size = TextSize::of(&recipe, checkpoint.config());
    let tokens = size.tokens();
    let source = match wanted.calibration {
        TextOrigin::File { path, .. } => calibration::read(checkpoint, path, wanted.seed)?,
        TextOrigin::Twins => calibration::twins(checkpoint, wanted.seed, tokens)?,
        TextOrigin::Own { tokens: most } => {
            let least = calibration::own::memory(checkpoint);
            if let Some(budget) = wanted.ram_budget.filter(|&budget| budget < least) {
                return Err(compress::CompressError::Budget { budget, least }.into());
            }
            let tokens = tokens.min(*most);
            let length = size.length.min(tokens);
            recipe = recipe.shortened(tokens / length.max(1), length);
            calibration::own::source(checkpoint, &OwnText { seed: wanted.seed, tokens }, kept, watch)?
        }
    };
    Ok((Some(source), recipe))
}
