//! AgentBoard's PDDL problems and prompts, from a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use record::{Asset, Assets, Sample, Turn};
use serde_json::{Value, json};

use crate::rows::{Rows, deal};
use crate::text::{read_bytes, read_json, wrong};
use crate::{BadRows, Drawn, Episode, Files, TaskError};

use super::room::{self, Input, Rules, grounded};
use crate::real_world::agent::{Prompt, Style};

/// The games, in AgentBoard's order.
pub const GAMES: [&str; 4] = ["gripper", "blockworld", "barman", "tyreworld"];

/// AgentBoard's files.
pub(super) const FILES: &[Files] = &[PROBLEMS, PROMPTS];
const PROBLEMS: Files = Files {
    names: &["the domains (gripper.pddl, ..)", "the folders of problems (gripper/*.pddl, ..)"],
    source: "AgentBoard's PDDL games (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "copy them there",
};
const PROMPTS: Files = Files {
    names: &["agentboard/prompts/VanillaAgent/pddl_vanilla_prompt.json"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "copy it into the folder of the problems",
};
/// Where prompts and templates may lie, seen from the folder of the problems.
const PLACES: [&str; 5] =
    ["", "agentboard_prompts", "../agentboard_prompts", "prompts/VanillaAgent", "../prompts/VanillaAgent"];
/// What the file of templates may be called.
const TEMPLATES: [&str; 2] = ["agentboard_pddl_templates.json", "templates.json"];

/// All episodes, the games dealt round: the first of each, the second of each, ..
pub(super) fn samples(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let prompts = prompts(folder)?;
    let templates = templates(folder)?;
    let (mut games, mut assets) = (Vec::new(), Assets::default());
    for game in GAMES {
        let domain = folder.join(format!("{game}.pddl"));
        let missing = |path: &Path| TaskError::Missing { task: "pddl", path: path.to_owned(), files: &[PROBLEMS] };
        if !domain.is_file() {
            return Err(missing(&domain));
        }
        let problems = problems(&folder.join(game))?;
        if problems.is_empty() {
            return Err(missing(&folder.join(game)));
        }
        let rules = Rules {
            domain: read(&domain)?,
            phrases: BTreeMap::new(),
            templates: templates.clone(),
            prompt: prompts.get(game).cloned().unwrap_or_default(),
        };
        let asset = rules.put(&mut assets);
        games.push(
            problems.into_iter().enumerate().map(|row| (game, rules.domain.clone(), asset.clone(), row)).collect(),
        );
    }
    let mut rows = Rows::new(bad_rows);
    let mut samples = Vec::new();
    for (game, domain, asset, (index, path)) in deal(games, limit) {
        let input = Input { game: game.to_owned(), problem: read(&path)?, style: Style::Agentboard, max_steps: 30 };
        samples.extend(rows.keep(sample((&path, index), (input, &domain), (asset, &assets)))?);
    }
    Ok(Drawn { assets, ..rows.drawn(samples) })
}

fn sample(
    (path, index): (&Path, usize),
    (input, domain): (Input, &str),
    (rules, assets): (Asset, &Assets),
) -> Result<Sample, TaskError> {
    let format = |problem: String| TaskError::Format { path: path.to_owned(), place: String::new(), problem };
    let world = grounded(domain, &input.problem).map_err(|error| format(error.to_string()))?;
    let game = input.game.clone();
    let mut sample = Sample {
        id: format!("{game}-{index:03}"),
        task: "pddl".into(),
        messages: Vec::new(),
        examples: 0,
        tools: Vec::new(),
        input: serde_json::to_value(input).map_err(|error| format(error.to_string()))?,
        assets: vec![rules],
        gold: json!({"goals": world.problem().goal.len()}),
        max_tokens: 100,
        stop: Vec::new(),
        cluster: Some(game.clone()),
        tags: BTreeMap::from([("game".to_owned(), json!(game))]),
    };
    if let Turn::Ask(ask) = room::open(&sample, assets)?.next(None) {
        sample.messages = ask.messages;
    }
    Ok(sample)
}

/// The problem files of a game in lexicographic order (problem1, problem10, problem2, ..), as AgentBoard numbers them.
fn problems(folder: &Path) -> Result<Vec<PathBuf>, TaskError> {
    let mut all = Vec::new();
    if folder.is_dir() {
        let fail = |source| TaskError::Read { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|extension| extension == "pddl") {
                all.push(path);
            }
        }
    }
    all.sort();
    Ok(all)
}

fn prompts(folder: &Path) -> Result<BTreeMap<String, Prompt>, TaskError> {
    let path = find(folder, &["pddl_vanilla_prompt.json"]).ok_or_else(|| TaskError::Missing {
        task: "pddl",
        path: folder.join("pddl_vanilla_prompt.json"),
        files: &[PROMPTS],
    })?;
    let all: BTreeMap<String, Prompt> = json(&path)?;
    match GAMES.iter().find(|game| !all.contains_key(**game)) {
        Some(game) => Err(TaskError::Format { path, place: (*game).into(), problem: "no prompt of this game".into() }),
        None => Ok(all),
    }
}

/// Templates by name, the file's `map` or its top level; none where there is no file.
fn templates(folder: &Path) -> Result<BTreeMap<String, String>, TaskError> {
    let Some(path) = find(folder, &TEMPLATES) else { return Ok(BTreeMap::new()) };
    let whole: Value = json(&path)?;
    let map = whole.get("map").unwrap_or(&whole).clone();
    serde_json::from_value(map).map_err(|error| TaskError::Format {
        path,
        place: "map".into(),
        problem: format!("not an object of texts: {error}"),
    })
}

fn find(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let places = PLACES.iter().flat_map(|place| names.iter().map(move |name| folder.join(place).join(name)));
    places.into_iter().find(|path| path.is_file())
}

fn read(path: &Path) -> Result<String, TaskError> {
    let bytes = read_bytes(path)?;
    let text = record::unmarked(&bytes).map_err(|why| wrong(path, why))?;
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, TaskError> {
    read_json(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_broken_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let message =
            || samples(folder.path(), BadRows::Refuse, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message().contains("pddl_vanilla_prompt.json"), "{}", message());
        let prompts: BTreeMap<&str, Prompt> = GAMES.iter().map(|game| (*game, Prompt::default())).collect();
        fs::create_dir(folder.path().join("agentboard_prompts"))?;
        fs::write(folder.path().join("agentboard_prompts/pddl_vanilla_prompt.json"), serde_json::to_vec(&prompts)?)?;
        assert!(message().contains("gripper.pddl"), "{}", message());
        for game in GAMES {
            fs::write(folder.path().join(format!("{game}.pddl")), "(define (domain d) (:predicates (p)))")?;
            fs::create_dir(folder.path().join(game))?;
        }
        assert!(message().contains("gripper is not there"), "{}", message());
        for game in GAMES {
            let problem = "(define (problem x) (:init) (:goal (p)))";
            fs::write(folder.path().join(game).join("p1.pddl"), problem)?;
        }
        assert_eq!(samples(folder.path(), BadRows::Refuse, Some(3))?.samples.count(), 3);
        fs::write(folder.path().join("barman/p1.pddl"), "(define (problem x) (:goal (r)))")?;
        assert!(message().contains("p1.pddl") && message().contains("unknown predicate"), "{}", message());
        fs::write(folder.path().join("templates.json"), "{\"map\": [1]}")?;
        assert!(message().contains("templates.json"), "{}", message());
        Ok(())
    }
}
