//! The generated twins of Tool-Query and Tool-Operation: made-up data behind calls, and what a user wants of them.
//!
//! ```text
//! system: what the tools know, each tool, and how to call one
//! user:   Goal: In which year was the paper "On Quiet Maps in the Harbor" published?
//! reply:  {"name": "find_paper", "arguments": {"title": "On Quiet Maps in the Harbor"}}
//! user:   {'year': 1987, 'citations': 41}
//! reply:  {"name": "finish", "arguments": {"answer": 1987}}
//! ```
//!
//! Names are those of one split, and no answer is among fewer than ten that are as likely before the first call. A puzzle
//! is easy (one thing is looked up or changed) or hard (several are put together); the two are dealt round.

mod answer;
mod desk;
mod films;
mod lists;
mod names;
mod native;
mod papers;
mod reading;
mod scene;
mod tables;
mod weather;

use std::collections::BTreeSet;

use record::{Decision, Message, Rng, Sample};
use serde::{Deserialize, Serialize};
use serde_json::json;

use names::Names;
use scene::{Level, Puzzle};

pub use answer::is_answer;
pub use desk::Desk;
pub use native::{call_tools, result};
pub use reading::{Wanted, wanted};
pub use scene::{Call, Machine, Manual, Scene};

use super::service::Function;
use crate::python::{Value, text};
use crate::real_world::agent::{Agent, Manner, Prompt, Style};
use crate::{Asking, Split, TaskError, shots};

/// Number of held-out instances where no limit is given.
pub const DEFAULT_SAMPLES: usize = 120;
/// Draws of a puzzle before one is left out.
const DRAWS: usize = 500;
/// Actions beyond those that are needed.
const SPARE: usize = 6;
/// The most tokens of a reply.
const MAX_TOKENS: usize = 256;

type Draw = fn(&mut Rng, &mut Names, Level) -> Option<Puzzle>;

/// One of the two twins.
#[derive(Debug, Clone, Copy)]
pub struct Twin {
    /// The task.
    pub task: &'static str,
    scenes: &'static [Draw],
}

/// Questions.
pub const QUERY: Twin = Twin { task: "tool_query", scenes: &[papers::draw, weather::draw, films::draw] };
/// Orders.
pub const OPERATION: Twin = Twin { task: "tool_operation", scenes: &[lists::draw, tables::draw] };

/// What a twin's sample has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The data.
    pub scene: Scene,
    /// What is wanted.
    pub goal: String,
    /// The most actions.
    pub max_steps: usize,
}

/// A twin's `gold`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gold {
    /// The calls that solve it; the last one is `finish`.
    pub calls: Vec<Call>,
}

