//! The official needle test: a folder of essays, and what may be set in its `needle.json`.

use std::path::Path;

use record::Message;
use serde::Deserialize;

use crate::text::read_json;
use crate::{TaskError, Tokens};

use super::facts::{Distractor, Hidden, Kind};
use super::grid::{linear, sigmoid};
use super::haystack::{periods, periods_by_family};
use super::twin::{SYSTEM, user};

/// How the depths of a grid are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Evenly.
    Linear,
    /// Crowded at both ends.
    Sigmoid,
}

/// Which tokens end a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Periods {
    /// `tokenizer` asks the tokenizer; a model family (`qwen`, `mistral`, `llama`, `glm`) takes the reference's table.
    Named(String),
    /// These ids.
    Ids(Vec<u32>),
}

/// Where the haystack's text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// The folder's `*.txt` files.
    Essays,
    /// Plain sentences made from the seed, as many as the longest length takes.
    Generated,
}

/// What may be set in `needle.json` beside the essays; everything has a default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the text comes from.
    pub haystack: Text,
    /// Facts drawn from the seed instead of the needle below: these kinds, each in every cell. Absent where the text is
    /// generated: `single`.
    pub kinds: Option<Vec<Kind>>,
    /// How often each cell is asked of each kind.
    pub repeats: usize,
    /// The seed of what is generated and drawn.
    pub seed: u64,
    /// The fact to hide.
    pub needle: Option<String>,
    /// More facts that the answer needs, hidden at equal distances.
    pub more_needles: Vec<String>,
    /// Sentences that look like the needle, hidden at equal distances.
    pub distractors: Vec<Distractor>,
    /// What is asked.
    pub question: Option<String>,
    /// The part of the needles that answers it.
    pub answer: Option<String>,
    /// The user message with `{context}` and `{question}`; the reference's own text may be put here.
    pub prompt: Option<String>,
    /// Context lengths in tokens, ascending.
    pub lengths: Vec<usize>,
    /// How many depths from 0 to 100 percent.
    pub depths: usize,
    /// How they are spaced.
    pub spacing: Spacing,
    /// Tokens of each length that are left for the question and the reply: 200, and for facts that are drawn as many as
    /// the prompt without its book and the longest reply take.
    pub buffer: Option<usize>,
    /// Which tokens end a sentence.
    pub period_tokens: Periods,
    /// The most tokens of a reply: 30, and for facts that are drawn 32 for each that is asked.
    pub max_tokens: Option<usize>,
}

impl Default for Settings {
    /// The needle, question and grid of the KVCache-Factory runs that ACBench published: 1,000 to 40,000 tokens in
    /// steps of 1,000, ten depths, a buffer of 200, replies of 30 tokens. The prompt is our own.
    fn default() -> Self {
        Self {
            haystack: Text::Essays,
            kinds: None,
            repeats: 1,
            seed: 0,
            needle: None,
            more_needles: Vec::new(),
            distractors: Vec::new(),
            question: None,
            answer: None,
            prompt: None,
            lengths: (1..=40).map(|k| k * 1000).collect(),
            depths: 10,
            spacing: Spacing::Linear,
            buffer: None,
            period_tokens: Periods::Named("tokenizer".into()),
            max_tokens: None,
        }
    }
}

/// The published needle, with the line breaks around it.
const NEEDLE: &str =
    "\nThe best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.\n";
/// The published question.
const QUESTION: &str = "The best thing to do in San Francisco is: ";
/// The published answer.
const ANSWER: &str = "eat a sandwich and sit in Dolores Park on a sunny day.";
/// Our own prompt.
const PROMPT: &str = "Read this book and answer the question after it.\n\n<book>\n{context}\n</book>\n\n\
                      Question: {question}\nAnswer from the book, in one sentence.";
/// The published buffer.
const BUFFER: usize = 200;
/// The published most tokens of a reply.
const MAX_TOKENS: usize = 30;
/// The longest context that is built, in tokens.
const MAX_LENGTH: usize = 4_000_000;
/// The most depths of a grid.
const MAX_DEPTHS: usize = 1_000;
/// The most repeats of a cell.
const MAX_REPEATS: usize = 10_000;

impl Settings {
    /// Reads `needle.json` of a folder; the defaults where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or a setting that makes no sense.
    pub fn read(folder: &Path) -> Result<Self, TaskError> {
        let path = folder.join("needle.json");
        if !path.exists() {
            return Ok(Self::default());
        }
        let settings: Self = read_json(&path)?;
        match settings.problem() {
            Some((place, problem)) => Err(TaskError::Format { path, place: place.into(), problem: problem.into() }),
            None => Ok(settings),
        }
    }

