//! AgentBoard's BabyAI episodes: its rows, its prompt, and levels that the user exported from minigrid.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{Asset, Assets, Sample, Turn};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::real_world::agent::{Prompt, Style};
use crate::rows::{Rows, deal};
use crate::text::{read_json, read_text};
use crate::{BadRows, Drawn, Episode, Files, TaskError};

use super::game::Game;
use super::level::Level;
use super::room::{self, Input};
use super::subgoals::Subgoals;

/// What is needed.
pub(super) const FILES: &[Files] = &[ROWS, PROMPT, LEVELS];
const ROWS: Files = Files {
    names: &["data/babyai/test.jsonl"],
    source: "AgentBoard's data (huggingface.co/datasets/hkust-nlp/agentboard)",
    license: "GPL-2.0",
    put: "name the folder of AgentBoard",
};
const PROMPT: Files = Files {
    names: &["agentboard/prompts/VanillaAgent/babyai_vanilla_prompt.json"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "leave it there",
};
const LEVELS: Files = Files {
    names: &["babyai_levels.jsonl"],
    source: "your own minigrid: pip install minigrid==2.3.0, python3 tools/babyai_levels.py >babyai_levels.jsonl",
    license: "MIT",
    put: "put it into that folder",
};
/// Where each may lie, seen from the folder.
const ROW_PLACES: &[&str] = &["data/babyai/test.jsonl", "babyai/test.jsonl", "test.jsonl"];
const PROMPT_PLACES: &[&str] = &[
    "agentboard/prompts/VanillaAgent/babyai_vanilla_prompt.json",
    "prompts/VanillaAgent/babyai_vanilla_prompt.json",
    "agentboard_prompts/babyai_vanilla_prompt.json",
    "babyai_vanilla_prompt.json",
];
const LEVEL_PLACES: &[&str] =
    &["babyai_levels.jsonl", "data/babyai/babyai_levels.jsonl", "agentboard_babyai_levels.jsonl"];

/// A row of the benchmark.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    task: Option<String>,
    #[serde(default)]
    difficulty: Option<String>,
    #[serde(default)]
    additional_info: Info,
    /// `subgoals`, or `subgoals_1`, `subgoals_2`, .. for several ways.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What a row says of its level.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    /// The environment's name.
    subtask: Option<String>,
    /// What is seen first.
    init_obs: Option<String>,
}

/// All episodes, the environments dealt round: the first of each, the second of each, ..
pub(super) fn samples(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let find = |places: &'static [&str], files| find(folder, places, files);
    let (prompt, levels, rows) =
        (find(PROMPT_PLACES, &[PROMPT])?, find(LEVEL_PLACES, &[LEVELS])?, find(ROW_PLACES, &[ROWS])?);
    let mut assets = Assets::default();
    let asset = room::put(&read_json::<Prompt>(&prompt)?, &mut assets);
    let levels = Levels { all: lines(&levels)?.into_iter().collect::<Result<_, _>>()?, path: levels };
    let mut kept = Rows::new(bad_rows);
    let mut by_game: Vec<(String, Vec<Sample>)> = Vec::new();
    for (index, row) in lines::<Row>(&rows)?.into_iter().enumerate() {
        let sample = row.and_then(|row| {
            let format =
                |problem| TaskError::Format { path: rows.clone(), place: format!("row {}", index + 1), problem };
            levels.sample(index, row, &asset, &assets).map_err(format)
        });
        let Some(sample) = kept.keep(sample)? else { continue };
        let game = sample.cluster.clone().unwrap_or_default();
        match by_game.iter_mut().find(|(known, _)| *known == game) {
            Some((_, samples)) => samples.push(sample),
            None => by_game.push((game, vec![sample])),
        }
    }
    let samples = deal(by_game.into_iter().map(|(_, samples)| samples), limit);
    Ok(Drawn { assets, ..kept.drawn(samples) })
}

/// The exported levels.
struct Levels {
    all: Vec<Level>,
    path: PathBuf,
}

