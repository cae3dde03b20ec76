//! The generated twins of BFCL: invented functions and services, what a user wants of them, and the same checkers.
//!
//! ```text
//! system: You can call functions. .. [name(parameter=value)] .. The functions: [..]
//! user:   Please send the letter of the bank. The city is Oslo, the amount is 7.
//! gold:   [{"bank.send_letter": {"city": ["Oslo"], "amount": [7], "color": [""]}}]
//! ```
//!
//! A function belongs to the training instances or to the held-out ones by its noun, a service by its name, a fact of a
//! memory by whom it is about: no name is in both.

mod memory;
mod single;
mod store;
mod talk;

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value as Json, json};

use super::Bfcl;
use super::decode::Form;
use super::prompt::{Configuration, tools};
use super::sample::{Input, Kind};
use crate::{Asking, Calling, Split, Task, shots};

pub(super) use store::service;

/// Held-out instances of a task where no limit is given.
pub const DEFAULT_SAMPLES: usize = 100;

/// The most tokens of one reply.
const MAX_TOKENS: usize = 256;

/// What a twin is made with.
struct Maker {
    task: Bfcl,
    split: Split,
    native: bool,
}

/// The instances of a seed.
pub(super) fn generate(
    task: Bfcl,
    (seed, split): (u64, Split),
    asking: Asking,
    calling: Calling,
    limit: Option<usize>,
) -> impl Iterator<Item = Sample> {
    let native = calling == Calling::Native && task != Bfcl::FormatSensitivity;
    let maker = Maker { task, split, native };
    let name = match split {
        Split::Train => "train",
        Split::Test => "test",
    };
    let count = limit.unwrap_or(DEFAULT_SAMPLES);
    (0..count).map(move |index| {
        let stream = format!("{}-{name}-{index}", task.name());
        let mut sample = maker.sample(&mut Rng::stream(seed, &stream), index);
        if single(&sample) && !native {
            let example = |place: usize| {
                let maker = Maker { task, split: Split::Train, native };
                let example = maker.sample(&mut shots::stream(seed, task.name(), place), index);
                let answer = answers(&example).concat();
                (example, answer)
            };
            shots::show(&mut sample, (0..asking.shots).map(example).collect::<Vec<_>>());
        }
        sample
    })
}

fn single(sample: &Sample) -> bool {
    sample.input["kind"] == "single"
}

/// The replies, one a turn, that score 1.
pub(super) fn answers(sample: &Sample) -> Vec<String> {
    let Ok(input) = Input::read(sample) else { return Vec::new() };
    match input.kind {
        Kind::Single => vec![single::answer(sample, &input)],
        Kind::Talk => talk::answers(sample, &input),
        Kind::Memory => memory::answers(sample, &input),
    }
}

impl Maker {
    fn sample(&self, rng: &mut Rng, index: usize) -> Sample {
        match self.task {
            Bfcl::MultiTurn => talk::sample(self, rng, index),
            Bfcl::Memory => memory::sample(self, rng, index),
            task => {
                let categories = task.categories();
                let category = match task {
                    // Languages other than Python are official only.
                    Bfcl::Simple => "simple_python",
                    // A question without an expected call has nothing of its own to be right.
                    _ => categories.get(index % categories.len()).copied().unwrap_or("simple_python"),
                };
                single::sample(self, rng, (category, index))
            }
        }
    }

    /// A sample of these functions and this input.
    fn made(
        &self,
        index: usize,
        (input, gold): (Input, Json),
        (system, said): (String, Vec<Message>),
        functions: &[Json],
    ) -> Sample {
        let tags = BTreeMap::from([("category".to_owned(), json!(input.category))]);
        let system = (!self.native || input.kind == Kind::Memory).then(|| Message::system(system));
        Sample {
            id: format!("{}-{index:04}", self.task.name()),
            task: self.task.name().to_owned(),
            messages: system.into_iter().chain(said).collect(),
            examples: 0,
            tools: if self.native { tools(functions) } else { Vec::new() },
            input: json!(input),
            assets: Vec::new(),
            gold,
            max_tokens: MAX_TOKENS,
            stop: Vec::new(),
            cluster: None,
            tags,
        }
    }
}

/// What a model is told of functions: how to call them, and what they are.
fn system(configuration: &Configuration, functions: &[Json]) -> String {
    let form = match configuration.form {
        Form::Python => "[name(parameter=value, parameter=value), name(parameter=value)]",
        Form::Json => r#"[{"function": "name", "parameters": {"parameter": "value"}}]"#,
        Form::VerboseXml => {
            "<functions><function name=\"name\"><params><param name=\"parameter\" value=\"value\" type=\"string\"/>\
             </params></function></functions>"
        }
        Form::ConciseXml => {
            "<functions><function name=\"name\"><param name=\"parameter\" type=\"string\">value</param></function>\
             </functions>"
        }
    };
    let form = if configuration.tag { format!("<TOOLCALL>{form}</TOOLCALL>") } else { form.to_owned() };
    let types = match configuration.form {
        Form::VerboseXml | Form::ConciseXml => " Types are string, integer, float, boolean, array, dict.",
        _ => "",
    };
    format!(
        "You can call functions. When they can do what the user wants, reply with the calls and nothing else, in this \
         form: {form}{types} When none of them can, say so in one sentence. When the user wants several things, go on \
         until all is done, then say so.\nThe functions:\n{}",
        configuration.described(functions)
    )
}

/// A list in words: `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
