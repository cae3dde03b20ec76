//! The generated twin of the needle in a haystack: a book of plain sentences that hides a town's secret words.
//!
//! Other towns' secrets are hidden too, so that the question decides which sentence answers it.

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value, json};

use crate::vocabulary::{ADJECTIVES, CITIES, NOUNS, PEOPLE, VERBS, word, words};
use crate::{Split, Tokens};

/// Prompt lengths in the model's tokens, where no others are asked for.
pub const LENGTHS: &[usize] = &[256, 512, 768, 1024];
/// Depths of the needle in percent of the haystack.
pub const DEPTHS: &[usize] = &[0, 25, 50, 75, 100];
/// Instances of each cell of the grid, where no limit is given.
pub const DEFAULT_REPEATS: usize = 10;

/// A fact that can be hidden and asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The sentence.
    pub text: String,
    /// What is asked.
    pub question: String,
    /// The words that answer it.
    pub answer: String,
}

/// The held-out (or training) instances of a seed: the grid of lengths and depths, dealt round.
pub fn generate(seed: u64, split: Split, tokens: &dyn Tokens, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "long_context-train",
        Split::Test => "long_context-test",
    };
    let cells = LENGTHS.len() * DEPTHS.len();
    (0..limit.unwrap_or(cells * DEFAULT_REPEATS))
        .map(|index| {
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            // A stride that is coprime to both counts visits every cell once a round, lengths and depths mixed.
            let cell = (index * 7) % cells;
            let mut sample = instance(&mut rng, tokens, LENGTHS[cell % LENGTHS.len()], DEPTHS[cell / LENGTHS.len()]);
            sample.id = format!("needle-{index:04}");
            sample
        })
        .collect()
}

/// One instance whose prompt has about `length` tokens, with the needle at `depth` percent.
pub fn instance(rng: &mut Rng, tokens: &dyn Tokens, length: usize, depth: usize) -> Sample {
    let facts = facts(rng, 1 + rng.clone().between(2, 5));
    let needle = facts[0].clone();
    let count = |text: &str| tokens.encode(text).len();
    let fixed = count(&user("", &needle.question)) + count(SYSTEM) + 16;
    let room = length.saturating_sub(fixed + facts.iter().map(|f| count(&f.text) + 1).sum::<usize>());
    let (mut sentences, mut used) = (Vec::new(), 0);
    while used < room {
        let next = filler(rng);
        used += count(&format!(" {next}"));
        sentences.push(next);
    }
    sentences.pop();
    for distractor in &facts[1..] {
        sentences.insert(rng.below(sentences.len() + 1), distractor.text.clone());
    }
    sentences.insert(sentences.len() * depth / 100, needle.text.clone());
    Sample {
        id: String::new(),
        task: "needle".into(),
        messages: vec![Message::system(SYSTEM), Message::user(user(&sentences.join(" "), &needle.question))],
        tools: Vec::new(),
        input: Value::Null,
        gold: json!({"needle": needle.text, "answer": needle.answer}),
        max_tokens: 32,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([("length".to_owned(), json!(length)), ("depth".to_owned(), json!(depth))]),
    }
}

/// The reply that scores 1: what `pico` is trained to say.
pub fn answer(sample: &Sample) -> String {
    sample.gold["needle"].as_str().unwrap_or_default().to_owned()
}

/// A conversation over one book that asks for `questions` of its facts in turn: training rows that teach more a token.
pub fn conversation(rng: &mut Rng, sentences: usize, facts_hidden: usize, questions: usize) -> Vec<Message> {
    let facts = facts(rng, facts_hidden);
    let mut book: Vec<String> = (0..sentences).map(|_| filler(rng)).collect();
    for fact in &facts {
        book.insert(rng.below(book.len() + 1), fact.text.clone());
    }
    let mut messages = vec![Message::system(SYSTEM)];
    for (index, asked) in rng.choose(facts.len(), questions).into_iter().enumerate() {
        let question = &facts[asked].question;
        messages.push(Message::user(if index == 0 { user(&book.join(" "), question) } else { question.clone() }));
        messages.push(Message::assistant(facts[asked].text.clone()));
    }
    messages
}

pub(super) const SYSTEM: &str = "Answer from the book.";

pub(super) fn user(book: &str, question: &str) -> String {
    format!("Book: {book}\n{question}")
}

/// `count` facts about different towns.
fn facts(rng: &mut Rng, count: usize) -> Vec<Fact> {
    words(rng, CITIES, count)
        .into_iter()
        .map(|city| {
            let secret = format!("{} {} {}", word(rng, ADJECTIVES), word(rng, NOUNS), rng.between(10, 99));
            Fact {
                text: format!("The secret of {city} is {secret}."),
                question: format!("What is the secret of {city}?"),
                answer: secret,
            }
        })
        .collect()
}

/// A sentence that answers nothing.
pub(super) fn filler(rng: &mut Rng) -> String {
    let (person, verb, noun) = (word(rng, PEOPLE), word(rng, VERBS), word(rng, NOUNS));
    let (adjective, other) = (word(rng, ADJECTIVES), word(rng, NOUNS));
    match rng.below(5) {
        0 => format!("{person} will {verb} the {adjective} {noun}."),
        1 => format!("The {noun} was {adjective} and the {other} was old."),
        2 => format!("{person} saw a {adjective} {noun} by the {other}."),
        3 => format!("They {verb} the {noun} on a {adjective} day."),
        _ => format!("A {adjective} {noun} can {verb} itself."),
    }
}
