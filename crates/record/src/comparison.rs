//! What two logs have in common and how they differ: the value that `compare` prints.

use serde::{Deserialize, Serialize};

use crate::{Interval, PairTest, Verdict};

/// Right-or-wrong items by who was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// Both right.
    pub both: u64,
    /// Only the first right.
    pub only_a: u64,
    /// Only the second right.
    pub only_b: u64,
    /// Both wrong.
    pub neither: u64,
}

/// How the second (B) of two sides differs from the first (A) on the items that both finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Items that both finished.
    pub n: usize,
    /// Items left out because one of the two failed.
    pub left_out: usize,
    /// Mean of A on those items.
    pub a: f64,
    /// Mean of B on those items.
    pub b: f64,
    /// B - A.
    pub delta: f64,
    /// Two-sided 95% interval of `delta`.
    pub interval: Interval,
    /// The two one-sided 95% bounds of `delta`: what the verdict uses.
    pub bounds: Interval,
    /// Which test.
    pub test: PairTest,
    /// Its p-value.
    pub p: f64,
    /// McNemar's exact p-value, where every value is right or wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_exact: Option<f64>,
    /// Who was right, where every value is right or wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// Share of items whose value changed.
    pub flips: f64,
    /// Share of items whose value fell.
    pub harmful_flips: f64,
    /// holds / drops / inconclusive at the margin, or nothing to lose.
    pub verdict: Verdict,
    /// The smallest drop that this many items could have shown (power 0.8, alpha 0.05) at the flip rate seen.
    pub detectable: f64,
    /// About how many items would decide an inconclusive verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<usize>,
}

/// One of the two logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogName {
    /// What wrote it: `lm-eval`, `Inspect`, `BFCL`, `ACBench`.
    pub source: String,
    /// Where it is.
    pub path: String,
    /// The model's name, as the log has it.
    pub model: String,
}

/// One log's own account of a task, whatever the other has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideSummary {
    /// Items with a score.
    pub n: usize,
    /// Items without one.
    pub failed: usize,
    /// Mean of the scores.
    pub mean: f64,
}

/// Items answered several times, each first averaged over its epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epochs {
    /// Items that both have.
    pub n: usize,
    /// Mean of A over the items.
    pub a: f64,
    /// Mean of B over the items.
    pub b: f64,
    /// Items on which A is higher.
    pub a_higher: usize,
    /// Items on which the two are equal.
    pub equal: usize,
    /// Items on which B is higher.
    pub b_higher: usize,
}

/// One task, metric and filter of two logs, item by item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The task's name.
    pub task: String,
    /// The metric, or the scorer.
    pub metric: String,
    /// The filter, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// All that A has.
    pub a: SideSummary,
    /// All that B has.
    pub b: SideSummary,
    /// On the items that both finished.
    pub paired: Difference,
    /// `paired.p` adjusted over all comparisons (Holm).
    pub p_holm: f64,
    /// Every item without a score counted as wrong; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors_wrong: Option<Difference>,
    /// Where items were answered several times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<Epochs>,
    /// Items that only A has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_a: Vec<String>,
    /// Items that only B has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_b: Vec<String>,
    /// Items without a score in A, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_a: Vec<(String, String)>,
    /// Items without a score in B, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_b: Vec<(String, String)>,
    /// What differs between the two beside the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Compared {
    /// `task metric (filter)`
    pub fn name(&self) -> String {
        series_name(&self.task, &self.metric, self.filter.as_deref())
    }
}

/// `task metric (filter)`
pub fn series_name(task: &str, metric: &str, filter: Option<&str>) -> String {
    filter.map_or_else(|| format!("{task} {metric}"), |filter| format!("{task} {metric} ({filter})"))
}

/// Something that cannot be compared: never a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotComparable {
    /// Task, metric and filter, or the task.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// Two logs, item by item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The margin of the verdicts, a share.
    pub margin: f64,
    /// The first: the one before the change.
    pub a: LogName,
    /// The second.
    pub b: LogName,
    /// What was compared, in A's order.
    pub compared: Vec<Compared>,
    /// What could not be.
    pub not_comparable: Vec<NotComparable>,
    /// What differs between the two as wholes, and what a reader should know of either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
