//! `report`: pages and tables of a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{
    Analysis, Behavior, Blame, DENSE, JsonlReader, ProbeAnalysis, Score, TaskSource, Transcripts, VariantRecord,
    VariantSource, WeightsRecord, run_path,
};
use report::{Example, Explored, Explorer, Report, VariantWriter};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::reading::readings;
use crate::Error;
use crate::run::Run;

/// Examples of lost samples that the page shows, and the most of them of one task and variant.
const EXAMPLES: usize = 60;
const EXAMPLES_EACH: usize = 3;

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
    let weights = weights(run)?;
    let (explored, examples) = explore(run, &analysis)?;
    let behaviors: Vec<Behavior> = known(&run_path::behavior(&run.root))?.unwrap_or_default();
    let probes: Option<ProbeAnalysis> = known(&run_path::probe_analysis(&run.root))?;
    let blames = blames(run)?;
    #[cfg_attr(not(feature = "endpoint"), expect(unused_mut, reason = "only servers are strange"))]
    let mut record = run.record.clone();
    #[cfg(feature = "endpoint")]
    record.prompting.notes.extend(crate::identity::warnings(run));
    let report = Report {
        run: &record,
        analysis: &analysis,
        weights: &weights,
        tallies: &explored.tallies,
        examples: &examples,
        explore: Some(&explored.stamp),
        behaviors: &behaviors,
        probes: probes.as_ref(),
        blames: &blames,
    };
    let files = report::write(&report, &run_path::report(&run.root))?;
    let table = report::terminal(&report, shown.width, shown.color);
    Ok(Reported { files, table, json: report::json(&report) })
}

/// A file of the analysis; nothing where there is none, as in analyses of before.
fn known<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    Ok(if path.is_file() { Some(record::read_json(path)?) } else { None })
}

/// Where the loss of variants comes from, as far as somebody asked.
fn blames(run: &Run) -> Result<Vec<(String, Blame)>, Error> {
    let names = run.record.variants.iter().map(|variant| variant.name.clone());
    let found = names.map(|name| Ok(known(&run_path::blame(&run.root, &name))?.map(|blame| (name, blame))));
    found.filter_map(Result::transpose).collect()
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
            VariantSource::Dense | VariantSource::Endpoint { .. } | VariantSource::Scripted { .. } => continue,
        };
        all.insert(name.clone(), record);
    }
    Ok(all)
}

/// Reads every score and transcript of a run once: writes them for the page's script, and keeps what the page itself shows
/// of them, counts and the worst losses of each variant.
fn explore(run: &Run, analysis: &Analysis) -> Result<(Explored, Vec<Example>), Error> {
    let record = &run.record;
    let pairs = record.tasks.len() * record.variants.len().saturating_sub(1);
    let each = (EXAMPLES / pairs.max(1)).clamp(1, EXAMPLES_EACH);
    let mut explorer = Explorer::begin(&run_path::report(&run.root), record, analysis)?;
    let readings = readings(run)?;
    let mut examples = Vec::new();
    for task in &record.tasks {
        let mut writer = explorer.task();
        let mut dense = run.ended(DENSE, task)?;
        for (place, variant) in record.variants.iter().enumerate() {
            if !run_path::scores(&run.root, &variant.name, &task.task).is_file() {
                continue;
            }
            let mut column = writer.variant(place);
            if variant.name == DENSE {
                read(run, (task, variant), &mut dense, &mut column)?;
                column.finish()?;
                continue;
            }
            let mut said = run.ended(&variant.name, task)?;
            read(run, (task, variant), &mut said, &mut column)?;
            let room = each.min(EXAMPLES.saturating_sub(examples.len()));
            for lost in column.finish()?.iter().take(room) {
                let (theirs, ours) = (dense.get(&lost.sample)?, said.get(&lost.sample)?);
                examples.push(Example::of(&task.task, &variant.name, lost, &theirs, &ours));
            }
        }
        writer.readings(readings.get(&task.task).map_or(&[][..], Vec::as_slice))?;
        writer.finish()?;
    }
    Ok((explorer.finish()?, examples))
}

/// Hands over the scores of one variant of a task, each with what was said for it.
fn read(
    run: &Run,
    (task, variant): (&TaskSource, &VariantRecord),
    said: &mut Transcripts,
    column: &mut VariantWriter<'_, '_>,
) -> Result<(), Error> {
    for score in JsonlReader::<Score>::open(&run_path::scores(&run.root, &variant.name, &task.task))? {
        let score = score?;
        column.add(&score, &said.get(&score.sample)?)?;
    }
    Ok(())
}
