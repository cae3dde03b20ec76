//! `compress`: a checkpoint in, a compressed checkpoint out.

use std::path::Path;

use compress::{CalibrationSource, Estimate, Format, Job, Needs, Progress, Recipe, TextSize};
use generate::Checkpoint;
use record::{CompressionRecord, VariantRecord, run_path};
use serde_json::Value;

use crate::event::{Event, Watch};
use crate::run::{CALIBRATION, Run, method_settings};
use crate::{Calibration, Error, calibration};

/// One compression that is wanted.
pub struct Compression<'a> {
    /// The method's name, or several: `smoothquant+gptq`.
    pub method: &'a str,
    /// All its settings.
    pub settings: &'a Value,
    /// The calibration text, for methods that look at some.
    pub calibration: &'a Calibration,
    /// Where text that the model writes itself is kept while the work is under way; absent: beside the folder to write.
    pub kept: Option<&'a Path>,
    /// The seed that chooses calibration text.
    pub seed: u64,
    /// What is written; absent: compressed-tensors where weights are quantized, dense otherwise.
    pub format: Option<Format>,
    /// Bytes of memory to stay within: past it, activations lie in a file.
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
    let recipe = Recipe::fitted(wanted.method, wanted.settings, &compress::widths(checkpoint.config()))?;
    let kept = wanted.kept.map_or_else(|| calibration::own::beside(wanted.out), Path::to_owned);
    if recipe.needs() != Needs::NOTHING {
        // It counts among what is held.
        checkpoint.tokenizer()?;
    }
    // A budget that does not do is refused before text is made.
    let size = TextSize::of(&recipe, checkpoint.config());
    Estimate::new(checkpoint, &recipe, size, wanted.ram_budget).within(wanted.ram_budget)?;
    let Text { source, settings } = text(checkpoint, (&recipe, wanted, &kept), watch)?;
    watch(Event::Begin(format!("{}: compressing", recipe.variant_name())));
    let job = Job {
        method: wanted.method,
        settings: &settings,
        calibration: source.as_ref(),
        format: wanted.format,
        ram_budget: wanted.ram_budget,
        out: wanted.out,
    };
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
        watch(Event::Note(format!("peak memory of this process: {}", bytes(peak))));
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
    let Some(method) = variant.method.as_deref() else { return Ok(()) };
    let out = run_path::checkpoint(&run.root, &variant.name);
    let done = out.join("compress.json");
    if done.is_file() {
        let record: CompressionRecord = record::read_json(&done)?;
        if record.base_digest != run.record.model.digest {
            let (expected, got) = (run.record.model.digest.clone(), record.base_digest);
            return Err(Error::Changed { what: format!("what {} was made from", out.display()), expected, got });
        }
        return Ok(());
    }
    let calibration = Calibration::from_value(variant.settings.get(CALIBRATION).unwrap_or(&Value::Null));
    calibration.check()?;
    let (settings, kept) = (method_settings(variant), run_path::own_text(&run.root));
    let wanted = Compression {
        method,
        settings: &settings,
        calibration: &calibration,
        kept: Some(&kept),
        seed: run.record.seed,
        format: None,
        ram_budget: None,
        out: &out,
    };
    let record = compress(&run.checkpoint()?, &wanted, watch)?;
    watch(Event::End(format!(
        "{}: {:.2} bits a weight, {:.0}% zeros",
        variant.name,
        record.effective_bits,
        record.sparsity * 100.0
    )));
    Ok(())
}

/// What the walk will take of memory.
fn expected(estimate: &Estimate) -> String {
    let activations = bytes(estimate.activations);
    let place = if estimate.spills { "in a file" } else { "in memory" };
    match estimate.activations {
        0 => format!("expected peak memory: {}", bytes(estimate.peak)),
        _ => format!("expected peak memory: {}; {activations} of activations {place}", bytes(estimate.peak)),
    }
}

/// `1.2 GB`
fn bytes(count: u64) -> String {
    match count {
        1_000_000_000.. => format!("{:.1} GB", count as f64 / 1e9),
        _ => format!("{:.0} MB", count as f64 / 1e6),
    }
}

/// What a method looks at, and its settings with as many sequences as there are.
struct Text {
    source: Option<CalibrationSource>,
    settings: Value,
}

/// The calibration text, for methods that look at some.
fn text(
    checkpoint: &Checkpoint,
    (recipe, wanted, kept): (&Recipe, &Compression<'_>, &Path),
    watch: &mut Watch<'_>,
) -> Result<Text, Error> {
    let mut settings = recipe.settings();
    if recipe.needs() == Needs::NOTHING {
        return Ok(Text { source: None, settings });
    }
    let size = TextSize::of(recipe, checkpoint.config());
    let tokens = size.tokens();
    let source = match wanted.calibration {
        Calibration::File { path, .. } => calibration::read(checkpoint, path, wanted.seed)?,
        Calibration::Twins => calibration::twins(checkpoint, wanted.seed, tokens)?,
        Calibration::Own { tokens: most } => {
            let least = calibration::own::memory(checkpoint);
            if let Some(budget) = wanted.ram_budget.filter(|&budget| budget < least) {
                return Err(compress::CompressError::Budget { budget, least }.into());
            }
            let tokens = tokens.min(*most);
            let length = size.length.min(tokens);
            shorten(&mut settings, (tokens / length.max(1), length));
            calibration::own::source(checkpoint, (wanted.seed, tokens), kept, watch)?
        }
    };
    Ok(Text { source: Some(source), settings })
}

/// Lowers the numbers of sequences, and their lengths, of all methods.
fn shorten(settings: &mut Value, (sequences, length): (usize, usize)) {
    for (name, value) in settings.as_object_mut().into_iter().flatten() {
        match (name.as_str(), value.as_u64()) {
            ("sequences", Some(count)) => *value = Value::from(count.min(sequences as u64)),
            ("length", Some(count)) => *value = Value::from(count.min(length as u64)),
            _ => shorten(value, (sequences, length)),
        }
    }
}
