//! What became of a budget: the value that `gate` prints. And what samples can show: the value of `plan`.

use serde::{Deserialize, Serialize};

use crate::{Capability, Verdict};

/// One demand of a budget on one task of one variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The demand: `verdict = "holds"`, `max_flips = 5`.
    pub demand: String,
    /// What was found: `inconclusive`, `7.5`.
    pub found: String,
    /// Whether it is met.
    pub met: bool,
}

/// One task of one variant against the budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gated {
    /// The variant.
    pub variant: String,
    /// The task.
    pub task: String,
    /// Its capability.
    pub capability: Capability,
    /// The margin, a share.
    pub margin: f64,
    /// Items that both finished.
    pub n: usize,
    /// compressed - dense.
    pub delta: f64,
    /// The verdict at this margin.
    pub verdict: Verdict,
    /// Every demand.
    pub checks: Vec<Check>,
}

impl Gated {
    /// Whether every demand is met.
    pub fn within(&self) -> bool {
        self.checks.iter().all(|check| check.met)
    }

    /// The demands that are not met.
    pub fn broken(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.met)
    }
}

/// A run against a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The run folder.
    pub run: String,
    /// The budget file.
    pub budget: String,
    /// Whether all is within the budget.
    pub within: bool,
    /// Every task of every variant that the budget is about, in the run's order.
    pub rows: Vec<Gated>,
}

/// How many paired samples a drop needs where a share of the answers changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleSize {
    /// The share of items whose answer changes.
    pub flips: f64,
    /// Paired samples that show a drop of the margin (Connor 1987; alpha 0.05, power 0.8).
    pub needed: usize,
    /// The smallest drop that the asked number of samples can show; absent where no number was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
}

/// What the samples of one task of a run can show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSize {
    /// The variant.
    pub variant: String,
    /// The task.
    pub task: String,
    /// Items that both finished.
    pub n: usize,
    /// The share of items whose score changed.
    pub flips: f64,
    /// The smallest drop that they could have shown.
    pub detectable: f64,
    /// About how many samples would show a drop of the margin; at most `n` where these do.
    pub needed: usize,
}

/// How many samples a question needs, and what those at hand can show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SamplePlan {
    /// The drop that should be seen, a share.
    pub margin: f64,
    /// The number of samples that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// By flip rate.
    pub sizes: Vec<SampleSize>,
    /// By task of the run; empty without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskSize>,
}
