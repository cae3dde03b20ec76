//! The official episodes: which service, and what is to be found out or done.

use std::sync::Arc;

use record::{Assets, Sample};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::academia::{Academia, Graphs};
use super::facts::{Facts, Wanted};
use super::progress;
use super::replay::{Recording, Recordings, Replay, Tool};
use super::service::Service;
use super::sheet::{SheetDesk, Sheets, workbook};
use super::todo::{Here, Project, Todo};
use crate::python::Value;
use crate::real_world::agent::{Agent, Manner, Prompt, Style};
use crate::real_world::shared::shared;
use crate::{Episode, TaskError};

/// AgentBoard's five tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Papers and authors.
    Academia,
    /// Movies and people.
    Movie,
    /// Weather.
    Weather,
    /// Projects and tasks.
    Todo,
    /// A spreadsheet.
    Sheet,
}

impl Kind {
    /// Its name in AgentBoard's data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Academia => "academia",
            Self::Movie => "movie",
            Self::Weather => "weather",
            Self::Todo => "todo",
            Self::Sheet => "sheet",
        }
    }
}

/// What an official sample has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The tool.
    pub tool: Kind,
    /// What is wanted.
    pub goal: String,
    /// When and where the user is.
    #[serde(default)]
    pub here: Here,
    /// The most actions.
    pub max_steps: usize,
}

/// An official sample's `gold`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Gold {
    /// Results that calls have to bring to light.
    #[serde(default)]
    pub subgoals: Vec<Json>,
    /// What projects and tasks must be at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Json>,
    /// The cells that the sheet must have: rows, or their JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Json>,
}

/// What all samples of a tool share: as JSON, their asset `rules`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The official prompt.
    pub prompt: Prompt,
    /// The actions that `check_valid_actions` names; none where the tool's own are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}

/// The asset that holds [`Rules`].
pub const RULES: &str = "rules";
/// The asset that holds academia's graphs.
pub const GRAPHS: &str = "graphs";
/// The asset that holds recordings.
pub const RECORDINGS: &str = "recordings";
/// The asset that holds the projects of a todo list.
pub const PROJECTS: &str = "projects";
/// The asset that holds the workbook.
pub const WORKBOOK: &str = "workbook";

/// Opens the episode of an official sample.
///
/// # Errors
/// An `input` or `gold` that is not this task's, data that is missing or cannot be used.
pub fn open(sample: &Sample, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
    let wrong = |part: &str, error: serde_json::Error| TaskError::unusable(sample, format!("{part}: {error}"));
    let input: Input = serde_json::from_value(sample.input.clone()).map_err(|error| wrong("input", error))?;
    let gold: Gold = serde_json::from_value(sample.gold.clone()).map_err(|error| wrong("gold", error))?;
    let desk = Desk { sample, assets, rules: shared(sample, assets, RULES)?, max_steps: input.max_steps };
    let (here, wanted) = (input.here, |places| Wanted {
        goal: input.goal.clone(),
        results: gold.subgoals.iter().map(Value::from).collect(),
        places,
        end: gold.end.as_ref().map(Value::from),
    });
    match input.tool {
        Kind::Academia => {
            let graphs = Arc::new(shared::<Graphs>(sample, assets, GRAPHS)?);
            Ok(desk.facts(Academia::new(graphs), |_| Value::None, wanted(false)))
        }
        Kind::Movie => desk.replay(Tool::Movie, here, wanted(false)),
        Kind::Weather => desk.replay(Tool::Weather, here, wanted(true)),
        Kind::Todo => {
            let projects: Vec<Project> = shared(sample, assets, PROJECTS)?;
            Ok(desk.facts(Todo::new(here, &projects), Todo::state, wanted(false)))
        }
        Kind::Sheet => desk.sheet(input.goal, gold.sheet),
    }
}

/// What every official episode needs.
struct Desk<'a> {
    sample: &'a Sample,
    assets: &'a Assets,
    rules: Rules,
    max_steps: usize,
}

impl Desk<'_> {
    fn manner(&self) -> Manner {
        Manner { style: Style::Agentboard, max_steps: self.max_steps, prompt: self.rules.prompt.clone() }
    }

    fn facts<S: Service + 'static>(&self, service: S, state: fn(&S) -> Value, wanted: Wanted) -> Box<dyn Episode> {
        let facts = Facts::new(service, state, wanted).with_actions(&self.rules.actions);
        Box::new(Agent::new(facts, self.manner(), self.sample))
    }

    fn replay(&self, tool: Tool, here: Here, wanted: Wanted) -> Result<Box<dyn Episode>, TaskError> {
        let text =
            self.assets.text(self.sample, RECORDINGS).map_err(|source| TaskError::without(self.sample, source))?;
        let line = |(at, line): (usize, &str)| {
            let wrong = |error| TaskError::unusable(self.sample, format!("{RECORDINGS}, line {}: {error}", at + 1));
            serde_json::from_str::<Recording>(line).map_err(wrong)
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let recordings = Recordings::new(lines.map(line).collect::<Result<Vec<_>, _>>()?);
        Ok(self.facts(Replay::new(tool, here, Arc::new(recordings)), |_| Value::None, wanted))
    }

    fn sheet(&self, goal: String, gold: Option<Json>) -> Result<Box<dyn Episode>, TaskError> {
        let wrong = |problem: String| TaskError::unusable(self.sample, problem);
        let bytes =
            self.assets.bytes(self.sample, WORKBOOK).map_err(|source| TaskError::without(self.sample, source))?;
        let grids = workbook(&bytes).map_err(|error| wrong(format!("{WORKBOOK}: {error}")))?;
        let gold = match gold {
            Some(Json::String(text)) => serde_json::from_str(&text).map_err(|error| wrong(format!("gold: {error}")))?,
            Some(gold) => gold,
            None => return Err(wrong("gold: no cells".into())),
        };
        let cells: progress::Rows = serde_json::from_value(gold).map_err(|error| wrong(format!("gold: {error}")))?;
        let desk = SheetDesk::new(Sheets::new(grids), goal, cells).with_actions(&self.rules.actions);
        Ok(Box::new(Agent::new(desk, self.manner(), self.sample)))
    }
}
