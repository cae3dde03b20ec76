//! BabyAI against the reference's own logs: every observation, list of actions, position and progress.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use task::real_world::babyai::{Game, Level, Subgoals};

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

fn lines(path: &Path) -> Option<Vec<Value>> {
    let text = fs::read_to_string(path).ok()?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Some(lines.map(|line| serde_json::from_str(line).expect("golden files are JSON lines")).collect())
}

/// The case's own level, or the one of its game and seed.
fn level(case: &Value, levels: &[Value]) -> Result<Level, Box<dyn std::error::Error>> {
    let same = |level: &&Value| level["game"] == case["game"] && level["seed"] == case["seed"];
    let found = if case["grid"].is_array() { Some(case) } else { levels.iter().find(same) };
    Ok(serde_json::from_value(found.ok_or("no level of this game and seed")?.clone())?)
}

/// What the reference logs of a game after a step.
fn state(game: &Game) -> Value {
    let world = game.world();
    let names: Vec<&str> = game.offers().actions.iter().map(|(name, _)| name.as_str()).collect();
    let carrying = world.carrying.map(|thing| thing.look.to_string());
    json!({"done": game.done(), "agent_pos": [world.at.x, world.at.y], "agent_dir": world.facing as usize,
        "carrying": carrying, "actions": names})
}

/// Plays a case: (right steps, steps, whether its frame is right too).
fn episode(case: &Value, levels: &[Value]) -> Result<(usize, usize, bool), Box<dyn std::error::Error>> {
    let subgoals: Option<Subgoals> = serde_json::from_value(case["obs_to_reward"].clone())?;
    let mut game = Game::new(&level(case, levels)?, subgoals.as_ref())?;
    let moves: serde_json::Map<String, Value> = (game.offers().actions.iter())
        .map(|(name, moves)| (name.clone(), json!(moves.iter().map(|action| *action as usize).collect::<Vec<_>>())))
        .collect();
    let framed = case["goal"] == game.goal()
        && case["init_obs"] == game.opening()
        && (case["init_actions"].is_null() || case["init_actions"] == Value::Object(moves))
        && (case["init_errors"].is_null() || case["init_errors"] == json!(game.offers().refusals));
    let (mut right, steps) = (0, case["steps"].as_array().cloned().unwrap_or_default());
    for (index, logged) in steps.iter().enumerate() {
        let step = game.step(logged["action"].as_str().unwrap_or_default());
        let (mut state, progress) = (state(&game), logged["progress"].as_f64());
        (state["observation"], state["valid"]) = (json!(step.observation), json!(step.valid));
        let mut expected = logged.clone();
        if let Some(fields) = expected.as_object_mut() {
            fields.remove("action");
            fields.remove("progress");
        }
        if state == expected && progress == Some(game.progress()) {
            right += 1;
        } else {
            println!("{} {} step {index}: {logged}\n  got {state} {}", case["game"], case["seed"], game.progress());
        }
    }
    Ok((right, steps.len(), framed))
}

#[test]
fn golden_agentboard_babyai() {
    let files = ["agentboard_babyai.jsonl", "agentboard_babyai_levels.jsonl"].map(|name| lines(&golden().join(name)));
    let [Some(cases), Some(levels)] = files else {
        println!("golden agentboard babyai: skipped, {} has no such files", golden().display());
        return;
    };
    let (mut steps, mut all_steps, mut episodes) = (0, 0, 0);
    for case in &cases {
        match episode(case, &levels) {
            Ok((right, all, framed)) => {
                steps += right;
                all_steps += all;
                episodes += usize::from(framed && right == all);
                if !framed {
                    println!("{} {}: goal, opening or first actions differ", case["game"], case["seed"]);
                }
            }
            Err(error) => println!("{} {}: {error}", case["game"], case["seed"]),
        }
    }
    println!("golden agentboard babyai: {episodes} of {} episodes, {steps} of {all_steps} steps", cases.len());
    assert_eq!((episodes, steps), (cases.len(), all_steps));
}

#[test]
fn golden_agentboard_babyai_levels() {
    let Some(levels) = lines(&golden().join("agentboard_babyai_levels.jsonl")) else {
        println!("golden agentboard babyai levels: skipped, {} has no such file", golden().display());
        return;
    };
    let opens = |level: &&Value| {
        let opened = serde_json::from_value((*level).clone());
        opened.ok().and_then(|level: Level| Game::new(&level, None).ok())
    };
    let right = |level: &&Value| {
        opens(level).is_some_and(|game| level["init_obs"] == game.opening() && level["goal"] == game.goal())
    };
    let passed = levels.iter().filter(right).count();
    println!("golden agentboard babyai levels: {passed} of {}", levels.len());
    assert_eq!(passed, levels.len());
}
