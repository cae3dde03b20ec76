//! The generated twin of the needle in a haystack: a book of plain sentences that hides a town's secret code.
//!
//! Other towns' codes are hidden too, so that the question decides which sentence answers it. No two codes of a book share
//! a word.

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value, json};

use crate::vocabulary::{ADJECTIVES, CITIES, NOUNS, PEOPLE, VERBS, an, word, words};
use crate::{Asking, Split, Tokens, shots};

/// Lengths as fourths of the window.
pub const FOURTHS: &[usize] = &[1, 2, 3, 4];
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

/// Tokens of a reply.
const REPLY: usize = 64;

/// The held-out (or training) instances of a seed: the grid of lengths and depths, dealt round.
pub fn generate(seed: u64, split: Split, asking: Asking, tokens: &dyn Tokens, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "long_context-train",
        Split::Test => "long_context-test",
    };
    let cells = FOURTHS.len() * DEPTHS.len();
    let examples: Vec<(Sample, String)> = (0..asking.shots).map(|place| example(seed, place)).collect();
    let taken: usize = examples.iter().map(|(example, answer)| shots::size(example, answer, tokens)).sum();
    (0..limit.unwrap_or(cells * DEFAULT_REPEATS))
        .map(|index| {
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            // A stride that is coprime to both counts visits every cell once a round, lengths and depths mixed.
            let cell = (index * 7) % cells;
            let length = asking.window * FOURTHS[cell % FOURTHS.len()] / FOURTHS.len();
            let depth = DEPTHS[cell / FOURTHS.len()];
            let mut sample = instance(&mut rng, tokens, length.saturating_sub(taken), depth);
            sample.id = format!("needle-{index:04}");
            sample.tags.insert("length".to_owned(), json!(length));
            shots::show(&mut sample, examples.iter().cloned());
            sample
        })
        .collect()
}

/// A short worked example.
fn example(seed: u64, place: usize) -> (Sample, String) {
    let sample = instance(&mut shots::stream(seed, "needle", place), &crate::Words, 260, 50);
    let answer = answer(&sample);
    (sample, answer)
}

/// One instance whose prompt and reply have at most about `length` tokens, with the needle at `depth` percent.
pub fn instance(rng: &mut Rng, tokens: &dyn Tokens, length: usize, depth: usize) -> Sample {
    let facts = facts(rng, 1 + rng.clone().between(2, 5));
    let needle = facts[0].clone();
    let count = |text: &str| tokens.encode(text).len();
    let fixed = count(&user("", &needle.question)) + count(SYSTEM) + 3 * shots::FRAME + REPLY;
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
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold: json!({
            "needle": needle.text,
            "answer": needle.answer,
            "distractors": facts[1..].iter().map(|fact| fact.answer.as_str()).collect::<Vec<_>>(),
        }),
        max_tokens: REPLY,
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
        let again = || format!("Question: {question}");
        messages.push(Message::user(if index == 0 { user(&book.join(" "), question) } else { again() }));
        messages.push(Message::assistant(facts[asked].text.clone()));
    }
    messages
}

pub(super) const SYSTEM: &str = "Read the book and answer the question about it. Reply with the one sentence of the book \
                                 that answers it, and nothing else.";

pub(super) fn user(book: &str, question: &str) -> String {
    format!("Book: {book}\n\nQuestion: {question}")
}

/// `count` facts about different towns.
fn facts(rng: &mut Rng, count: usize) -> Vec<Fact> {
    let (adjectives, nouns) = (words(rng, ADJECTIVES, count), words(rng, NOUNS, count));
    let numbers = rng.choose(90, count);
    let code = adjectives.into_iter().zip(nouns).zip(numbers);
    let code = code.map(|((adjective, noun), number)| format!("{adjective} {noun} {}", number + 10));
    words(rng, CITIES, count)
        .into_iter()
        .zip(code)
        .map(|(city, code)| Fact {
            text: format!("The secret code of {city} is {code}."),
            question: format!("What is the secret code of {city}?"),
            answer: code,
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
        2 => format!("{person} saw {} {noun} by the {other}.", an(adjective)),
        3 => format!("They {verb} the {noun} on {} day.", an(adjective)),
        _ => format!("The {adjective} {noun} can {verb} itself."),
    }
}
