//! AgentBoard's rules of ScienceWorld against the reference's own logs: progress and end by what was seen, and what is said
//! to who asks for help. What the engine says is not the same each time in the reference, so that only a machine with
//! the engine can play it (`tools/peers/scienceworld.sh`).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use task::real_world::science::{CHECK, SIMPLIFICATIONS, Subgoals, help};

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Looks through what was seen in an episode: (right steps, all steps).
fn episode(case: &Value, shown: &str) -> Result<(usize, usize), String> {
    let mut subgoals = Subgoals::new(&texts(&case["subgoals"]))?;
    let (mut right, steps) = (0, case["steps"].as_array().cloned().unwrap_or_default());
    for logged in &steps {
        let (action, seen) =
            (logged["action"].as_str().unwrap_or_default(), logged["observation"].as_str().unwrap_or_default());
        let asked = action == CHECK;
        if !asked {
            subgoals.look(seen);
        }
        let progress = subgoals.met() as f64 / subgoals.count() as f64;
        let same = logged["progress"].as_f64() == Some(progress)
            && logged["done"].as_bool() == Some(subgoals.met() == subgoals.count())
            && (!asked || seen == shown && logged["valid_after_step"] == true);
        if same {
            right += 1;
        } else {
            println!("{}: {progress}, not {logged}", case["task"]);
        }
    }
    Ok((right, steps.len()))
}

#[test]
fn golden_agentboard_scienceworld() -> Result<(), Box<dyn std::error::Error>> {
    let path = golden().join("agentboard_scienceworld.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("golden agentboard scienceworld: skipped, {} is not there", path.display());
        return Ok(());
    };
    let cases: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (lists, episodes): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case["kind"] == "abstract_actions");
    let forms = lists.iter().flat_map(|case| texts(&case["actions"])).filter(|form| form != CHECK);
    let shown = help(&forms.chain(["reset task".to_owned()]).collect::<BTreeSet<_>>());
    let (mut right, mut all, mut whole) = (0, 0, 0);
    for case in &episodes {
        let (steps_right, steps) = episode(case, &shown)?;
        let framed = case["simplification"] == SIMPLIFICATIONS && case["env_step_limit"] == 30;
        (right, all) = (right + steps_right, all + steps);
        whole += usize::from(framed && steps_right == steps);
    }
    println!("golden agentboard scienceworld: {whole} of {} episodes, {right} of {all} steps", episodes.len());
    assert_eq!((whole, right), (episodes.len(), all));
    assert!(!episodes.is_empty());
    Ok(())
}
