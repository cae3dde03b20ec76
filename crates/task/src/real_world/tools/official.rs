//! AgentBoard's Tool-Query and Tool-Operation, from the user's folder of AgentBoard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{Asset, Assets, Sample, Turn};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::room::{self, Gold, Input, Kind, Rules};
use super::todo::Here;
use crate::real_world::agent::Prompt;
use crate::rows::{Rows, deal};
use crate::text::{read_bytes, read_json, read_text};
use crate::{BadRows, Drawn, Files, TaskError};

const ROWS: Files = Files {
    names: &["data/tool-query/test.jsonl", "data/tool-operation/test.jsonl"],
    source: "AgentBoard's data (huggingface.co/datasets/hkust-nlp/agentboard)",
    license: "GPL-2.0",
    put: "name the folder that holds data/",
};
const PROMPTS: Files = Files {
    names: &["agentboard/prompts/VanillaAgent/academia_prompt.json (and weather, movie, todo, sheet)"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "name AgentBoard's folder",
};
const GRAPHS: Files = Files {
    names: &["data/tool-query/academia/academia.json"],
    source: "the pickled graphs in AgentBoard's data/tool-query/academia/raw, which are not read here",
    license: "GPL-2.0",
    put: "make it with `python tools/agentboard.py academia FOLDER` in a Python that has networkx",
};
const RECORDINGS: Files = Files {
    names: &["data/tool-query/recordings.jsonl"],
    source: "calls of Open-Meteo and TMDB that you record",
    license: "CC BY 4.0 (Open-Meteo), TMDB's terms",
    put: "make it with `python tools/agentboard.py record FOLDER CALLS` in AgentBoard's own Python",
};
const PROJECTS: Files = Files {
    names: &["agentboard/utils/todo/projects.json"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "name AgentBoard's folder",
};
const WORKBOOK: Files = Files {
    names: &["agentboard/utils/sheet/Test Sheet-For Copy.xlsx"],
    source: "AgentBoard (github.com/hkust-nlp/AgentBoard)",
    license: "Apache-2.0",
    put: "name AgentBoard's folder",
};

/// The files of Tool-Query.
pub(super) const QUERY: &[Files] = &[ROWS, PROMPTS, GRAPHS, RECORDINGS];
/// The files of Tool-Operation.
pub(super) const OPERATION: &[Files] = &[ROWS, PROMPTS, PROJECTS, WORKBOOK];

/// A row of `test.jsonl`.
#[derive(Deserialize)]
struct Row {
    goal: String,
    #[serde(default)]
    subgoals: Vec<Json>,
    #[serde(default)]
    difficulty: Json,
    additional_info: Info,
}

#[derive(Deserialize)]
struct Info {
    tool: Kind,
    #[serde(default)]
    answer: Json,
    #[serde(default)]
    goal_type: Json,
    #[serde(default)]
    init_config: Option<Here>,
}

/// Where a file may lie, seen from the folder that is named: from AgentBoard's, from the folder above a part of it, or from
/// that itself.
fn find(folder: &Path, file: &str) -> Option<PathBuf> {
    let mut rest = Some(Path::new(file));
    while let Some(path) = rest.filter(|path| !path.as_os_str().is_empty()) {
        let found = folder.join(path);
        if found.is_file() {
            return Some(found);
        }
        let mut parts = path.components();
        parts.next();
        rest = Some(parts.as_path());
    }
    None
}

struct Folder<'a> {
    task: &'static str,
    path: &'a Path,
}

impl Folder<'_> {
    fn missing(&self, file: &str, files: &'static [Files]) -> TaskError {
        TaskError::Missing { task: self.task, path: self.path.join(file), files }
    }

    fn file(&self, file: &str, files: &'static [Files]) -> Result<PathBuf, TaskError> {
        find(self.path, file).ok_or_else(|| self.missing(file, files))
    }

    /// What all samples of a tool share: its prompt and its data.
    fn shared(&self, kind: Kind, assets: &mut Assets) -> Result<Vec<Asset>, TaskError> {
        let tool = kind.name();
        let prompt = format!("agentboard/prompts/VanillaAgent/{tool}_prompt.json");
        let beside = self.path.join("agentboard_prompts").join(format!("{tool}_prompt.json"));
        let prompt = if beside.is_file() { beside } else { self.file(&prompt, &[PROMPTS])? };
        let rules = Rules { prompt: read_json::<Prompt>(&prompt)?, actions: self.actions(kind)? };
        let mut all = vec![assets.add(room::RULES, json!(rules).to_string().into_bytes())];
        let (name, file, files): (_, _, &[Files]) = match kind {
            Kind::Academia => (room::GRAPHS, "data/tool-query/academia/academia.json", &[GRAPHS]),
            Kind::Weather | Kind::Movie => (room::RECORDINGS, "data/tool-query/recordings.jsonl", &[RECORDINGS]),
            Kind::Todo => (room::PROJECTS, "agentboard/utils/todo/projects.json", &[PROJECTS]),
            Kind::Sheet => (room::WORKBOOK, "agentboard/utils/sheet/Test Sheet-For Copy.xlsx", &[WORKBOOK]),
        };
        all.push(assets.add(name, read_bytes(&self.file(file, files)?)?));
        Ok(all)
    }

    /// The actions that AgentBoard's raw tool document lists, where it is given.
    fn actions(&self, kind: Kind) -> Result<Vec<String>, TaskError> {
        #[derive(Deserialize)]
        struct Raw {
            tool_set_message: Vec<Named>,
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        match find(self.path, &format!("agentboard/prompts/Raw/{}_raw.json", kind.name())) {
            Some(path) => Ok(read_json::<Raw>(&path)?.tool_set_message.into_iter().map(|action| action.name).collect()),
            None => Ok(Vec::new()),
        }
    }
}

/// All episodes of a part, the tools dealt round. Rows of a tool whose files are missing are bad rows.
pub(super) fn samples(
    task: &'static str,
    part: &str,
    folder: &Path,
    bad_rows: BadRows,
    limit: Option<usize>,
) -> Result<Drawn, TaskError> {
    let folder = Folder { task, path: folder };
    let path = folder.file(&format!("data/{part}/test.jsonl"), &[ROWS])?;
    let (mut rows, mut assets) = (Rows::new(bad_rows), Assets::default());
    let mut by_tool: BTreeMap<Kind, Vec<(usize, Row)>> = BTreeMap::new();
    for (index, line) in read_text(&path)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row = serde_json::from_str::<Row>(line).map_err(|error| TaskError::Format {
            path: path.clone(),
            place: format!("row {}", index + 1),
            problem: error.to_string(),
        });
        if let Some(row) = rows.keep(row)? {
            by_tool.entry(row.additional_info.tool).or_default().push((index, row));
        }
    }
    let mut ready = Vec::new();
    for (kind, of_tool) in by_tool {
        let shared = rows.keep(folder.shared(kind, &mut assets))?;
        ready.extend(shared.map(|shared| of_tool.into_iter().map(|row| (shared.clone(), row)).collect::<Vec<_>>()));
    }
    let mut samples = Vec::new();
    for (shared, (index, row)) in deal(ready, limit) {
        samples.extend(rows.keep(sample(&folder, index, row, shared, &assets))?);
    }
    Ok(Drawn { assets, ..rows.drawn(samples) })
}

