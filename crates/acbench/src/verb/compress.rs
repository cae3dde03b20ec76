//! `compress`: a checkpoint in, a compressed checkpoint out.

use std::path::Path;

use compress::{CalibrationSource, Estimate, Format, Job, Needs, Progress, Recipe};
use generate::Checkpoint;
use record::{CompressionRecord, VariantRecord, run_path};
use serde_json::Value;

use crate::event::{Event, Watch};
use crate::run::{CALIBRATION, Run, method_settings};
use crate::{Error, calibration};

/// One compression that is wanted.
pub struct Compression<'a> {
    /// The method's name, or several: `smoothquant+gptq`.
    pub method: &'a str,
    /// All its settings.
    pub settings: &'a Value,
    /// The file of the calibration text; absent: training prompts of the twins.
    pub calibration: Option<&'a Path>,
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
    let text = text(checkpoint, wanted)?;
    let job = Job {
        method: wanted.method,
        settings: wanted.settings,
        calibration: text.as_ref(),
        format: wanted.format,
        ram_budget: wanted.ram_budget,
        out: wanted.out,
    };
    let record = compress::compress(checkpoint, &job, &mut |at| {
        watch(match at {
            Progress::Began(estimate) => Event::Note(expected(&estimate)),
            Progress::Resumed(blocks) => Event::Note(format!("going on after {blocks} finished blocks")),
            Progress::Linear(at) => Event::Progress { done: at.block, total: at.blocks, detail: at.layer.to_owned() },
        });
    })?;
    if let Some(peak) = compress::peak() {
        watch(Event::Note(format!("peak memory of this process: {}", bytes(peak))));
    }
    for warning in &record.warnings {
        watch(Event::Warning(warning.clone()));
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
    watch(Event::Begin(format!("{}: compressing", variant.name)));
    let file = variant.settings.get(CALIBRATION).and_then(Value::as_str).and_then(|text| text.split_once(" sha256:"));
    if let Some((path, expected)) = file {
        let got = crate::run::file_digest(Path::new(path))?;
        if got != expected {
            return Err(Error::Changed { what: path.to_owned(), expected: expected.to_owned(), got });
        }
    }
    let settings = method_settings(variant);
    let calibration = file.map(|(path, _)| Path::new(path));
    let wanted = Compression {
        method,
        settings: &settings,
        calibration,
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

/// The calibration text, for methods that look at some.
fn text(checkpoint: &Checkpoint, wanted: &Compression<'_>) -> Result<Option<CalibrationSource>, Error> {
    let recipe = Recipe::new(wanted.method, wanted.settings)?;
    if recipe.needs() == Needs::NOTHING {
        return Ok(None);
    }
    let count = |name| recipe.count(name).unwrap_or(1);
    let length = count("length").min(checkpoint.config().max_positions);
    match wanted.calibration {
        Some(source) => calibration::read(checkpoint, source, wanted.seed).map(Some),
        None => calibration::twins(checkpoint, wanted.seed, count("sequences").saturating_mul(length)).map(Some),
    }
}
