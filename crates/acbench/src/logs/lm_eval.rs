//! lm-evaluation-harness: `results_<date>.json` says what was asked, `samples_<task>_<date>.jsonl` what each document scored.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use record::{LogName, NotComparable, RecordError, series_name};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::logs::{Facts, Item, Log, Series, broken, entries, json};

/// The keys of a line beside `metrics` that hold no score.
const FIXED: [&str; 4] = ["arguments", "resps", "filtered_resps", "sample_len"];
/// The filter that changes nothing.
const NO_FILTER: &str = "none";
/// How far the mean of the samples may be from the log's own number.
const ROUNDING: f64 = 1e-6;

/// The results file of a folder with the latest date. The name of one that was written to a file, `<stem>_<date>.json`, says
/// nothing, and such a file is named itself.
pub(super) fn latest(folder: &Path) -> Result<Option<PathBuf>, Error> {
    let mut found: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| is_results(path)).collect();
    found.sort_by_key(|path| date(path));
    Ok(found.pop())
}

fn is_results(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_file() && name.starts_with("results_") && name.ends_with(".json")
}

/// What stands after the last `_` of a file's name, without its ending.
fn date(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.strip_suffix(".jsonl").or(name.strip_suffix(".json")).unwrap_or(&name);
    name.rsplit_once('_').map_or(name, |(_, date)| date).to_owned()
}

/// Reads the latest of a folder's dates, and says so where there are others.
pub(super) fn read_latest(folder: &Path, results: &Path) -> Result<Log, Error> {
    let bytes = std::fs::read(results).map_err(|source| RecordError::io("read", results, source))?;
    let mut log = read_results(results, &bytes)?;
    let others = entries(folder)?.iter().filter(|path| is_results(path)).count() - 1;
    if others > 0 {
        log.notes.push(format!(
            "{} has results of {} dates; {} is the latest (name a results file to take another)",
            folder.display(),
            others + 1,
            date(results)
        ));
    }
    Ok(log)
}

/// The samples files of a date, by task.
fn samples_of(results: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let folder = results.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let ending = format!("_{}.jsonl", date(results));
    let task = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        let task = name.strip_prefix("samples_")?.strip_suffix(&ending)?;
        Some((task.to_owned(), path.clone()))
    };
    Ok(entries(folder)?.into_iter().filter_map(task).collect())
}

/// Reads a results file and the samples files of its date.
pub(super) fn read_results(path: &Path, bytes: &[u8]) -> Result<Log, Error> {
    let results: Value = json::value(bytes).map_err(|problem| broken(path, problem))?;
    let mut log = empty(path, &results);
    let mut samples = samples_of(path)?;
    let mut tasks: Vec<String> =
        results["configs"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let others = samples.keys().filter(|task| !tasks.contains(task)).cloned().collect::<Vec<_>>();
    tasks.extend(others);
    for task in tasks {
        match samples.remove(&task) {
            Some(file) => add_task(&mut log, &task, &file, &results)?,
            None => log.unusable.push(NotComparable {
                name: task.clone(),
                why: format!("{} has no samples file of it: run lm-eval with --log_samples", log.name.path),
            }),
        }
    }
    if log.series.is_empty() && log.unusable.is_empty() {
        return Err(broken(path, "it names no task, and there are no samples files of its date beside it"));
    }
    Ok(log)
}

/// Reads one samples file, with the results file of its date where there is one.
pub(super) fn read_samples(path: &Path) -> Result<Log, Error> {
    let date = date(path);
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = folder.join(format!("results_{date}.json"));
    let results = if beside.is_file() {
        let bytes = std::fs::read(&beside).map_err(|source| RecordError::io("read", &beside, source))?;
        json::value(&bytes).map_err(|problem| broken(&beside, problem))?
    } else {
        Value::Null
    };
    let mut log = empty(path, &results);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let task = name.strip_suffix(&format!("_{date}.jsonl")).unwrap_or(name.trim_end_matches(".jsonl"));
    let task = task.strip_prefix("samples_").unwrap_or(task).to_owned();
    add_task(&mut log, &task, path, &results)?;
    if results.is_null() {
        log.notes
            .push(format!("{} has no results file beside it: versions and settings are not known", path.display()));
    }
    Ok(log)
}

fn empty(path: &Path, results: &Value) -> Log {
    let model = json::fact(&results["model_name"]).unwrap_or_else(|| "unknown model".to_owned());
    Log {
        name: LogName { source: "lm-eval".to_owned(), path: path.display().to_string(), model },
        settings: settings(results),
        notes: Vec::new(),
        series: Vec::new(),
        unusable: Vec::new(),
        seed: None,
    }
}

fn facts<'a>(named: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Facts {
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json::fact(value)?))).collect()
}

