//! A run folder: what was asked, and the files that every stage finds by it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use generate::{Checkpoint, Tokenizer};
use record::{
    Assets, JsonlReader, RunRecord, Sample, SampleFile, Score, TaskSource, Transcripts, VariantRecord, VariantSource,
    run_path,
};
use serde_json::{Map, Value};

use crate::Error;
use crate::drawn::DrawnLines;
use crate::sharing::worker_of;

/// The bundled model's name.
pub const PICO: &str = "pico";

/// What of the prompting is asked; the rest was found out.
const ASKED: [&str; 7] =
    ["template_args", "num_fewshot", "max_seq_length", "thinking", "max_thinking_tokens", "max_reply_tokens", "agent"];

/// The scores of a run by (variant, task).
pub(crate) type Scores = BTreeMap<(String, String), Vec<Score>>;

/// A run folder.
#[derive(Debug, Clone)]
pub struct Run {
    /// The folder.
    pub root: PathBuf,
    /// What was asked.
    pub record: RunRecord,
}

impl Run {
    /// Opens a run folder.
    ///
    /// # Errors
    /// A folder without `run.json`, or one that cannot be read.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let path = run_path::run(root);
        if !path.is_file() {
            return Err(Error::NotARun { root: root.to_owned() });
        }
        Ok(Self { root: root.to_owned(), record: record::read_json(&path)? })
    }

    /// Begins a run, or resumes one that asked the same. `drawn` is what each task asks, in the record's order.
    ///
    /// # Errors
    /// [`Error::OtherSettings`] where the folder holds a run that asked something else.
    pub(crate) fn begin(root: &Path, record: RunRecord, drawn: &[DrawnLines]) -> Result<Self, Error> {
        let path = run_path::run(root);
        let known = path.is_file().then(|| Self::open(root)).transpose()?;
        if let Some(known) = &known {
            let differences = differences(&known.record, &record);
            if !differences.is_empty() {
                return Err(Error::OtherSettings { root: root.to_owned(), differences });
            }
        }
        for (task, drawn) in record.tasks.iter().zip(drawn) {
            drawn.write(root, task)?;
        }
        // Last, so that a folder with run.json has its samples.
        match known {
            None => record::write_json(&path, &record)?,
            Some(known) if served(&known.record).ne(served(&record)) => {
                record::write_json(&path, &RunRecord { variants: record.variants, ..known.record })?;
            }
            Some(_) => {}
        }
        Self::open(root)
    }

    /// Keeps other processes from working in this folder for as long as the file lives; a killed process lets go.
    ///
    /// # Errors
    /// [`Error::Busy`] where another one is at work, or a worker of this or another host gave a sign of life lately.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let busy = |who| Error::Busy { root: self.root.clone(), who };
        let file = locked(&self.root.join(".lock"), true)?.ok_or_else(|| busy("another acbench".to_owned()))?;
        worker_of(self)?.map_or(Ok(file), |who| Err(busy(who)))
    }

    /// Shares the work in this folder with others who do, and keeps the rest out.
    ///
    /// # Errors
    /// [`Error::Busy`] where one that does not is at work.
    pub(crate) fn share(&self) -> Result<File, Error> {
        let who = "an acbench that shares its work with nobody".to_owned();
        locked(&self.root.join(".lock"), false)?.ok_or_else(|| Error::Busy { root: self.root.clone(), who })
    }

    /// Writes a changed record: another scoring or margin for the same replies.
    pub(crate) fn save(&self) -> Result<(), Error> {
        Ok(record::write_json(&run_path::run(&self.root), &self.record)?)
    }

    /// The samples of a task, one at a time; the last item is an error where they are not those which the run began with.
    ///
    /// # Errors
    /// A file that is missing.
    pub fn samples(&self, task: &TaskSource) -> Result<Samples, Error> {
        let path = run_path::samples(&self.root, &task.task);
        Ok(Samples { reader: Some(JsonlReader::open(&path)?), path, expected: task.digest.clone() })
    }

    /// The samples of a task, each read when it is wanted.
    ///
    /// # Errors
    /// A file that is missing, or is not the one that the run began with.
    pub fn sample_file(&self, task: &TaskSource) -> Result<SampleFile, Error> {
        let path = run_path::samples(&self.root, &task.task);
        let changed = |digest: &str| Error::same_digest(path.display(), &task.digest, digest);
        match SampleFile::open(&path) {
            Ok(samples) => changed(samples.digest()).map(|()| samples),
            Err(error) => {
                changed(&file_digest(&path)?)?;
                Err(error.into())
            }
        }
    }

    /// What the samples of a task share: read when they are first needed, once for as long as the value lives.
    pub fn assets(&self, task: &TaskSource) -> Assets {
        Assets::in_folder(run_path::assets(&self.root, &task.task))
    }

    /// What was said for a task so far.
    ///
    /// # Errors
    /// A file that is broken.
    pub fn transcripts(&self, variant: &str, task: &TaskSource) -> Result<Transcripts, Error> {
        Ok(Transcripts::open(&run_path::transcript_files(&self.root, variant, &task.task))?)
    }

    /// The files that others wrote for a task beside this folder's own.
    pub(crate) fn other_transcripts(&self, variant: &str, task: &TaskSource) -> Vec<PathBuf> {
        let own = run_path::transcripts(&self.root, variant, &task.task);
        let mut files = run_path::transcript_files(&self.root, variant, &task.task);
        files.retain(|path| *path != own);
        files
    }

    /// The transcripts of a task, and that all of its samples have ended.
    ///
    /// # Errors
    /// [`Error::Unfinished`] where some have not.
    pub fn ended(&self, variant: &str, task: &TaskSource) -> Result<Transcripts, Error> {
        let all = self.transcripts(variant, task)?;
        let missing = task.samples.saturating_sub(all.ended());
        if missing > 0 {
            let (variant, task, total) = (variant.to_owned(), task.task.clone(), task.samples);
            return Err(Error::Unfinished { variant, task, missing, total });
        }
        Ok(all)
    }

    /// The scores of every variant and task that has some.
    ///
    /// # Errors
    /// A file that is broken.
    pub(crate) fn scores(&self) -> Result<Scores, Error> {
        let mut all = Scores::new();
        for variant in &self.record.variants {
            for task in &self.record.tasks {
                let path = run_path::scores(&self.root, &variant.name, &task.task);
                if path.is_file() {
                    all.insert((variant.name.clone(), task.task.clone()), record::read_jsonl(&path)?);
                }
            }
        }
        Ok(all)
    }

    /// A variant by its name.
    ///
    /// # Errors
    /// [`Error::Flag`] where the run has none of this name.
    pub fn variant(&self, name: &str) -> Result<&VariantRecord, Error> {
        let all = &self.record.variants;
        all.iter().find(|variant| variant.name == name).ok_or_else(|| Error::Flag {
            flag: "VARIANT",
            value: name.to_owned(),
            problem: format!(
                "the run has no such variant; it has {}",
                all.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
        })
    }

    /// The checkpoint of a variant that was compressed or made before; `None` of any other.
    ///
    /// # Errors
    /// One that is not there, is damaged, or was changed.
    pub(crate) fn made(&self, variant: &VariantRecord) -> Result<Option<Checkpoint>, Error> {
        match &variant.source {
            VariantSource::Compressed { .. } => {
                open_checkpoint(Some(&run_path::checkpoint(&self.root, &variant.name))).map(Some)
            }
            VariantSource::Checkpoint { path, digest } => unchanged(path, digest).map(Some),
            VariantSource::Dense | VariantSource::Endpoint { .. } | VariantSource::Scripted { .. } => Ok(None),
        }
    }

    /// The checkpoint of a variant whose weights lie here, to be run as the run says.
    ///
    /// # Errors
    /// As [`Run::checkpoint`] and [`Run::made`].
    pub(crate) fn running(&self, variant: &VariantRecord) -> Result<Checkpoint, Error> {
        let checkpoint = self.made(variant)?.map_or_else(|| self.checkpoint(), Ok)?;
        Ok(checkpoint.with_activations(self.record.activations))
    }

    /// The dense checkpoint, and that it is still the one that the run began with.
    ///
    /// # Errors
    /// A model that is not there, is damaged, or was changed.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        unchanged(Path::new(&self.record.model.name), &self.record.model.digest)
    }
}

