//! Tables as CSV (RFC 4180): the report's, and one row a sample of a variant.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use record::{Analysis, Outcome};

use super::{Item, Items, io};
use crate::Error;
use crate::run::Run;

const HEADER: &str = "task,variant,sample,cluster,status,value,fault,turns,prompt_tokens,completion_tokens,reason\r\n";

pub(super) fn write(run: &Run, analysis: &Analysis, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut written = Vec::new();
    for (name, text) in report::tables_csv(&run.record, analysis) {
        let path = folder.join(name);
        record::write_atomic(&path, text.as_bytes())?;
        written.push(path);
    }
    written.push(samples(run, folder)?);
    Ok(written)
}

/// `samples.csv`, whole or not at all.
fn samples(run: &Run, folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join("samples.csv");
    let beside = folder.join("samples.csv.part");
    let failed = io(&path);
    fs::create_dir_all(folder).map_err(&failed)?;
    let mut file = BufWriter::new(File::create(&beside).map_err(&failed)?);
    file.write_all(HEADER.as_bytes()).map_err(&failed)?;
    for task in &run.record.tasks {
        for variant in &run.record.variants {
            for item in Items::open(run, &variant.name, task)? {
                file.write_all(line(row(&task.task, &variant.name, &item?)).as_bytes()).map_err(&failed)?;
            }
        }
    }
    file.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(&failed)?;
    fs::rename(&beside, &path).map_err(&failed)?;
    Ok(path)
}

/// What the files of samples say of one.
pub(super) struct Row {
    pub task: String,
    pub variant: String,
    pub sample: String,
    pub cluster: Option<String>,
    pub status: &'static str,
    /// `None` where it failed.
    pub value: Option<f64>,
    pub fault: Option<&'static str>,
    pub turns: usize,
    pub prompt_tokens: usize,
    pub completion_tokens: usize,
    pub reason: String,
}

pub(super) fn row(task: &str, variant: &str, item: &Item) -> Row {
    let Item { score, said, .. } = item;
    let (status, reason) = match &score.outcome {
        Outcome::Finished => ("finished", &score.reason),
        Outcome::Failed { reason, .. } => ("failed", reason),
    };
    let tokens = |count: fn(&record::Reply) -> usize| said.steps.iter().map(|step| count(&step.reply)).sum();
    Row {
        task: task.to_owned(),
        variant: variant.to_owned(),
        sample: score.sample.clone(),
        cluster: score.cluster.clone(),
        status,
        value: item.value(),
        fault: score.fault.map(|fault| fault.as_str()),
        turns: said.steps.len(),
        prompt_tokens: tokens(|reply| reply.prompt_tokens),
        completion_tokens: tokens(|reply| reply.completion_tokens),
        reason: reason.clone(),
    }
}

fn line(row: Row) -> String {
    let cells = [
        row.task,
        row.variant,
        row.sample,
        row.cluster.unwrap_or_default(),
        row.status.to_owned(),
        row.value.map(|value| value.to_string()).unwrap_or_default(),
        row.fault.unwrap_or_default().to_owned(),
        row.turns.to_string(),
        row.prompt_tokens.to_string(),
        row.completion_tokens.to_string(),
        row.reason,
    ];
    cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
}

/// A cell in quotes where it needs them.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
