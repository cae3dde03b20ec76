//! A run in the files of others: tables, and logs as lm-evaluation-harness and Inspect write them.
//!
//! Samples are read, and written, one at a time. What [`crate::logs`] reads of these files are the scores of the run.

mod csv;
mod inspect;
mod lm_eval;
#[cfg(feature = "parquet")]
mod parquet;

use std::path::{Path, PathBuf};

use record::{
    Analysis, JsonlReader, Outcome, RecordError, Sample, Score, TaskSource, Transcript, Transcripts, run_path,
};
use serde_json::Value;

use crate::Error;
use crate::run::{Run, Samples};

/// What a run can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `results.csv` and `columns.csv` as in the report, and `samples.csv`.
    Csv,
    /// `results.tex`: tables with booktabs.
    Latex,
    /// `results_<date>.json` and `samples_<task>_<date>.jsonl`, a folder a variant.
    LmEval,
    /// `<date>_<task>_<id>.eval`, a folder a variant.
    Inspect,
    /// `samples.parquet`.
    Parquet,
}

impl ExportFormat {
    /// All, in the order of the command's help.
    pub const ALL: [(&'static str, Self); 5] = [
        ("csv", Self::Csv),
        ("latex", Self::Latex),
        ("lm_eval", Self::LmEval),
        ("inspect", Self::Inspect),
        ("parquet", Self::Parquet),
    ];
}

/// Writes a run as files of `format` under `folder`; the files, in the order they were written.
///
/// # Errors
/// Scores or analysis that are missing or broken, or a full disk.
pub(crate) fn export(run: &Run, format: ExportFormat, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let analysis: Analysis = record::read_json(&run_path::analysis(&run.root))?;
    match format {
        ExportFormat::Csv => csv::write(run, &analysis, folder),
        ExportFormat::Latex => {
            let path = folder.join("results.tex");
            record::write_atomic(&path, report::latex(&run.record, &analysis).as_bytes())?;
            Ok(vec![path])
        }
        ExportFormat::LmEval => lm_eval::write(run, &analysis, folder),
        ExportFormat::Inspect => inspect::write(run, folder),
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet => parquet::write(run, folder),
        #[cfg(not(feature = "parquet"))]
        ExportFormat::Parquet => Err(Error::NotBuilt { what: "Parquet files", feature: "parquet" }),
    }
}

/// One sample of a variant: what was asked, said, and what it was worth.
struct Item {
    sample: Sample,
    score: Score,
    said: Transcript,
}

impl Item {
    /// Its value; `None` where it failed.
    fn value(&self) -> Option<f64> {
        (self.score.outcome == Outcome::Finished).then_some(self.score.value)
    }

    /// What the model was shown first.
    fn prompt(&self) -> &[record::Message] {
        self.said.steps.first().map_or(&self.sample.messages, |step| &step.messages)
    }

    /// The right answer as a text.
    fn target(&self) -> String {
        match &self.sample.gold {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// The samples of a variant and a task, one at a time.
struct Items {
    samples: Samples,
    scores: JsonlReader<Score>,
    said: Transcripts,
    path: PathBuf,
}

impl Items {
    fn open(run: &Run, variant: &str, task: &TaskSource) -> Result<Self, Error> {
        let path = run_path::scores(&run.root, variant, &task.task);
        if !path.is_file() {
            let problem = format!("there are no scores: `acbench score {}` makes them", run.root.display());
            return Err(Error::Log { path, problem });
        }
        let (samples, said) = (run.samples(task)?, run.transcripts(variant, task)?);
        Ok(Self { samples, scores: JsonlReader::open(&path)?, said, path })
    }

    fn pair(&mut self, sample: Result<Sample, Error>) -> Result<Item, Error> {
        let (sample, score) = (sample?, self.scores.next().transpose()?);
        match score {
            Some(score) if score.sample == sample.id => {
                let said = self.said.get(&sample.id)?;
                Ok(Item { sample, score, said })
            }
            _ => {
                let problem = format!("it has no score of {} where one should be: score the run anew", sample.id);
                Err(Error::Log { path: self.path.clone(), problem })
            }
        }
    }
}

impl Iterator for Items {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let sample = self.samples.next()?;
        Some(self.pair(sample))
    }
}

/// A mean and its standard error, number by number (Welford 1962).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Mean {
    n: usize,
    mean: f64,
    squares: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.n += 1;
        let off = value - self.mean;
        self.mean += off / self.n as f64;
        self.squares += off * (value - self.mean);
    }

    /// Standard deviation over the root of n; `None` of fewer than two.
    fn error(&self) -> Option<f64> {
        let n = self.n as f64;
        (self.n > 1).then(|| (self.squares / (n - 1.0) / n).sqrt())
    }
}

/// The model's name and the variant's: `Qwen2.5-0.5B-Instruct-gptq-w4-g128`.
fn model_name(run: &Run, variant: &str) -> String {
    let name = Path::new(&run.record.model.name).file_name().map(|name| name.to_string_lossy());
    format!("{}-{variant}", name.as_deref().unwrap_or("model"))
}

/// A name for files, as lm-evaluation-harness makes it: each run of characters that some system forbids becomes `__`.
fn file_name(name: &str) -> String {
    let mut safe = String::new();
    let mut inside = false;
    for c in name.chars() {
        let bad = c.is_control() || "\"<>:/\\|?*[]".contains(c);
        if !bad {
            safe.push(c);
        } else if !inside {
            safe.push_str("__");
        }
        inside = bad;
    }
    safe
}

/// What else but the samples must be the same for two logs of a task to be comparable.
fn task_version(run: &Run, task: &TaskSource) -> String {
    let digest: String = task.digest.chars().take(12).collect();
    format!("{}-{digest}", run.record.scoring)
}

/// When the run began, UTC: `2026-03-14T09:26:53`. The same run gives the same files.
fn date(run: &Run) -> String {
    crate::prompts::clock(&run.root, &run.record).text()
}

/// An error of writing a file.
fn io(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| RecordError::io("write", &path, source).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_harness_makes_them() {
        let names = ["acme/dense-1b", "./m/x", "a//b", "C:\\a b"].map(file_name);
        assert_eq!(names, ["acme__dense-1b", ".__m__x", "a__b", "C__a b"]);
    }

    #[test]
    fn the_error_of_a_mean_is_the_textbooks() {
        let mut mean = Mean::default();
        [1.0, 0.0, 1.0, 1.0].into_iter().for_each(|value| mean.add(value));
        assert_eq!(mean.mean, 0.75);
        // s^2 = 3 * 1/4 * 1/4 * 4 / 3 = 1/4, over 4.
        assert!(mean.error().is_some_and(|error| (error - 0.25).abs() < 1e-12));
        assert_eq!(Mean::default().error(), None);
    }
}
