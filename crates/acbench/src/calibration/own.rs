//! Calibration text that the dense model writes itself, kept so that a killed process goes on with it.

use std::path::{Path, PathBuf};

use compress::{CalibrationSource, CalibrationText};
use generate::{Checkpoint, OwnText, Written, own_text};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::event::{Event, Watch};

/// What the record of a compression calls it.
const SOURCE: &str = "self";
/// The least and the most tokens that are written unless told otherwise.
const TOKENS: (usize, usize) = (1 << 14, 1 << 15);
/// Multiplications that writing may take: 2^15 tokens of half a billion weights.
const WORK: usize = 1 << 44;

/// One line of the file.
#[derive(Serialize, Deserialize, PartialEq)]
struct Line {
    input_ids: Vec<u32>,
    /// SHA-256 of the model that wrote it.
    model: String,
    seed: u64,
    document: usize,
}

/// How many tokens a model of this size writes: a power of two, so many that the multiplications stay in bounds. It does
/// not depend on the machine, so that the text is the same everywhere.
pub(crate) fn budget(checkpoint: &Checkpoint) -> usize {
    let config = checkpoint.config();
    let weights = config.weights_of_a_token() + config.vocab_size * config.hidden_size;
    let tokens = (WORK / weights.max(1)).clamp(TOKENS.0, TOKENS.1);
    1 << tokens.ilog2()
}

/// Bytes that a model takes while it writes: its weights, as they lie in the file or wider, and what the documents under
/// way take.
pub(crate) fn memory(checkpoint: &Checkpoint) -> u64 {
    (checkpoint.weight_bytes() + generate::under_way(checkpoint)) as u64
}

/// At least as many tokens of text as are asked for, written by the model; in `kept` is what an earlier process wrote.
///
/// # Errors
/// A model that cannot be loaded, or writes nothing; a full disk.
pub(crate) fn source(
    checkpoint: &Checkpoint,
    asked: &OwnText,
    kept: &Path,
    watch: &mut Watch<'_>,
) -> Result<CalibrationSource, Error> {
    let OwnText { seed, tokens } = *asked;
    watch(Event::Note(format!(
        "calibration: the model writes {tokens} tokens itself (seed {seed}), which bounds its time; --calibration FILE takes a text"
    )));
    let begun = read(kept, checkpoint, seed)?;
    if begun.iter().map(Vec::len).sum::<usize>() < tokens {
        watch(Event::Begin("tokens of text to calibrate on".to_owned()));
    }
    let model = checkpoint.digest()?;
    let written = own_text(checkpoint, asked, begun, &mut |written| {
        match written {
            Written::Tokens(done) => {
                let done = done.min(tokens);
                watch(Event::Progress { done, total: tokens, detail: String::new() });
            }
            Written::Documents(all) => keep(kept, &model, seed, all)?,
        }
        Ok(())
    })?;
    watch(Event::End(format!("calibration: {} documents that the model wrote, in {}", written.len(), kept.display())));
    Ok(CalibrationSource { origin: SOURCE.to_owned(), text: CalibrationText::Tokens(written), seed })
}

/// The documents of an earlier process, as far as they are of this model and seed.
fn read(kept: &Path, checkpoint: &Checkpoint, seed: u64) -> Result<Vec<Vec<u32>>, Error> {
    // What cannot be read is written again.
    let lines: Vec<Line> = record::read_jsonl(kept).unwrap_or_default();
    let model = checkpoint.digest()?;
    let ours = lines.into_iter().enumerate().take_while(|(at, line)| {
        line.document == *at && line.seed == seed && line.model == model && !line.input_ids.is_empty()
    });
    Ok(ours.map(|(_, line)| line.input_ids).collect())
}

fn keep(kept: &Path, model: &str, seed: u64, all: &[Vec<u32>]) -> Result<(), record::RecordError> {
    let line = |(document, input_ids): (usize, &Vec<u32>)| Line {
        input_ids: input_ids.clone(),
        model: model.to_owned(),
        seed,
        document,
    };
    record::write_jsonl(kept, &all.iter().enumerate().map(line).collect::<Vec<_>>())
}

/// Where the text of a compression outside a run is kept while it is under way.
pub(crate) fn beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".calibration.jsonl");
    out.with_file_name(name)
}
