//! The generated twin of LongBench: seven kinds of long text with exact answers, of any length.
//!
//! Names of people and of things end up in either the training or the held-out instances, by their digest.

mod code;
mod few_shot;
mod paragraphs;
mod passages;
mod text;

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sets::{Set, TWINS};
use crate::{Asking, Split, Tokens, shots};

/// Prompt lengths in the model's tokens, where a settings file names no others.
pub const LENGTHS: &[usize] = &[512, 1024, 1400];
/// Lengths as thirds of the window, where there is no settings file.
const THIRDS: usize = 3;
/// Tokens of a worked example.
const EXAMPLE: usize = 200;
/// Instances where no limit is given: each set at each length five times.
pub const DEFAULT_SAMPLES: usize = 105;
/// The longest prompt that is made, in tokens.
pub(crate) const MAX_LENGTH: usize = 4_000_000;

/// What may be asked of a generated twin, in a settings file of a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Generated {
    /// The seed.
    pub seed: u64,
    /// Lengths in the model's tokens.
    pub lengths: Vec<usize>,
    /// How many instances.
    pub samples: usize,
}

impl Default for Generated {
    fn default() -> Self {
        Self { seed: 0, lengths: LENGTHS.to_vec(), samples: DEFAULT_SAMPLES }
    }
}

impl Generated {
    /// What makes no sense.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let sensible = |length: &usize| (256..=MAX_LENGTH).contains(length);
        (self.lengths.is_empty() || !self.lengths.iter().all(sensible) || self.samples == 0)
            .then_some("generated.lengths must be from 256 to 4000000 tokens, at least one, and samples at least 1")
    }
}

/// A text with a question whose answer is known.
struct Puzzle {
    prompt: String,
    /// What is asked, or the line that code goes on after.
    question: String,
    answers: Vec<String>,
    classes: Vec<String>,
    facts: Vec<String>,
}

impl Puzzle {
    fn new(prompt: String, answer: String) -> Self {
        Self { prompt, question: String::new(), answers: vec![answer], classes: Vec::new(), facts: Vec::new() }
    }
}

/// The held-out (or training) instances of a seed: sets dealt round, then lengths up to the window.
pub fn generate(seed: u64, split: Split, asking: Asking, tokens: &dyn Tokens, limit: Option<usize>) -> Vec<Sample> {
    let lengths = (1..=THIRDS).map(|third| asking.window * third / THIRDS).collect();
    let settings = Generated { seed, lengths, samples: limit.unwrap_or(DEFAULT_SAMPLES) };
    instances(&settings, split, asking.shots, tokens)
}

/// The instances that the settings ask for, each after `shots` short worked examples; sets that are made of examples, and
/// code to go on with, have no others.
pub fn instances(settings: &Generated, split: Split, shots: usize, tokens: &dyn Tokens) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "longbench-train",
        Split::Test => "longbench-test",
    };
    (0..settings.samples)
        .map(|index| {
            let set = &TWINS[index % TWINS.len()];
            let length = settings.lengths[index / TWINS.len() % settings.lengths.len()];
            let mut rng = Rng::stream(settings.seed, &format!("{stream}-{index}"));
            let examples = match set.chat {
                true => (0..shots).map(|place| example(set, settings.seed, place)).collect(),
                false => Vec::new(),
            };
            let taken: usize = examples.iter().map(|(example, answer)| shots::size(example, answer, tokens)).sum();
            let room = length.saturating_sub(taken);
            let mut sample = instance(set, &mut Maker { rng: &mut rng, split, tokens }, room);
            sample.id = format!("{}-{index:04}", set.name);
            sample.tags.insert("length".to_owned(), json!(length));
            shots::show(&mut sample, examples);
            sample
        })
        .collect()
}

/// A short worked example.
fn example(set: &'static Set, seed: u64, place: usize) -> (Sample, String) {
    let mut rng = shots::stream(seed, set.name, place);
    let sample = instance(set, &mut Maker { rng: &mut rng, split: Split::Train, tokens: &crate::Words }, EXAMPLE);
    let answer = answer(&sample);
    (sample, answer)
}

/// The reply that scores 1.
pub fn answer(sample: &Sample) -> String {
    sample.gold["answers"][0].as_str().unwrap_or_default().to_owned()
}

/// What an instance is made with.
struct Maker<'a> {
    rng: &'a mut Rng,
    split: Split,
    tokens: &'a dyn Tokens,
}

/// One instance whose prompt and reply have at most about `length` tokens.
fn instance(set: &'static Set, maker: &mut Maker<'_>, length: usize) -> Sample {
    let length = length.saturating_sub(set.max_tokens + 2 * shots::FRAME);
    let puzzle = match set.name {
        "document_qa" => passages::document(maker, length),
        "multi_document_qa" => passages::documents(maker, length),
        "summary" => passages::minutes(maker, length),
        "few_shot" => few_shot::examples(maker, length),
        "counting" => paragraphs::unique(maker, length),
        "retrieval" => paragraphs::retrieval(maker, length),
        _ => code::file(maker, length),
    };
    let mut gold = json!({"set": set.name, "answers": puzzle.answers, "all_classes": puzzle.classes});
    if !puzzle.question.is_empty() {
        gold["question"] = json!(puzzle.question);
    }
    if !puzzle.facts.is_empty() {
        gold["facts"] = json!(puzzle.facts);
    }
    Sample {
        id: String::new(),
        task: "longbench".into(),
        messages: vec![if set.chat { Message::user(puzzle.prompt) } else { Message::raw(puzzle.prompt) }],
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold,
        max_tokens: set.max_tokens,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("set".to_owned(), json!(set.name)),
            ("language".to_owned(), json!(set.language)),
            ("length".to_owned(), json!(length)),
        ]),
    }
}
