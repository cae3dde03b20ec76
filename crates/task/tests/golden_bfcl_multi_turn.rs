//! BFCL's services and its checker of conversations, reproduced.

#[path = "support/bfcl.rs"]
mod bfcl_cases;
#[path = "support/golden.rs"]
mod runner;

use std::collections::HashMap;
use std::error::Error;

use bfcl_cases::{copy, state};
use runner::{golden, same};
use serde_json::{Value, json};
use task::python::{Layout, dumps};
use task::tool_use::bfcl::multi_turn::{Conversation, Fault, follow};
use task::tool_use::bfcl::service::{Extensions, Instances, Setting};
use task::tool_use::bfcl::{Copy, Row, Switches};

const SETS: [&str; 4] = ["multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context"];

fn rows(copy: &Copy) -> HashMap<String, Row> {
    let all = SETS.iter().flat_map(|set| copy.rows(set).unwrap_or_else(|error| panic!("{error}")));
    all.map(|row| (row.id.clone(), row)).collect()
}

/// Whether a case needs texts that the copy lacks.
fn lacks(case: &Value, long: Option<&Extensions>) -> bool {
    let long_entry = case["entry"].as_str().is_some_and(|id| id.contains("long_context"));
    long.is_none() && (case["long_context"] == true || long_entry && case.get("long_context").is_none())
}

fn lists<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(value.clone())
}

fn same_result(got: &str, want: &Value) -> bool {
    match want {
        // The words about a text that is no Python are free.
        Value::String(want) if want.ends_with("line 1)") => got.starts_with("Error during execution: "),
        Value::String(want) => got == want,
        want => {
            let head = want["head"].as_str().unwrap_or_default();
            got.starts_with(head) && want["sha256"] == record::digest(got.as_bytes())
        }
    }
}

fn replay(case: &Value, rows: &HashMap<String, Row>, long: Option<&Extensions>) -> Result<(), Box<dyn Error>> {
    let class = case["class"].as_str().ok_or("no class")?;
    let scenarios = match case["entry"].as_str() {
        Some(entry) => rows.get(entry).ok_or("no such entry")?.entry["initial_config"].clone(),
        None => json!({ class: &case["config"] }),
    };
    let long = long.filter(|_| case["long_context"] == true);
    let paper = Switches::all(false);
    let setting = Setting { scenarios: &scenarios, long, switches: &paper };
    let mut instances = Instances::new(&[class.to_owned()], &setting)?;
    let calls: Vec<String> = lists(&case["calls"])?;
    for (index, call) in calls.iter().enumerate() {
        let got = instances.execute(call);
        if !same_result(&got, &case["results"][index]) {
            return Err(format!("{call} gives {got}, not {}", case["results"][index]).into());
        }
    }
    let got = state(&instances.state(class));
    match case.get("state") {
        Some(want) => {
            let sorted = |value: &Value| dumps(&value.into(), Layout { indent: None, sorted: true });
            same("state", sorted(&got), sorted(want))
        }
        None => {
            let text = dumps(&(&got).into(), Layout { indent: None, sorted: true }).unwrap_or_default();
            same("state", Some(record::digest(text.as_bytes()).as_str()), case["state_sha256"].as_str())
        }
    }
}

#[test]
fn golden_bfcl_state() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let (rows, long) = (rows(&copy), Extensions::read(&copy)?);
    if long.is_none() {
        println!("golden bfcl state: cases of long context skipped, ACBENCH_BFCL names no wheel");
    }
    let wanted = |case: &Value| !lacks(case, long.as_ref());
    golden("bfcl_state.jsonl", "bfcl state", wanted, |case| replay(case, &rows, long.as_ref()))
}

fn judged(case: &Value, rows: &HashMap<String, Row>, long: Option<&Extensions>) -> Result<(), Box<dyn Error>> {
    let entry = case["entry"].as_str().ok_or("no entry")?;
    let row = rows.get(entry).ok_or("no such entry")?;
    let conversation = Conversation::read(&row.entry, &row.truth)?;
    let turns: Vec<Vec<Vec<String>>> = lists(&case["turns"])?;
    let long = long.filter(|_| entry.contains("long_context"));
    let fault = follow(&turns, &conversation, long, &Switches::all(false))?.fault;
    let want = &case["expect"];
    same("valid", Some(fault.is_none()), want["valid"].as_bool())?;
    let Some(Fault { kind, turn, class, attributes, missing }) = fault else { return Ok(()) };
    same("kind", Some(kind.as_ref()), want["error_type"].as_str())?;
    if let Some(wanted) = want["turn"].as_u64() {
        same("turn", turn as u64, wanted)?;
    }
    if want.get("class").is_some() {
        same("class", class.as_deref(), want["class"].as_str())?;
        let mut wanted: Vec<String> = lists(&want["attributes"])?;
        wanted.sort();
        same("attributes", attributes, wanted)?;
    }
    match want["missing"].as_u64() {
        Some(wanted) => same("missing", missing as u64, wanted),
        None => Ok(()),
    }
}

#[test]
fn golden_bfcl_multi_turn() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let (rows, long) = (rows(&copy), Extensions::read(&copy)?);
    let wanted = |case: &Value| !lacks(case, long.as_ref());
    golden("bfcl_multi_turn.jsonl", "bfcl multi-turn", wanted, |case| judged(case, &rows, long.as_ref()))
}

/// The right calls of all 800 conversations, as a model's.
#[test]
fn right_conversations_are_right() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let long = Extensions::read(&copy)?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (id, row) in rows(&copy) {
        let is_long = id.contains("long_context");
        if is_long && long.is_none() {
            continue;
        }
        let conversation = Conversation::read(&row.entry, &row.truth)?;
        let turns: Vec<_> = conversation.gold.iter().map(|calls| vec![calls.clone()]).collect();
        let course = follow(&turns, &conversation, long.as_ref().filter(|_| is_long), &Switches::all(false))?;
        wrong.extend(course.fault.map(|fault| format!("{id}: {fault:?}")));
        count += 1;
    }
    println!("right conversations: {} of {count}", count - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
