//! T-Eval's own files: `instruct_v2.json` and its variants.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use record::{Message, Sample};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Gold;
use crate::rows::{Rows, deal};
use crate::{BadRows, Drawn, TaskError};

/// File names in the order of preference: the whole English set, its fifth, then the Chinese ones.
const FILES: [&str; 4] =
    ["instruct_v2.json", "instruct_v2_subset.json", "instruct_v2_zh.json", "instruct_v2_subset_zh.json"];

const HINT: &str = "download instruct_v2.json of the data set lovesnowbest/T-Eval (folder data, license Apache-2.0) \
                    from the Hugging Face hub as a raw file, and name the folder that holds it or the file itself";

/// The most tokens of a reply (T-Eval's setting).
const MAX_TOKENS: usize = 512;

#[derive(Deserialize)]
struct Datum {
    origin_prompt: Vec<Message>,
    #[serde(default)]
    template: Value,
    ground_truth: Value,
    meta_data: Meta,
}

#[derive(Deserialize)]
struct Meta {
    response_format: String,
}

/// The samples of the first of the known files in the folder or in its `data/`, the two forms in turn.
///
/// `folder` may also be the file. Other languages and sizes are never mixed into one set.
pub(super) fn load(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let path = find(folder)?;
    let bytes = fs::read(&path).map_err(|source| TaskError::Read { path: path.clone(), source })?;
    let problem = |place: String, problem: String| TaskError::Format { path: path.clone(), place, problem };
    let rows: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|error| problem(format!("line {}", error.line()), format!("it is no object of samples: {error}")))?;
    let language = if path.to_string_lossy().contains("_zh") { "zh" } else { "en" };
    let mut kept = Rows::new(bad_rows);
    let mut forms: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for (id, row) in rows {
        let sample = sample(&id, row, language).map_err(|what| problem(format!("sample {id}"), what));
        let Some(sample) = kept.keep(sample)? else { continue };
        let form = sample.gold["response_format"].as_str().unwrap_or_default().to_owned();
        forms.entry(form).or_default().push(sample);
    }
    if forms.is_empty() {
        return Err(problem("the whole file".to_owned(), "it has no samples".to_owned()));
    }
    Ok(kept.drawn(deal(forms.into_values(), limit)))
}

fn find(folder: &Path) -> Result<PathBuf, TaskError> {
    if folder.is_file() {
        return Ok(folder.to_owned());
    }
    let places = FILES.iter().flat_map(|file| [folder.join(file), folder.join("data").join(file)]);
    let missing = || TaskError::Missing { task: "teval_instruct", path: folder.join(FILES[0]), hint: HINT };
    places.into_iter().find(|path| path.is_file()).ok_or_else(missing)
}

fn sample(id: &str, row: Value, language: &str) -> Result<Sample, String> {
    let datum: Datum = serde_json::from_value(row).map_err(|error| error.to_string())?;
    if datum.origin_prompt.is_empty() {
        return Err("its prompt is empty".to_owned());
    }
    let form = datum.meta_data.response_format;
    let gold = json!({ "response_format": form, "template": datum.template, "ground_truth": datum.ground_truth });
    let arguments = Gold::read(&gold)?.args.len();
    Ok(Sample {
        id: id.to_owned(),
        task: "teval_instruct".to_owned(),
        messages: datum.origin_prompt,
        input: Value::Null,
        gold,
        max_tokens: MAX_TOKENS,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("format".to_owned(), json!(form)),
            ("language".to_owned(), json!(language)),
            ("arguments".to_owned(), json!(arguments)),
        ]),
    })
}
