//! What variants spend and how their episodes part from the dense model's: `analysis/behavior.json`.

use serde::{Deserialize, Serialize};

use crate::Interval;

/// What a compressed variant does otherwise than the dense model on one task, whatever it scores.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Behavior {
    /// The compressed variant's folder name.
    pub variant: String,
    /// The task.
    pub task: String,
    /// Samples that finished in both.
    pub n: usize,
    /// Tokens that were generated, over all turns of a sample: the mean of the dense model. Absent where a server did not
    /// count those of some reply, and so is what is made of it.
    pub dense_tokens: Option<f64>,
    /// The mean of the variant.
    pub tokens: Option<f64>,
    /// The variant's tokens by the dense model's.
    pub growth: Option<f64>,
    /// Its 95% interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth_interval: Option<Interval>,
    /// Share of samples in which a reply ran into the limit, of the dense model.
    pub dense_cut: f64,
    /// The same of the variant.
    pub cut: f64,
    /// Two-sided p of the difference of these two (McNemar's mid-p).
    pub cut_p: f64,
    /// Tokens for each sample that scored 1, of the dense model; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense_tokens_solved: Option<f64>,
    /// The same of the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_solved: Option<f64>,
    /// Seconds for each sample that scored 1, of the dense model: as many tokens at the pace that was measured. Absent where
    /// none did, or no pace was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense_seconds_solved: Option<f64>,
    /// The same of the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_solved: Option<f64>,
    /// Joules for each sample that scored 1, of the dense model, idling included; absent where no counter was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense_joules_solved: Option<f64>,
    /// The same of the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joules_solved: Option<f64>,
    /// Samples that failed in the variant because a thought did not end.
    pub endless: usize,
    /// Of tasks of several turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
}

/// How episodes part from the dense model's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Course {
    /// Share of episodes that are still as the dense model's, turn by turn where some part (Kaplan-Meier).
    pub survival: Vec<SurvivalPoint>,
    /// The turn after which no more than half are; absent where more stay to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<usize>,
    /// Episodes that part somewhere, and how many of them scored 1.
    pub parted: (usize, usize),
    /// Episodes that never do, and how many of them scored 1.
    pub alike: (usize, usize),
    /// Share of the dense model's episodes with a loop: the same reply to the same thing three times.
    pub dense_loops: f64,
    /// The same of the variant.
    pub loops: f64,
    /// How many actions were not valid, turn by turn; none where nobody counted them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<InvalidTurn>,
}

/// The actions of one turn over all episodes that reach it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InvalidTurn {
    /// The turn, from 1.
    pub turn: usize,
    /// Actions of the dense model, and how many of them were not valid.
    pub dense: (usize, usize),
    /// The same of the variant.
    pub compressed: (usize, usize),
}

/// A point of a survival curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SurvivalPoint {
    /// The turn, from 1.
    pub turn: usize,
    /// Episodes that were alike until then and went on.
    pub at_risk: usize,
    /// Share that is alike after it.
    pub share: f64,
    /// Its 95% interval (Greenwood's variance, on the log-log scale); absent at 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}
