//! One side against another on one task: a compressed variant against the dense model, or one log against another.

use record::{Agreement, Difference, Interval, PairTest, Paired, Score, TaskSource, Verdict};

use crate::analyze::checked;
use crate::error::AnalyzeError;
use crate::pairing::{Pairs, pair};
use crate::statistic::{
    FEW_CHANGES, PairCounts, RESAMPLES, clustered_standard_error, connor, decide, effective_units, graded, mcnemar,
    mean, normal_quantile, right_or_wrong, smallest_detectable_drop, unseen_share,
};

/// More samples than this are not worth promising.
const MOST_SAMPLES: f64 = 1e6;

/// What is asked of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The loss that a person accepts, a share.
    pub margin: f64,
    /// Seed of the resampling.
    pub seed: u64,
}

/// Compares two lists of scores of one task that hold the same samples, as [`crate::analyze()`] compares the variants of a
/// run; `names` are the two sides as errors call them. The seed's stream is `name`: `variant/task` in a run.
///
/// # Errors
/// A number that is no score, a sample twice or in one list only, a margin that is no share.
pub fn difference(
    name: &str,
    names: (&str, &str),
    scores: (&[Score], &[Score]),
    question: Question,
) -> Result<Difference, AnalyzeError> {
    if !(0.0..=1.0).contains(&question.margin) {
        return Err(AnalyzeError::BadMargin { margin: question.margin });
    }
    let (a, b) = (checked(names.0, name, scores.0)?, checked(names.1, name, scores.1)?);
    Ok(differ(name, &pair(name, names, a, b)?, question))
}

/// Compares a variant of a run; `p_holm` is `p` until the whole report is known.
pub(crate) fn compare(variant: &str, task: &TaskSource, pairs: &Pairs, question: Question) -> Paired {
    let found = differ(&format!("{variant}/{}", task.task), pairs, question);
    Paired {
        variant: variant.to_owned(),
        task: task.task.clone(),
        capability: task.capability,
        n: found.n,
        left_out: found.left_out,
        dense: found.a,
        compressed: found.b,
        delta: found.delta,
        interval: found.interval,
        bounds: found.bounds,
        test: found.test,
        p: found.p,
        p_exact: found.p_exact,
        p_holm: found.p,
        flips: found.flips,
        harmful_flips: found.harmful_flips,
        verdict: found.verdict,
        detectable: found.detectable,
        needed: found.needed,
    }
}

/// The difference of some pairs.
fn differ(name: &str, pairs: &Pairs, question: Question) -> Difference {
    let n = pairs.differences.len();
    let delta = mean(&pairs.differences);
    let count =
        |holds: fn(f64) -> bool| pairs.differences.iter().filter(|&&d| holds(d)).count() as f64 / n.max(1) as f64;
    let binary = pairs.dense.iter().chain(&pairs.compressed).all(|&value| value == 0.0 || value == 1.0);
    let counts = binary.then(|| counts(pairs));
    let (test, found, p_exact) = match counts.filter(|_| !pairs.clustered()) {
        Some(counts) => {
            let exact = mcnemar(counts.dense_only, counts.compressed_only).exact;
            (PairTest::McnemarMidP, right_or_wrong(counts), Some(exact))
        }
        None => {
            let seed = record::Rng::stream(question.seed, name).next_u64();
            let changed = pairs.differences.iter().filter(|&&d| d != 0.0).count();
            (PairTest::PairedBootstrap, graded(&pairs.units(), changed, RESAMPLES, seed), None)
        }
    };
    let a = mean(&pairs.dense);
    let verdict = judged((n > 0).then_some(a), found.bounds, question.margin);
    let planning = Planning::of(pairs, delta);
    Difference {
        n,
        left_out: pairs.left_out,
        a,
        b: mean(&pairs.compressed),
        delta,
        interval: found.interval,
        bounds: found.bounds,
        test,
        p: found.p,
        p_exact,
        agreement: counts.map(agreement),
        flips: count(|d| d != 0.0),
        harmful_flips: count(|d| d < 0.0),
        verdict,
        detectable: planning.detectable(n),
        needed: if verdict == Verdict::Inconclusive { planning.needed(n, delta, question.margin) } else { None },
    }
}

