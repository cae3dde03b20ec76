//! What the scores mean: `analysis/paired.json`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Capability, Fault};

/// A closed interval of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// One task of one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// The variant's folder name.
    pub variant: String,
    /// The task's name.
    pub task: String,
    /// What it measures.
    pub capability: Capability,
    /// Samples that finished.
    pub n: usize,
    /// Samples that failed (left out of the mean).
    pub failed: usize,
    /// Mean of the headline value, in [0, 1].
    pub mean: f64,
    /// 95% interval of the mean.
    pub interval: Interval,
    /// Mean of every metric of the task.
    pub metrics: BTreeMap<String, f64>,
    /// Mean of the headline value by tag and tag value: `splits["length"]["512"]`, with the number of samples.
    pub splits: BTreeMap<String, BTreeMap<String, (f64, usize)>>,
    /// Number of finished samples by kind of mistake; empty where the task does not tell kinds apart, or there is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<Fault, usize>,
}

/// Which test a paired comparison used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairTest {
    /// Right or wrong: mid-p McNemar with Tango's score interval.
    McnemarMidP,
    /// Graded: sign-flip permutation test; the interval is the smallest that holds the paired BCa bootstrap's, Student's t
    /// (clustered), and what as many items or clusters can have left unseen.
    PairedBootstrap,
}

impl fmt::Display for PairTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            PairTest::McnemarMidP => "mid-p McNemar",
            PairTest::PairedBootstrap => "paired bootstrap",
        })
    }
}

/// What a margin makes of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The loss is smaller than the margin: the lower one-sided 95% bound is above -margin.
    Holds,
    /// The loss is larger than the margin: the upper one-sided 95% bound is below -margin.
    Drops,
    /// The data cannot say; more samples could.
    Inconclusive,
    /// The dense model itself scores no more than the margin: there is nothing to lose, and no number of samples would
    /// show a loss.
    Floor,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Holds => "holds",
            Verdict::Drops => "drops",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Floor => "floor",
        })
    }
}

/// A compressed variant against the dense model on the same samples of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// The compressed variant's folder name.
    pub variant: String,
    /// The task's name.
    pub task: String,
    /// What it measures.
    pub capability: Capability,
    /// Samples that both finished.
    pub n: usize,
    /// Samples left out because one of the two failed.
    pub left_out: usize,
    /// Mean of the dense model on those samples.
    pub dense: f64,
    /// Mean of the compressed model on those samples.
    pub compressed: f64,
    /// compressed - dense.
    pub delta: f64,
    /// Two-sided 95% interval of `delta`. It excludes 0 exactly where `p` is below 0.05.
    pub interval: Interval,
    /// The two one-sided 95% bounds of `delta` (a two-sided 90% interval): what the verdict uses.
    pub bounds: Interval,
    /// Which test.
    pub test: PairTest,
    /// Its p-value, and for graded tasks no less than what `interval` makes of it.
    pub p: f64,
    /// McNemar's exact p-value, for right-or-wrong tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_exact: Option<f64>,
    /// `p` adjusted over the report's comparisons (Holm).
    pub p_holm: f64,
    /// Share of samples whose value changed.
    pub flips: f64,
    /// Share of samples whose value fell.
    pub harmful_flips: f64,
    /// holds / drops / inconclusive at the run's margin, or nothing to lose.
    pub verdict: Verdict,
    /// The smallest drop that this many samples could have shown (power 0.8, alpha 0.05) at the flip rate seen.
    pub detectable: f64,
    /// About how many samples would decide an inconclusive verdict; absent for the others and where it is out of reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<usize>,
}

/// One capability of a compressed variant against the dense model: plain means over its tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapabilitySummary {
    /// The compressed variant's folder name.
    pub variant: String,
    /// The capability.
    pub capability: Capability,
    /// How many of its tasks were compared.
    pub tasks: usize,
    /// Mean of the dense model over the tasks.
    pub dense: f64,
    /// Mean of the compressed model over the tasks.
    pub compressed: f64,
    /// Number of tasks by verdict; those of which there is none are absent.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// One decision from all of its tasks together; absent where none can be in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooled: Option<PooledDecision>,
}

/// One decision from several tasks: every task counts alike, and every sample alike within its task. Tasks at which the
/// dense model has nothing to lose are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PooledDecision {
    /// Mean of the tasks' differences, compressed - dense.
    pub delta: f64,
    /// Two-sided 95% interval of `delta`. It excludes 0 exactly where `p` is below 0.05.
    pub interval: Interval,
    /// The two one-sided 95% bounds of `delta`: what the verdict uses.
    pub bounds: Interval,
    /// The level at which the interval reaches 0; not adjusted for other comparisons.
    pub p: f64,
    /// holds / drops / inconclusive at the run's margin.
    pub verdict: Verdict,
    /// Tasks that are in it.
    pub tasks: usize,
    /// Tasks that are not: nothing to lose, or fewer than two samples or sources.
    pub left_out: usize,
}

/// All tasks of a compressed variant together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// The compressed variant's folder name.
    pub variant: String,
    /// The decision.
    pub pooled: PooledDecision,
}

/// One number of a published table, for one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnValue {
    /// The table: `T-Eval`.
    pub table: String,
    /// The column's heading: `Reason-S`.
    pub column: String,
    /// The variant's folder name.
    pub variant: String,
    /// In the table's unit, as a rule points of 100.
    pub value: f64,
    /// Whether samples of a generated twin are in it, so that it is not comparable with what was published.
    pub generated: bool,
}

/// How often the same question is answered right when it is asked several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// The variant's folder name.
    pub variant: String,
    /// The task.
    pub task: String,
    /// Items that were asked at least twice and did not fail.
    pub items: usize,
    /// The share of pairs of replies to the same item that have different scores: what chance alone changes. That of the
    /// dense model is the floor of noise for flips.
    pub flips: f64,
    /// For one reply, two, and so on.
    pub passes: Vec<Pass>,
}

/// Items solved (score 1) by some or by all of `k` replies, unbiased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    /// Replies to an item.
    pub k: usize,
    /// pass@k: the chance that at least one of them solves it (Chen et al., arXiv 2107.03374).
    pub any: f64,
    /// pass^k: the chance that all of them do (Yao et al., arXiv 2406.12045).
    pub all: f64,
    /// Compressed minus dense pass^k over the items of both; absent for the dense model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_change: Option<f64>,
    /// Its 95% interval by clusters of items, Student's t; absent where there are fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_interval: Option<Interval>,
}

/// Everything `analyze` found in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The margin of the verdicts, a share.
    pub margin: f64,
    /// Every task of every variant, in the run's order.
    pub summaries: Vec<TaskSummary>,
    /// Every compressed variant against dense, in the run's order.
    pub paired: Vec<Paired>,
    /// Every capability of every compressed variant, in the run's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<CapabilitySummary>,
    /// All tasks together, of every compressed variant that can be decided upon, in the run's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overall: Vec<Overall>,
    /// Columns of published tables, by variant in the run's order and then as the tables have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnValue>,
    /// Every task of every variant, where samples were asked several times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Repeats>,
}
