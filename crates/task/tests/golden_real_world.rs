//! AgentBoard's PDDL games and its reply parser against the reference's own logs.

#[path = "support/pddl.rs"]
mod pddl_cases;

use std::fs;
use std::path::{Path, PathBuf};

use pddl_cases::{data, open, templates};
use record::Turn;
use serde_json::Value;
use task::real_world::{Game, Pddl, Templates, stated_action};
use task::{BadRows, Source, Task, Words};

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

fn lines(path: &Path) -> Option<Vec<Value>> {
    let text = fs::read_to_string(path).ok()?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Some(lines.map(|line| serde_json::from_str(line).expect("golden files are JSON lines")).collect())
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Plays one step and says whether everything about it is as logged.
fn step(game: &mut Game, logged: &Value) -> bool {
    let outcome = game.step(logged["action"].as_str().unwrap_or_default());
    let lists = [("valid_actions_sorted", game.help()), ("look_around_sorted", game.look())];
    let observed = logged["observation"].as_str().is_none_or(|text| text == outcome.observation);
    observed
        && lists.iter().all(|(key, got)| logged[*key].is_null() || texts(&logged[*key]) == *got)
        && logged["progress"].as_f64() == Some(game.progress())
        && logged["won"].as_bool() == Some(game.won())
        && logged["done"].as_bool() == Some(game.won())
        && logged["valid"].as_bool() == Some(outcome.valid)
}

/// Plays an episode: (right steps, all steps, whether its frame is right too).
fn episode(case: &Value, templates: &Templates) -> Result<(usize, usize, bool), Box<dyn std::error::Error>> {
    let mut game = open(case, templates)?;
    let mut framed = case["goal"].as_str() == Some(game.goal().as_str())
        && case["init_obs"].as_str() == Some(game.opening().as_str())
        && case["n_goal_literals"].as_u64() == Some(game.world().problem().goal.len() as u64);
    let steps = case["steps"].as_array().cloned().unwrap_or_default();
    let mut right = 0;
    for (index, logged) in steps.iter().enumerate() {
        if step(&mut game, logged) {
            right += 1;
        } else {
            println!("{} step {index}: {logged}", case["problem_file"]);
        }
    }
    let mut end: Vec<String> = game.world().facts(game.state()).map(ToString::to_string).collect();
    end.sort();
    framed &= texts(&case["final_state"]) == end;
    framed &= case["solved"].as_bool() == Some(game.won());
    Ok((right, steps.len(), framed))
}

#[test]
fn golden_agentboard_pddl() {
    let (Some(cases), Ok(templates)) = (lines(&golden().join("agentboard_pddl.jsonl")), templates(&golden())) else {
        println!("golden agentboard pddl: skipped, {} has no such files", golden().display());
        return;
    };
    let (mut steps, mut all_steps, mut episodes) = (0, 0, 0);
    for case in &cases {
        match episode(case, &templates) {
            Ok((right, all, framed)) => {
                steps += right;
                all_steps += all;
                episodes += usize::from(framed && right == all);
                if !framed {
                    println!("{} {}: goal, opening or end differs", case["game"], case["problem_file"]);
                }
            }
            Err(error) => println!("{} {}: {error}", case["game"], case["problem_file"]),
        }
    }
    println!("golden agentboard pddl: {episodes} of {} episodes, {steps} of {all_steps} steps", cases.len());
    assert_eq!((episodes, steps), (cases.len(), all_steps));
}

#[test]
fn golden_agentboard_replies() {
    let path = golden().join("agentboard_tool.jsonl");
    let Some(cases) = lines(&path) else {
        println!("golden agentboard replies: skipped, {} is not there", path.display());
        return;
    };
    let cases: Vec<&Value> = cases.iter().filter(|case| case["kind"] == "vanilla_parser").collect();
    let mut passed = 0;
    for case in &cases {
        let got = stated_action(case["text"].as_str().unwrap_or_default());
        if case["action"].as_str() == Some(got.as_str()) {
            passed += 1;
        } else {
            println!("got {got:?}: {case}");
        }
    }
    println!("golden agentboard replies: {passed} of {}", cases.len());
    assert_eq!(passed, cases.len());
}

#[test]
fn official_episodes_open_in_order_and_end() -> Result<(), Box<dyn std::error::Error>> {
    let folder = data().join("agentboard_pddl");
    if !folder.is_dir() {
        println!("official pddl: skipped, {} is not there", folder.display());
        return Ok(());
    }
    let (samples, assets) = Pddl.samples(&Source::folder(folder, BadRows::Refuse), &Words, None)?.held();
    let games: Vec<&str> = samples.iter().filter_map(|sample| sample.cluster.as_deref()).collect();
    let count = |game: &str| games.iter().filter(|g| **g == game).count();
    assert_eq!(["gripper", "blockworld", "barman", "tyreworld"].map(count), [20, 10, 20, 10]);
    assert_eq!(games[..4], ["gripper", "blockworld", "barman", "tyreworld"]);
    for sample in samples.iter().take(8) {
        let mut episode = Pddl.open(sample, &assets)?;
        let mut turn = episode.next(None);
        let mut asked = 0;
        while let Turn::Ask(ask) = turn {
            assert!(ask.messages[1].content.ends_with("\nAction: "));
            asked += 1;
            turn = episode.next(Some("Action: check valid actions"));
        }
        assert_eq!(asked, 30);
    }
    Ok(())
}
