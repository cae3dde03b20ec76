//! One variant of one task: a column of values, and what was said.

use record::{Outcome, Score, Transcript};
use serde::Serialize;
use serde_json::Value;

use super::chunk::{Places, Rows, write_chunk};
use super::said::Row;
use super::{ITEMS, Lost, TaskWriter};
use crate::ReportError;
use crate::tally::Tally;

/// Samples on which a variant lost most that are kept.
const KEPT: usize = 3;

/// Writes one variant of one task.
pub struct VariantWriter<'t, 'e> {
    task: &'t mut TaskWriter<'e>,
    variant: usize,
    is_dense: bool,
    said: Rows,
    values: Vec<Option<f64>>,
    /// What became of each sample: see [`VariantWriter::judge`].
    outcomes: Vec<u8>,
    lost: Vec<(usize, Lost)>,
    tally: Tally,
}

/// What a file of values holds.
#[derive(Serialize)]
struct Contents<'a> {
    /// Hundredths of a point; `null` where there is no number.
    values: Vec<Option<i64>>,
    /// A letter a sample.
    outcomes: &'a str,
    /// How many samples follow in the same file of replies, and which: -1 for none.
    said: Vec<(usize, i64)>,
    /// How many files of replies there are.
    files: usize,
}

impl<'t, 'e> VariantWriter<'t, 'e> {
    pub(super) fn new(task: &'t mut TaskWriter<'e>, variant: usize) -> Self {
        let name = format!("t{}/v{variant}-said", task.task);
        let said = Rows::new(&task.explorer.folder.join(format!("t{}", task.task)), &task.explorer.stamp, name);
        let (is_dense, tally) = (task.is_dense(variant), Tally::default());
        let (values, outcomes, lost) = (Vec::new(), Vec::new(), Vec::new());
        Self { task, variant, is_dense, said, values, outcomes, lost, tally }
    }

    /// Adds what a sample was worth, and what was said for it.
    ///
    /// # Errors
    /// A full disk.
    pub fn add(&mut self, score: &Score, said: &Transcript) -> Result<(), ReportError> {
        self.tally.add(score);
        self.tally.serve(&score.sample, said);
        let item = self.task.items.place(&score.sample, || tags(score));
        if self.values.len() <= item {
            self.values.resize(item + 1, None);
            self.outcomes.resize(item + 1, b'-');
        }
        self.outcomes[item] = self.judge(item, score);
        self.values[item] = (score.outcome == Outcome::Finished).then_some(score.value);
        let opens = match said.steps.first() {
            Some(step) => self.task.opens(item, &step.messages)?,
            None => false,
        };
        let reason = match &score.outcome {
            Outcome::Failed { reason, .. } => reason,
            Outcome::Finished => &score.reason,
        };
        self.said.push(item, &Row::of(item, score, reason, said, opens))
    }

    /// `w` worse than dense, `b` better, `=` the same, `f` failed, `d` finished where dense did not (or is dense itself).
    fn judge(&mut self, item: usize, score: &Score) -> u8 {
        if score.outcome != Outcome::Finished {
            return b'f';
        }
        if self.is_dense {
            self.task.items.dense[item] = Some((score.value, score.reason.clone()));
            return b'd';
        }
        let Some((dense, reason)) = &self.task.items.dense[item] else { return b'd' };
        if score.value > *dense {
            return b'b';
        }
        if score.value < *dense {
            let lost = Lost {
                sample: score.sample.clone(),
                dense: (*dense, reason.clone()),
                compressed: (score.value, score.reason.clone()),
            };
            self.lost.push((item, lost));
            self.lost.sort_by(|(at, a), (other, b)| b.loss().total_cmp(&a.loss()).then(at.cmp(other)));
            self.lost.truncate(KEPT);
            return b'w';
        }
        b'='
    }

    /// Ends the variant's files. Returns the samples on which it lost most, the worst first.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self) -> Result<Vec<Lost>, ReportError> {
        let items = self.task.items.len();
        self.values.resize(items, None);
        self.outcomes.resize(items, b'-');
        let places = self.said.finish(items)?;
        self.write_values(&places)?;
        let explorer = &mut self.task.explorer;
        if let (Some(variant), Some(task)) =
            (explorer.run.variants.get(self.variant), explorer.run.tasks.get(self.task.task))
        {
            explorer.tallies.insert((variant.name.clone(), task.task.clone()), self.tally);
        }
        Ok(self.lost.into_iter().map(|(_, lost)| lost).collect())
    }

    fn write_values(&self, places: &Places) -> Result<(), ReportError> {
        let (folder, stamp) = (&self.task.explorer.folder, &self.task.explorer.stamp);
        for part in 0..self.values.len().div_ceil(ITEMS).max(1) {
            let range = part * ITEMS..((part + 1) * ITEMS).min(self.values.len());
            let values = self.values[range.clone()].iter().map(|value| hundredths((*value)?));
            let contents = Contents {
                values: values.collect(),
                outcomes: std::str::from_utf8(&self.outcomes[range.clone()]).unwrap_or_default(),
                said: places.runs(range),
                files: places.files,
            };
            let name = format!("t{}/v{}-{part}", self.task.task, self.variant);
            write_chunk(&folder.join(format!("{name}.js")), stamp, &name, &contents)?;
        }
        Ok(())
    }
}

impl Lost {
    /// How much, above 0.
    fn loss(&self) -> f64 {
        self.dense.0 - self.compressed.0
    }
}

/// A share in hundredths of a point.
fn hundredths(value: f64) -> Option<i64> {
    value.is_finite().then(|| (value * 10_000.0).round() as i64)
}

/// `depth 50, length 512`
fn tags(score: &Score) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = |(name, value): (&String, &Value)| format!("{} {}", name.replace('_', " "), text(value));
    score.tags.iter().map(one).collect::<Vec<_>>().join(", ")
}