/// What should be the same for all tasks.
fn settings(results: &Value) -> Facts {
    let config = &results["config"];
    facts([
        ("lm-eval's version", &results["lm_eval_version"]),
        ("backend", &config["model"]),
        ("generation settings", &config["gen_kwargs"]),
        ("limit", &config["limit"]),
        ("chat template", &results["chat_template_sha"]),
        ("system instruction", &results["system_instruction_sha"]),
        ("few-shot examples as turns", &results["fewshot_as_multiturn"]),
        ("seed of few-shot examples", &config["fewshot_seed"]),
    ])
}

/// What explains that all prompts differ. Unlike [`settings`], nothing is said too: a template against none.
fn prompts_by(results: &Value) -> Facts {
    let said = |value: &Value| json::fact(value).unwrap_or_else(|| "none".to_owned());
    let names = [
        ("chat template", &results["chat_template_sha"]),
        ("system instruction", &results["system_instruction_sha"]),
        ("few-shot examples as turns", &results["fewshot_as_multiturn"]),
        ("seed of few-shot examples", &results["config"]["fewshot_seed"]),
    ];
    names.into_iter().map(|(name, value)| (name.to_owned(), said(value))).collect()
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    doc_id: Value,
    #[serde(default)]
    doc: Value,
    #[serde(default)]
    target: Value,
    filter: Option<String>,
    metrics: Option<Vec<String>>,
    doc_hash: Option<String>,
    prompt_hash: Option<String>,
    target_hash: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Line {
    /// The names of its scores; files of before do not list them.
    fn metrics(&self) -> Vec<String> {
        self.metrics.clone().unwrap_or_else(|| {
            let number = |(name, value): &(&String, &Value)| {
                (value.is_number() || value.is_boolean()) && !FIXED.contains(&name.as_str())
            };
            self.rest.iter().filter(number).map(|(name, _)| name.clone()).collect()
        })
    }

    fn document(&self) -> String {
        match (&self.doc_hash, &self.doc) {
            (Some(hash), _) => hash.clone(),
            (None, Value::Null) => format!("id {}", self.doc_id),
            (None, doc) => json::digest(&[doc]),
        }
    }
}

/// What the lines of one samples file add up to.
#[derive(Default)]
struct Samples {
    /// By filter and metric, in the file's order.
    series: Vec<((String, String), Vec<Item>)>,
    /// Documents and filters that were read already.
    seen: HashSet<(String, String)>,
    /// How often a filter has seen a document.
    copies: BTreeMap<(String, String), usize>,
    /// What `task_hashes` is the digest of; `None` once a line has no hashes.
    hashed: Option<record::Digest>,
    /// Scores of the whole corpus, by filter and metric.
    whole: HashSet<(String, String)>,
}

impl Samples {
    fn push(&mut self, line: &Line) -> Result<(), String> {
        if line.doc_id.is_null() && line.doc.is_null() {
            return Err("it has neither `doc_id` nor `doc`: no line of lm-eval's samples".to_owned());
        }
        let filter = line.filter.clone().unwrap_or_else(|| NO_FILTER.to_owned());
        if !line.doc_id.is_null() && !self.seen.insert((line.doc_id.to_string(), filter.clone())) {
            return Err(format!(
                "document {} is there twice for filter {filter}: two runs were written into one file",
                line.doc_id
            ));
        }
        let document = line.document();
        let copy = self.copies.entry((filter.clone(), document.clone())).or_default();
        *copy += 1;
        let (key, label) = (format!("{document} {copy}"), format!("doc {}", line.doc_id));
        match (&mut self.hashed, &line.doc_hash, &line.prompt_hash, &line.target_hash) {
            (Some(hashed), Some(doc), Some(prompt), Some(target)) => {
                [doc, prompt, target].into_iter().for_each(|hash| hashed.update(hash.as_bytes()));
            }
            (hashed, ..) => *hashed = None,
        }
        for metric in line.metrics() {
            let name = (filter.clone(), metric.clone());
            let value = match &line.rest.get(&metric).unwrap_or(&Value::Null) {
                Value::Bool(right) => Ok(if *right { 1.0 } else { 0.0 }),
                Value::Number(number) => number.as_f64().ok_or_else(|| format!("{number} is no number")),
                Value::Null => Err("no score".to_owned()),
                Value::String(text) => Err(format!("the score is {text}")),
                Value::Array(_) | Value::Object(_) => {
                    self.whole.insert(name.clone());
                    Err("no single number".to_owned())
                }
            };
            let item = Item {
                key: key.clone(),
                label: label.clone(),
                digest: line.target_hash.clone().or_else(|| Some(json::digest(&[&line.target]))),
                prompt: line.prompt_hash.clone(),
                cluster: None,
                epoch: 1,
                value,
            };
            match self.series.iter_mut().find(|(known, _)| *known == name) {
                Some((_, items)) => items.push(item),
                None => self.series.push((name, vec![item])),
            }
        }
        Ok(())
    }
}

/// Adds the scores of one samples file to a log.
fn add_task(log: &mut Log, task: &str, path: &Path, results: &Value) -> Result<(), Error> {
    let mut samples = Samples { hashed: Some(record::Digest::default()), ..Samples::default() };
    json::lines(path, |_, line: Line| samples.push(&line))?;
    if samples.series.is_empty() {
        let why = format!("{} holds no scores", path.display());
        log.unusable.push(NotComparable { name: task.to_owned(), why });
        return Ok(());
    }
    let (expected, got) = (results["task_hashes"][task].as_str(), samples.hashed.map(record::Digest::hex));
    if let (Some(expected), Some(got)) = (expected, got)
        && expected != got
    {
        let why = format!(
            "{} does not hold the samples that its results file is about (task hash {expected}, the lines' {got}): it was \
             cut, added to, or is of another run",
            path.display()
        );
        log.unusable.push(NotComparable { name: task.to_owned(), why });
        return Ok(());
    }
    for ((filter, metric), items) in samples.series {
        let whole = samples.whole.contains(&(filter.clone(), metric.clone()));
        let shown = (filter != NO_FILTER).then(|| filter.clone());
        match unusable(task, (&metric, &filter), (&items, whole), results) {
            Some(why) => {
                log.unusable.push(NotComparable { name: series_name(task, &metric, shown.as_deref()), why });
            }
            None => log.series.push(Series {
                task: task.to_owned(),
                must: must(task, (&metric, &filter), results),
                settings: facts([("generation_kwargs", &results["configs"][task]["generation_kwargs"])]),
                prompts_by: prompts_by(results),
                metric,
                filter: shown,
                items,
            }),
        }
    }
    Ok(())
}

/// Why the mean over samples is not the number that the log reports.
fn unusable(
    task: &str,
    (metric, filter): (&str, &str),
    (items, whole): (&[Item], bool),
    results: &Value,
) -> Option<String> {
    if whole {
        return Some(
            "its score of a document is a list, of which lm-eval makes one number for all documents".to_owned(),
        );
    }
    let listed = results["configs"][task]["metric_list"].as_array().into_iter().flatten();
    let entry = listed.into_iter().find(|entry| entry["metric"] == metric);
    if let Some(aggregation) = entry.and_then(|entry| entry["aggregation"].as_str()).filter(|name| *name != "mean") {
        let name: String = aggregation.chars().take(40).collect();
        return Some(format!("its number is no mean of its documents' scores, but `{name}`"));
    }
    if results["higher_is_better"][task][metric] == false {
        return Some("lower is better: a margin is a loss of points that are better when higher".to_owned());
    }
    let reported = results["results"][task][format!("{metric},{filter}")].as_f64()?;
    let scores: Vec<f64> = items.iter().filter_map(|item| item.value.as_ref().ok().copied()).collect();
    let mean = analyze::statistic::mean(&scores);
    ((mean - reported).abs() > ROUNDING && scores.len() == items.len())
        .then(|| format!("the log reports {reported:.4}, and its samples have a mean of {mean:.4}"))
}

/// What must be the same for a task.
fn must(task: &str, (metric, filter): (&str, &str), results: &Value) -> Facts {
    let config = &results["configs"][task];
    let named = |list: &str, key: &str, name: &str| {
        let entry = config[list].as_array().and_then(|all| all.iter().find(|entry| entry[key] == name)).cloned();
        entry.unwrap_or_default()
    };
    let (scored, read) = (named("metric_list", "metric", metric), named("filter_list", "name", filter));
    let mut facts = facts([
        ("task version", &results["versions"][task]),
        ("number of few-shot examples", &results["n-shot"][task]),
        ("output_type", &config["output_type"]),
        ("doc_to_text", &config["doc_to_text"]),
        ("doc_to_target", &config["doc_to_target"]),
        ("doc_to_choice", &config["doc_to_choice"]),
        ("description", &config["description"]),
        ("process_results", &config["process_results"]),
        ("definition of the metric", &scored),
        ("definition of the filter", &read),
    ]);
    facts.values_mut().for_each(|text| *text = without_addresses(text));
    facts
}

/// Python prints functions with their address in memory, which is another in each run.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split(" at 0x");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit())));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_dates_and_functions_lose_their_address() {
        assert_eq!(date(Path::new("a/samples_b_c_2026-01-02T03-04-05.1.jsonl")), "2026-01-02T03-04-05.1");
        assert_eq!(date(Path::new("results_2026-01-02T03-04-05.json")), "2026-01-02T03-04-05");
        assert_eq!(without_addresses("<function f at 0x7f00ab12>, x"), "<function f>, x");
    }

    #[test]
    fn a_repeated_row_is_a_second_copy_and_a_repeated_line_is_refused() {
        let line = |id: u64| -> Line {
            let text =
                format!(r#"{{"doc_id": {id}, "doc": {{"q": 1}}, "target": "2", "filter": "none", "acc": true}}"#);
            serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"))
        };
        let mut samples = Samples::default();
        assert_eq!((samples.push(&line(0)), samples.push(&line(1))), (Ok(()), Ok(())));
        let keys: HashSet<&str> = samples.series[0].1.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(keys.len(), 2);
        assert!(samples.push(&line(1)).is_err_and(|problem| problem.contains("twice")));
    }
}