    fn problem(&self) -> Option<(&'static str, &'static str)> {
        let empty = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
        if empty(&self.needle) || empty(&self.answer) {
            return Some(("needle", "needle and answer must not be empty"));
        }
        let given = self.needle.is_some() || self.question.is_some() || self.answer.is_some();
        if self.kinds.is_some() && (given || !self.more_needles.is_empty() || !self.distractors.is_empty()) {
            return Some(("kinds", "draws the facts: give either kinds or needle, question, answer and distractors"));
        }
        if self.kinds.as_ref().is_some_and(Vec::is_empty) || self.repeats == 0 || self.repeats > MAX_REPEATS {
            return Some(("kinds", "must be at least one, and repeats from 1 to 10000"));
        }
        if self.prompt.as_ref().is_some_and(|text| !text.contains("{context}") || !text.contains("{question}")) {
            return Some(("prompt", "must hold {context} and {question}"));
        }
        if self.lengths.is_empty() || self.lengths.iter().any(|&length| length == 0 || length > MAX_LENGTH) {
            return Some(("lengths", "must be from 1 to 4000000 tokens, at least one"));
        }
        if self.depths == 0 || self.depths > MAX_DEPTHS || self.max_tokens == Some(0) {
            return Some(("depths", "depths must be from 1 to 1000 and max_tokens at least 1"));
        }
        match &self.period_tokens {
            Periods::Named(name) if name != "tokenizer" && periods_by_family(name).is_none() => Some((
                "period_tokens",
                "must be tokenizer, qwen, internlm, llama3, mistral, llama, glm or a list of ids",
            )),
            _ => None,
        }
    }

    /// The depths in percent.
    pub fn depth_values(&self) -> Vec<f64> {
        match self.spacing {
            Spacing::Linear => linear(0.0, 100.0, self.depths),
            Spacing::Sigmoid => sigmoid(0.0, 100.0, self.depths),
        }
    }

    /// The kinds of facts to draw; `None` where the needle is given, or is the published one.
    pub fn drawn(&self) -> Option<&[Kind]> {
        let own = self.needle.is_some() || self.question.is_some() || self.answer.is_some();
        match (&self.kinds, self.haystack) {
            (Some(kinds), _) => Some(kinds),
            (None, Text::Generated) if !own => Some(&[Kind::Single]),
            _ => None,
        }
    }

    /// The needle that is given, or the published one.
    pub fn given(&self) -> Hidden {
        let or = |text: &Option<String>, default: &str| text.clone().unwrap_or_else(|| default.to_owned());
        let mut needles = vec![or(&self.needle, NEEDLE)];
        needles.extend(self.more_needles.iter().cloned());
        Hidden {
            needles,
            distractors: self.distractors.clone(),
            question: or(&self.question, QUESTION),
            answer: or(&self.answer, ANSWER),
        }
    }

    /// The messages of a book and a question: ours have a plain form that the bundled model knows where the whole
    /// text is made here. A prompt from the file is taken as it is.
    pub fn messages(&self, book: &str, question: &str) -> Vec<Message> {
        // The question first: the book may hold any text, braces included.
        let fill = |prompt: &str, question: &str| prompt.replace("{question}", question).replacen("{context}", book, 1);
        match (&self.prompt, self.haystack) {
            (Some(prompt), _) => vec![Message::user(fill(prompt, question))],
            (None, Text::Essays) => vec![Message::user(fill(PROMPT, question.trim()))],
            (None, Text::Generated) => vec![Message::system(SYSTEM), Message::user(user(book, question.trim()))],
        }
    }

    /// Tokens of each length that are left for the rest of the prompt and a reply of `reply` tokens.
    pub fn left_free(&self, question: &str, reply: usize, tokens: &dyn Tokens) -> usize {
        let measured = || {
            let around = self.messages("", question);
            // A chat template adds some of its own.
            around.iter().map(|message| tokens.encode(&message.content).len()).sum::<usize>() + reply + 16
        };
        self.buffer.unwrap_or_else(|| if self.drawn().is_some() { measured() } else { BUFFER })
    }

    /// The most tokens of a reply that gives `facts`.
    pub fn reply_tokens(&self, facts: usize) -> usize {
        self.max_tokens.unwrap_or(if self.drawn().is_some() { 32 * facts } else { MAX_TOKENS })
    }

    /// The ids of the tokens that end a sentence.
    pub fn periods(&self, tokens: &dyn Tokens) -> Vec<u32> {
        match &self.period_tokens {
            Periods::Ids(ids) => ids.clone(),
            Periods::Named(name) => periods_by_family(name).map_or_else(|| periods(tokens), <[u32]>::to_vec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Words;

    #[test]
    fn settings_without_sense_are_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let kinds = "{\"kinds\": []}";
        let mixed = "{\"kinds\": [\"single\"], \"needle\": \"x\"}";
        let long = "{\"lengths\": [4000001]}";
        for broken in [
            "{",
            "3",
            "{\"depth\": 3}",
            "{\"prompt\": \"x\"}",
            "{\"lengths\": []}",
            "{\"lengths\": [0]}",
            kinds,
            mixed,
            long,
        ] {
            std::fs::write(folder.path().join("needle.json"), broken)?;
            let error = Settings::read(folder.path()).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains("needle.json"), "{broken}: {error}");
        }
        std::fs::write(folder.path().join("needle.json"), "{\"lengths\": [64], \"period_tokens\": \"qwen\"}")?;
        assert_eq!(Settings::read(folder.path())?.periods(&Words), [13]);
        Ok(())
    }
}
