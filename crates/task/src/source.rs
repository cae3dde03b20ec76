//! Where samples come from, and what a task may know of the model's tokens.

use std::path::PathBuf;

use crate::BadRows;

/// Which part of a generated twin's seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// What `pico` was trained on.
    Train,
    /// Held out: what is evaluated.
    Test,
}

/// Where a task's samples come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The benchmark's own files, in a folder.
    Official {
        /// The folder.
        folder: PathBuf,
        /// Where the rows lie if not there, of tasks that say so ([`Task::apart`](crate::Task::apart)).
        rows: Option<PathBuf>,
        /// What to do with rows that cannot be used.
        bad_rows: BadRows,
    },
    /// The twin, made from a seed.
    Generated {
        /// The seed.
        seed: u64,
        /// Training or held-out instances.
        split: Split,
        /// How they are asked.
        asking: Asking,
    },
}

/// How the instances of a twin are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// Worked examples before each question, from the training instances.
    pub shots: usize,
    /// The most tokens of the model that a long text may have, examples and reply included.
    pub window: usize,
}

impl Asking {
    /// No examples, and texts of at most 1,024 tokens: how `pico` was trained.
    pub const BARE: Self = Self { shots: 0, window: 1024 };
}

impl Default for Asking {
    /// Two examples, and texts of at most 4,096 tokens.
    fn default() -> Self {
        Self { shots: 2, window: 4096 }
    }
}

impl Source {
    /// The benchmark's own files in one folder.
    pub fn folder(folder: impl Into<PathBuf>, bad_rows: BadRows) -> Self {
        Self::Official { folder: folder.into(), rows: None, bad_rows }
    }
}

/// What a task may know of a model's tokenizer: lengths are counted in its tokens.
pub trait Tokens {
    /// Token ids of a text, without special tokens.
    fn encode(&self, text: &str) -> Vec<u32>;

    /// The text of token ids.
    fn decode(&self, ids: &[u32]) -> String;

    /// How functions are offered to the model, where a task can do both.
    fn calling(&self) -> Calling {
        Calling::Prompting
    }
}

/// How functions are offered to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calling {
    /// In the words of the prompt.
    #[default]
    Prompting,
    /// As tools of the model's own chat template.
    Native,
}

/// Tokens without a tokenizer: each is a run of letters and digits with the space before it, or one other character.
///
/// For tests and for counting where no model is at hand. Ids are indices into the text's own pieces, so
/// `decode` gives a placeholder; use it to count only.
pub struct Words;

impl Tokens for Words {
    fn encode(&self, text: &str) -> Vec<u32> {
        let mut count = 0;
        let mut inside = false;
        for c in text.chars() {
            let word = c.is_alphanumeric();
            if c != ' ' && !(word && inside) {
                count += 1;
            }
            inside = word;
        }
        (0..count).collect()
    }

    fn decode(&self, ids: &[u32]) -> String {
        "·".repeat(ids.len())
    }
}
