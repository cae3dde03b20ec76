//! What a reply was worth: one file a task, `scores/<task>.jsonl`, one line per sample.

use std::collections::BTreeMap;

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
    },
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
    /// Copied from the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Copied from the sample, so that results can be split without it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Value>,
}
