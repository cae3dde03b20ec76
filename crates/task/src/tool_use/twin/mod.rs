//! The generated twins of T-Eval: a shelf of invented tools, what a user wants of them, a reply in a given form.
//!
//! ```text
//! system: Choose the tool that does what the user wants .. Reply with one JSON object and nothing else, in this form: ..
//! user:   Tools:
//!         To send the letter (needs city, amount), use bank.send_letter.
//!         To send the parcel (needs name), use farm.send_parcel.
//!
//!         Please send the parcel. The name is Ida.
//! gold:   {"thought": "send the parcel", "action": "farm.send_parcel", "args": {"name": "Ida"}}
//! ```
//!
//! Distractors share the verb or the noun of the right tool, so that neither alone decides. A tool belongs to the
//! training instances or to the held-out ones by its name, so that no held-out name is ever trained on.

mod instruct;
mod next_call;
mod plan;
mod review;
mod shelf;

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value, json};

use super::Teval;
use crate::{Asking, Split, Task, shots};

/// Number of held-out instances of `instruct` where no limit is given.
pub const DEFAULT_SAMPLES: usize = 200;

/// Number of held-out instances of each other task where no limit is given.
pub const DEFAULT_SAMPLES_EACH: usize = 100;

/// How hard an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difficulty {
    /// Fewest and most tools on the shelf: those that are needed, the others distract.
    pub tools: (usize, usize),
    /// Fewest and most arguments of a tool.
    pub arguments: (usize, usize),
    /// Fewest and most calls that the goal of a plan, or of a task under way, takes.
    pub steps: (usize, usize),
    /// How deep arguments nest: 0 are numbers and texts, 1 also lists of them, 2 also objects.
    pub nesting: usize,
    /// Whether steps are told in any order, each with its number.
    pub shuffled: bool,
}

impl Difficulty {
    /// The lessons of a task, from 0 (shortest) to 3 (the default difficulty).
    pub fn level(task: Teval, level: usize) -> Self {
        let single = matches!(task, Teval::Instruct | Teval::Review);
        let (tools, arguments, steps) = match (single, level) {
            (true, 0) => ((2, 2), (1, 1), (1, 1)),
            (true, 1) => ((2, 4), (1, 2), (1, 1)),
            (true, 2) => ((3, 6), (1, 4), (1, 1)),
            (true, _) => ((4, 8), (1, 4), (1, 1)),
            (false, 0) => ((2, 2), (1, 1), (1, 2)),
            (false, 1) => ((2, 4), (1, 2), (1, 2)),
            (false, 2) => ((3, 6), (1, 3), (2, 3)),
            (false, _) => ((4, 8), (1, 3), (2, 4)),
        };
        let nesting = usize::from(level > 1 && matches!(task, Teval::Understand | Teval::Rru));
        Self { tools, arguments, steps, nesting, shuffled: level > 1 }
    }
}

/// The held-out (or training) instances of a seed; where a task has two forms, half of each.
pub fn generate(
    task: Teval,
    seed: u64,
    split: Split,
    asking: Asking,
    limit: Option<usize>,
) -> impl Iterator<Item = Sample> {
    let part = match split {
        Split::Train => "train",
        Split::Test => "test",
    };
    let count = if task == Teval::Instruct { DEFAULT_SAMPLES } else { DEFAULT_SAMPLES_EACH };
    let name = task.name();
    (0..limit.unwrap_or(count)).map(move |index| {
        let mut rng = Rng::stream(seed, &format!("{name}-{part}-{index}"));
        let as_json = index % 2 == 0;
        let mut sample = instance(task, &mut rng, split, Difficulty::level(task, 3), as_json);
        sample.id = format!("{}-{index:04}", name.trim_start_matches("teval_"));
        shots::show(&mut sample, (0..asking.shots).map(|place| example(task, seed, place, as_json)));
        sample
    })
}

/// A worked example: a short one, but for plans, of which a short one does not show that they go on until the last step.
fn example(task: Teval, seed: u64, place: usize, as_json: bool) -> (Sample, String) {
    let mut rng = shots::stream(seed, &format!("{}-{as_json}", task.name()), place);
    let difficulty = Difficulty::level(task, if task == Teval::Plan { 3 } else { 1 });
    let sample = instance(task, &mut rng, Split::Train, difficulty, as_json);
    let answer = answer(&sample);
    (sample, answer)
}

/// One instance; `as_json` chooses the form where the task has two.
pub fn instance(task: Teval, rng: &mut Rng, split: Split, difficulty: Difficulty, as_json: bool) -> Sample {
    match task {
        Teval::Instruct => instruct::instance(rng, split, difficulty, as_json),
        Teval::Plan => plan::instance(rng, split, difficulty, as_json),
        Teval::Review => review::instance(rng, split, difficulty),
        Teval::Reason | Teval::Retrieve | Teval::Understand | Teval::Rru => {
            next_call::instance(task, rng, split, difficulty)
        }
    }
}

/// The reply that scores 1: what `pico` is trained to say. Empty for a sample of another task.
pub fn answer(sample: &Sample) -> String {
    match Teval::ALL.iter().find(|task| task.name() == sample.task) {
        Some(Teval::Instruct) => instruct::answer(sample),
        Some(Teval::Plan) => plan::answer(sample),
        Some(Teval::Review) => sample.gold["answer"].as_str().unwrap_or_default().to_owned(),
        Some(&task) => next_call::answer(task, sample),
        None => String::new(),
    }
}

/// A sample of a twin: what is asked and in which form in the system message; the tools, and what the user wants of them,
/// in the user's.
fn sample(task: Teval, system: &str, user: String, gold: Value, tags: &[(&str, Value)]) -> Sample {
    Sample {
        id: String::new(),
        task: task.name().to_owned(),
        messages: vec![Message::system(system), Message::user(user)],
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold,
        max_tokens: if task == Teval::Plan { 512 } else { 192 },
        stop: Vec::new(),
        cluster: None,
        tags: tags.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<BTreeMap<_, _>>(),
    }
}

/// A value as Python and JSON print it, with the given quote.
fn spaced(value: &Value, quote: char) -> String {
    match value {
        Value::String(text) => format!("{quote}{text}{quote}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| spaced(item, quote)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{quote}{key}{quote}: {}", spaced(value, quote))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// `json!` of a number of things, for a tag.
fn number(count: usize) -> Value {
    json!(count)
}
