//! BFCL: what was answered lies in `result/<model>/`, and which answers are wrong in `score/<model>/`.
//!
//! A score file names its failures only, so that what is right is what the result file has and the score file has not.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use record::{LogName, NotComparable, series_name};
use serde::Deserialize;
use serde_json::Value;

use crate::Error;
use crate::logs::{Facts, Item, Log, Series, broken, entries, json};

/// How deep the groups of categories lie: `agentic/memory/<backend>`.
const DEPTH: usize = 4;
/// BFCL's only metric.
const METRIC: &str = "accuracy";
/// How a reply begins that could not be had.
const FAILED: &str = "Error during inference";

/// Whether a folder has results and scores.
pub(super) fn is_root(path: &Path) -> bool {
    path.join("result").is_dir() && path.join("score").is_dir()
}

/// `ROOT/result/MODEL` or `ROOT/score/MODEL` as root and model.
pub(super) fn of_model(path: &Path) -> Option<(PathBuf, String)> {
    let root = path.parent()?.parent()?;
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let kind = path.parent()?.file_name()?;
    let model = path.file_name()?.to_str()?.to_owned();
    ((kind == "result" || kind == "score") && is_root(root)).then(|| (root.to_owned(), model))
}

/// Reads all categories of one model.
pub(super) fn read(root: &Path, model: &str) -> Result<Log, Error> {
    let models: Vec<String> = entries(&root.join("result"))?
        .iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    let model = match (&models[..], model) {
        ([only], "") => only,
        (all, model) => all.iter().find(|name| *name == model).ok_or_else(|| {
            let each: Vec<String> = all.iter().map(|name| format!("{}:{name}", root.display())).collect();
            broken(root, format!("it holds results of BFCL; name one of its models: {}", each.join(", ")))
        })?,
    };
    let mut log = Log {
        name: LogName {
            source: "BFCL".to_owned(),
            path: root.join("result").join(model).display().to_string(),
            model: model.clone(),
        },
        settings: Facts::new(),
        notes: Vec::new(),
        series: Vec::new(),
        unusable: Vec::new(),
        seed: None,
    };
    let scores: HashMap<String, PathBuf> = files(&root.join("score").join(model), "_score.json")?
        .into_iter()
        .map(|file| (file.key(), file.path))
        .collect();
    for result in files(&root.join("result").join(model), "_result.json")? {
        let read = match scores.get(&result.key()) {
            Some(score) => category(&result, score, model)?,
            None => Err("it has no score file: run BFCL's evaluation on it".to_owned()),
        };
        match read {
            Ok(series) => log.series.push(series),
            Err(why) => log.unusable.push(NotComparable { name: series_name(&result.category, METRIC, None), why }),
        }
    }
    if log.series.is_empty() && log.unusable.is_empty() {
        return Err(broken(&root.join("result").join(model), "there is no BFCL_*_result.json in it"));
    }
    Ok(log)
}

/// One file, named `BFCL_<version>_<category>_result.json`.
struct Named {
    path: PathBuf,
    /// Folders below the model's, as memory backends have them.
    group: String,
    version: String,
    category: String,
}

impl Named {
    fn key(&self) -> String {
        format!("{}/{}/{}", self.group, self.version, self.category)
    }
}

/// The files of a model that end so, by name.
fn files(folder: &Path, ending: &str) -> Result<Vec<Named>, Error> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((inside, depth)) = open.pop() {
        if !inside.is_dir() {
            continue;
        }
        for path in entries(&inside)? {
            if path.is_dir() && depth < DEPTH {
                open.push((path, depth + 1));
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let parts = name.strip_prefix("BFCL_").and_then(|rest| rest.strip_suffix(ending));
            let Some((version, category)) = parts.and_then(|rest| rest.split_once('_')) else { continue };
            let group = inside.strip_prefix(folder).unwrap_or(Path::new("")).display().to_string();
            let (version, category) = (version.to_owned(), category.to_owned());
            found.push(Named { path, group, version, category });
        }
    }
    found.sort_by_key(Named::key);
    Ok(found)
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    #[serde(default)]
    result: Value,
}

/// The first line of a score file, or one wrong answer.
#[derive(Deserialize)]
struct Judged {
    id: Option<String>,
    correct_count: Option<u64>,
    total_count: Option<u64>,
    #[serde(default)]
    prompt: Value,
    #[serde(default)]
    possible_answer: Value,
}

/// One category; what does not fit together is not usable.
fn category(result: &Named, score: &Path, model: &str) -> Result<Result<Series, String>, Error> {
    let mut answers: Vec<Answer> = Vec::new();
    json::lines(&result.path, |_, answer: Answer| {
        answers.push(answer);
        Ok(())
    })?;
    // What fills the memory that is asked about later is not scored.
    answers.retain(|answer| !answer.id.contains("_prereq"));
    let (mut header, mut wrong) = (None, HashMap::new());
    json::lines(score, |_, line: Judged| {
        match line.id {
            Some(id) => drop(wrong.insert(id, json::digest(&[&line.prompt, &line.possible_answer]))),
            None if header.is_none() => header = Some((line.correct_count, line.total_count)),
            None => return Err("a second header, or an answer without `id`".to_owned()),
        }
        Ok(())
    })?;
    let (correct, total) = match header {
        Some((Some(correct), Some(total))) => (correct, total),
        _ => return Ok(Err("its score file has no header with correct_count and total_count".to_owned())),
    };
    Ok(fits(&answers, &wrong, (correct, total)).map(|()| {
        let native = model.ends_with("-FC");
        let must = Facts::from([
            ("BFCL's version".to_owned(), result.version.clone()),
            ("way of calling".to_owned(), if native { "function calling" } else { "prompting" }.to_owned()),
        ]);
        let group = Path::new(&result.group).file_name().map(|name| name.to_string_lossy().into_owned());
        Series {
            task: result.category.clone(),
            metric: METRIC.to_owned(),
            filter: group.filter(|_| result.group.contains("memory")),
            must,
            settings: Facts::new(),
            prompts_by: Facts::new(),
            items: answers.into_iter().map(|answer| item(answer, &wrong)).collect(),
        }
    }))
}

/// That the two files are of one run.
fn fits(answers: &[Answer], wrong: &HashMap<String, String>, (correct, total): (u64, u64)) -> Result<(), String> {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    answers.iter().for_each(|answer| *ids.entry(&answer.id).or_default() += 1);
    if let Some(twice) = answers.iter().find(|answer| ids[answer.id.as_str()] > 1) {
        return Err(format!("its result file has {} twice", twice.id));
    }
    if let Some(strange) = wrong.keys().find(|id| !ids.contains_key(id.as_str())) {
        return Err(format!("its score file has {strange}, its result file has not: they are not of one run"));
    }
    if answers.len() as u64 != total {
        return Err(format!("its score file is about {total} answers, its result file has {}", answers.len()));
    }
    let right = answers.len() - wrong.len();
    if right as u64 != correct {
        return Err(format!("its score file counts {correct} right answers and leaves {right}"));
    }
    Ok(())
}

fn item(answer: Answer, wrong: &HashMap<String, String>) -> Item {
    let digest = wrong.get(&answer.id).cloned();
    let failure = answer.result.as_str().filter(|text| text.starts_with(FAILED)).map(str::to_owned);
    let value = failure.map_or(Ok(if digest.is_some() { 0.0 } else { 1.0 }), Err);
    Item { label: answer.id.clone(), key: answer.id, digest, prompt: None, cluster: None, epoch: 1, value }
}
