//! The generated twin of LongGenBench: many small sums, to be answered in order.

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value, json};

use super::construct::{Construction, gsm8k};
use crate::long_context::longbench::twin::Generated;
use crate::vocabulary::{NOUNS, PEOPLE, plural, word, words};
use crate::{Asking, Split, Tokens, shots};

/// Lengths of prompt and reply together, as fourths of the window.
const FOURTHS: &[usize] = &[2, 3, 4];
/// Tokens of a worked example.
const EXAMPLE: usize = 300;
/// Instances where no limit is given.
pub const DEFAULT_SAMPLES: usize = 99;

/// The system text where the user's files have none.
pub(super) const SYSTEM: &str = "Answer every question, in order. Begin each answer with Answer_ and the number of its \
                                 question, reason step by step, and end it with: The answer is .. Do not repeat the \
                                 questions.";

/// The held-out (or training) instances of a seed, at lengths up to the window.
pub fn generate(seed: u64, split: Split, asking: Asking, tokens: &dyn Tokens, limit: Option<usize>) -> Vec<Sample> {
    let lengths = FOURTHS.iter().map(|fourth| asking.window * fourth / 4).collect();
    let settings = Generated { seed, lengths, samples: limit.unwrap_or(DEFAULT_SAMPLES) };
    instances(&settings, split, asking.shots, tokens)
}

/// The instances that the settings ask for, each after `shots` short worked examples. The prompt of this benchmark itself
/// has one solved question, too.
pub fn instances(settings: &Generated, split: Split, shots: usize, tokens: &dyn Tokens) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "longgenbench-train",
        Split::Test => "longgenbench-test",
    };
    (0..settings.samples)
        .map(|index| {
            let length = settings.lengths[index % settings.lengths.len()];
            let mut rng = Rng::stream(settings.seed, &format!("{stream}-{index}"));
            let examples: Vec<(Sample, String)> = (0..shots).map(|place| example(settings.seed, place)).collect();
            let taken: usize = examples.iter().map(|(example, answer)| shots::size(example, answer, tokens)).sum();
            let mut sample = instance(&mut rng, split, tokens, length.saturating_sub(taken));
            sample.id = format!("longgenbench-{index:04}");
            sample.tags.insert("length".to_owned(), json!(length));
            shots::show(&mut sample, examples);
            sample
        })
        .collect()
}

/// The reply that scores 1.
pub fn answer(sample: &Sample) -> String {
    let first = sample.gold["first"].as_u64().unwrap_or(1) as usize;
    let answers = sample.gold["answers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    answers.enumerate().map(|(at, answer)| reply(first + at, answer)).collect::<Vec<_>>().join("\n\n")
}

/// An answer as it is to be written; the rows' own end in `#### 19`.
fn reply(number: usize, answer: &str) -> String {
    let (steps, result) = answer.split_once("\n#### ").unwrap_or((answer, ""));
    format!("Answer_{number}:\n{steps} The answer is {result}.")
}

/// A short worked example.
fn example(seed: u64, place: usize) -> (Sample, String) {
    let mut rng = shots::stream(seed, "longgenbench", place);
    let sample = instance(&mut rng, Split::Train, &crate::Words, EXAMPLE);
    let answer = answer(&sample);
    (sample, answer)
}

/// One instance whose prompt and right reply have about `length` tokens together.
fn instance(rng: &mut Rng, split: Split, tokens: &dyn Tokens, length: usize) -> Sample {
    let count = |text: &str| tokens.encode(text).len();
    let (question, solution) = problem(rng, split);
    let shots = format!("Question_1:\n{question}\n\n{}", reply(1, &solution));
    let mut room = length.saturating_sub(count(SYSTEM) + count(&shots) + 40);
    let (mut questions, mut answers, mut replied) = (Vec::new(), Vec::new(), 0);
    loop {
        let (question, answer) = problem(rng, split);
        let said = count(&format!("{}\n\n", reply(10, &answer)));
        let cost = count(&format!("Question_10:\n{question}\n")) + said;
        // Twice as many tokens as the right reply has are allowed.
        if cost + said > room && !questions.is_empty() {
            break;
        }
        room = room.saturating_sub(cost + said);
        replied += said;
        questions.push(question);
        answers.push(answer);
    }
    let (asked, right): (Vec<&str>, Vec<&str>) =
        questions.iter().zip(&answers).map(|(question, answer)| (question.as_str(), answer.as_str())).unzip();
    let built = gsm8k(&asked, &right, &shots, Construction::Corrected);
    Sample {
        id: String::new(),
        task: "longgenbench".into(),
        messages: vec![Message::system(SYSTEM), Message::user(built.prompt)],
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold: json!({"kind": "number", "first": built.first, "answers": built.answers}),
        max_tokens: 2 * replied,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("set".to_owned(), json!("sums")),
            ("length".to_owned(), json!(length)),
            ("questions".to_owned(), json!(right.len())),
        ]),
    }
}

/// A sum in words and its solution. Sums of odd digest are held out.
fn problem(rng: &mut Rng, split: Split) -> (String, String) {
    loop {
        let people = words(rng, PEOPLE, 2);
        let (name, other, things) = (people[0], people[1], plural(word(rng, NOUNS)));
        let (a, b) = (rng.between(11, 60), rng.between(2, 10));
        let (question, step, result) = match rng.below(3) {
            0 => (
                format!("{name} has {a} {things} and gets {b} more. How many {things} does {name} have now?"),
                format!("{a} + {b}"),
                a + b,
            ),
            1 => (
                format!("{name} has {a} {things} and sells {b} of them. How many {things} does {name} have now?"),
                format!("{a} - {b}"),
                a - b,
            ),
            _ => (
                format!(
                    "{name} has {a} {things} and {other} has {b} times as many. How many {things} do they have together?"
                ),
                format!("{a} + {a} * {b}"),
                a + a * b,
            ),
        };
        if (Rng::stream(1, &question).next_u64() % 2 == 1) == (split == Split::Test) {
            return (question, format!("{step} = {result}.\n#### {result}"));
        }
    }
}
