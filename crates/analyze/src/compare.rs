//! One compressed variant against the dense model on one task.

use record::{Interval, PairTest, Paired, TaskSource, Verdict};

use crate::analyze::{hull, within};
use crate::pairing::Pairs;
use crate::statistic::{
    PairCounts, RESAMPLES, around, bca, clustered_standard_error, connor, mcnemar, mean, normal_quantile, sign_flip,
    smallest_detectable_drop, t_quantile, tango, with_unseen,
};

/// Where a difference of scores can lie.
const RANGE: Interval = Interval { low: -1.0, high: 1.0 };
/// Below this many items or clusters, resampling alone is too sure of itself and Student's t is looked at too.
const FEW_UNITS: usize = 20;
/// Below this many changed items, resampling cannot know how large a change can be.
const FEW_CHANGES: usize = 8;
/// More samples than this are not worth promising.
const MOST_SAMPLES: f64 = 1e6;

/// What is asked of all comparisons of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The loss that a person accepts, a share.
    pub margin: f64,
    /// Seed of the resampling.
    pub seed: u64,
}

/// What a test found.
struct Finding {
    test: PairTest,
    interval: Interval,
    bounds: Interval,
    p: f64,
    p_exact: Option<f64>,
}

/// Compares; `p_holm` is `p` until the whole report is known.
pub(crate) fn compare(variant: &str, task: &TaskSource, pairs: &Pairs, question: Question) -> Paired {
    let n = pairs.differences.len();
    let delta = mean(&pairs.differences);
    let count =
        |holds: fn(f64) -> bool| pairs.differences.iter().filter(|&&d| holds(d)).count() as f64 / n.max(1) as f64;
    let binary = pairs.dense.iter().chain(&pairs.compressed).all(|&value| value == 0.0 || value == 1.0);
    let found = if binary && !pairs.clustered() {
        right_or_wrong(pairs)
    } else {
        graded(pairs, delta, record::Rng::stream(question.seed, &format!("{variant}/{}", task.task)).next_u64())
    };
    let dense = mean(&pairs.dense);
    let floor = n > 0 && dense <= question.margin;
    let verdict = if floor { Verdict::Floor } else { verdict(found.bounds, question.margin) };
    let planning = Planning::of(pairs, delta);
    Paired {
        variant: variant.to_owned(),
        task: task.task.clone(),
        capability: task.capability,
        n,
        left_out: pairs.left_out,
        dense,
        compressed: mean(&pairs.compressed),
        delta,
        interval: found.interval,
        bounds: found.bounds,
        test: found.test,
        p: found.p,
        p_exact: found.p_exact,
        p_holm: found.p,
        flips: count(|d| d != 0.0),
        harmful_flips: count(|d| d < 0.0),
        verdict,
        detectable: planning.detectable(n),
        needed: if verdict == Verdict::Inconclusive { planning.needed(n, delta, question.margin) } else { None },
    }
}

/// Holds above -margin, drops below it; a bound that lies on it decides nothing.
fn verdict(bounds: Interval, margin: f64) -> Verdict {
    if bounds.low > -margin {
        Verdict::Holds
    } else if bounds.high < -margin {
        Verdict::Drops
    } else {
        Verdict::Inconclusive
    }
}

fn right_or_wrong(pairs: &Pairs) -> Finding {
    let mut counts = PairCounts::default();
    for (dense, compressed) in pairs.dense.iter().zip(&pairs.compressed) {
        match (*dense == 1.0, *compressed == 1.0) {
            (true, true) => counts.both += 1,
            (true, false) => counts.dense_only += 1,
            (false, true) => counts.compressed_only += 1,
            (false, false) => counts.neither += 1,
        }
    }
    let test = mcnemar(counts.dense_only, counts.compressed_only);
    Finding {
        test: PairTest::McnemarMidP,
        interval: tango(counts, 0.95),
        bounds: tango(counts, 0.90),
        p: test.mid_p,
        p_exact: Some(test.exact),
    }
}

/// BCa and sign flips over items or clusters. Where they rest on little, the interval is widened: fewer than
/// [`FEW_UNITS`] units bring in the (clustered) t interval, and fewer than [`FEW_CHANGES`] changed items what as many
/// right-or-wrong items without a flip would leave open, so that no graded task holds on the strength of two samples.
fn graded(pairs: &Pairs, delta: f64, seed: u64) -> Finding {
    let units = pairs.units();
    let distribution = bca(&units, RESAMPLES, seed);
    let error = clustered_standard_error(&pairs.differences, &pairs.clusters);
    let changed = pairs.differences.iter().filter(|&&d| d != 0.0).count();
    let interval = |confidence: f64| {
        let (Some(distribution), Some((error, count))) = (&distribution, error) else {
            return RANGE;
        };
        let mut interval = distribution.interval(confidence);
        if count < FEW_UNITS {
            interval = hull(interval, around(delta, t_quantile(0.5 + confidence / 2.0, count - 1), error));
        }
        if changed < FEW_CHANGES {
            interval = hull(interval, with_unseen(delta, count, RANGE, confidence));
        }
        within(interval, RANGE)
    };
    Finding {
        test: PairTest::PairedBootstrap,
        interval: interval(0.95),
        bounds: interval(0.90),
        p: sign_flip(&units, RESAMPLES, seed),
        p_exact: None,
    }
}

/// What the differences seen say about sample sizes.
struct Planning {
    /// Mean squared difference, as if every sample stood alone: the flip rate of a right-or-wrong task.
    square: f64,
    /// Whether enough items changed to know how large a change is.
    sizes_known: bool,
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
        Self { square, sizes_known: !whole && changed >= FEW_CHANGES }
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
        (needed.is_finite() && needed > n as f64 && needed <= MOST_SAMPLES).then(|| needed.ceil() as usize)
    }
}
