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
    /// `cells[depth][length]`: mean and number of samples; `None` where no sample finished.
    pub cells: Vec<Vec<Option<(f64, usize)>>>,
}

impl Grid {
    /// Lays out the scores that have a `length` and a `depth`; `None` where none of them finished.
    pub fn of(scores: &[Score]) -> Option<Grid> {
        let mut sums: BTreeMap<(String, String), (f64, usize)> = BTreeMap::new();
        for score in scores {
            let (Some(length), Some(depth)) = (number(score, "length"), number(score, "depth")) else { continue };
            let cell = sums.entry((depth, length)).or_default();
            if score.outcome == Outcome::Finished {
                cell.0 += score.value;
                cell.1 += 1;
            }
        }
        if sums.values().all(|cell| cell.1 == 0) {
            return None;
        }
        let axis = |pick: fn(&(String, String)) -> &String| {
            let mut values: Vec<String> = sums.keys().map(|key| pick(key).clone()).collect();
            values.sort_by(|a, b| crate::wording::by_size(a, b));
            values.dedup();
            values
        };
        let (depths, lengths) = (axis(|key| &key.0), axis(|key| &key.1));
        let cell = |depth: &String, length: &String| {
            let (sum, n) = sums.get(&(depth.clone(), length.clone())).filter(|cell| cell.1 > 0)?;
            Some((sum / *n as f64, *n))
        };
        let cells = depths.iter().map(|depth| lengths.iter().map(|length| cell(depth, length)).collect()).collect();
        (!sums.is_empty()).then_some(Grid { lengths, depths, cells })
    }

    /// This grid minus `dense` on dense's axes; a cell that one of them lacks is empty.
    pub fn minus(&self, dense: &Grid) -> Grid {
        let cell = |depth: &String, length: &String| {
            let row = self.depths.iter().position(|d| d == depth)?;
            let column = self.lengths.iter().position(|l| l == length)?;
            self.cells[row][column]
        };
        let cells = dense
            .depths
            .iter()
            .zip(&dense.cells)
            .map(|(depth, row)| {
                let one = |(length, theirs): (&String, &Option<(f64, usize)>)| {
                    let (a, b) = ((*theirs)?, cell(depth, length)?);
                    Some((b.0 - a.0, a.1.min(b.1)))
                };
                dense.lengths.iter().zip(row).map(one).collect()
            })
            .collect();
        Grid { lengths: dense.lengths.clone(), depths: dense.depths.clone(), cells }
    }
}

/// A tag that is a number, as it was written.
fn number(score: &Score, tag: &str) -> Option<String> {
    match score.tags.get(tag)? {
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
