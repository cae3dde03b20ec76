//! T-Eval's own files: `instruct_v2.json` and its like.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use record::{Message, Sample};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::next_call::NextCall;
use super::plan::Plan;
use super::review::Answer;
use super::{Gold, Teval};
use crate::rows::{Rows, deal};
use crate::text::read_bytes;
use crate::{BadRows, Drawn, Files, Task, TaskError};

/// Endings of file names in the order of preference: the whole English set, its fifth, then the Chinese ones.
const EDITIONS: [&str; 4] = ["_v2.json", "_v2_subset.json", "_v2_zh.json", "_v2_subset_zh.json"];

/// The most tokens of a reply (T-Eval's setting).
const MAX_TOKENS: usize = 512;

/// Files of the data set, in the preferred edition.
pub(super) const fn files(names: &'static [&'static str]) -> Files {
    Files {
        names,
        source: "the folder data of the data set lovesnowbest/T-Eval of the Hugging Face hub",
        license: "Apache-2.0",
        put: "download them raw and name the folder that holds them, or one file itself",
    }
}

/// What the names of a task's files begin with; a plan has two files, one a form.
fn beginnings(task: Teval) -> impl Iterator<Item = &'static str> {
    let names = task.info().official.iter().flat_map(|files| files.names);
    names.map(|name| name.trim_end_matches(EDITIONS[0]))
}

#[derive(Deserialize)]
struct Datum {
    origin_prompt: Vec<Message>,
    #[serde(default)]
    template: Value,
    ground_truth: Value,
    #[serde(default)]
    meta_data: Value,
    #[serde(default)]
    meta: Value,
}

/// The samples of the first known edition in the folder or in its `data/`, the forms in turn.
///
/// `folder` may also be a file. Other languages and sizes are never mixed into one set.
pub(super) fn load(task: Teval, folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let mut kept = Rows::new(bad_rows);
    let mut forms: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for path in find(task, folder)? {
        let count = forms.values().map(Vec::len).sum::<usize>();
        read(task, &path, &mut kept, &mut forms)?;
        if forms.values().map(Vec::len).sum::<usize>() == count {
            let place = "the whole file".to_owned();
            return Err(TaskError::Format { path, place, problem: "it has no samples".to_owned() });
        }
    }
    Ok(kept.drawn(deal(forms.into_values(), limit)))
}

/// Reads one file's samples into the lists of their forms.
fn read(task: Teval, path: &Path, kept: &mut Rows, forms: &mut BTreeMap<String, Vec<Sample>>) -> Result<(), TaskError> {
    let bytes = read_bytes(path)?;
    let problem = |place: String, problem: String| TaskError::Format { path: path.to_owned(), place, problem };
    let rows: Map<String, Value> = record::json(&bytes)
        .map_err(|why| problem(format!("line {}", why.line), format!("it is no object of samples: {why}")))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut seen: HashSet<String> = forms.values().flatten().map(|sample| sample.id.clone()).collect();
    for (id, row) in rows {
        let sample = sample(task, &id, row, &name).and_then(|sample| match seen.insert(sample.id.clone()) {
            true => Ok(sample),
            false => Err("another sample has this id".to_owned()),
        });
        let sample = sample.map_err(|what| problem(format!("sample {id}"), what));
        let Some(sample) = kept.keep(sample)? else { continue };
        let form = sample.tags.get("format").and_then(Value::as_str).unwrap_or_default().to_owned();
        forms.entry(form).or_default().push(sample);
    }
    Ok(())
}

/// The file that was named, or the files of the first edition of which there is one.
fn find(task: Teval, folder: &Path) -> Result<Vec<PathBuf>, TaskError> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let names = |edition: &str| -> Vec<String> { beginnings(task).map(|file| format!("{file}{edition}")).collect() };
    for edition in EDITIONS {
        for place in [folder.to_owned(), folder.join("data")] {
            let paths: Vec<PathBuf> = names(edition).iter().map(|name| place.join(name)).collect();
            if paths.iter().any(|path| path.is_file()) {
                let missing = paths.iter().find(|path| !path.is_file());
                return missing.map_or(Ok(paths.clone()), |path| Err(absent(task, path.clone())));
            }
        }
    }
    match other_version(task, folder) {
        Some(path) => Err(TaskError::Format {
            path,
            place: "by its name".to_owned(),
            problem: format!("it is of another version; {}", task.info().official[0]),
        }),
        None => Err(absent(task, folder.join(&names(EDITIONS[0])[0]))),
    }
}

