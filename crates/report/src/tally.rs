//! What is counted of scores while they are read one after the other: the cells of heat maps, and failures by reason.

use std::collections::{BTreeMap, BTreeSet};

use record::{Outcome, Score, Transcript};
use serde_json::Value;

use crate::Report;

/// Lengths or depths beyond which there is no map to read.
const MOST_PLACES: usize = 64;
/// Reasons to fail that are told apart; the rest are counted together.
const MOST_REASONS: usize = 40;
/// Samples that are named for each reason.
const NAMED: usize = 5;

/// The counts of a run by (variant, task).
pub type Tallies = BTreeMap<(String, String), Tally>;

/// One variant of one task. It holds a cell a place and a line a reason, however many scores are added.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Sum and number of finished samples by (depth, length).
    cells: BTreeMap<(String, String), (f64, usize)>,
    depths: BTreeSet<String>,
    lengths: BTreeSet<String>,
    failed: BTreeMap<String, Failed>,
    other: Failed,
    served: Served,
}

/// What servers made of the calls in all replies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Replies with calls, as the model wrote them or as the server gave them.
    pub replies: usize,
    /// Those of them in which the two differ.
    pub differing: usize,
    /// Calls that models wrote.
    pub written: usize,
    /// Calls that were written and not given.
    pub lost: usize,
    /// Calls that were given and not written so.
    pub added: usize,
    /// The first samples in which the two differ.
    pub first: Vec<String>,
}

/// The samples that failed for one reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failed {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub first: Vec<String>,
}

impl Failed {
    fn add(&mut self, sample: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(sample.to_owned());
        }
    }
}

impl Tally {
    /// Counts all of some scores.
    pub fn of(scores: &[Score]) -> Self {
        let mut tally = Self::default();
        scores.iter().for_each(|score| tally.add(score));
        tally
    }

    /// Counts a score.
    pub fn add(&mut self, score: &Score) {
        match &score.outcome {
            Outcome::Failed { reason, .. } => self.fail(reason, &score.sample),
            Outcome::Finished => {}
        }
        let (Some(length), Some(depth)) = (number(score, "length"), number(score, "depth")) else { return };
        self.lengths.insert(length.clone());
        self.depths.insert(depth.clone());
        if self.is_map() {
            let (sum, samples) = self.cells.entry((depth, length)).or_default();
            if score.outcome == Outcome::Finished {
                *sum += score.value;
                *samples += 1;
            }
        } else {
            // One more than a map can have is enough to know that there is none.
            self.cells.clear();
            self.lengths = self.lengths.iter().take(MOST_PLACES + 1).cloned().collect();
            self.depths = self.depths.iter().take(MOST_PLACES + 1).cloned().collect();
        }
    }

    /// Counts what servers made of the calls of a sample.
    pub fn serve(&mut self, sample: &str, said: &Transcript) {
        let before = self.served.differing;
        for calls in said.steps.iter().filter_map(|step| step.reply.served_calls.as_ref()) {
            self.served.replies += 1;
            self.served.differing += usize::from(!calls.agrees());
            self.served.written += calls.written;
            self.served.lost += calls.written.saturating_sub(calls.kept);
            self.served.added += calls.given.saturating_sub(calls.kept);
        }
        if self.served.differing > before && self.served.first.len() < NAMED {
            self.served.first.push(sample.to_owned());
        }
    }

    /// What servers made of calls; `None` where no reply tells.
    pub(crate) fn served(&self) -> Option<&Served> {
        (self.served.replies > 0).then_some(&self.served)
    }

    fn fail(&mut self, reason: &str, sample: &str) {
        let known = self.failed.contains_key(reason) || self.failed.len() < MOST_REASONS;
        let failed = if known { self.failed.entry(reason.to_owned()).or_default() } else { &mut self.other };
        failed.add(sample);
    }

    fn is_map(&self) -> bool {
        self.lengths.len() <= MOST_PLACES && self.depths.len() <= MOST_PLACES
    }

    /// Sum and number of finished samples by (depth, length); none where there are too many places.
    pub(crate) fn cells(&self) -> &BTreeMap<(String, String), (f64, usize)> {
        &self.cells
    }

    /// Failures by reason, those beyond the first forty under one heading.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (&str, &Failed)> {
        let other = (self.other.count > 0).then_some(("other reasons", &self.other));
        self.failed.iter().map(|(reason, failed)| (reason.as_str(), failed)).chain(other)
    }
}

/// What servers made of calls: task, variant and counts, a task's variants one after the other in the run's order.
pub(crate) fn served_calls<'a>(report: &Report<'a>) -> impl Iterator<Item = (&'a str, &'a str, &'a Served)> {
    let Report { run, tallies, .. } = *report;
    run.tasks.iter().flat_map(move |task| {
        run.variants.iter().filter_map(move |variant| {
            let tally = tallies.get(&(variant.name.clone(), task.task.clone()))?;
            Some((task.task.as_str(), variant.name.as_str(), tally.served()?))
        })
    })
}

/// A tag that is a number, as it was written.
fn number(score: &Score, tag: &str) -> Option<String> {
    match score.tags.get(tag)? {
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn score(index: usize, outcome: Outcome) -> Score {
        Score {
            sample: format!("s{index}"),
            outcome,
            value: 1.0,
            metrics: BTreeMap::new(),
            reason: String::new(),
            fault: None,
            cluster: None,
            tags: BTreeMap::from([("length".to_owned(), json!(index)), ("depth".to_owned(), json!(0.5))]),
        }
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_scores() {
        let mut tally = Tally::default();
        for index in 0..1000 {
            tally.add(&score(index, Outcome::failed(format!("prompt of {index} tokens"))));
        }
        assert!(tally.cells().is_empty() && tally.lengths.len() <= MOST_PLACES + 1);
        let failed: Vec<(&str, usize)> = tally.failed().map(|(reason, failed)| (reason, failed.count)).collect();
        assert_eq!(failed.len(), MOST_REASONS + 1);
        assert_eq!(failed.last(), Some(&("other reasons", 1000 - MOST_REASONS)));
        assert!(tally.failed().all(|(_, failed)| failed.first.len() <= NAMED));
    }

    #[test]
    fn a_cell_without_a_finished_sample_is_there_and_empty() {
        let tally =
            Tally::of(&[score(1, Outcome::Finished), score(1, Outcome::Finished), score(2, Outcome::failed("x"))]);
        let cells: Vec<(f64, usize)> = tally.cells().values().copied().collect();
        assert_eq!(cells, [(2.0, 2), (0.0, 0)]);
    }
}