impl Levels {
    fn sample(&self, index: usize, row: Row, prompt: &Asset, assets: &Assets) -> Result<Sample, String> {
        if row.task.as_deref().is_some_and(|task| task != "babyai") {
            return Err(format!("it is of the task {:?}", row.task.unwrap_or_default()));
        }
        let subgoals = subgoals(&row.rest)?;
        let level = self.of(index, &row.additional_info)?;
        let goals = Game::new(level, Some(&subgoals))?.subgoals().1;
        let input = Input {
            level: level.clone(),
            subgoals: Some(subgoals),
            milestones: Vec::new(),
            style: Style::Agentboard,
            max_steps: 30,
        };
        let tags = [("game", Some(&level.game)), ("difficulty", row.difficulty.as_ref())];
        let tags = tags.into_iter().filter_map(|(tag, value)| Some((tag.to_owned(), json!(value?)))).collect();
        let mut sample = Sample {
            id: format!("babyai-{index:03}"),
            task: "babyai".into(),
            messages: Vec::new(),
            examples: 0,
            tools: Vec::new(),
            input: json!(input),
            assets: vec![prompt.clone()],
            gold: json!({"goals": goals}),
            max_tokens: 100,
            stop: Vec::new(),
            cluster: Some(level.game.clone()),
            tags,
        };
        if let Turn::Ask(ask) = room::open(&sample, assets).map_err(|error| error.to_string())?.next(None) {
            sample.messages = ask.messages;
        }
        Ok(sample)
    }

    /// The level that a row is about: the one of its environment that is first seen as the row says; where the row says
    /// nothing, the one in its place.
    fn of(&self, index: usize, info: &Info) -> Result<&Level, String> {
        let Info { subtask: Some(game), init_obs: Some(seen) } = info else {
            return self.all.get(index).ok_or(format!("{} has no level {}", self.path.display(), index + 1));
        };
        let same =
            |level: &&Level| level.game == *game && Game::new(level, None).is_ok_and(|game| game.opening() == seen);
        self.all.iter().find(same).ok_or_else(|| {
            let path = self.path.display();
            format!(
                "{path} has no level of {game} that begins as the row says ({seen:?}); export it with minigrid 2.3.0"
            )
        })
    }
}

fn subgoals(row: &BTreeMap<String, Value>) -> Result<Subgoals, String> {
    let ways: Vec<&Value> = row.iter().filter(|(key, _)| key.starts_with("subgoals")).map(|(_, way)| way).collect();
    let all = match ways[..] {
        [] => return Err("it has no subgoals".into()),
        [one] => one.clone(),
        _ => json!(ways),
    };
    serde_json::from_value(all).map_err(|_| "subgoals: not a list of texts, nor lists of texts".into())
}

fn find(folder: &Path, places: &[&str], files: &'static [Files]) -> Result<PathBuf, TaskError> {
    let found = places.iter().map(|place| folder.join(place)).find(|path| path.is_file());
    let first = || folder.join(places.first().copied().unwrap_or_default());
    found.ok_or_else(|| TaskError::Missing { task: "babyai", path: first(), files })
}