/// The verdict of a comparison at another margin than its run's.
pub fn verdict_at(paired: &Paired, margin: f64) -> Verdict {
    judged((paired.n > 0).then_some(paired.dense), paired.bounds, margin)
}

/// Nothing to lose where the dense mean is at most the margin.
fn judged(dense: Option<f64>, bounds: Interval, margin: f64) -> Verdict {
    if dense.is_some_and(|dense| dense <= margin) { Verdict::Floor } else { decide(bounds, margin) }
}

/// Right-or-wrong pairs by who was right.
fn counts(pairs: &Pairs) -> PairCounts {
    let mut counts = PairCounts::default();
    for (dense, compressed) in pairs.dense.iter().zip(&pairs.compressed) {
        match (*dense == 1.0, *compressed == 1.0) {
            (true, true) => counts.both += 1,
            (true, false) => counts.dense_only += 1,
            (false, true) => counts.compressed_only += 1,
            (false, false) => counts.neither += 1,
        }
    }
    counts
}

fn agreement(counts: PairCounts) -> Agreement {
    let PairCounts { both, dense_only, compressed_only, neither } = counts;
    Agreement { both, only_a: dense_only, only_b: compressed_only, neither }
}

/// What the differences seen say about sample sizes.
struct Planning {
    /// Mean squared difference, as if every sample stood alone: the flip rate of a right-or-wrong task.
    square: f64,
    /// Whether enough items changed to know how large a change is.
    sizes_known: bool,
    /// Units of one size that say as much, an item of them.
    units_per_item: f64,
}

impl Planning {
    fn of(pairs: &Pairs, delta: f64) -> Self {
        let squares: Vec<f64> = pairs.differences.iter().map(|d| d * d).collect();
        let changed = squares.iter().filter(|&&square| square > 0.0).count();
        let whole = squares.iter().all(|&square| square == 0.0 || square == 1.0);
        // Samples of one cluster say less than as many single ones: their spread counts as that much larger.
        let clustered = clustered_standard_error(&pairs.differences, &pairs.clusters)
            .map_or(0.0, |(error, _)| error * error * squares.len() as f64 + delta * delta);
        let square = if pairs.clustered() { mean(&squares).max(clustered) } else { mean(&squares) };
        let units_per_item = effective_units(&pairs.units()) / squares.len().max(1) as f64;
        Self { square, sizes_known: !whole && changed >= FEW_CHANGES, units_per_item }
    }

    /// The smallest drop that `n` samples could have shown, in [0, 1]: z_{a/2} + z_b standard errors, or for right or
    /// wrong Connor's.
    fn detectable(&self, n: usize) -> f64 {
        if self.sizes_known {
            let factor = normal_quantile(0.975) + normal_quantile(0.8);
            return (factor * (self.square / n.max(1) as f64).sqrt()).min(1.0);
        }
        smallest_detectable_drop(self.square.min(1.0), n as f64)
    }

    /// About how many samples would decide: Connor's number for a drop of `margin`, or where that many were there
    /// already, the number at which the bound nearest to the margin would clear it. `None` where that is out of reach.
    fn needed(&self, n: usize, delta: f64, margin: f64) -> Option<usize> {
        let floor = if self.sizes_known { 0.0 } else { margin };
        let mut needed = connor(self.square.max(floor), margin);
        if needed <= n as f64 {
            let factor = normal_quantile(0.95) + normal_quantile(0.8);
            needed = factor * factor * (self.square - delta * delta).max(0.0) / (delta + margin).powi(2);
        }
        if self.sizes_known {
            needed = needed.max(self.unseen(delta, margin));
        }
        (needed.is_finite() && needed > n as f64 && needed <= MOST_SAMPLES).then(|| needed.ceil() as usize)
    }

    /// How many samples leave so little room for an unseen loss that the lower bound clears the margin; 0 where it is not
    /// that bound that decides.
    fn unseen(&self, delta: f64, margin: f64) -> f64 {
        let share = (delta + margin) / (1.0 + delta);
        if !(0.0..1.0).contains(&share) {
            return 0.0;
        }
        // The share that may stay unseen falls with the number of units: 1 - share = 0.05^(1/n).
        (1.0 - unseen_share(1.0, 0.95)).ln() / (1.0 - share).ln() / self.units_per_item
    }
}
