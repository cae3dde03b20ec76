//! Inspect: one task of one model, as JSON or as a ZIP archive of JSON texts (`.eval`).

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use record::LogName;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::logs::archive::Archive;
use crate::logs::{Facts, Item, Log, Series, broken, json};

/// Characters of an error that are kept.
const SHOWN: usize = 200;
/// Settings of generation that change how fast replies come, not which.
const OF_SPEED: [&str; 5] = ["max_connections", "max_retries", "timeout", "attempt_timeout", "batch"];

/// A log without its samples.
#[derive(Deserialize)]
struct Header {
    status: Option<String>,
    eval: Eval,
    #[serde(default)]
    plan: Value,
}

#[derive(Deserialize)]
struct Eval {
    task: String,
    #[serde(default)]
    task_version: Value,
    #[serde(default)]
    task_args: Value,
    #[serde(default)]
    dataset: Value,
    model: String,
    #[serde(default)]
    model_generate_config: Value,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    packages: Value,
    #[serde(default)]
    scorers: Value,
}

/// A log as one JSON text.
#[derive(Deserialize)]
struct Whole {
    #[serde(flatten)]
    header: Value,
    #[serde(default)]
    samples: Option<Vec<Sample>>,
}

#[derive(Deserialize)]
struct Sample {
    id: Value,
    #[serde(default = "first")]
    epoch: u64,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    choices: Value,
    #[serde(default)]
    target: Value,
    #[serde(default)]
    scores: Option<Map<String, Value>>,
    #[serde(default)]
    error: Value,
}

fn first() -> u64 {
    1
}

/// Reads a log that is one JSON text.
pub(super) fn read_json(path: &Path, bytes: &[u8]) -> Result<Log, Error> {
    let whole: Whole = json::value(bytes).map_err(|problem| broken(path, problem))?;
    let header = serde_json::from_value(whole.header).map_err(|error| broken(path, error.to_string()))?;
    log(path, header, whole.samples.unwrap_or_default())
}

/// Reads a log that is an archive.
pub(super) fn read_archive(path: &Path) -> Result<Log, Error> {
    let mut archive = Archive::open(path)?;
    let (name, header) = match archive.member("header.json")? {
        Some(header) => ("header.json", header),
        // A log that is still written, or whose writer was killed.
        None => (
            "_journal/start.json",
            archive
                .member("_journal/start.json")?
                .ok_or_else(|| broken(path, "it has neither header.json nor _journal/start.json: no Inspect log"))?,
        ),
    };
    let header: Header = json::value(&header).map_err(|problem| broken(path, format!("{name}: {problem}")))?;
    let mut samples = Vec::new();
    for name in archive.names().iter().filter(|name| name.starts_with("samples/") && name.ends_with(".json")) {
        let Some(bytes) = archive.member(name)? else { continue };
        samples.push(json::value(&bytes).map_err(|problem| broken(path, format!("{name}: {problem}")))?);
    }
    log(path, header, samples)
}

fn log(path: &Path, header: Header, samples: Vec<Sample>) -> Result<Log, Error> {
    let eval = &header.eval;
    if samples.is_empty() {
        return Err(broken(path, "it holds no samples: they were not logged, or none has ended"));
    }
    let mut log = Log {
        name: LogName { source: "Inspect".to_owned(), path: path.display().to_string(), model: eval.model.clone() },
        settings: settings(eval),
        notes: Vec::new(),
        series: Vec::new(),
        unusable: Vec::new(),
        seed: None,
    };
    let status = header.status.as_deref().unwrap_or("started");
    if status != "success" {
        log.notes.push(format!("{} was not finished: its status is `{status}`", path.display()));
    }
    let by_scorer = by_scorer(path, &samples)?;
    if by_scorer.is_empty() {
        return Err(broken(path, "none of its samples has a score"));
    }
    for (metric, items) in by_scorer {
        log.series.push(Series {
            task: eval.task.clone(),
            must: must(&header, &metric),
            metric,
            filter: None,
            settings: Facts::new(),
            prompts_by: Facts::new(),
            items,
        });
    }
    Ok(log)
}

fn settings(eval: &Eval) -> Facts {
    let mut generation = eval.model_generate_config.clone();
    if let Some(fields) = generation.as_object_mut() {
        fields.retain(|name, _| !OF_SPEED.contains(&name.as_str()));
    }
    let named = [
        ("Inspect's version", &eval.packages["inspect_ai"]),
        ("task arguments", &eval.task_args),
        ("limit", &eval.config["limit"]),
        ("number of epochs", &eval.config["epochs"]),
        ("generation settings", &generation),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json::fact(value)?))).collect()
}

fn must(header: &Header, metric: &str) -> Facts {
    let eval = &header.eval;
    let scorer = metric.split('.').next().unwrap_or(metric);
    let all = eval.scorers.as_array().into_iter().flatten();
    let scorer =
        all.into_iter().find(|entry| entry["name"] == scorer).map_or(Value::Null, |entry| entry["options"].clone());
    let steps = header.plan["steps"].as_array().map_or(Value::Null, |steps| {
        steps.iter().map(|step| serde_json::json!([step["solver"], step["params"]])).collect()
    });
    let named = [
        ("task version", &eval.task_version),
        ("data set", &eval.dataset["name"]),
        ("options of the scorer", &scorer),
        ("solvers", &steps),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json::fact(value)?))).collect()
}

