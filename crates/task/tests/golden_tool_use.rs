//! T-Eval's reference, reproduced: the lenient loader, the string form, the clean-up, and every task in mode `paper`.

#[path = "support/golden.rs"]
mod runner;
#[path = "support/teval.rs"]
mod support;

use std::error::Error;

use record::Scoring;
use runner::{golden, same};
use serde_json::{Value, json};
use support::{judged, task_of};
use task::python::{Cut, load};
use task::tool_use::{Judgment, Markers, Switches, Teval, clean};

/// That the metrics are those of the case within 1e-6; `names` are theirs and ours.
fn metrics(case: &Value, got: &Judgment, names: &[(&str, &str)]) -> Result<(), Box<dyn Error>> {
    for (theirs, ours) in names {
        let Some(want) = case["result"][*theirs].as_f64() else { return Err(format!("no {theirs}").into()) };
        let found = got.metrics.iter().find(|(name, _)| name == ours).map(|(_, value)| *value);
        if !found.is_some_and(|value| (value - want).abs() <= 1e-6) {
            return Err(format!("{ours}: got {found:?}, want {want}").into());
        }
    }
    let known = case["result"].as_object().map_or(0, |result| result.len());
    same("number of metrics", names.len(), known)
}

/// Judges the prediction of a case as the reference does.
fn paper(case: &Value) -> Result<Judgment, Box<dyn Error>> {
    judged(case, &Switches::from(Scoring::Paper))
}

#[test]
fn golden_teval_instruct() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval instruct",
        |case| case["evaluator"] == "instruct",
        |case| {
            let form = case["datum"]["meta_data"]["response_format"].as_str().unwrap_or_default();
            let theirs = [format!("{form}_format_metric"), format!("{form}_args_em_metric")];
            metrics(case, &paper(case)?, &[(&theirs[0], "format"), (&theirs[1], "args_em")])
        },
    )
}

#[test]
fn golden_teval_plan() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval plan",
        |case| case["evaluator"] == "plan",
        |case| {
            let judgment = paper(case)?;
            if case["result"]["error"].is_string() {
                same("value", judgment.value, 0.0)?;
                return same("crash", judgment.metrics.last(), Some(&("reference_would_crash", 1.0)));
            }
            let names =
                [("precision", "precision"), ("recall", "recall"), ("f1_score", "f1"), ("parse_rate", "parse_rate")];
            metrics(case, &judgment, &names)
        },
    )
}

#[test]
fn golden_teval_reason_retrieve_understand() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval reason, retrieve, understand",
        |case| case["evaluator"] == "rru",
        |case| {
            let names: &[&str] = match task_of(case)? {
                Teval::Reason => &["thought", "parse_rate"],
                Teval::Retrieve => &["name", "parse_rate"],
                Teval::Understand => &["args", "parse_rate"],
                _ => &["thought", "name", "args", "parse_rate"],
            };
            let names: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
            metrics(case, &paper(case)?, &names)
        },
    )
}

#[test]
fn golden_teval_review() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval review",
        |case| case["evaluator"] == "review",
        |case| {
            let names = [("review_quality", "review_quality"), ("parse_rate", "parse_rate")];
            metrics(case, &paper(case)?, &names)
        },
    )
}

#[test]
fn golden_teval_loader() -> Result<(), Box<dyn Error>> {
    golden(
        "teval_helpers.jsonl",
        "teval loader",
        |case| case["fn"] == "format_load",
        |case| {
            let bracket = |key: &str| case[key].as_str().and_then(|text| text.chars().next());
            let cut = Cut { start: bracket("start"), end: bracket("end"), ..Cut::default() };
            let got = load(case["input"].as_str().unwrap_or_default(), cut).map(|value| value.to_string());
            same("repr", got.as_deref(), case["repr"].as_str().filter(|_| case["ok"] == true))
        },
    )
}

#[test]
fn golden_teval_string_form() -> Result<(), Box<dyn Error>> {
    golden(
        "teval_helpers.jsonl",
        "teval string form",
        |case| case["fn"] == "parse_string",
        |case| {
            let template = case["template"].as_str().unwrap_or_default();
            let pieces = template.split(['{', '}']).step_by(2).map(str::to_owned).collect();
            let keys: Vec<&str> = template.split(['{', '}']).skip(1).step_by(2).collect();
            let found = Markers { pieces }.find(case["input"].as_str().unwrap_or_default(), false);
            let got = found.map(|gaps| keys.iter().zip(gaps).map(|(key, gap)| (key.to_string(), json!(gap))).collect());
            same("parts", got.map_or(Value::Null, Value::Object), case["output"].clone())
        },
    )
}

#[test]
fn golden_teval_clean_up() -> Result<(), Box<dyn Error>> {
    golden(
        "teval_helpers.jsonl",
        "teval clean-up",
        |case| case["fn"] == "split_special_tokens",
        |case| same("text", Some(clean(case["input"].as_str().unwrap_or_default())), case["teval"].as_str()),
    )
}
