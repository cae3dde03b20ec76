//! LongGenBench's reference, reproduced: both parsers, accuracies, and the prompts built from MMLU, in mode `paper`.

#[path = "support/golden.rs"]
mod runner;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use record::Scoring;
use runner::{golden, same};
use serde_json::Value;
use task::long_context::longbench::points_to;
use task::long_context::longgenbench::{
    Choice, Construction, Kind, Switches, accuracy, choices, correct, found, gold_digits, mmlu, upstream_correct,
    upstream_pieces,
};

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn starts(case: &Value, kind: &str) -> bool {
    case["kind"].as_str().is_some_and(|name| name.starts_with(kind))
}

fn kind(name: &Value) -> Kind {
    if name.as_str().is_some_and(|name| name.ends_with("mmlu")) { Kind::Letter } else { Kind::Number }
}

/// In mode `paper`.
fn score(reply: &str, answers: &[String], kind: Kind) -> f64 {
    accuracy(&correct(reply, answers, kind, 9, &Switches::from(Scoring::Paper)))
}

#[test]
fn golden_longgenbench_scope() -> Result<(), Box<dyn Error>> {
    golden(
        "longgenbench.jsonl",
        "longgenbench scope",
        |case| starts(case, "scope_") && !starts(case, "scope_scorer"),
        |case| {
            let kind = kind(&case["kind"]);
            let (reply, answers) = (case["prediction"].as_str().ok_or("no text")?, texts(&case["answers"]));
            same("predicted", found(reply, kind), texts(&case["predicted"]).iter().map(String::as_str).collect())?;
            if kind == Kind::Number {
                let gold: Vec<Option<&str>> = answers.iter().map(|answer| gold_digits(answer)).collect();
                let want = case["expected"].as_array().ok_or("no gold")?;
                same("expected", gold, want.iter().map(Value::as_str).collect())?;
            }
            same("accuracy", Some(score(reply, &answers, kind)), case["accuracy"].as_f64())
        },
    )
}

#[test]
fn golden_longgenbench_scorer() -> Result<(), Box<dyn Error>> {
    golden(
        "longgenbench.jsonl",
        "longgenbench scorer",
        |case| starts(case, "scope_scorer"),
        |case| {
            let rows = case["answers"].as_array().ok_or("no answers")?;
            let accuracies: Vec<f64> = texts(&case["predictions"])
                .iter()
                .zip(rows)
                .map(|(reply, answers)| score(reply, &texts(answers), kind(&case["dataset"])))
                .collect();
            same("score", points_to(&accuracies, 4), case["score"].as_f64())
        },
    )
}

#[test]
fn golden_longgenbench_upstream() -> Result<(), Box<dyn Error>> {
    golden(
        "longgenbench.jsonl",
        "longgenbench upstream",
        |case| starts(case, "upstream_"),
        |case| {
            let reply = case["prediction"].as_str().ok_or("no text")?;
            if case["split"].is_array() {
                same("pieces", upstream_pieces(reply), texts(&case["split"]))?;
            }
            let want: Vec<bool> =
                case["correct"].as_array().ok_or("no list")?.iter().filter_map(Value::as_bool).collect();
            same("correct", upstream_correct(reply, &texts(&case["answers"]), kind(&case["kind"])), want)
        },
    )
}

#[test]
fn golden_longgenbench_mmlu_prompts() -> Result<(), Box<dyn Error>> {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let (tests, shots) = (data.join("mmlu/test"), data.join("longgenbench/mmlu_prompt.json"));
    if !tests.is_dir() || !shots.is_file() {
        println!("golden longgenbench prompts: skipped, {} is not there", tests.display());
        return Ok(());
    }
    let shots: Value = serde_json::from_slice(&fs::read(shots)?)?;
    golden(
        "longgenbench_mmlu_prompts.jsonl",
        "longgenbench prompts",
        |_| true,
        |case| {
            let task = case["task"].as_str().ok_or("no task")?;
            let bytes = fs::read(tests.join(format!("{task}_test.csv")))?;
            let rows: Vec<Choice> = choices(&bytes).take(20).collect::<Result<_, _>>()?;
            let shots = shots[task].as_str().ok_or("no shots")?;
            let built = mmlu(&rows, shots, Construction::Paper);
            same("answers", &built.answers, &texts(&case["answers"]))?;
            if let Some(want) = case["prompt"].as_str() {
                same("prompt", built.prompt.as_str(), want)?;
            }
            same("digest", Some(record::digest(built.prompt.as_bytes()).as_str()), case["prompt_sha256"].as_str())
        },
    )
}