/// The scores of all samples, by scorer; a sample that a scorer did not judge is there with the reason.
fn by_scorer(path: &Path, samples: &[Sample]) -> Result<BTreeMap<String, Vec<Item>>, Error> {
    let mut seen = HashSet::new();
    let scored: Vec<BTreeMap<String, Result<f64, String>>> = samples.iter().map(scores).collect();
    let names: BTreeMap<&String, ()> = scored.iter().flat_map(|scores| scores.keys()).map(|name| (name, ())).collect();
    let mut all: BTreeMap<String, Vec<Item>> = names.into_keys().map(|name| (name.clone(), Vec::new())).collect();
    for (sample, scores) in samples.iter().zip(&scored) {
        let id = json::fact(&sample.id).ok_or_else(|| broken(path, "a sample has no id"))?;
        if !seen.insert((id.clone(), sample.epoch)) {
            return Err(broken(path, format!("sample {id} of epoch {} is there twice", sample.epoch)));
        }
        for (name, items) in &mut all {
            items.push(Item {
                key: format!("{id} {}", sample.epoch),
                label: format!("{id}, epoch {}", sample.epoch),
                digest: Some(asked(sample)),
                prompt: None,
                cluster: Some(id.clone()),
                epoch: sample.epoch,
                value: scores.get(name).cloned().unwrap_or_else(|| Err(why_not(sample))),
            });
        }
    }
    Ok(all)
}

/// The scores of a sample, by scorer; one whose value has several numbers is several, `scorer.name`.
fn scores(sample: &Sample) -> BTreeMap<String, Result<f64, String>> {
    let mut all = BTreeMap::new();
    for (scorer, score) in sample.scores.iter().flatten() {
        match &score["value"] {
            Value::Object(parts) => {
                all.extend(parts.iter().map(|(name, value)| (format!("{scorer}.{name}"), number(value))));
            }
            value => drop(all.insert(scorer.clone(), number(value))),
        }
    }
    all
}

/// A value as Inspect's `value_to_float` has it, but what is no score is none, where Inspect takes 0.
fn number(value: &Value) -> Result<f64, String> {
    let text = match value {
        Value::Bool(right) => return Ok(f64::from(u8::from(*right))),
        Value::Number(number) => return number.as_f64().ok_or_else(|| format!("{number} is no number")),
        Value::String(text) => text,
        other => return Err(format!("its value is no score: {}", clipped(&other.to_string()))),
    };
    match text.as_str() {
        "C" => Ok(1.0),
        "P" => Ok(0.5),
        "I" | "N" => Ok(0.0),
        other => match other.to_lowercase().as_str() {
            "yes" | "true" => Ok(1.0),
            "no" | "false" => Ok(0.0),
            "nan" => Err("not scored (NaN)".to_owned()),
            other => match other.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(number),
                _ => Err(format!("its value is no score: {}", clipped(text))),
            },
        },
    }
}

/// Why a sample has no score.
fn why_not(sample: &Sample) -> String {
    let message = json::fact(&sample.error["message"]).or_else(|| json::fact(&sample.error));
    message.map_or_else(|| "it was not scored".to_owned(), |message| clipped(&message))
}

fn clipped(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().take(SHOWN).collect()
}

/// Digest of what was asked and what is right, without the ids that messages get anew in each run.
fn asked(sample: &Sample) -> String {
    let input = match &sample.input {
        Value::Array(messages) => messages.iter().map(message).collect(),
        other => other.clone(),
    };
    json::digest(&[&input, &sample.choices, &sample.target])
}

fn message(message: &Value) -> Value {
    let calls = message["tool_calls"].as_array().map_or(Value::Null, |calls| {
        calls.iter().map(|call| serde_json::json!([call["function"], call["arguments"]])).collect()
    });
    serde_json::json!([message["role"], message["content"], calls])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_inspect_does_and_what_is_none_is_none() {
        for (value, expected) in [
            (json!("C"), 1.0),
            (json!("P"), 0.5),
            (json!("I"), 0.0),
            (json!("N"), 0.0),
            (json!("Yes"), 1.0),
            (json!("0.25"), 0.25),
            (json!(true), 1.0),
            (json!(0.3), 0.3),
        ] {
            assert_eq!(number(&value), Ok(expected), "{value}");
        }
        for value in [json!("NaN"), json!("Infinity"), json!("maybe"), json!([1]), json!(null)] {
            assert!(number(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn ids_of_messages_do_not_count() {
        let sample = |id: &str, text: &str| Sample {
            id: json!(1),
            epoch: 1,
            input: json!([{"role": "user", "content": text, "id": id}]),
            choices: json!(null),
            target: json!("x"),
            scores: None,
            error: json!(null),
        };
        assert_eq!(asked(&sample("a", "q")), asked(&sample("b", "q")));
        assert_ne!(asked(&sample("a", "q")), asked(&sample("a", "r")));
    }
}
