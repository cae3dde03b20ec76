//! AgentBoard's rules around text adventures against logs of the reference on Zork I, whose story file the user gives.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use task::real_world::story::{Watch, asks_for_help, cleaned_action, cleaned_text};
use task::real_world::zmachine::{Machine, Story};

fn golden(file: &str) -> Option<Vec<Value>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped, {} is not there", path.display());
        return None;
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Some(lines.map(|line| serde_json::from_str(line).expect("golden files are JSON lines")).collect())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn steps(case: &Value) -> impl Iterator<Item = &Value> {
    case["steps"].as_array().into_iter().flatten()
}

/// Whether a step went as logged, by the rules alone.
fn by_rules(watch: &mut Watch, step: &Value) -> bool {
    let action = cleaned_action(text(step, "action"));
    let shown = match step["raw"].as_str() {
        None => asks_for_help(&action) && text(step, "observation").starts_with("You can take the following actions: "),
        Some(raw) => {
            let cleaned = cleaned_text(raw);
            watch.see(&cleaned);
            !asks_for_help(&action) && cleaned == text(step, "observation")
        }
    };
    shown
        && step["progress"].as_f64().is_some_and(|progress| (progress - watch.progress()).abs() < 1e-12)
        && step["won"].as_bool() == Some(watch.won())
        // The log of `quit` and its answer does not end: Jericho does not know this release of the game.
        && step["done"].as_bool() == Some(watch.won())
        && step["valid"].as_bool() == Some(!text(step, "observation").contains("[!"))
}

#[test]
fn golden_agentboard_jericho() {
    let Some(cases) = golden("agentboard_jericho.jsonl") else { return };
    let (mut passed, mut all) = (0, 0);
    for case in &cases {
        let subgoals: Vec<String> = serde_json::from_value(case["subgoals"].clone()).unwrap_or_default();
        let mut watch = Watch::new(&subgoals);
        for step in steps(case) {
            all += 1;
            match by_rules(&mut watch, step) {
                true => passed += 1,
                false => println!("progress {}: {step}", watch.progress()),
            }
        }
    }
    println!("golden agentboard jericho: {passed} of {all} steps");
    assert_eq!(passed, all);
}

#[test]
fn golden_jericho_actions() {
    let Some(cases) = golden("agentboard_tool.jsonl") else { return };
    let cases: Vec<&Value> = cases.iter().filter(|case| case["kind"] == "jericho_parse_action").collect();
    let right = cases.iter().filter(|case| cleaned_action(text(case, "text")) == text(case, "action")).count();
    println!("golden jericho actions: {right} of {}", cases.len());
    assert_eq!(right, cases.len());
}

/// What the game itself said in a log whose texts begin with the status line.
fn said(observation: &str) -> &str {
    let moves = observation.split_once(" Moves: ").map_or(observation, |(_, rest)| rest);
    moves.trim_start_matches(|c: char| c.is_ascii_digit()).trim()
}

/// Zork I (release 119, MIT) says what it said in the log, but for the answers to `jump`, which are drawn by chance.
#[test]
fn golden_zork1() -> Result<(), Box<dyn std::error::Error>> {
    let Some(path) = std::env::var_os("ACBENCH_ZORK1").map(PathBuf::from) else {
        println!("golden zork1: skipped, ACBENCH_ZORK1 names no story file (github.com/historicalsource/zork1, MIT)");
        return Ok(());
    };
    let Some(cases) = golden("agentboard_jericho.jsonl") else { return Ok(()) };
    let story = Story::read(fs::read(&path)?)?;
    if story.bytes().get(2..4) != Some(&[0, 119]) {
        println!("golden zork1: skipped, {} is another release than 119", path.display());
        return Ok(());
    }
    let (mut passed, mut all) = (0, 0);
    for case in &cases {
        let mut machine = Machine::new(&story, 0);
        machine.run()?;
        for step in steps(case).filter(|step| !step["raw"].is_null()) {
            let printed = machine.enter(&cleaned_action(text(step, "action")))?;
            let (got, wanted) = (cleaned_text(printed.trim_end_matches('>')), said(text(step, "observation")));
            all += 1;
            passed += usize::from(got.trim() == wanted || text(step, "action") == "jump");
            if got.trim() != wanted {
                println!("{}: {got:?}, logged {wanted:?}", step["action"]);
            }
        }
    }
    println!("golden zork1: {passed} of {all} steps");
    assert_eq!(passed, all);
    Ok(())
}
