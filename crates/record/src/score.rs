//! What a reply was worth: one file a task, `scores/<task>.jsonl`, one line per sample.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether a sample could be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Outcome {
    /// The model answered; a wrong answer is still finished.
    Finished,
    /// The model could not be asked or did not answer. Counted apart, never a silent zero.
    Failed {
        /// What went wrong: `prompt of 9000 tokens exceeds the context of 8192`.
        reason: String,
        /// Whether asking again could help, as after a time-out: a resumed run does.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
}

impl Outcome {
    /// A failure that asking again would not change.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), again: false }
    }

    /// Whether asking again could help.
    pub fn again(&self) -> bool {
        matches!(self, Self::Failed { again: true, .. })
    }
}

/// What kind of mistake a tool call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// No call where one was due.
    NoCall,
    /// Something like a call that cannot be read.
    Malformed,
    /// A tool that does not exist.
    HallucinatedTool,
    /// A tool that exists, but not the right one.
    WrongTool,
    /// The right tool with an argument that is wrong, missing or one too many.
    WrongArgument,
}

impl Fault {
    /// All kinds, the most basic first.
    pub const ALL: [Fault; 5] =
        [Fault::NoCall, Fault::Malformed, Fault::HallucinatedTool, Fault::WrongTool, Fault::WrongArgument];

    /// The name in files: `wrong_tool`.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::NoCall => "no_call",
            Fault::Malformed => "malformed",
            Fault::HallucinatedTool => "hallucinated_tool",
            Fault::WrongTool => "wrong_tool",
            Fault::WrongArgument => "wrong_argument",
        }
    }
}

/// In words: `wrong tool`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.as_str().replace('_', " "))
    }
}

/// What one sample was worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The sample's id.
    pub sample: String,
    /// Finished or failed; a failed sample has value 0 and is left out of every mean.
    pub outcome: Outcome,
    /// The task's headline number, in [0, 1].
    pub value: f64,
    /// Every number of the task by name, the headline included.
    pub metrics: BTreeMap<String, f64>,
    /// Why the value is what it is, in words a person can act on: `wrong tool: wanted x, got y`.
    pub reason: String,
    /// What kind of mistake the reply has; absent where it has none, or the task does not tell kinds apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Copied from the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Copied from the sample, so that results can be split without it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Value>,
}