/// The samples of a task, as they are read.
pub struct Samples {
    reader: Option<JsonlReader<Sample>>,
    path: PathBuf,
    expected: String,
}

impl Samples {
    /// What is wrong with the file once it was read to its end.
    fn changed(&mut self) -> Option<Error> {
        let got = self.reader.take()?.into_digest().map_err(Error::from);
        got.and_then(|got| Error::same_digest(self.path.display(), &self.expected, &got)).err()
    }
}

impl Iterator for Samples {
    type Item = Result<Sample, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.as_mut()?.next() {
            Some(Ok(sample)) => Some(Ok(sample)),
            Some(Err(error)) => Some(Err(self.changed().unwrap_or_else(|| error.into()))),
            None => self.changed().map(Err),
        }
    }
}

/// A checkpoint by its name in a run, and that it has the digest that the run began with.
///
/// # Errors
/// A model that is not there, is damaged, or was changed.
pub(crate) fn unchanged(name: &Path, digest: &str) -> Result<Checkpoint, Error> {
    let checkpoint = open_checkpoint((name != Path::new(PICO)).then_some(name))?;
    Error::same_digest(format!("the model {}", name.display()), digest, &checkpoint.digest()?)?;
    Ok(checkpoint)
}

/// The addresses of variants behind servers.
fn served(record: &RunRecord) -> impl Iterator<Item = &[String]> {
    record.variants.iter().filter_map(|variant| match &variant.source {
        VariantSource::Endpoint { addresses, .. } => Some(&addresses[..]),
        _ => None,
    })
}

