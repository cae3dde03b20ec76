//! AgentBoard's rows and prompt, and the user's story files, from a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{Assets, Sample, Turn};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::python::{self, assigned};
use crate::real_world::agent::{Prompt, Style};
use crate::rows::{Rows, deal};
use crate::text::{read_bytes, read_json, read_text};
use crate::{BadRows, Drawn, Episode, Files, TaskError};

use super::room::{self, Input, PROMPT, STORY};

/// The games, in the order of AgentBoard's rows.
pub const GAMES: [&str; 20] = [
    "905",
    "acorncourt",
    "afflicted",
    "balances",
    "dragon",
    "jewel",
    "library",
    "omniquest",
    "reverb",
    "snacktime",
    "zenon",
    "zork1",
    "zork2",
    "zork3",
    "detective",
    "night",
    "pentari",
    "weapon",
    "huntdark",
    "loose",
];

/// AgentBoard's files, and the games.
pub(super) const FILES: &[Files] = &[STORIES, ROWS, PROMPTS];
const STORIES: Files = Files {
    names: &["story files (905.z5, .., zork1.z5 or zork1.z3, afflicted.z8, ..)"],
    source: "the suite of games that Jericho names (github.com/BYU-PCCL/z-machine-games); Zork I to III also from \
        github.com/historicalsource",
    license: "each game its own, many unclear: only Zork I to III are plainly free (MIT)",
    put: "copy them there",
};
const ROWS: Files = Files {
    names: &["data/jericho/test.jsonl"],
    source: "AgentBoard's data (huggingface.co/datasets/hkust-nlp/agentboard)",
    license: "GPL-2.0",
    put: "copy it there as test.jsonl",
};
const PROMPTS: Files = Files {
    names: &["agentboard/prompts/VanillaAgent/jericho_vanilla_prompt.json", "agentboard/environment/jericho_env.py"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "copy them into the folder of the story files; without the second, a game's own first text is shown",
};

/// Where files may lie, seen from the folder.
const PLACES: [&str; 9] = [
    "",
    "jericho",
    "data/jericho",
    "z-machine-games-master/jericho-game-suite",
    "jericho/z-machine-games-master/jericho-game-suite",
    "data/jericho/z-machine-games-master/jericho-game-suite",
    "agentboard_prompts",
    "prompts/VanillaAgent",
    "../agentboard_prompts",
];
/// What a story file's name may end with.
const ENDINGS: [&str; 4] = ["z5", "z8", "z3", "z4"];

/// A row of AgentBoard's file, as far as it is read.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    goal: String,
    #[serde(default)]
    subgoals: Vec<String>,
    #[serde(default)]
    difficulty: String,
    #[serde(default)]
    additional_info: Value,
}

/// What all rows need.
struct Shared<'a> {
    folder: &'a Path,
    prompt: Prompt,
    /// AgentBoard's own goals and first texts, by game.
    goals: BTreeMap<String, String>,
    openings: BTreeMap<String, String>,
}

/// All episodes, in the order of the rows.
pub(super) fn samples(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let path = wanted(folder, "test.jsonl", ROWS)?;
    let shared = Shared {
        folder,
        prompt: prompt(&wanted(folder, "jericho_vanilla_prompt.json", PROMPTS)?)?,
        goals: texts(folder, "game_goals")?,
        openings: texts(folder, "game_init_obs")?,
    };
    let text = read_text(&path)?;
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).enumerate().collect();
    let (mut rows, mut samples, mut assets) = (Rows::new(bad_rows), Vec::new(), Assets::default());
    for (index, line) in deal([lines], limit) {
        let format =
            |problem: String| TaskError::Format { path: path.clone(), place: format!("row {}", index + 1), problem };
        let made = match serde_json::from_str::<Row>(line) {
            Ok(row) => shared.sample((index, row), &mut assets, &format),
            Err(error) => Err(format(error.to_string())),
        };
        samples.extend(rows.keep(made)?);
    }
    Ok(Drawn { assets, ..rows.drawn(samples) })
}

