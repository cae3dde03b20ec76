//! T-Eval's reference, reproduced: the lenient loader, the string form, the clean-up, and `instruct` in mode `paper`.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use record::Scoring;
use serde_json::{Value, json};
use task::Judge;
use task::tool_use::{Cut, Judgment, Markers, Switches, Teval, clean, load};

/// The cases of a golden file that `wanted` chooses, each put through `check`; prints how many pass.
fn golden(
    file: &str,
    name: &str,
    wanted: impl Fn(&Value) -> bool,
    check: impl Fn(&Value) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join(file);
    if !path.is_file() {
        println!("golden {name}: skipped, {} is not there", path.display());
        return Ok(());
    }
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let cases: Vec<Value> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    let cases: Vec<&Value> = cases.iter().filter(|case| wanted(case)).collect();
    let failures: Vec<String> =
        cases.iter().filter_map(|case| check(case).err().map(|problem| format!("{problem}: {case}"))).collect();
    println!("golden {name}: {} of {}", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<(), Box<dyn Error>> {
    if got == want { Ok(()) } else { Err(format!("{what}: got {got:?}, want {want:?}").into()) }
}

/// Similarities that are known beforehand.
#[derive(Default)]
struct Table(HashMap<(String, String), f64>);

impl Table {
    fn insert(&mut self, a: &str, b: &str, similarity: f64) {
        self.0.insert((a.to_owned(), b.to_owned()), similarity);
    }
}

impl Judge for Table {
    fn name(&self) -> &str {
        "table"
    }

    fn similarity(&self, a: &str, b: &str) -> f64 {
        self.0.get(&(a.to_owned(), b.to_owned())).copied().unwrap_or(f64::NAN)
    }
}

/// Judges the prediction of a case as the reference does. What is no text there is read from the text of it.
fn judged(task: Teval, case: &Value, gold: &Value, table: &Table) -> Result<Judgment, Box<dyn Error>> {
    let prediction = &case["datum"]["prediction"];
    let reply = prediction.as_str().map_or_else(|| prediction.to_string(), str::to_owned);
    Ok(task.judge(gold, &[], &reply, table, &Switches::from(Scoring::Paper))?)
}

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

#[test]
fn golden_teval_instruct() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval instruct",
        |case| case["evaluator"] == "instruct",
        |case| {
            let datum = &case["datum"];
            let form = &datum["meta_data"]["response_format"];
            let gold = json!({
                "response_format": form,
                "template": datum["template"],
                "ground_truth": datum["ground_truth"],
            });
            let judgment = judged(Teval::Instruct, case, &gold, &Table::default())?;
            let form = form.as_str().unwrap_or_default();
            let theirs = [format!("{form}_format_metric"), format!("{form}_args_em_metric")];
            metrics(case, &judgment, &[(&theirs[0], "format"), (&theirs[1], "args_em")])
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
            let meta = &case["datum"]["meta"];
            let gold = json!({
                "prompt_type": meta["prompt_type"],
                "API_list": meta["API_list"],
                "ground_truth": case["datum"]["ground_truth"],
            });
            let judgment = judged(Teval::Plan, case, &gold, &plan_table(case))?;
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

/// The cosines of a case's names and arguments; the rows are sorted as the reference sorts the steps.
fn plan_table(case: &Value) -> Table {
    let steps = |key: &str| {
        let mut steps = case[key].as_array().cloned().unwrap_or_default();
        steps.sort_by_key(|step| step["id"].as_i64());
        steps
    };
    let (got, wanted) = (steps("parsed_pred"), steps("parsed_gt"));
    let mut table = Table::default();
    for (field, cosines) in [("name", &case["name_cos"]), ("args", &case["args_cos"])] {
        for (a, row) in got.iter().zip(cosines.as_array().into_iter().flatten()) {
            for (b, cosine) in wanted.iter().zip(row.as_array().into_iter().flatten()) {
                let text = |step: &Value| step[field].as_str().unwrap_or_default().to_owned();
                table.insert(&text(a), &text(b), cosine.as_f64().unwrap_or(f64::NAN));
            }
        }
    }
    table
}

#[test]
fn golden_teval_reason_retrieve_understand() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval reason, retrieve, understand",
        |case| case["evaluator"] == "rru",
        |case| {
            let (task, names): (Teval, &[_]) = match case["eval_type"].as_str() {
                Some("reason") => (Teval::Reason, &[("thought", "thought"), ("parse_rate", "parse_rate")]),
                Some("retrieve") => (Teval::Retrieve, &[("name", "name"), ("parse_rate", "parse_rate")]),
                Some("understand") => (Teval::Understand, &[("args", "args"), ("parse_rate", "parse_rate")]),
                _ => {
                    let all = ["thought", "name", "args", "parse_rate"];
                    (Teval::Rru, &all.map(|name| (name, name)))
                }
            };
            let text = |key: &str| case[key]["thought"].as_str().unwrap_or_default().to_owned();
            let mut table = Table::default();
            table.insert(
                &text("parsed_pred"),
                &text("parsed_gt"),
                case["result"]["thought"].as_f64().unwrap_or(f64::NAN),
            );
            let mut gold = json!({"ground_truth": case["datum"]["ground_truth"]});
            if case["kind"] == "json_repr_float_unicode_tuple" {
                // Its gold has a tuple, which the file, being JSON, could only keep as a list.
                gold["ground_truth"] =
                    json!("{'thought': 'a', 'name': 'b', 'args': {'x': 1.0, 'y': 'é\\n', 'z': (1,)}}");
            }
            metrics(case, &judged(task, case, &gold, &table)?, names)
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
            let datum = &case["datum"];
            let gold = json!({
                "response_format": datum["meta_data"]["response_format"],
                "answer": datum["ground_truth"]["answer"],
            });
            let names = [("review_quality", "review_quality"), ("parse_rate", "parse_rate")];
            metrics(case, &judged(Teval::Review, case, &gold, &Table::default())?, &names)
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
