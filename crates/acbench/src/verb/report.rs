//! `report`: pages and tables of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use record::{Analysis, DENSE, Score, Transcript, Transcripts, VariantRecord, VariantSource, WeightsRecord, run_path};
use report::{Example, Report, Side};
use serde_json::Value;

use crate::Error;
use crate::run::Run;

/// Examples of lost samples that the page shows for each task and variant.
const EXAMPLES: usize = 3;

/// How the result is shown on the terminal.
#[derive(Debug, Clone, Copy)]
pub struct TerminalOptions {
    /// Columns.
    pub width: u16,
    /// Whether colors may be used.
    pub color: bool,
}

/// A report that was written.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The files, the page first.
    pub files: Vec<PathBuf>,
    /// The table for the terminal.
    pub table: String,
    /// The same as JSON.
    pub json: Value,
}

/// Writes a run's `report/` folder.
///
/// # Errors
/// Scores or analysis that are missing or broken, or a full disk.
pub fn report(run: &Run, shown: TerminalOptions) -> Result<Reported, Error> {
    let analysis: Analysis = record::read_json(&run_path::analysis(&run.root))?;
    let scores = run.scores()?;
    let weights = weights(run)?;
    let examples = examples(run, &scores)?;
    let report =
        Report { run: &run.record, analysis: &analysis, weights: &weights, scores: &scores, examples: &examples };
    let files = report::write(&report, &run_path::report(&run.root))?;
    let table = report::terminal(&report, shown.width, shown.color);
    Ok(Reported { files, table, json: report::json(&report) })
}

/// What the weights of each variant are.
fn weights(run: &Run) -> Result<BTreeMap<String, WeightsRecord>, Error> {
    let mut all = BTreeMap::new();
    for VariantRecord { name, source } in &run.record.variants {
        let record = match source {
            VariantSource::Compressed { .. } => {
                let path = run_path::checkpoint(&run.root, name).join("compress.json");
                WeightsRecord::Compressed(Box::new(record::read_json(&path)?))
            }
            VariantSource::Checkpoint { .. } => {
                WeightsRecord::Found(record::read_json(&run_path::weights(&run.root, name))?)
            }
            VariantSource::Dense | VariantSource::Scripted { .. } => continue,
        };
        all.insert(name.clone(), record);
    }
    Ok(all)
}

/// The samples on which each variant lost most.
fn examples(run: &Run, scores: &report::Scores) -> Result<Vec<Example>, Error> {
    let mut all = Vec::new();
    for task in &run.record.tasks {
        let mut said = run.ended(DENSE, task)?;
        for variant in run.record.variants.iter().filter(|variant| variant.name != DENSE) {
            let scores_of =
                |variant: &str| scores.get(&(variant.to_owned(), task.task.clone())).map_or(&[][..], Vec::as_slice);
            let (dense, compressed) = (scores_of(DENSE), scores_of(&variant.name));
            let lost = report::lost(dense, compressed, EXAMPLES);
            let said = read(&mut said, &lost)?;
            let instead = read(&mut run.ended(&variant.name, task)?, &lost)?;
            let dense = Side { scores: dense, transcripts: &said };
            let compressed = Side { scores: compressed, transcripts: &instead };
            all.extend(Example::worst(&task.task, &variant.name, dense, compressed, EXAMPLES));
        }
    }
    Ok(all)
}

/// What was said for some samples.
fn read(said: &mut Transcripts, samples: &[(&Score, &Score)]) -> Result<BTreeMap<String, Transcript>, Error> {
    samples.iter().map(|(score, _)| Ok((score.sample.clone(), said.get(&score.sample)?))).collect()
}