impl Shared<'_> {
    fn sample(
        &self,
        (index, row): (usize, Row),
        assets: &mut Assets,
        format: &dyn Fn(String) -> TaskError,
    ) -> Result<Sample, TaskError> {
        let game = row.game().or_else(|| GAMES.get(index).map(|game| (*game).to_owned()));
        let game = game.ok_or_else(|| format("no game is named, and AgentBoard has 20 only".into()))?;
        let goal = [Some(&row.goal), self.goals.get(&game)].into_iter().flatten().find(|goal| !goal.is_empty());
        let goal = goal.ok_or_else(|| format(format!("{game} has no goal")))?.clone();
        if row.subgoals.is_empty() {
            return Err(format(format!("{game} has no subgoals")));
        }
        let story = assets.add(STORY, read_bytes(&self.story(&game)?)?);
        let prompt = assets.add(PROMPT, json!(self.prompt).to_string().into_bytes());
        let input = Input {
            game: game.clone(),
            goal,
            opening: self.openings.get(&game).cloned(),
            patch: None,
            style: Style::Agentboard,
            max_steps: 30,
            subgoals: row.subgoals,
        };
        let mut sample = Sample {
            id: format!("{index:02}-{game}"),
            task: "jericho".into(),
            messages: Vec::new(),
            examples: 0,
            tools: Vec::new(),
            gold: json!({"subgoals": input.subgoals.len()}),
            input: json!(input),
            assets: vec![story, prompt],
            max_tokens: 100,
            stop: Vec::new(),
            cluster: None,
            tags: BTreeMap::from([("game".to_owned(), json!(game)), ("difficulty".to_owned(), json!(row.difficulty))]),
        };
        if let Turn::Ask(ask) = room::open(&sample, assets)?.next(None) {
            sample.messages = ask.messages;
        }
        Ok(sample)
    }

    fn story(&self, game: &str) -> Result<PathBuf, TaskError> {
        let names: Vec<String> = ENDINGS.iter().map(|ending| format!("{game}.{ending}")).collect();
        let found = names.iter().find_map(|name| find(self.folder, name));
        let path = self.folder.join(format!("{game}.z5"));
        found.ok_or(TaskError::Missing { task: "jericho", path, files: &[STORIES] })
    }
}

impl Row {
    /// The game that the row names itself.
    fn game(&self) -> Option<String> {
        let parsed = self.additional_info.as_str().and_then(|text| serde_json::from_str(text).ok());
        let info: &Value = parsed.as_ref().unwrap_or(&self.additional_info);
        let named = ["game_name", "game", "env_name", "name"].iter().find_map(|key| info.get(key)?.as_str());
        // It becomes a part of a path.
        let plain = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        named.filter(plain).map(str::to_owned)
    }
}

/// The prompt file; its examples may be one text.
fn prompt(path: &Path) -> Result<Prompt, TaskError> {
    let mut value: Value = read_json(path)?;
    if let Some(one) = value.get("examples").and_then(Value::as_str).map(str::to_owned) {
        value["examples"] = json!([one]);
    }
    serde_json::from_value(value).map_err(|error| TaskError::Format {
        path: path.to_owned(),
        place: "prompt".into(),
        problem: error.to_string(),
    })
}

