//! LongBench's reference, reproduced: every metric, Chinese segmentation and the scores of sets in mode `paper`.

#[path = "support/golden.rs"]
mod runner;
#[path = "support/longbench.rs"]
mod support;

use std::error::Error;

use record::Scoring;
use runner::{golden, same};
use serde_json::Value;
use support::metric;
use task::long_context::longbench::{Ratio, Rules, Switches, bucket, code_line, cut, find, points, score};

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn is_scorer(case: &Value) -> bool {
    case["metric"].as_str().is_some_and(|name| name.starts_with("scorer:"))
}

#[test]
fn golden_longbench_metrics() -> Result<(), Box<dyn Error>> {
    golden(
        "longbench_metrics.jsonl",
        "longbench metrics",
        |case| !is_scorer(case),
        |case| {
            let switches = Switches::from(Scoring::Paper);
            let (classes, references) = (texts(&case["all_classes"]), texts(&case["references"]));
            let rules = Rules { classes: &classes, ratio: Ratio::Difflib, question: "", switches: &switches };
            let metric = metric(case["metric"].as_str().unwrap_or_default()).ok_or("an unknown metric")?;
            let prediction = case["prediction"].as_str().ok_or("the prediction is no text")?;
            let best = |rules: &Rules<'_>| {
                references.iter().map(|answer| metric.score(prediction, answer, rules)).fold(0.0, f64::max)
            };
            for (answer, want) in references.iter().zip(case["per_reference"].as_array().ok_or("no scores")?) {
                same("per reference", Some(metric.score(prediction, answer, &rules)), want.as_f64())?;
            }
            same("score", Some(best(&rules)), case["score"].as_f64())?;
            if let Some(want) = case["score_with_python_levenshtein"].as_f64() {
                same("indel", best(&Rules { ratio: Ratio::Indel, ..rules }), want)?;
            }
            match case["extracted_line"].as_str() {
                Some(want) => same("line", code_line(prediction, &switches), want),
                None => Ok(()),
            }
        },
    )
}

#[test]
fn golden_longbench_sets() -> Result<(), Box<dyn Error>> {
    golden("longbench_metrics.jsonl", "longbench sets", is_scorer, |case| {
        let switches = Switches::from(Scoring::Paper);
        let classes = texts(&case["all_classes"]);
        let rules = Rules { classes: &classes, ratio: Ratio::Difflib, question: "", switches: &switches };
        let name = case["metric"].as_str().unwrap_or_default().trim_start_matches("scorer:");
        let set = find(name).ok_or("an unknown set")?;
        let answers = case["references"].as_array().ok_or("no references")?;
        let values: Vec<f64> = texts(&case["prediction"])
            .iter()
            .zip(answers)
            .map(|(reply, answers)| score(set, reply, &texts(answers), &rules).0)
            .collect();
        same("score", points(&values), case["score"].as_f64())?;
        let Some(lengths) = case["lengths"].as_array() else { return Ok(()) };
        for name in ["0-4k", "4-8k", "8k+"] {
            let inside = |length: &Value| length.as_u64().is_some_and(|length| bucket(length) == name);
            let part: Vec<f64> =
                values.iter().zip(lengths).filter(|(_, length)| inside(length)).map(|(value, _)| *value).collect();
            same(name, points(&part), case["score_e"][name].as_f64())?;
        }
        Ok(())
    })
}

#[test]
fn golden_longbench_jieba() -> Result<(), Box<dyn Error>> {
    golden(
        "longbench_jieba.jsonl",
        "longbench jieba",
        |_| true,
        |case| {
            let text = case["text"].as_str().ok_or("no text")?;
            same("tokens", cut(text), texts(&case["tokens"]).iter().map(String::as_str).collect())
        },
    )
}