/// A model of which only prompts are needed: its weights may be elsewhere.
///
/// # Errors
/// As [`open_checkpoint`], but for weights that are missing.
pub(crate) fn open_described(folder: &Path) -> Result<Checkpoint, Error> {
    if folder.is_dir() { Ok(Checkpoint::open_described(folder)?) } else { open_checkpoint(Some(folder)) }
}

/// A model by its folder or its GGUF file, or the bundled one.
///
/// # Errors
/// A name that is neither, or a folder that is no checkpoint.
pub fn open_checkpoint(folder: Option<&Path>) -> Result<Checkpoint, Error> {
    match folder {
        None => Ok(Checkpoint::bundled()?),
        Some(folder) if folder.is_dir() || folder.extension().is_some_and(|end| end == "gguf") => {
            Ok(Checkpoint::open(folder)?)
        }
        Some(folder) => Err(Error::NotAFolder { name: folder.display().to_string() }),
    }
}

/// The tokenizer, and a warning where the chat template was wanted and there is none.
pub(crate) fn missing_template(tokenizer: &Tokenizer, wanted: bool) -> Option<String> {
    (wanted && !tokenizer.has_template())
        .then(|| "the checkpoint has no chat template: prompts are plain text, `role: content`".to_owned())
}

/// Locks a file for as long as the value lives, for one alone or for many; `None` where others have it. A file system that
/// has no locks is trusted.
///
/// # Errors
/// A folder that cannot be written.
pub(crate) fn locked(path: &Path, alone: bool) -> Result<Option<File>, Error> {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.map_err(|source| record::RecordError::io("create", path, source))?;
    match if alone { file.try_lock() } else { file.try_lock_shared() } {
        Err(TryLockError::WouldBlock) => Ok(None),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
    }
}

/// SHA-256 of a file.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn file_digest(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|source| record::RecordError::io("read", path, source))?;
    Ok(record::digest(&bytes))
}

/// What differs between two records, one line a field: `seed: the run has 0, asked now is 1`.
pub(crate) fn differences(old: &RunRecord, new: &RunRecord) -> Vec<String> {
    let (old, new) = (fields_of(old), fields_of(new));
    let names: Vec<&String> = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))).collect();
    let none = Value::Null;
    names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
            (was != is).then(|| format!("  {name}: the run has {}, asked now is {}", show(was), show(is)))
        })
        .collect()
}

/// The fields of a record under flat names, `tasks.worfbench.samples`; models count as their digests, not their paths.
pub(crate) fn fields_of(record: &RunRecord) -> Map<String, Value> {
    let mut flat = Map::new();
    let names = |all: Vec<&str>| Value::from(all.join(" "));
    flat.insert("variants".into(), names(record.variants.iter().map(|variant| variant.name.as_str()).collect()));
    flat.insert("tasks".into(), names(record.tasks.iter().map(|task| task.task.as_str()).collect()));
    let value = serde_json::to_value(record).unwrap_or(Value::Null);
    for (name, value) in value.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("model", model) => flatten("model.digest", &model["digest"], &mut flat),
            ("prompting", prompting) => {
                for name in ASKED {
                    flatten(name, &prompting[name], &mut flat);
                }
            }
            ("embedders", Value::Object(all)) => {
                all.iter().for_each(|(language, one)| {
                    flatten(&format!("embedders.{language}"), &one["digest"], &mut flat);
                });
            }
            ("variants" | "tasks", Value::Array(items)) => {
                for item in items {
                    let id = item.get("task").or_else(|| item.get("name")).and_then(Value::as_str).unwrap_or("");
                    let mut item = item.clone();
                    if let Some(fields) = item.as_object_mut().filter(|fields| fields["source"] == "checkpoint") {
                        fields.shift_remove("path");
                    }
                    // Where a model is served may change.
                    if let Some(fields) = item.as_object_mut() {
                        fields.shift_remove("addresses");
                    }
                    flatten(&format!("{name}.{id}"), &item, &mut flat);
                }
            }
            (name, value) => flatten(name, value, &mut flat),
        }
    }
    flat
}