/// The texts by game that AgentBoard's program assigns to a name; none where there is no such file.
fn texts(folder: &Path, name: &str) -> Result<BTreeMap<String, String>, TaskError> {
    let Some(path) = find(folder, "jericho_env.py") else { return Ok(BTreeMap::new()) };
    let format = |place: String, problem: String| TaskError::Format { path: path.clone(), place, problem };
    let value = assigned(&read_text(&path)?, name).map_err(|no| format(format!("line {}", no.line), no.problem))?;
    let Some(python::Value::Dict(pairs)) = value else {
        return Err(format(name.to_owned(), "nothing by game is assigned to this name".into()));
    };
    let text = |value: python::Value| match value {
        python::Value::Text(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    };
    Ok(pairs.into_iter().filter_map(|(game, said)| Some((text(game)?, text(said)?))).collect())
}

fn wanted(folder: &Path, name: &str, files: Files) -> Result<PathBuf, TaskError> {
    let files: &'static [Files] = match files {
        ROWS => &[ROWS],
        _ => &[PROMPTS],
    };
    find(folder, name).ok_or_else(|| TaskError::Missing { task: "jericho", path: folder.join(name), files })
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    PLACES.iter().map(|place| folder.join(place).join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Task, real_world::story::Jericho};
    use std::fs;

    const HOUSE: &[u8] = include_bytes!("../../../../../tools/story/house.z5");
    const ROW: &str = r#"{"task": "jericho", "id": 0, "goal": "Win.", "subgoals": ["You take the brass key", "You have won"],
        "difficulty": "easy", "additional_info": {"game_name": "house"}}"#;

    #[test]
    fn what_is_missing_or_broken_is_named_with_its_source_and_license() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let said = |limit| {
            let error = samples(folder.path(), BadRows::Refuse, limit).err();
            error.map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(said(None).contains("test.jsonl") && said(None).contains("GPL-2.0"), "{}", said(None));
        let rows = format!("{}\n\n{{\"goal\": \"x\"}}\n{{\"goal\": 3}}\n", ROW.replace('\n', ""));
        fs::write(folder.path().join("test.jsonl"), rows)?;
        assert!(said(None).contains("jericho_vanilla_prompt.json") && said(None).contains("Apache-2.0"));
        let prompt = json!({"instruction": "RULES", "examples": "E1", "system_msg": "S"});
        fs::write(folder.path().join("jericho_vanilla_prompt.json"), prompt.to_string())?;
        assert!(said(None).contains("house.z5") && said(None).contains("MIT"), "{}", said(None));
        fs::create_dir(folder.path().join("jericho"))?;
        fs::write(folder.path().join("jericho/house.z5"), HOUSE)?;
        assert_eq!(said(Some(1)), "");
        assert!(said(None).contains("row 2") && said(None).contains("no subgoals"), "{}", said(None));
        let drawn = samples(folder.path(), BadRows::Skip, None)?;
        assert_eq!((drawn.samples.count(), drawn.skipped.len()), (1, 2));
        fs::write(folder.path().join("jericho/house.z5"), b"no story")?;
        assert!(said(Some(1)).contains("story"), "{}", said(Some(1)));
        Ok(())
    }

    #[test]
    fn an_official_episode_is_played_by_agentboards_rules() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("test.jsonl"), ROW.replace('\n', ""))?;
        fs::write(folder.path().join("jericho_vanilla_prompt.json"), r#"{"instruction": "RULES", "examples": []}"#)?;
        fs::write(folder.path().join("house.z5"), HOUSE)?;
        let python = "game_goals = {'house': 'Lose.'}\ngame_init_obs = {'house': 'You wake.'}\n";
        fs::write(folder.path().join("jericho_env.py"), python)?;
        let (samples, assets) = samples(folder.path(), BadRows::Refuse, None)?.held();
        let sample = &samples[0];
        assert_eq!((sample.id.as_str(), &sample.tags["difficulty"]), ("00-house", &json!("easy")));
        assert!(
            sample.messages[1].content.ends_with(
                "goal: Win.\nYou should use the following commands for help when your \
            action cannot be understood: check valid actions\nYou should use the following commands for help when your \
            action cannot be understood: inventory\nObservation: You wake.\nAction: "
            ),
            "{}",
            sample.messages[1].content
        );
        assert_eq!(Jericho.notes(&mut samples.iter().cloned()).len(), 1);
        let mut episode = Jericho.open(sample, &assets)?;
        episode.next(None);
        episode.next(Some("Action: check valid actions"));
        let Turn::Ask(ask) = episode.next(Some("Action: open box, then take the key.")) else {
            return Err("over".into());
        };
        let shown = &ask.messages[1].content;
        assert!(shown.contains("actions: north, open wooden box, check valid actions\n"), "{shown}");
        assert!(
            shown.ends_with("Action: open box, then take the key.\nObservation: You open the wooden box. It holds a brass key. \nAction: ")
        );
        let rest = ["take brass key", "north", "unlock red door", "open red door", "east", "take cup", "west", "south"];
        for action in rest {
            assert!(matches!(episode.next(Some(action)), Turn::Ask(_)), "{action}");
        }
        let Turn::Done(end) = episode.next(Some("put cup on table")) else { return Err("not over".into()) };
        assert_eq!((&end["won"], &end["progress"], &end["valid"]), (&json!(true), &json!(1.0), &json!(11)));
        Ok(())
    }
}
