//! LongBench's own files: `data.zip` or `<set>.jsonl`, with the prompts and maximum lengths of its `config` folder.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use record::{Message, Sample};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::archive::Archive;
use super::metric::Metric;
use super::sets::{SETS, Set, bucket, find};
use super::template::{fill, shorten};
use super::twin::{self, Generated};
use super::winnable::unwinnable;
use crate::rows::{Rows, deal};
use crate::text::{read_bytes, read_json, wrong};
use crate::{BadRows, Drawn, Files, Split, TaskError, Tokens};

/// The hub has the rows, the repository the prompts.
pub(super) const FILES: &[Files] = &[DATA, CONFIG];
const DATA: Files = Files {
    names: &["data.zip (114 MB)"],
    source: "the data set THUDM/LongBench of the Hugging Face hub",
    license: "its 21 sources have terms of their own",
    put: "name the folder that holds it, or unpack it there as <set>.jsonl; or add --data longbench=hub:THUDM/LongBench",
};
const CONFIG: Files = Files {
    names: &["dataset2prompt.json (and dataset2maxlen.json, model2maxlen.json)"],
    source: "the folder LongBench/config of github.com/THUDM/LongBench",
    license: "MIT",
    put: "copy them to the folder or to its config/",
};
/// Where the `config` folder may lie.
const CONFIG_PLACES: [&str; 3] = ["", "config", "LongBench/config"];

/// What may be set in `longbench.json` beside the data; everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Sets by name, `qasper_e` being LongBench-E's part; all of the 21 that are there where none is named.
    sets: Vec<String>,
    /// The most tokens of a prompt; the middle of a longer one is left out.
    max_length: Option<usize>,
    /// Whose length of `model2maxlen.json` to take where `max_length` is not set.
    model: Option<String>,
    /// How lines of code are compared: `difflib` or `indel`.
    code_ratio: Option<CodeRatio>,
    /// Held-out instances of the twin instead of data, of these lengths.
    generated: Option<Generated>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CodeRatio {
    Difflib,
    Indel,
}

/// A row of a set, on its way to be a sample.
struct Row {
    name: String,
    place: usize,
    set: &'static Set,
    fields: Value,
}

/// The samples of the sets in a folder, dealt round; or in `rows`, where that is another one. The last may also be the
/// zip file itself.
pub(super) fn load(
    (folder, rows): (&Path, Option<&Path>),
    bad_rows: BadRows,
    tokens: &dyn Tokens,
    limit: Option<usize>,
) -> Result<Drawn, TaskError> {
    let rows = rows.unwrap_or(folder);
    let folder = if folder.is_file() { folder.parent().unwrap_or(Path::new("")) } else { folder };
    let settings: Settings = config(folder, "longbench.json")?.unwrap_or_default();
    if let Some(generated) = &settings.generated {
        return match generated.problem() {
            Some(problem) => Err(unfit(folder, problem.to_owned())),
            None => Ok(twin::instances(
                &Generated { samples: limit.unwrap_or(generated.samples), ..generated.clone() },
                Split::Test,
                0,
                tokens,
            )
            .into()),
        };
    }
    let asked = Asked::read(folder, settings)?;
    let mut data = Data::open(rows)?;
    let mut kept = Rows::new(bad_rows);
    let mut lists = Vec::new();
    for name in &asked.sets {
        let Some((path, bytes)) = data.read(name)? else { continue };
        lists.push(rows_of(name, &path, &bytes, (&mut kept, limit))?);
    }
    if lists.iter().all(Vec::is_empty) {
        return Err(TaskError::Missing { task: "longbench", path: rows.join("data.zip"), files: &[DATA] });
    }
    let samples = deal(lists, limit).into_iter().map(|row| asked.sample(row, tokens)).collect::<Result<_, _>>()?;
    Ok(kept.drawn(samples))
}

/// Where sets are read from.
struct Data {
    folders: Vec<PathBuf>,
    archive: Option<(PathBuf, Archive)>,
}

impl Data {
    fn open(folder: &Path) -> Result<Self, TaskError> {
        let places = [folder.to_owned(), folder.join("data.zip"), folder.join("data/data.zip")];
        let archive = match places.into_iter().find(|path| path.is_file()) {
            Some(path) => Some((path.clone(), Archive::open(&path)?)),
            None => None,
        };
        Ok(Self { folders: vec![folder.to_owned(), folder.join("data")], archive })
    }

    /// A set's file and its bytes: a file of its own before the archive's.
    fn read(&mut self, set: &str) -> Result<Option<(PathBuf, Vec<u8>)>, TaskError> {
        let files = self.folders.iter().map(|folder| folder.join(format!("{set}.jsonl")));
        if let Some(path) = files.into_iter().find(|path| path.is_file()) {
            let bytes = read_bytes(&path)?;
            return Ok(Some((path, bytes)));
        }
        let Some((path, archive)) = &mut self.archive else { return Ok(None) };
        Ok(archive.read(set)?.map(|bytes| (path.join(format!("{set}.jsonl")), bytes)))
    }
}