impl Twin {
    /// The held-out (or training) instances of a seed; scenes and levels are dealt round.
    pub fn generate(&self, seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Vec<Sample> {
        let part = match split {
            Split::Train => "train",
            Split::Test => "test",
        };
        let mut seen = BTreeSet::new();
        let examples: Vec<Vec<Message>> =
            self.scenes.iter().map(|draw| self.examples(*draw, seed, asking.shots)).collect();
        (0..limit.unwrap_or(DEFAULT_SAMPLES))
            .filter_map(|index| {
                let scene = index % self.scenes.len();
                let level = [Level::Easy, Level::Hard][index / self.scenes.len() % 2];
                let mut rng = Rng::stream(seed, &format!("{}-{part}-{index}", self.task));
                let mut sample = (0..DRAWS).find_map(|_| {
                    let puzzle = (self.scenes[scene])(&mut rng, &mut Names::new(split), level)?;
                    seen.insert(puzzle.goal.clone()).then(|| self.sample(puzzle, level))
                })?;
                sample.id = format!("{}-{:04}", sample.id, index / self.scenes.len());
                shots::insert(&mut sample, examples[scene].clone());
                Some(sample)
            })
            .collect()
    }

    fn sample(&self, puzzle: Puzzle, level: Level) -> Sample {
        let Puzzle { scene, goal, calls } = puzzle;
        let name = scene.name();
        let tags = [("tool", json!(name)), ("difficulty", json!(level.name())), ("calls", json!(calls.len()))];
        Sample {
            id: name.to_owned(),
            task: self.task.to_owned(),
            messages: vec![Message::system(instructions(&scene)), Message::user(format!("Goal: {goal}"))],
            examples: 0,
            tools: Vec::new(),
            input: json!(Input { max_steps: calls.len() + SPARE, scene, goal }),
            assets: Vec::new(),
            gold: json!(Gold { calls }),
            max_tokens: MAX_TOKENS,
            stop: Vec::new(),
            cluster: None,
            tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    /// Whole episodes as conversations, without the last result.
    fn examples(&self, draw: Draw, seed: u64, count: usize) -> Vec<Message> {
        let mut all = Vec::new();
        for place in 0..count {
            let mut rng = shots::stream(seed, &format!("{}-{}", self.task, self.place(draw)), place);
            let drawn = (0..DRAWS).find_map(|_| draw(&mut rng, &mut Names::new(Split::Train), Level::Easy));
            all.extend(drawn.map(|puzzle| played(&puzzle)).unwrap_or_default());
        }
        all
    }

    fn place(&self, draw: Draw) -> usize {
        self.scenes.iter().position(|other| std::ptr::fn_addr_eq(*other, draw)).unwrap_or_default()
    }
}

/// A puzzle solved: the goal, and every call and result.
fn played(puzzle: &Puzzle) -> Vec<Message> {
    use crate::real_world::agent::World;
    let mut desk = Desk::new(&puzzle.scene, puzzle.goal.clone(), &puzzle.calls);
    let mut messages = vec![Message::user(format!("Goal: {}", puzzle.goal))];
    for call in &puzzle.calls {
        messages.push(Message::assistant(call.reply()));
        messages.push(Message::user(desk.act(&call.reply()).observation));
    }
    // The next goal follows where the last result would stand.
    messages.pop();
    messages
}

/// What the first message says.
fn instructions(scene: &Scene) -> String {
    let manual = scene.manual();
    let does = |name: &str| manual.tools.iter().find(|(tool, _)| *tool == name).map(|(_, does)| *does);
    let line = |tool: &Function| {
        let ends =
            if tool.keys.is_empty() { "ends the task, once all is done" } else { "ends the task with the answer" };
        format!("{}: {}", signature(tool), does(tool.name).unwrap_or(ends))
    };
    let tools: Vec<String> = desk::tools(scene).iter().map(line).collect();
    format!(
        "{} Reach the goal with them.\nThe tools are:\n{}\nReply with one call and nothing else, as JSON: {{\"name\": \
         \"TOOL\", \"arguments\": {{\"KEY\": VALUE}}}}, with every key that stands in the brackets. You are then shown its \
         result. Go on until the goal is reached, and then call finish.",
        manual.about,
        tools.join("\n")
    )
}

fn signature(tool: &Function) -> String {
    format!("{}({})", tool.name, tool.keys.join(", "))
}

/// Opens the episode of a twin's sample.
///
/// # Errors
/// An `input` or `gold` that is not the twin's.
pub fn open(sample: &Sample) -> Result<Agent<Desk>, TaskError> {
    let wrong = |part: &str, error: serde_json::Error| TaskError::unusable(sample, format!("{part}: {error}"));
    let input: Input = serde_json::from_value(sample.input.clone()).map_err(|error| wrong("input", error))?;
    let gold: Gold = serde_json::from_value(sample.gold.clone()).map_err(|error| wrong("gold", error))?;
    let manner = Manner { style: Style::Chat, max_steps: input.max_steps, prompt: Prompt::default() };
    Ok(Agent::new(Desk::new(&input.scene, input.goal, &gold.calls), manner, sample))
}

/// The replies that solve a twin's sample. Empty for a sample of another task.
pub fn answer(sample: &Sample) -> Vec<String> {
    let gold = serde_json::from_value::<Gold>(sample.gold.clone());
    gold.map(|gold| gold.calls.iter().map(Call::reply).collect()).unwrap_or_default()
}

/// What a reply to a twin's sample decides: the tool and each argument, as the reply writes them.
pub(super) fn said(sample: &Sample, reply: &str) -> Vec<(String, Decision)> {
    let input = serde_json::from_value::<Input>(sample.input.clone());
    let call = input.ok().and_then(|input| wanted(&desk::tools(&input.scene), reply));
    let Some(Wanted { name, arguments: Value::Dict(pairs) }) = call else { return Vec::new() };
    let decision = if name == "finish" { Decision::Answer } else { Decision::Argument };
    let arguments = pairs.iter().map(|(_, value)| (text(value), decision));
    std::iter::once((name.to_owned(), Decision::Tool)).chain(arguments).collect()
}

/// Whether a value says a text, whatever its letters' case and the space around it.
fn same_text(value: &Value, known: &str) -> bool {
    text(value).trim().to_lowercase() == known.to_lowercase()
}

/// A list of texts.
fn texts<T: AsRef<str>>(all: impl Iterator<Item = T>) -> Value {
    Value::List(all.map(|text| Value::from(text.as_ref())).collect())
}
