//! What can go wrong between a command and its result, and what the reader can do.

use std::path::PathBuf;

/// Why a verb could not do its work. Finished work stays on disk in every case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that is in no table.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// `task`, `method`.
        kind: &'static str,
        /// What was typed.
        name: String,
        /// The nearest name in the table.
        nearest: Option<&'static str>,
        /// All names, in the table's order.
        known: Vec<&'static str>,
    },
    /// A flag whose value makes no sense.
    #[error("{flag} {value}: {problem}")]
    Flag {
        /// The flag, with its dashes.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What is wrong and what would do.
        problem: String,
    },
    /// A model that is not a folder.
    #[error("the model `{name}` is not a folder")]
    NotAFolder {
        /// What was typed.
        name: String,
    },
    /// A repository of the hub that cannot be had.
    #[error("{id} cannot be had from the hub: {problem} (asked: {tried})")]
    Hub {
        /// `owner/name[@revision]`
        id: String,
        /// The address.
        tried: String,
        /// What came of it.
        problem: String,
    },
    /// A server of ours that cannot go on.
    #[error("the server ends: {0}")]
    Server(String),
    /// What this build has no part for.
    #[error("this build has no part for {what}")]
    NotBuilt {
        /// What was asked for.
        what: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
    /// A run folder was made by another command.
    #[error("{} holds a run with other settings:\n{}", root.display(), differences.join("\n"))]
    OtherSettings {
        /// The run folder.
        root: PathBuf,
        /// One line a field: its name, what the folder has, what was asked now.
        differences: Vec<String>,
    },
    /// Another process works in the same run folder.
    #[error("{who} is at work in {}", root.display())]
    Busy {
        /// The run folder.
        root: PathBuf,
        /// What is known of it.
        who: String,
    },
    /// A folder without runs to work on.
    #[error("{} holds no run: neither it nor a folder in it has a run.json", root.display())]
    NoRuns {
        /// The folder.
        root: PathBuf,
    },
    /// Work that waits for what nobody does.
    #[error("{}: {units} units of work wait for others that nobody does, {first} the first", root.display())]
    Stuck {
        /// The run folder.
        root: PathBuf,
        /// How many.
        units: usize,
        /// One of them.
        first: String,
    },
    /// A run that cannot be probed.
    #[error("{} cannot be probed: {why}", root.display())]
    NoProbe {
        /// The run folder.
        root: PathBuf,
        /// Why.
        why: String,
    },
    /// A folder without a run.
    #[error("{} is not a run folder: it has no run.json", root.display())]
    NotARun {
        /// The folder.
        root: PathBuf,
    },
    /// A file that a run needs was changed since the run began.
    #[error("{what} is no longer what this run began with: its digest was {expected} and is {got}")]
    Changed {
        /// The model or the file.
        what: String,
        /// The digest in `run.json`.
        expected: String,
        /// The digest now.
        got: String,
    },
    /// Samples that have no finished transcript.
    #[error("{missing} of {total} samples of {task} have no finished transcript in {variant}")]
    Unfinished {
        /// The variant.
        variant: String,
        /// The task.
        task: String,
        /// Samples without an end.
        missing: usize,
        /// All samples.
        total: usize,
    },
    /// As many samples have ended as a task has, but not the same ones.
    #[error("the transcripts of {task} in {variant} are not of this run's samples: {sample} has none that is finished")]
    OtherSamples {
        /// The variant.
        variant: String,
        /// The task.
        task: String,
        /// The first sample without an end.
        sample: String,
    },
    /// A task of this source has no samples.
    #[error("{task} has no samples in {origin}")]
    NoSamples {
        /// The task.
        task: &'static str,
        /// Where they were looked for.
        origin: String,
    },
    /// The chat template takes none of the samples.
    #[error("none of the {samples} samples can be asked: {why}")]
    NoPrompt {
        /// All samples.
        samples: usize,
        /// Why not the first.
        why: generate::ModelError,
    },
    /// A ready-made checkpoint that does not read the model's tokens.
    #[error("{variant} cannot be asked what the model is asked: {problem}")]
    OtherTokens {
        /// The variant.
        variant: String,
        /// What differs.
        problem: String,
    },
    /// A text that cannot be used for calibration.
    #[error("the calibration text {} cannot be used: {problem}", path.display())]
    Calibration {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another program's log, or a run as one, that cannot be read.
    #[error("{}: {problem}", path.display())]
    Log {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A budget that cannot be used.
    #[error("the budget {} cannot be used: {problem}", path.display())]
    Budget {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// From the task.
    #[error(transparent)]
    Task(#[from] task::TaskError),
    /// From the model.
    #[error(transparent)]
    Model(#[from] generate::ModelError),
    /// From `compress`.
    #[error(transparent)]
    Compress(#[from] compress::CompressError),
    /// From `generate`.
    #[error(transparent)]
    Generate(#[from] generate::GenerateError),
    /// From `analyze`.
    #[error(transparent)]
    Analyze(#[from] analyze::AnalyzeError),
    /// From `analyze`'s metrics of probes.
    #[error("the probes: {0}; remove the folders `probes`, and probe again")]
    Metric(#[from] analyze::MetricError),
    /// From `report`.
    #[error(transparent)]
    Report(#[from] report::ReportError),
    /// From a file of the run.
    #[error(transparent)]
    Record(#[from] record::RecordError),
}

impl Error {
    /// That something still has the digest that was recorded of it.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has another.
    pub(crate) fn same_digest(what: impl ToString, expected: &str, got: &str) -> Result<(), Self> {
        if got == expected {
            return Ok(());
        }
        Err(Self::Changed { what: what.to_string(), expected: expected.to_owned(), got: got.to_owned() })
    }

    /// What the reader can do; absent where the message says it.
    pub fn help(&self) -> Option<String> {
        match self {
            Error::Unknown { kind, nearest, known, .. } => {
                let list = format!("the {kind}s are: {}", known.join(", "));
                Some(nearest.map_or(list.clone(), |nearest| format!("did you mean `{nearest}`? {list}")))
            }
            Error::NotAFolder { name } => Some(format!(
                "name a folder with config.json, tokenizer.json and *.safetensors, a .gguf file, or a model of the hub as \
                 OWNER/NAME; {name} is none of them. Without --model_name the bundled model runs"
            )),
            Error::Hub { id, .. } => Some(format!(
                "there is no file or folder of this name either. Where the hub can be reached: `hf download {} \
                 --local-dir DIR` (`--repo-type dataset` for data), then give DIR",
                id.split('@').next().unwrap_or(id)
            )),
            Error::NotBuilt { feature, .. } => {
                Some(format!("build it with: cargo install --path crates/acbench --features {feature}"))
            }
            Error::OtherSettings { .. } => Some(
                "ask with the same settings to resume it, or name another folder with --output_path. `acbench generate \
                 RUN` goes on with what it began with, whichever version did. `acbench score RUN --scoring ...` and \
                 `acbench analyze RUN --margin ...` judge the replies that are there anew"
                    .to_owned(),
            ),
            Error::Busy { .. } => Some("wait until it has ended, or name another folder with --output_path".to_owned()),
            Error::NoRuns { .. } => Some("`acbench run PLAN.toml --prepare` makes the runs of a plan for workers".to_owned()),
            Error::Stuck { .. } => {
                Some("see why other workers stopped, then begin one without --stage: `acbench worker DIR`".to_owned())
            }
            Error::NotARun { .. } => {
                Some("`acbench evaluate --output_path FOLDER` makes one; `runs/` holds those of this folder".to_owned())
            }
            Error::Changed { .. } => {
                Some("put the old one back, or start a new run with another --output_path".to_owned())
            }
            Error::Unfinished { .. } => {
                Some("`acbench generate RUN` asks for what is missing; it goes on where it stopped".to_owned())
            }
            Error::OtherSamples { variant, task, .. } => Some(format!(
                "take files of other runs out of {variant}/transcripts/{task}/ and {variant}/transcripts/; then \
                 `acbench generate RUN` asks for what is missing"
            )),
            Error::NoPrompt { .. } => Some(
                "put the chat template of the model's original download into chat_template.jinja, give it what it asks \
                 for with --template_args, or ask without it: --apply_chat_template false"
                    .to_owned(),
            ),
            Error::OtherTokens { .. } => Some(
                "--model_name names the model that it was made from; variants of other models need runs of their own"
                    .to_owned(),
            ),
            Error::NoSamples { .. } => Some("raise --limit, or give another folder with --data".to_owned()),
            other => out_of_space(other).then(|| {
                "the disk is full: free space and run the same command again. Finished replies are kept".to_owned()
            }),
        }
    }
}

/// Whether the system's complaint, somewhere behind an error, is about space.
fn out_of_space(error: &Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
            return matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge);
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::RecordError;
    use std::io;
    use std::path::Path;

    #[test]
    fn a_full_disk_is_recognized_behind_other_errors() {
        let full = || RecordError::io("write", Path::new("a.jsonl"), io::Error::from(io::ErrorKind::StorageFull));
        assert!(Error::from(full()).help().is_some_and(|help| help.contains("free space")));
        let behind = Error::from(generate::GenerateError::from(full()));
        assert!(behind.help().is_some_and(|help| help.contains("free space")));
        let other = RecordError::io("write", Path::new("a"), io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(Error::from(other).help(), None);
    }
}
