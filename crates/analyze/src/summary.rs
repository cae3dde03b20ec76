//! One task of one variant: its mean, how sure that is, and its mean by tag.

use std::collections::BTreeMap;

use record::{Fault, Interval, Outcome, Score, TaskSource, TaskSummary};
use serde_json::Value;

use crate::analyze::{hull, within};
use crate::pairing::clusters;
use crate::statistic::{around, clustered_standard_error, mean, t_quantile, wilson, with_unseen};

/// Where a score can lie.
const RANGE: Interval = Interval { low: 0.0, high: 1.0 };

/// Summarizes the scores of one task; failed samples are counted, not averaged.
pub(crate) fn summarize(variant: &str, task: &TaskSource, scores: &[Score]) -> TaskSummary {
    let finished: Vec<&Score> = scores.iter().filter(|score| score.outcome == Outcome::Finished).collect();
    let values: Vec<f64> = finished.iter().map(|score| score.value).collect();
    TaskSummary {
        variant: variant.to_owned(),
        task: task.task.clone(),
        capability: task.capability,
        n: finished.len(),
        failed: scores.len() - finished.len(),
        mean: mean(&values),
        interval: interval(&values, &clusters(&finished)),
        metrics: metrics(&finished),
        splits: splits(&finished),
        faults: faults(&finished),
    }
}

/// Number of samples by kind of mistake.
fn faults(scores: &[&Score]) -> BTreeMap<Fault, usize> {
    let mut all = BTreeMap::new();
    for fault in scores.iter().filter_map(|score| score.fault) {
        *all.entry(fault).or_default() += 1;
    }
    all
}

/// 95% interval of the mean: Wilson's for right or wrong, else t times the (clustered) standard error. Values that are
/// all equal leave open what Wilson's interval leaves open at 0 and 1.
fn interval(values: &[f64], clusters: &[usize]) -> Interval {
    let units = clusters.iter().max().map_or(0, |last| last + 1);
    let binary = values.iter().all(|&value| value == 0.0 || value == 1.0);
    if binary && units == values.len() {
        let right = values.iter().filter(|&&value| value == 1.0).count();
        return wilson(right as u64, values.len() as u64, 0.95);
    }
    let center = mean(values);
    let Some((error, count)) = clustered_standard_error(values, clusters) else {
        return RANGE;
    };
    let known = around(center, t_quantile(0.975, count - 1), error);
    let equal = values.iter().all(|value| (value - values[0]).abs() < 1e-9);
    let open = if equal { with_unseen(center, count, RANGE, 0.95) } else { known };
    within(hull(known, open), RANGE)
}

/// Mean of every metric over the samples that have it.
fn metrics(scores: &[&Score]) -> BTreeMap<String, f64> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for score in scores {
        for (name, number) in &score.metrics {
            all.entry(name.clone()).or_default().push(*number);
        }
    }
    all.into_iter().map(|(name, numbers)| (name, mean(&numbers))).collect()
}

/// Mean and number of samples by tag and tag value.
fn splits(scores: &[&Score]) -> BTreeMap<String, BTreeMap<String, (f64, usize)>> {
    let mut all: BTreeMap<String, BTreeMap<String, Vec<f64>>> = BTreeMap::new();
    for score in scores {
        for (tag, value) in &score.tags {
            all.entry(tag.clone()).or_default().entry(text(value)).or_default().push(score.value);
        }
    }
    all.into_iter()
        .map(|(tag, values)| (tag, values.into_iter().map(|(value, s)| (value, (mean(&s), s.len()))).collect()))
        .collect()
}

/// A tag's value without quotes.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
