//! Samples that were asked several times: how often all replies are right, and how much chance alone changes.

use std::collections::{BTreeMap, HashMap};

use record::{DENSE, Outcome, Pass, Repeats, RunRecord, Sample, Score};

use crate::analyze::Scores;
use crate::statistic::{around, clustered_standard_error, mean, pass_at_k, pass_hat_k, t_quantile};

/// Two values further apart than this are different.
const SAME: f64 = 1e-9;

/// The replies to one item that did not fail.
#[derive(Default)]
struct Item<'a> {
    values: Vec<f64>,
    cluster: Option<&'a str>,
}

/// Items by name.
type Items<'a> = BTreeMap<&'a str, Item<'a>>;

/// Every task of every variant of a run that asked each sample several times; nothing of any other.
pub(crate) fn repeats(run: &RunRecord, scores: &Scores) -> Vec<Repeats> {
    let mut all = Vec::new();
    if run.epochs < 2 {
        return all;
    }
    for task in &run.tasks {
        let of = |variant: &str| scores.get(&(variant.to_owned(), task.task.clone())).map(|found| items(found));
        let dense = of(DENSE).unwrap_or_default();
        for variant in &run.variants {
            let Some(found) = of(&variant.name) else { continue };
            let against = (variant.name != DENSE).then_some(&dense);
            all.push(Repeats {
                variant: variant.name.clone(),
                task: task.task.clone(),
                items: found.values().filter(|item| item.values.len() > 1).count(),
                flips: flips(&found),
                passes: (1..=run.epochs).filter_map(|k| pass(&found, against, k)).collect(),
            });
        }
    }
    all
}

fn items(scores: &[Score]) -> Items<'_> {
    let mut items = Items::new();
    for score in scores.iter().filter(|score| score.outcome == Outcome::Finished) {
        let item = items.entry(Sample::item(&score.sample)).or_default();
        item.values.push(score.value);
        item.cluster = score.cluster.as_deref();
    }
    items
}

/// The share of pairs of replies to one item that have different values, the mean over items.
fn flips(items: &Items) -> f64 {
    let share = |values: &[f64]| {
        let pairs = values.iter().enumerate().flat_map(|(at, one)| values[at + 1..].iter().map(move |two| (one, two)));
        let differ: Vec<f64> = pairs.map(|(one, two)| f64::from(u8::from((one - two).abs() > SAME))).collect();
        mean(&differ)
    };
    let shares: Vec<f64> =
        items.values().filter(|item| item.values.len() > 1).map(|item| share(&item.values)).collect();
    mean(&shares)
}

/// Items that were answered less than `k` times are left out; nothing where none is left.
fn pass(items: &Items, dense: Option<&Items>, k: usize) -> Option<Pass> {
    let (any, all): (Vec<f64>, Vec<f64>) =
        items.values().filter_map(|item| Some((item.pass(k, pass_at_k)?, item.pass(k, pass_hat_k)?))).unzip();
    if all.is_empty() {
        return None;
    }
    let change = dense.map(|dense| changes(items, dense, k)).filter(|(changes, _)| !changes.is_empty());
    let interval = change.as_ref().and_then(|(changes, clusters)| {
        let (error, count) = clustered_standard_error(changes, clusters)?;
        Some(around(mean(changes), t_quantile(0.975, count - 1), error))
    });
    Some(Pass {
        k,
        any: mean(&any),
        all: mean(&all),
        all_change: change.map(|(changes, _)| mean(&changes)),
        all_interval: interval,
    })
}

/// Compressed minus dense pass^k of each item that both have, and its cluster.
fn changes(compressed: &Items, dense: &Items, k: usize) -> (Vec<f64>, Vec<usize>) {
    let mut named: HashMap<&str, usize> = HashMap::new();
    let both = compressed.iter().filter_map(|(name, item)| {
        let change = item.pass(k, pass_hat_k)? - dense.get(name)?.pass(k, pass_hat_k)?;
        let next = named.len();
        Some((change, *named.entry(item.cluster.unwrap_or(name)).or_insert(next)))
    });
    both.unzip()
}

impl Item<'_> {
    fn pass(&self, k: usize, formula: fn(u64, u64, u64) -> Option<f64>) -> Option<f64> {
        let solved = self.values.iter().filter(|value| **value > 1.0 - SAME).count();
        formula(self.values.len() as u64, solved as u64, k as u64)
    }
}
