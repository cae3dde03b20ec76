//! The official needle test: a folder of essays, and what may be set in its `needle.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{TaskError, Tokens};

use super::grid::{linear, sigmoid};
use super::haystack::{periods, periods_by_family};

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

/// What may be set in `needle.json` beside the essays; everything has a default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The fact to hide.
    pub needle: String,
    /// What is asked.
    pub question: String,
    /// The part of the needle that answers it.
    pub answer: String,
    /// The user message with `{context}` and `{question}`; the reference's own text may be put here.
    pub prompt: String,
    /// Context lengths in tokens, ascending.
    pub lengths: Vec<usize>,
    /// How many depths from 0 to 100 percent.
    pub depths: usize,
    /// How they are spaced.
    pub spacing: Spacing,
    /// Tokens of each length that are left for the question and the reply.
    pub buffer: usize,
    /// Which tokens end a sentence.
    pub period_tokens: Periods,
    /// The most tokens of a reply.
    pub max_tokens: usize,
}

impl Default for Settings {
    /// The needle, question and grid of the KVCache-Factory runs that ACBench published: 1,000 to 40,000 tokens in
    /// steps of 1,000, ten depths, a buffer of 200, replies of 30 tokens. The prompt is our own.
    fn default() -> Self {
        Self {
            needle:
                "\nThe best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.\n"
                    .into(),
            question: "The best thing to do in San Francisco is: ".into(),
            answer: "eat a sandwich and sit in Dolores Park on a sunny day.".into(),
            prompt: "Read this book and answer the question after it.\n\n<book>\n{context}\n</book>\n\n\
                     Question: {question}\nAnswer from the book, in one sentence."
                .into(),
            lengths: (1..=40).map(|k| k * 1000).collect(),
            depths: 10,
            spacing: Spacing::Linear,
            buffer: 200,
            period_tokens: Periods::Named("tokenizer".into()),
            max_tokens: 30,
        }
    }
}

/// What to do where the essays are missing.
const HINT: &str = "put the haystack there as *.txt files: the Paul Graham essays of the Needle in a Haystack \
                    repository (github.com/gkamradt/LLMTest_NeedleInAHaystack, folder PaulGrahamEssays; the code is \
                    MIT, the essays are their author's), or any long texts of your own";
/// The longest context that is built, in tokens.
const MAX_LENGTH: usize = 4_000_000;
/// The most depths of a grid.
const MAX_DEPTHS: usize = 1_000;

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
        let text = fs::read(&path).map_err(|source| TaskError::Read { path: path.clone(), source })?;
        let settings: Self = serde_json::from_slice(&text).map_err(|error| TaskError::Format {
            path: path.clone(),
            place: format!("line {}", error.line()),
            problem: error.to_string(),
        })?;
        match settings.problem() {
            Some((place, problem)) => Err(TaskError::Format { path, place: place.into(), problem: problem.into() }),
            None => Ok(settings),
        }
    }

    fn problem(&self) -> Option<(&'static str, &'static str)> {
        if self.needle.trim().is_empty() || self.answer.trim().is_empty() {
            return Some(("needle", "needle and answer must not be empty"));
        }
        if !self.prompt.contains("{context}") || !self.prompt.contains("{question}") {
            return Some(("prompt", "must hold {context} and {question}"));
        }
        if self.lengths.is_empty() || self.lengths.iter().any(|&length| length == 0 || length > MAX_LENGTH) {
            return Some(("lengths", "must be from 1 to 4000000 tokens, at least one"));
        }
        if self.depths == 0 || self.depths > MAX_DEPTHS || self.max_tokens == 0 {
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

    /// The ids of the tokens that end a sentence.
    pub fn periods(&self, tokens: &dyn Tokens) -> Vec<u32> {
        match &self.period_tokens {
            Periods::Ids(ids) => ids.clone(),
            Periods::Named(name) => periods_by_family(name).map_or_else(|| periods(tokens), <[u32]>::to_vec),
        }
    }
}

/// The essays of a folder: its `*.txt` files joined in the order of their names, repeated as a whole until they have
/// `length` tokens. (The reference takes them in whatever order the file system lists them, so its text differs from
/// machine to machine.)
///
/// # Errors
/// No such file, one that cannot be read, or no text in any.
pub fn haystack(folder: &Path, length: usize, tokens: &dyn Tokens) -> Result<Vec<u32>, TaskError> {
    let missing = || TaskError::Missing { task: "needle", path: folder.join("*.txt"), hint: HINT };
    let read = |path: &Path, source| TaskError::Read { path: path.to_owned(), source };
    if !folder.is_dir() {
        return Err(missing());
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| read(folder, source))? {
        let path = entry.map_err(|source| read(folder, source))?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(missing());
    }
    let mut once = String::new();
    for file in &files {
        let bytes = fs::read(file).map_err(|source| read(file, source))?;
        once.push_str(&String::from_utf8_lossy(&bytes));
    }
    if once.trim().is_empty() {
        let problem = "the haystack's files hold no text".to_owned();
        return Err(TaskError::Format { path: folder.to_owned(), place: "*.txt".into(), problem });
    }
    let mut ids = tokens.encode(&once);
    if ids.len() < length {
        // Joined pieces may have fewer tokens than apart, so one more repetition than the division says.
        let times = length / ids.len().max(1) + 2;
        ids = tokens.encode(&once.repeat(times));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Words;

    #[test]
    fn missing_empty_and_wrong_files_are_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let message = |result: Result<Vec<u32>, TaskError>| result.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message(haystack(folder.path(), 10, &Words)).contains("*.txt"));
        assert!(message(haystack(&folder.path().join("none"), 10, &Words)).contains("PaulGrahamEssays"));
        fs::write(folder.path().join("b.txt"), " \n")?;
        assert!(message(haystack(folder.path(), 10, &Words)).contains("no text"));
        fs::write(folder.path().join("a.txt"), [b'a', 0xFF, b' ', b'b'])?;
        assert!(haystack(folder.path(), 50, &Words)?.len() >= 50);
        for broken in ["{", "3", "{\"depth\": 3}", "{\"prompt\": \"x\"}", "{\"lengths\": []}", "{\"lengths\": [0]}"] {
            fs::write(folder.path().join("needle.json"), broken)?;
            let error = Settings::read(folder.path()).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains("needle.json"), "{broken}: {error}");
        }
        fs::write(folder.path().join("needle.json"), "{\"lengths\": [64], \"period_tokens\": \"qwen\"}")?;
        assert_eq!(Settings::read(folder.path())?.periods(&Words), [13]);
        Ok(())
    }
}