/// The usable rows of a set, `limit` at most.
fn rows_of(
    name: &str,
    path: &Path,
    bytes: &[u8],
    (kept, limit): (&mut Rows, Option<usize>),
) -> Result<Vec<Row>, TaskError> {
    let Some(set) = find(name) else { return Ok(Vec::new()) };
    let bytes = record::unmarked(bytes).map_err(|why| wrong(path, why))?;
    let mut rows = Vec::new();
    for (line, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if limit.is_some_and(|limit| rows.len() >= limit) {
            break;
        }
        let row = row(set, text).map_err(|problem| TaskError::Format {
            path: path.to_owned(),
            place: format!("line {}", line + 1),
            problem,
        });
        if let Some(fields) = kept.keep(row)? {
            rows.push(Row { name: name.to_owned(), place: line + 1, set, fields });
        }
    }
    Ok(rows)
}

/// The fields of a row, checked.
fn row(set: &Set, text: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(text).map_err(|error| format!("it is no UTF-8: {error}"))?;
    let fields: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    for name in ["input", "context"] {
        if !fields[name].is_string() {
            return Err(format!("it has no text {name:?}"));
        }
    }
    let is_texts = |value: &Value| value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string));
    if !is_texts(&fields["answers"]) || fields["answers"].as_array().is_none_or(Vec::is_empty) {
        return Err("it has no answers".to_owned());
    }
    if !fields["all_classes"].is_null() && !is_texts(&fields["all_classes"]) {
        return Err("its all_classes is no list of texts".to_owned());
    }
    unwinnable(set, &fields).map_or(Ok(fields), Err)
}

/// What is asked of each row.
struct Asked {
    sets: Vec<String>,
    prompts: HashMap<String, String>,
    prompt_file: PathBuf,
    replies: HashMap<String, usize>,
    max_length: Option<usize>,
    indel: bool,
}

impl Asked {
    fn read(folder: &Path, settings: Settings) -> Result<Self, TaskError> {
        let problem = |problem: String| unfit(folder, problem);
        if let Some(name) = settings.sets.iter().find(|name| find(name).is_none_or(|set| !SETS.contains(set))) {
            return Err(problem(format!("there is no set {name:?}")));
        }
        if settings.max_length == Some(0) {
            return Err(problem("max_length must be at least 1".to_owned()));
        }
        let named = |name: &str| settings.model.as_deref() == Some(name);
        let lengths: HashMap<String, usize> = config(folder, "model2maxlen.json")?.unwrap_or_default();
        let of_model = lengths.iter().find(|(name, _)| named(name)).map(|(_, length)| *length);
        if let (Some(model), None, None) = (&settings.model, settings.max_length, of_model) {
            return Err(problem(format!("model2maxlen.json has no length of {model:?}; set max_length")));
        }
        let sets = match settings.sets.is_empty() {
            true => SETS.iter().map(|set| set.name.to_owned()).collect(),
            false => settings.sets,
        };
        let prompt_file = folder.join("dataset2prompt.json");
        let missing = || TaskError::Missing { task: "longbench", path: prompt_file.clone(), files: &[CONFIG] };
        Ok(Self {
            sets,
            prompts: config(folder, "dataset2prompt.json")?.ok_or_else(missing)?,
            replies: config(folder, "dataset2maxlen.json")?.unwrap_or_default(),
            max_length: settings.max_length.or(of_model),
            indel: settings.code_ratio == Some(CodeRatio::Indel),
            prompt_file,
        })
    }

    fn sample(&self, row: Row, tokens: &dyn Tokens) -> Result<Sample, TaskError> {
        let Row { name, place, set, fields } = row;
        let problem =
            |problem: String| TaskError::Format { path: self.prompt_file.clone(), place: set.name.to_owned(), problem };
        let template = self.prompts.get(set.name).ok_or_else(|| problem("it has no prompt of this set".to_owned()))?;
        let mut prompt = fill(template, &fields).map_err(problem)?;
        if let Some(most) = self.max_length {
            prompt = shorten(prompt, most, tokens);
        }
        let mut gold = json!({"set": set.name, "answers": fields["answers"], "all_classes": fields["all_classes"]});
        if set.metric == Metric::F1 {
            gold["question"] = fields["input"].clone();
        }
        if self.indel {
            gold["code_ratio"] = json!("indel");
        }
        let mut tags = BTreeMap::from([("set".to_owned(), json!(name)), ("language".to_owned(), json!(set.language))]);
        tags.extend(fields["length"].as_u64().map(|length| ("bucket".to_owned(), json!(bucket(length)))));
        Ok(Sample {
            id: format!("{name}-{place:04}"),
            task: "longbench".to_owned(),
            messages: vec![if set.chat { Message::user(prompt) } else { Message::raw(prompt) }],
            examples: 0,
            tools: Vec::new(),
            input: Value::Null,
            assets: Vec::new(),
            gold,
            max_tokens: self.replies.get(set.name).copied().unwrap_or(set.max_tokens).max(1),
            stop: Vec::new(),
            cluster: None,
            tags,
        })
    }
}

/// Settings that make no sense.
fn unfit(folder: &Path, problem: String) -> TaskError {
    TaskError::Format { path: folder.join("longbench.json"), place: "settings".to_owned(), problem }
}

/// A file of settings, where it is there.
fn config<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>, TaskError> {
    let Some(path) = CONFIG_PLACES.iter().map(|place| folder.join(place).join(name)).find(|path| path.is_file()) else {
        return Ok(None);
    };
    read_json(&path).map(Some)
}
