//! Other people's logs, and our own: each becomes one value, [`Log`], whoever wrote it.

mod archive;
mod bfcl;
mod inspect;
mod json;
mod lm_eval;
mod own;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{LogName, NotComparable, RecordError, series_name};

use crate::Error;

/// What is known of how a number came about, by name: `task version`, `chat template`.
pub type Facts = BTreeMap<String, String>;

/// One log: one model, asked some tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// What wrote it, where it is, and which model it is of.
    pub name: LogName,
    /// What should be equal in both logs; a difference is a warning.
    pub settings: Facts,
    /// What a reader should know of it.
    pub notes: Vec<String>,
    /// The scores.
    pub series: Vec<Series>,
    /// Scores that the log has and that cannot be used.
    pub unusable: Vec<NotComparable>,
    /// Seed of the resampling, where the log is of a run of ours.
    pub seed: Option<u64>,
}

/// The scores of one task by one metric, of replies read in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The task's name.
    pub task: String,
    /// The metric, or the scorer.
    pub metric: String,
    /// How the reply was read, where the log has several ways.
    pub filter: Option<String>,
    /// What must be equal in both logs.
    pub must: Facts,
    /// What should be equal; a difference is a warning.
    pub settings: Facts,
    /// What explains prompts that differ: chat template, system instruction. Empty: prompts may not differ.
    pub prompts_by: Facts,
    /// One score an item.
    pub items: Vec<Item>,
}

impl Series {
    /// `task metric (filter)`
    pub fn name(&self) -> String {
        series_name(&self.task, &self.metric, self.filter.as_deref())
    }
}

/// One score.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is paired on, unique in its series.
    pub key: String,
    /// What a reader knows it by.
    pub label: String,
    /// Digest of what was asked and of what is right; must be equal on both sides where both have one.
    pub digest: Option<String>,
    /// Digest of the prompt.
    pub prompt: Option<String>,
    /// Items of one source are one cluster.
    pub cluster: Option<String>,
    /// Which of several answers to the same item, from 1.
    pub epoch: u64,
    /// The score, or why there is none.
    pub value: Result<f64, String>,
}

/// A log that cannot be read.
pub(crate) fn broken(path: &Path, problem: impl Into<String>) -> Error {
    Error::Log { path: path.to_owned(), problem: problem.into() }
}

/// Reads a log by what was typed: a file or a folder of lm-eval, Inspect or BFCL, `RUN:VARIANT` of a run folder, or
/// `FOLDER:MODEL` of a folder with BFCL's `result/` and `score/`.
///
/// # Errors
/// [`Error::Log`]: what is not there, is no log, is several, or is broken.
pub fn open(typed: &str) -> Result<Log, Error> {
    let path = Path::new(typed);
    if path.is_dir() {
        return folder(path);
    }
    if path.is_file() {
        return file(path);
    }
    match typed.rsplit_once(':') {
        Some((root, name)) if record::run_path::run(Path::new(root)).is_file() => own::read(Path::new(root), name),
        Some((root, name)) if bfcl::is_root(Path::new(root)) => bfcl::read(Path::new(root), name),
        _ => Err(broken(path, "there is no such file or folder, and no RUN:VARIANT of a run folder")),
    }
}

fn file(path: &Path) -> Result<Log, Error> {
    if archive::is_archive(path)? {
        return inspect::read_archive(path);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".jsonl") {
        return lm_eval::read_samples(path);
    }
    let bytes = std::fs::read(path).map_err(|source| RecordError::io("read", path, source))?;
    match json::kind(&bytes).map_err(|problem| broken(path, problem))? {
        json::Kind::Inspect => inspect::read_json(path, &bytes),
        json::Kind::LmEval => lm_eval::read_results(path, &bytes),
        json::Kind::Other => Err(broken(
            path,
            "it is neither lm-eval's results (`results`, `versions`) nor an Inspect log (`eval`, `samples`)",
        )),
    }
}

fn folder(path: &Path) -> Result<Log, Error> {
    if record::run_path::run(path).is_file() {
        return own::read(path, "");
    }
    if bfcl::is_root(path) {
        return bfcl::read(path, "");
    }
    if let Some((root, model)) = bfcl::of_model(path) {
        return bfcl::read(&root, &model);
    }
    if let Some(results) = lm_eval::latest(path)? {
        return lm_eval::read_latest(path, &results);
    }
    let mut inside = entries(path)?;
    let logs: Vec<PathBuf> = inside.iter().filter(|path| is_inspect_name(path)).cloned().collect();
    inside.retain(|path| path.is_dir() && lm_eval::latest(path).is_ok_and(|found| found.is_some()));
    match (&logs[..], &inside[..]) {
        ([log], []) => file(log),
        ([], [model]) => folder(model),
        ([], []) => Err(broken(
            path,
            "there is no log in it: neither run.json, nor results_*.json, *.eval, or result/ and score/",
        )),
        _ => Err(broken(path, format!("there are several logs in it; name one: {}", shown(&logs, &inside)))),
    }
}

/// Inspect lists `.eval` files, and `.json` files whose name begins with a date.
fn is_inspect_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let dated = name.len() > 10 && name.bytes().take(4).all(|byte| byte.is_ascii_digit());
    path.is_file() && (name.ends_with(".eval") || name.ends_with(".json") && dated)
}

fn shown(logs: &[PathBuf], folders: &[PathBuf]) -> String {
    let names = logs.iter().chain(folders).filter_map(|path| path.file_name());
    let names: Vec<String> = names.take(5).map(|name| name.to_string_lossy().into_owned()).collect();
    names.join(", ")
}

/// What a folder holds, by name.
pub(crate) fn entries(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = std::fs::read_dir(path).map_err(|source| RecordError::io("read", path, source))?;
    let mut all: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    all.sort();
    Ok(all)
}