fn flatten(name: &str, value: &Value, flat: &mut Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(inner, value)| flatten(&format!("{name}.{inner}"), value, flat));
        }
        // What was not said is not there.
        Value::Null if !name.contains('.') => {}
        value => drop(flat.insert(name.to_owned(), value.clone())),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::{Capability, ModelSource, Scoring};
    use serde_json::json;

    fn gptq(bits: u8) -> VariantSource {
        VariantSource::Compressed { method: "gptq".into(), settings: json!({"bits": bits}), calibration: None }
    }

    fn record() -> RunRecord {
        RunRecord {
            version: "1".into(),
            model: ModelSource { name: "a".into(), digest: "d".into(), context: None },
            variants: vec![VariantRecord::dense(), VariantRecord { name: "gptq-w4".into(), source: gptq(4) }],
            tasks: vec![TaskSource {
                task: "pddl".into(),
                capability: Capability::RealWorld,
                source: "generated".into(),
                judge: None,
                samples: 3,
                skipped: Vec::new(),
                digest: "x".into(),
            }],
            embedders: Default::default(),
            seed: 0,
            scoring: Scoring::Corrected,
            epochs: 1,
            activations: Default::default(),
            sampling: [("temperature".to_owned(), json!(0.0))].into(),
            chat_template: true,
            prompting: record::Prompting::default(),
            margin: 0.03,
        }
    }

    #[test]
    fn every_difference_is_named_with_both_values() {
        let mut other = record();
        other.seed = 7;
        other.tasks[0].samples = 5;
        other.variants[1].source = gptq(3);
        other.sampling.insert("temperature".into(), json!(0.5));
        other.model.name = "./a".into();
        other.prompting.template_args.insert("enable_thinking".into(), json!(false));
        other.prompting.clock = Some("2026-03-14T09:26:53".into());
        other.prompting.notes.push("found out, not asked".into());
        let lines = differences(&record(), &other).join("\n");
        for line in [
            "template_args.enable_thinking: the run has nothing, asked now is false",
            "seed: the run has 0, asked now is 7",
            "tasks.pddl.samples: the run has 3, asked now is 5",
            "variants.gptq-w4.settings.bits: the run has 4, asked now is 3",
            "sampling.temperature: the run has 0.0, asked now is 0.5",
        ] {
            assert!(lines.contains(line), "{lines}");
        }
        assert_eq!(lines.lines().count(), 5, "{lines}");
        assert!(differences(&record(), &record()).is_empty());
    }

    #[test]
    fn a_run_resumes_only_what_was_asked_and_keeps_its_files() -> Result<(), Error> {
        let folder = tempfile::tempdir().map_err(|e| record::RecordError::io("create", Path::new("tmp"), e))?;
        let mut asked = record();
        asked.tasks[0].digest = record::digest(b"");
        let run = Run::begin(folder.path(), asked.clone(), &[DrawnLines::default()])?;
        assert!(run.samples(&run.record.tasks[0])?.next().is_none());
        assert_eq!(Run::begin(folder.path(), asked.clone(), &[DrawnLines::default()])?.record, asked);
        let other = RunRecord { seed: 1, ..asked };
        assert!(matches!(Run::begin(folder.path(), other, &[DrawnLines::default()]), Err(Error::OtherSettings { .. })));
        let held = run.lock()?;
        assert!(matches!(Run::open(folder.path())?.lock(), Err(Error::Busy { .. })));
        drop(held);
        drop(run.lock()?);
        assert_eq!(Run::open(folder.path())?.record.seed, 0);
        assert!(matches!(Run::open(&folder.path().join("none")), Err(Error::NotARun { .. })));
        Ok(())
    }
}