/// The values of a file of JSON lines, each or what is wrong with its line.
fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<Result<T, TaskError>>, TaskError> {
    let wrong =
        |line: usize, problem| TaskError::Format { path: path.to_owned(), place: format!("line {line}"), problem };
    let value = |(line, text)| serde_json::from_str(text).map_err(|error| wrong(line, error.to_string()));
    let text = read_text(path)?;
    Ok((1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(value).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const WALL: [&str; 5] = ["#"; 5];

    fn level(game: &str, object: &str) -> Value {
        json!({"game": game, "seed": 7, "mission": "go to the red ball", "agent_pos": [1, 1], "agent_dir": 0, "max_steps": 64,
            "grid": [WALL, ["#", ".", object, "ball:red", "#"], ["#", ".", ".", ".", "#"], WALL]})
    }

    fn row(game: &str, level: &Value) -> Result<Value, Box<dyn std::error::Error>> {
        let level: Level = serde_json::from_value(level.clone())?;
        Ok(json!({"id": 0, "task": "babyai", "goal": level.mission, "difficulty": "hard",
            "subgoals": ["There is a red ball **", "There is a red ball ** right in front of you 1 steps away."],
            "additional_info": {"subtask": game, "init_obs": Game::new(&level, None)?.opening()}}))
    }

    fn write(path: &Path, lines: &[Value]) -> std::io::Result<()> {
        fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>())
    }

    #[test]
    fn rows_find_their_levels_and_what_is_missing_or_broken_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let load = |bad| samples(folder.path(), bad, None);
        let message = || load(BadRows::Refuse).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message().contains("babyai_vanilla_prompt.json") && message().contains("Apache-2.0"), "{}", message());
        let prompt = Prompt { instruction: "RULES".into(), ..Prompt::default() };
        fs::write(at("babyai_vanilla_prompt.json"), json!(prompt).to_string())?;
        assert!(message().contains("tools/babyai_levels.py"), "{}", message());
        let levels = [level("A", "."), level("A", "key:grey"), level("B", ".")];
        write(&at("babyai_levels.jsonl"), &levels)?;
        assert!(message().contains("data/babyai/test.jsonl") && message().contains("GPL-2.0"), "{}", message());
        fs::create_dir_all(at("data/babyai"))?;
        let rows = [row("A", &levels[1])?, row("A", &levels[0])?, row("B", &levels[2])?];
        write(&at("data/babyai/test.jsonl"), &rows)?;
        let (all, assets) = load(BadRows::Refuse)?.held();
        let ids: Vec<&str> = all.iter().map(|sample| sample.id.as_str()).collect();
        assert_eq!(ids, ["babyai-000", "babyai-002", "babyai-001"], "environments are dealt round");
        assert_eq!(all[0].input["level"]["grid"][1][2], "key:grey", "a row's level is the one that begins as it says");
        assert_eq!((&all[0].tags["difficulty"], &all[0].tags["game"]), (&json!("hard"), &json!("A")));
        let mut episode = room::open(&all[1], &assets)?;
        let Some(Turn::Ask(ask)) = Some(episode.next(None)) else { return Err("it asks".into()) };
        assert!(ask.messages[1].content.starts_with("RULESYou should perform actions to accomplish the goal: go to"));
        assert!(ask.messages[1].content.contains(": inventory\n"));
        episode.next(Some("Action: turn right"));
        let Turn::Done(record) = episode.next(Some("Action: go to red ball 1")) else { return Err("it ends".into()) };
        assert_eq!((&record["progress"], &record["won"], &record["valid"]), (&json!(1.0), &json!(true), &json!(2)));
        let mut bad = rows.to_vec();
        bad[0]["additional_info"]["init_obs"] = json!("elsewhere");
        bad[1]["subgoals"] = json!([]);
        bad[2]["task"] = json!("alfworld");
        write(&at("data/babyai/test.jsonl"), &bad)?;
        let skipped = load(BadRows::Skip)?.skipped;
        assert_eq!(skipped.len(), 3);
        for (said, why) in skipped.iter().zip(["no level of A", "no subgoals", "alfworld"]) {
            assert!(said.contains(why), "{said}");
        }
        fs::write(at("data/babyai/test.jsonl"), "{}\nnot json\n")?;
        assert!(message().contains("no subgoals"), "{}", message());
        assert!(load(BadRows::Skip)?.skipped[1].contains("line 2"));
        Ok(())
    }

    #[test]
    fn several_ways_are_subgoals_by_number() {
        let row = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(text).expect("a row");
        let several = subgoals(&row(r#"{"id": 3, "subgoals_1": ["a"], "subgoals_2": ["b"]}"#));
        assert_eq!(several, Ok(Subgoals::Several(vec![vec!["a".into()], vec!["b".into()]])));
        assert_eq!(subgoals(&row(r#"{"subgoals": ["a"]}"#)), Ok(Subgoals::One(vec!["a".into()])));
        assert!(subgoals(&row(r#"{"subgoals": [7]}"#)).is_err() && subgoals(&row("{}")).is_err());
    }
}