fn absent(task: Teval, path: PathBuf) -> TaskError {
    TaskError::Missing { task: task.name(), path, files: task.info().official }
}

/// A file of the task that is of no known edition: `instruct_v1.json`.
fn other_version(task: Teval, folder: &Path) -> Option<PathBuf> {
    let names = [folder.to_owned(), folder.join("data")].into_iter().filter_map(|place| fs::read_dir(place).ok());
    let mut paths: Vec<PathBuf> = names.flatten().filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    let wanted =
        |name: &str| beginnings(task).any(|file| name.starts_with(&format!("{file}_v"))) && name.ends_with(".json");
    paths.into_iter().find(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(wanted))
}

fn sample(task: Teval, id: &str, row: Value, file: &str) -> Result<Sample, String> {
    let datum: Datum = serde_json::from_value(row).map_err(|error| error.to_string())?;
    if datum.origin_prompt.is_empty() {
        return Err("its prompt is empty".to_owned());
    }
    let messages = datum.origin_prompt.clone();
    let language = if file.contains("_zh") { "zh" } else { "en" };
    let mut tags = BTreeMap::from([("language".to_owned(), json!(language))]);
    let gold = gold(task, datum, file, &mut tags)?;
    // A plan's two files have the same ids.
    let id = match (task, tags.get("format").and_then(Value::as_str)) {
        (Teval::Plan, Some(format)) => format!("{id}_{format}"),
        _ => id.to_owned(),
    };
    Ok(Sample {
        cluster: query(&id),
        id,
        task: task.name().to_owned(),
        messages,
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold,
        max_tokens: MAX_TOKENS,
        stop: Vec::new(),
        tags,
    })
}

/// The query that a sample belongs to: `query_60` of `query_60_0_3`.
fn query(id: &str) -> Option<String> {
    let mut parts = id.split('_');
    let (word, number, rest) = (parts.next()?, parts.next()?, parts.next());
    rest.map(|_| format!("{word}_{number}"))
}

/// The gold of a datum, checked.
fn gold(task: Teval, datum: Datum, file: &str, tags: &mut BTreeMap<String, Value>) -> Result<Value, String> {
    let truth = datum.ground_truth;
    let form = datum.meta_data.get("response_format").cloned().unwrap_or(Value::Null);
    match task {
        Teval::Instruct => {
            let gold = json!({ "response_format": form, "template": datum.template, "ground_truth": truth });
            tags.insert("arguments".to_owned(), json!(Gold::read(&gold)?.args.len()));
            tags.insert("format".to_owned(), form);
            Ok(gold)
        }
        Teval::Plan => {
            // Where a datum does not say, the file's name does.
            let by_name = if file.contains("plan_str") { "str" } else { "json" };
            let form = datum.meta.get("prompt_type").cloned().unwrap_or(json!(by_name));
            let tools = datum.meta.get("API_list").cloned().unwrap_or(Value::Null);
            let gold = json!({ "prompt_type": form, "API_list": tools, "ground_truth": truth });
            let steps = Plan::read(&gold)?.len();
            if steps == 0 {
                return Err("its ground_truth has no steps".to_owned());
            }
            tags.insert("steps".to_owned(), json!(steps));
            tags.insert("format".to_owned(), form);
            Ok(gold)
        }
        Teval::Review => {
            let answer = truth.get("answer").cloned().unwrap_or(Value::Null);
            let gold = json!({ "response_format": form, "answer": answer });
            Answer::read(&gold)?;
            Ok(gold)
        }
        _ => {
            let gold = json!({ "ground_truth": truth });
            NextCall::read(&gold)?.complete(task)?;
            Ok(gold)
        }
    }
}
