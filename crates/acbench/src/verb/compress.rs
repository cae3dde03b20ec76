//! `compress`: a checkpoint in, a compressed checkpoint out.

use std::path::Path;

use compress::{CalibrationSource, Job};
use generate::Checkpoint;
use record::{CompressionRecord, VariantRecord, run_path};
use serde_json::Value;

use crate::event::{Event, Watch};
use crate::run::{CALIBRATION, Run, method_settings};
use crate::{Error, calibration};

/// One compression that is wanted.
pub struct Compression<'a> {
    /// The method's name.
    pub method: &'a str,
    /// All its settings.
    pub settings: &'a Value,
    /// The file of the calibration text; absent: training prompts of the twins.
    pub calibration: Option<&'a Path>,
    /// The seed that chooses calibration text.
    pub seed: u64,
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
    let job = Job { method: wanted.method, settings: wanted.settings, calibration: text.as_ref(), out: wanted.out };
    let record = compress::compress(checkpoint, &job, &mut |at| {
        watch(Event::Progress { done: at.block, total: at.blocks, detail: at.layer.to_owned() });
    })?;
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
    let wanted = Compression { method, settings: &settings, calibration, seed: run.record.seed, out: &out };
    let record = compress(&run.checkpoint()?, &wanted, watch)?;
    watch(Event::End(format!(
        "{}: {:.2} bits a weight, {:.0}% zeros",
        variant.name,
        record.effective_bits,
        record.sparsity * 100.0
    )));
    Ok(())
}

/// The calibration text, for methods that look at some.
fn text(checkpoint: &Checkpoint, wanted: &Compression<'_>) -> Result<Option<CalibrationSource>, Error> {
    let count = |name| wanted.settings.get(name).and_then(Value::as_u64).map(|count| count as usize);
    match (wanted.calibration, count("sequences").zip(count("length"))) {
        (Some(path), _) => calibration::calibration_file(path, wanted.seed).map(Some),
        (None, Some((sequences, length))) => {
            let length = length.min(checkpoint.config().max_positions);
            calibration::twins(checkpoint, wanted.seed, sequences.saturating_mul(length)).map(Some)
        }
        (None, None) => Ok(None),
    }
}
