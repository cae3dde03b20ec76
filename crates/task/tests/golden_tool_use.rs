//! T-Eval's reference, reproduced: the lenient loader, the string form, the clean-up, and `instruct` in mode `paper`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use record::Scoring;
use serde_json::{Value, json};
use task::tool_use::{Cut, Gold, Markers, Switches, clean, judge, load};

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

#[test]
fn golden_teval_instruct() -> Result<(), Box<dyn Error>> {
    golden(
        "teval.jsonl",
        "teval instruct",
        |case| case["evaluator"] == "instruct",
        |case| {
            let datum = &case["datum"];
            let form = &datum["meta_data"]["response_format"];
            let gold = Gold::read(&json!({
                "response_format": form,
                "template": datum["template"],
                "ground_truth": datum["ground_truth"],
            }))?;
            let reply = datum["prediction"].as_str().ok_or("the prediction is no text")?;
            let judgment = judge(&gold, reply, &Switches::from(Scoring::Paper));
            let form = form.as_str().unwrap_or_default();
            let want = |metric: &str| case["result"][format!("{form}_{metric}_metric")].as_f64();
            same("format", Some(f64::from(u8::from(judgment.format))), want("format"))?;
            same("args_em", Some(judgment.args_em), want("args_em"))
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
            let cut = Cut { start: bracket("start"), end: bracket("end"), closed_fence: false };
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
