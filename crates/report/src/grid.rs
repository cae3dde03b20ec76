//! Scores laid out by length and depth: the cells of a heat map.

use std::collections::BTreeMap;

use record::{Outcome, Score};
use serde_json::Value;

/// Mean scores by depth (rows, from the top of the text) and length (columns).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    /// Prompt lengths, ascending.
    pub lengths: Vec<String>,
    /// Depths, ascending.
    pub depths: Vec<String>,
    /// `cells[depth][length]`; `None` where no sample finished.
    pub cells: Vec<Vec<Option<Mean>>>,
}

/// A mean over samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    /// In [0, 1]; a difference of two is in [-1, 1].
    pub value: f64,
    /// How many samples it is of.
    pub samples: usize,
}

impl Grid {
    /// Lays out the scores that have a `length` and a `depth`; `None` where none of them finished.
    pub fn of(scores: &[Score]) -> Option<Grid> {
        let mut finished: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
        for score in scores {
            let (Some(length), Some(depth)) = (number(score, "length"), number(score, "depth")) else { continue };
            let cell = finished.entry((depth, length)).or_default();
            cell.extend((score.outcome == Outcome::Finished).then_some(score.value));
        }
        if finished.values().all(Vec::is_empty) {
            return None;
        }
        let depths = ascending(finished.keys().map(|(depth, _)| depth.clone()));
        let lengths = ascending(finished.keys().map(|(_, length)| length.clone()));
        let cell = |depth: &String, length: &String| {
            let values = finished.get(&(depth.clone(), length.clone())).filter(|values| !values.is_empty())?;
            Some(Mean { value: values.iter().sum::<f64>() / values.len() as f64, samples: values.len() })
        };
        let cells = depths.iter().map(|depth| lengths.iter().map(|length| cell(depth, length)).collect()).collect();
        Some(Grid { lengths, depths, cells })
    }

    /// This grid minus `dense` on dense's axes; a cell that one of them lacks is empty.
    pub fn minus(&self, dense: &Grid) -> Grid {
        let cell = |depth: &String, length: &String| {
            let (ours, theirs) = (self.cell(depth, length)?, dense.cell(depth, length)?);
            Some(Mean { value: ours.value - theirs.value, samples: ours.samples.min(theirs.samples) })
        };
        let row = |depth: &String| dense.lengths.iter().map(|length| cell(depth, length)).collect();
        let cells = dense.depths.iter().map(row).collect();
        Grid { lengths: dense.lengths.clone(), depths: dense.depths.clone(), cells }
    }

    fn cell(&self, depth: &str, length: &str) -> Option<Mean> {
        let row = self.depths.iter().position(|known| known == depth)?;
        let column = self.lengths.iter().position(|known| known == length)?;
        self.cells[row][column]
    }
}

/// The values of an axis, each once.
fn ascending(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> = values.collect();
    values.sort_by(|a, b| crate::wording::by_size(a, b));
    values.dedup();
    values
}

/// A tag that is a number, as it was written.
fn number(score: &Score, tag: &str) -> Option<String> {
    match score.tags.get(tag)? {
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
