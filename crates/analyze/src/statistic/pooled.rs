//! One decision from several tasks, where each alone has too few samples for one. (Pooling McNemar's test over tasks:
//! arXiv 2602.10144.)

use std::collections::BTreeMap;

use super::comparison::{Comparison, Evidence};
use super::interval::{clustered_standard_error, mean};

/// The paired differences of one task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stratum {
    /// Compressed - dense of each item, in [-1, 1].
    pub differences: Vec<f64>,
    /// The cluster of each; the same number in two tasks is the same source.
    pub clusters: Vec<usize>,
}

/// What several tasks say together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// Mean over tasks of each task's mean difference.
    pub delta: f64,
    /// How sure that is.
    pub comparison: Comparison,
    /// Tasks that are in it.
    pub tasks: usize,
    /// Tasks with fewer than two items or clusters, whose spread is not known; left out.
    pub left_out: usize,
}

/// The stratified paired difference: every task counts alike, and every item alike within its task, so that a task does
/// not win by its number of samples. The variance is the sum of the tasks' clustered ones over the square of their number,
/// plus twice what tasks that share sources have in common; Student's t with Satterthwaite's degrees of freedom. As in
/// [`super::graded`], the interval leaves room for what stayed unseen, the units weighted as they count. p is the level at
/// which the interval reaches 0. It speaks of these tasks, not of others that might have been chosen.
///
/// `None` where no task has two items or clusters.
///
/// ```
/// use analyze::statistic::{Stratum, pooled};
/// let task = |differences: &[f64], first: usize| Stratum {
///     differences: differences.to_vec(),
///     clusters: (first..first + differences.len()).collect(),
/// };
/// // Means -1/4 and 0: -1/8, although one task has four times as many items.
/// let found = pooled(&[task(&[-1.0, 0.0, 0.0, 0.0], 0), task(&[0.0; 16], 4)]);
/// assert!(found.is_some_and(|pooled| pooled.delta == -0.125 && pooled.tasks == 2));
/// ```
pub fn pooled(strata: &[Stratum]) -> Option<Pooled> {
    let all: Vec<Part> = strata.iter().filter_map(Part::of).collect();
    let tasks = all.len() as f64;
    let (mut delta, mut spread, mut squares) = (0.0, 0.0, 0.0);
    // By source, over tasks: how much its items weigh, and the weighted sum of their deviations.
    let mut sources: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for part in &all {
        delta += part.mean / tasks;
        let variance = part.variance / (tasks * tasks);
        spread += variance;
        squares += variance * variance / part.freedom;
        let weight = 1.0 / (tasks * part.stratum.differences.len() as f64);
        for (difference, cluster) in part.stratum.differences.iter().zip(&part.stratum.clusters) {
            let source = sources.entry(*cluster).or_default();
            source.0 += weight;
            // n/(n-1), as the clustered standard error has it.
            source.1 += weight * (difference - part.mean) * (1.0 + 1.0 / part.freedom).sqrt();
        }
    }
    let freedom = if squares > 0.0 { spread * spread / squares } else { all.iter().map(|part| part.freedom).sum() };
    let error = sources.values().map(|source| source.1 * source.1).sum::<f64>().sqrt();
    let units = 1.0 / sources.values().map(|source| source.0 * source.0).sum::<f64>();
    let changed =
        all.iter().flat_map(|part| &part.stratum.differences).filter(|&&difference| difference != 0.0).count();
    let comparison = Evidence { delta, error, freedom, units, changed, drawn: None }.comparison(0.0);
    (!all.is_empty()).then_some(Pooled { delta, comparison, tasks: all.len(), left_out: strata.len() - all.len() })
}

/// A task that is in the pool.
struct Part<'a> {
    stratum: &'a Stratum,
    mean: f64,
    variance: f64,
    freedom: f64,
}

impl<'a> Part<'a> {
    fn of(stratum: &'a Stratum) -> Option<Self> {
        let (error, count) = clustered_standard_error(&stratum.differences, &stratum.clusters)?;
        let mean = mean(&stratum.differences);
        Some(Self { stratum, mean, variance: error * error, freedom: count as f64 - 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistic::{Unit, graded};

    fn task(differences: Vec<f64>, first: usize) -> Stratum {
        let clusters = (first..first + differences.len()).collect();
        Stratum { differences, clusters }
    }

    fn spread(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * 7 % 5) as f64 / 5.0 - 0.42).collect()
    }

    #[test]
    fn one_task_is_its_own_t_interval() {
        let differences = spread(200);
        let units: Vec<Unit> = differences.iter().map(|&sum| Unit { sum, n: 1 }).collect();
        let alone = graded(&units, 200, 2000, 3);
        let found = pooled(&[task(differences, 0)]).map(|pooled| pooled.comparison.interval);
        assert!(found.is_some_and(|i| (i.low - alone.interval.low).abs() < 2e-3), "{found:?} {alone:?}");
        assert!(found.is_some_and(|i| (i.high - alone.interval.high).abs() < 2e-3), "{found:?} {alone:?}");
    }

    #[test]
    fn more_tasks_are_surer_and_the_same_sources_twice_are_not() {
        let width = |strata: &[Stratum]| {
            pooled(strata).map_or(2.0, |pooled| pooled.comparison.interval.high - pooled.comparison.interval.low)
        };
        let one = width(&[task(spread(200), 0)]);
        let two = width(&[task(spread(200), 0), task(spread(200), 200)]);
        let twice = width(&[task(spread(200), 0), task(spread(200), 0)]);
        assert!((one / two - 2f64.sqrt()).abs() < 0.02, "{one} {two}");
        assert!((one / twice - 1.0).abs() < 0.02, "{one} {twice}");
    }

    #[test]
    fn tasks_without_a_spread_are_left_out_and_counted() {
        assert_eq!(pooled(&[]), None);
        assert_eq!(pooled(&[task(vec![0.5], 0), Stratum::default()]), None);
        let found = pooled(&[task(vec![-1.0], 0), task(vec![0.0; 200], 1)]);
        assert!(found.is_some_and(|pooled| (pooled.delta, pooled.tasks, pooled.left_out) == (0.0, 1, 1)));
        assert!(found.is_some_and(|pooled| pooled.comparison.p == 1.0 && pooled.comparison.bounds.low > -0.03));
    }
}
