//! Plays logged episodes of ScienceWorld on the real engine, twice, and once with the engine killed in the middle.
//!
//! ```text
//! cargo run --example scienceworld -- scienceworld.jar agentboard_scienceworld.jsonl
//! ```

use std::error::Error;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use task::real_world::World;
use task::real_world::science::engine::{Limits, Script};
use task::real_world::science::{CHECK, Lab, Subgoals};

/// What happened at a step.
#[derive(Clone, PartialEq)]
struct Step {
    seen: String,
    valid: bool,
    progress: f64,
}

/// An episode: what was seen at its beginning, and at each step.
#[derive(Clone, PartialEq)]
struct Played {
    opening: String,
    steps: Vec<Step>,
    more: Value,
    stopped: Option<String>,
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Plays a logged episode's actions, and kills the engine before one of them.
fn play(jar: &Path, case: &Value, kill_at: Option<usize>) -> Result<Played, Box<dyn Error>> {
    let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let variation = i32::try_from(case["variation"].as_i64().unwrap_or_default())?;
    let script = Script { task: text("task"), variation, simplifications: text("simplification") };
    let subgoals = Subgoals::new(&texts(&case["subgoals"]))?;
    let mut lab = Lab::open(jar, &script, text("task_description"), subgoals, Limits::default())?;
    let (opening, mut steps) = (lab.observe(), Vec::new());
    for (index, logged) in case["steps"].as_array().into_iter().flatten().enumerate() {
        if kill_at == Some(index) {
            kill_children()?;
        }
        let effect = lab.act(logged["action"].as_str().unwrap_or_default());
        steps.push(Step { seen: effect.observation, valid: effect.valid, progress: lab.progress().best });
    }
    Ok(Played { opening, steps, more: lab.more(), stopped: lab.stopped() })
}

/// Kills the engines that this program started.
fn kill_children() -> Result<(), Box<dyn Error>> {
    for thread in std::fs::read_dir("/proc/self/task")? {
        let children = std::fs::read_to_string(thread?.path().join("children"))?;
        for child in children.split_whitespace() {
            Command::new("kill").args(["-9", child]).status()?;
        }
    }
    Ok(())
}

fn count(steps: &[(&Step, &Value)], same: impl Fn(&Step, &Value) -> bool) -> usize {
    steps.iter().filter(|(step, logged)| same(step, logged)).count()
}

fn main() -> Result<(), Box<dyn Error>> {
    let [jar, golden] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "JAR GOLDEN")?;
    let text = std::fs::read_to_string(golden)?;
    let cases: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let jar = std::path::absolute(jar)?;
    let (mut all, mut seen, mut valid, mut progress, mut again, mut nothing_lost) = (0, 0, 0, 0, 0, 0);
    let episodes: Vec<&Value> = cases.iter().filter(|case| case["steps"].is_array()).collect();
    for case in &episodes {
        let once = play(&jar, case, None)?;
        let twice = play(&jar, case, None)?;
        let killed = play(&jar, case, Some(once.steps.len() / 2))?;
        let logged: Vec<(&Step, &Value)> =
            once.steps.iter().zip(case["steps"].as_array().into_iter().flatten()).collect();
        all += logged.len();
        seen += count(&logged, |step, logged| logged["observation"] == step.seen.as_str());
        valid += count(&logged, |step, logged| logged["valid_after_step"] == step.valid);
        progress += count(&logged, |step, logged| logged["progress"] == step.progress);
        again += usize::from(once.opening != twice.opening)
            + once.steps.iter().zip(&twice.steps).filter(|(a, b)| a != b).count();
        nothing_lost += usize::from(killed == once);
        let helped = logged.iter().filter(|(_, logged)| logged["action"] == CHECK).count();
        println!(
            "{}: {} steps, {helped} for help, {}, stopped: {:?}",
            case["task"],
            logged.len(),
            once.more,
            killed.stopped
        );
    }
    println!("as logged, of {all} steps: observation {seen}, valid after the step {valid}, progress {progress}");
    println!("played twice: {again} of {} observations differ", all + episodes.len());
    println!("killed in the middle: {nothing_lost} of {} episodes went on as if nothing had happened", episodes.len());
    Ok(())
}
