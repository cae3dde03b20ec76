//! Which scores belong together: the same sample of two variants, and samples of the same source.

use std::collections::HashMap;

use record::{Outcome, Score};

use crate::error::AnalyzeError;
use crate::statistic::Unit;

/// The values of two variants on the samples that both finished, in the dense variant's order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    /// Dense values.
    pub dense: Vec<f64>,
    /// Compressed values, in the same order.
    pub compressed: Vec<f64>,
    /// Compressed minus dense; differences in the last digits are none.
    pub differences: Vec<f64>,
    /// The cluster of each pair, counted from 0.
    pub clusters: Vec<usize>,
    /// The name of each pair's source, where it shares one.
    pub sources: Vec<Option<String>>,
    /// Samples that one of the two failed.
    pub left_out: usize,
}

impl Pairs {
    /// Whether some pairs share a source.
    pub fn clustered(&self) -> bool {
        self.units().len() < self.clusters.len()
    }

    /// One unit a cluster.
    pub fn units(&self) -> Vec<Unit> {
        let count = self.clusters.iter().max().map_or(0, |last| last + 1);
        let mut units = vec![Unit { sum: 0.0, n: 0 }; count];
        for (cluster, difference) in self.clusters.iter().zip(&self.differences) {
            units[*cluster].sum += difference;
            units[*cluster].n += 1;
        }
        units
    }
}

/// Pairs the scores of one task by sample; `names` are the two sides as errors call them.
pub(crate) fn pair(
    task: &str,
    names: (&str, &str),
    dense: &[Score],
    compressed: &[Score],
) -> Result<Pairs, AnalyzeError> {
    let unpaired = |sample: &Score, present: &str, absent: &str| AnalyzeError::Unpaired {
        task: task.to_owned(),
        sample: sample.sample.clone(),
        present: present.to_owned(),
        absent: absent.to_owned(),
    };
    let dense_ids: HashMap<&str, &Score> = dense.iter().map(|score| (score.sample.as_str(), score)).collect();
    if let Some(extra) = compressed.iter().find(|score| !dense_ids.contains_key(score.sample.as_str())) {
        return Err(unpaired(extra, names.1, names.0));
    }
    let by_id: HashMap<&str, &Score> = compressed.iter().map(|score| (score.sample.as_str(), score)).collect();
    let mut pairs = Pairs::default();
    let mut finished = Vec::new();
    for score in dense {
        let other = by_id.get(score.sample.as_str()).ok_or_else(|| unpaired(score, names.0, names.1))?;
        if score.outcome != Outcome::Finished || other.outcome != Outcome::Finished {
            pairs.left_out += 1;
            continue;
        }
        let difference = other.value - score.value;
        pairs.dense.push(score.value);
        pairs.compressed.push(other.value);
        pairs.differences.push(if difference.abs() < 1e-9 { 0.0 } else { difference });
        finished.push(score);
    }
    pairs.clusters = clusters(&finished);
    pairs.sources = finished.iter().map(|score| score.cluster.clone()).collect();
    Ok(pairs)
}

/// The cluster of each score, counted from 0 in order of appearance; a score without one stands alone.
pub(crate) fn clusters(scores: &[&Score]) -> Vec<usize> {
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut count = 0;
    scores
        .iter()
        .map(|score| {
            let mut fresh = || {
                count += 1;
                count - 1
            };
            match &score.cluster {
                Some(name) => *named.entry(name).or_insert_with(fresh),
                None => fresh(),
            }
        })
        .collect()
}