fn sample(folder: &Folder, index: usize, row: Row, shared: Vec<Asset>, assets: &Assets) -> Result<Sample, TaskError> {
    let Info { tool, answer, goal_type, init_config } = row.additional_info;
    let input = Input { tool, goal: row.goal, here: init_config.unwrap_or_default(), max_steps: 30 };
    // The state of a todo list counts in goals of the type 1, an operation.
    let end = (tool == Kind::Todo && goal_type == json!(1)).then(|| answer.clone());
    let gold = Gold { subgoals: row.subgoals, end, sheet: (tool == Kind::Sheet).then_some(answer) };
    let tags = [("tool", json!(tool.name())), ("difficulty", row.difficulty)];
    let mut sample = Sample {
        id: format!("{}-{index:03}", tool.name()),
        task: folder.task.to_owned(),
        messages: Vec::new(),
        examples: 0,
        tools: Vec::new(),
        input: json!(input),
        assets: shared,
        gold: json!(gold),
        max_tokens: 100,
        stop: Vec::new(),
        cluster: None,
        tags: tags.into_iter().filter(|(_, tag)| !tag.is_null()).map(|(key, tag)| (key.to_owned(), tag)).collect(),
    };
    if let Turn::Ask(ask) = room::open(&sample, assets)?.next(None) {
        sample.messages = ask.messages;
    }
    Ok(sample)
}
