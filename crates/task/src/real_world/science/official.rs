//! AgentBoard's episodes of ScienceWorld, with the engine and the prompt, from a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use record::{Asset, Assets, Sample, Turn};
use regex::Regex;
use serde::Deserialize;
use serde_json::json;

use super::engine::{Script, java, java_version};
use super::room::{Input, Play, Rules, Scene, preview};
use super::subgoals::Subgoals;
use crate::real_world::agent::Prompt;
use crate::rows::Rows;
use crate::text::{read_bytes, read_json, read_text};
use crate::{BadRows, Drawn, Files, TaskError, pattern};

/// What AgentBoard makes simpler in every episode.
pub const SIMPLIFICATIONS: &str = "selfWateringFlowerPots,openContainers,openDoors,noElectricalAction";
/// The most actions of an episode.
const MAX_STEPS: usize = 30;

/// AgentBoard's files, the engine and what runs it.
pub(super) const FILES: &[Files] = &[ROWS, PROMPT, JAR, JAVA];
const ROWS: Files = Files {
    names: &["data/scienceworld/test.jsonl"],
    source: "AgentBoard's data (hkust-nlp/agentboard on Hugging Face)",
    license: "GPL-2.0",
    put: "put it in the folder as test.jsonl",
};
const PROMPT: Files = Files {
    names: &["agentboard/prompts/VanillaAgent/scienceworld_base.json"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "copy it into the same folder",
};
const JAR: Files = Files {
    names: &["scienceworld.jar"],
    source: "the package scienceworld 1.2.3 (pip install scienceworld)",
    license: "Apache-2.0",
    put: "copy it, or the package's folder scienceworld, into the same folder",
};
const JAVA: Files = Files {
    names: &["java"],
    source: "Java 17 (Debian: apt-get install openjdk-17-jre-headless)",
    license: "GPL-2.0 with the Classpath exception",
    put: "the engine runs on it: have it in PATH or JAVA_HOME",
};

const ROWS_AT: [&str; 3] = ["test.jsonl", "scienceworld/test.jsonl", "data/scienceworld/test.jsonl"];
const PROMPT_AT: [&str; 5] = [
    "scienceworld_base.json",
    "agentboard_prompts/scienceworld_base.json",
    "../agentboard_prompts/scienceworld_base.json",
    "prompts/VanillaAgent/scienceworld_base.json",
    "../prompts/VanillaAgent/scienceworld_base.json",
];
const JAR_AT: [&str; 3] = ["scienceworld.jar", "scienceworld/scienceworld.jar", "../scienceworld/scienceworld.jar"];

/// AgentBoard's row.
#[derive(Deserialize)]
struct Row {
    goal: String,
    subgoals: Vec<String>,
    #[serde(default)]
    difficulty: Option<String>,
    additional_info: Variation,
}

#[derive(Deserialize)]
struct Variation {
    env_name: String,
    var: i32,
}

/// AgentBoard's prompt file. Its examples are one text.
#[derive(Deserialize)]
struct Base {
    #[serde(default)]
    instruction: String,
    #[serde(default)]
    examples: Examples,
    #[serde(default)]
    system_msg: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Examples {
    One(String),
    Many(Vec<String>),
}

impl Default for Examples {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// All episodes, in the order of their file.
pub(super) fn samples(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let rows_at = find(folder, &ROWS_AT, &[ROWS])?;
    let base: Base = read_json(&find(folder, &PROMPT_AT, &[PROMPT])?)?;
    let examples = match base.examples {
        Examples::One(text) => vec![text],
        Examples::Many(texts) => texts,
    };
    let prompt = Prompt { instruction: base.instruction, examples, system_msg: base.system_msg };
    let jar = find(folder, &JAR_AT, &[JAR])?;
    let jar = std::path::absolute(&jar).map_err(|source| TaskError::Read { path: jar, source })?;
    if java_version(&java()).is_none() {
        return Err(TaskError::Missing { task: "scienceworld", path: java(), files: &[JAVA] });
    }
    let (mut assets, digest) = (Assets::default(), record::digest(&read_bytes(&jar)?));
    let rules = Rules { jar, digest, prompt };
    let asset = rules.put(&mut assets);
    let text = read_text(&rows_at)?;
    let mut rows = Rows::new(bad_rows);
    let mut samples = Vec::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, (at, line)) in lines.take(limit.unwrap_or(usize::MAX)).enumerate() {
        let format = |problem| TaskError::Format { path: rows_at.clone(), place: format!("line {}", at + 1), problem };
        samples.extend(rows.keep(sample(index, line, &rules.prompt, &asset).map_err(format))?);
    }
    Ok(Drawn { assets, ..rows.drawn(samples) })
}

fn sample(index: usize, line: &str, prompt: &Prompt, rules: &Asset) -> Result<Sample, String> {
    let row: Row = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Subgoals::new(&row.subgoals)?;
    if row.subgoals.is_empty() {
        return Err("it has no subgoals".to_owned());
    }
    let task = present_name(&row.additional_info.env_name);
    let difficulty = row.difficulty.unwrap_or_else(|| "unknown".to_owned());
    let script =
        Script { task: task.clone(), variation: row.additional_info.var, simplifications: SIMPLIFICATIONS.to_owned() };
    let goals = row.subgoals.len();
    let play = Play { script, goal: row.goal, subgoals: row.subgoals };
    let mut sample = Sample {
        id: format!("{index:03}-{task}-{}", play.script.variation),
        task: "scienceworld".into(),
        messages: Vec::new(),
        examples: 0,
        tools: Vec::new(),
        input: serde_json::Value::Null,
        assets: vec![rules.clone()],
        gold: json!({"goals": goals}),
        max_tokens: 100,
        stop: Vec::new(),
        cluster: Some(task.clone()),
        tags: BTreeMap::from([("kind".to_owned(), json!(task)), ("difficulty".to_owned(), json!(difficulty))]),
    };
    if let Turn::Ask(ask) = preview(&play, prompt, &sample) {
        sample.messages = ask.messages;
    }
    sample.input = json!(Input { scene: Scene::Engine(play), max_steps: MAX_STEPS });
    Ok(sample)
}

/// What earlier versions of ScienceWorld put before a task's name, and the parentheses in it.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| pattern(r"task-(\d|a|b)+-|[()]"));

/// The name that a task has today.
fn present_name(name: &str) -> String {
    PREFIX.replace_all(&name.replace("mendellian", "mendelian"), "").into_owned()
}

fn find(folder: &Path, places: &[&str], files: &'static [Files]) -> Result<PathBuf, TaskError> {
    let found = places.iter().map(|place| folder.join(place)).find(|path| path.is_file());
    let first = || folder.join(places.first().copied().unwrap_or_default());
    found.ok_or_else(|| TaskError::Missing { task: "scienceworld", path: first(), files })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_missing_or_broken_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let draw = |bad_rows| samples(folder.path(), bad_rows, None);
        let message = || draw(BadRows::Refuse).err().map(|error| error.to_string()).unwrap_or_default();
        let row = |subgoal: &str| {
            json!({"task": "scienceworld", "id": 0, "goal": "Boil it.", "subgoals": [subgoal], "difficulty": "easy",
                "additional_info": {"env_name": "task-1-boil", "var": 3}})
        };
        assert!(message().contains("test.jsonl is not there") && message().contains("hkust-nlp"), "{}", message());
        fs::write(folder.path().join("test.jsonl"), format!("{}\n{}\n", row("steam"), row("(?=a)")))?;
        assert!(message().contains("scienceworld_base.json"), "{}", message());
        fs::write(folder.path().join("scienceworld_base.json"), r#"{"examples": "E", "instruction": "I"}"#)?;
        assert!(message().contains("pip install scienceworld"), "{}", message());
        fs::create_dir(folder.path().join("scienceworld"))?;
        fs::write(folder.path().join("scienceworld/scienceworld.jar"), "no jar")?;
        if java_version(&java()).is_none() {
            assert!(message().contains("openjdk-17"), "{}", message());
            println!("rows: skipped, there is no Java");
            return Ok(());
        }
        assert!(message().contains("line 2") && message().contains("(?=a)"), "{}", message());
        let drawn = draw(BadRows::Skip)?;
        assert_eq!(drawn.skipped.len(), 1);
        let (samples, assets) = drawn.held();
        let [sample] = &samples[..] else { return Err(format!("{} samples", samples.len()).into()) };
        assert_eq!(sample.id, "000-boil-3");
        let prompt = &sample.messages[1].content;
        assert!(prompt.starts_with("I\nHere are examples:\nE\nYou should"), "{prompt}");
        assert!(prompt.contains("goal: Boil it.\n") && prompt.contains(": inventory\n"), "{prompt}");
        let opened = super::super::room::open(sample, &assets).err().map(|error| error.to_string());
        assert!(opened.is_some_and(|error| error.contains("did not say at which port")));
        fs::write(folder.path().join("scienceworld/scienceworld.jar"), "another")?;
        let opened = super::super::room::open(sample, &assets).err().map(|error| error.to_string());
        assert!(opened.is_some_and(|error| error.contains("another engine")));
        Ok(())
    }

    #[test]
    fn a_tasks_old_name_is_its_present_one() {
        let names = [
            "boil",
            "task-1-boil",
            "task-10-measure-melting-point-(known-substance)",
            "mendellian-genetics-known-plant",
        ];
        assert_eq!(
            names.map(present_name),
            ["boil", "boil", "measure-melting-point-known-substance", "mendelian-genetics-known-plant"]
        );
    }
}
