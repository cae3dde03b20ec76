//! Scores laid out by length and depth: the cells of a heat map.

use crate::tally::Tally;

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
    /// Lays out what was counted by length and depth; `None` where nothing finished.
    pub fn of(tally: &Tally) -> Option<Grid> {
        let finished = tally.cells();
        if finished.values().all(|(_, samples)| *samples == 0) {
            return None;
        }
        let depths = ascending(finished.keys().map(|(depth, _)| depth.clone()));
        let lengths = ascending(finished.keys().map(|(_, length)| length.clone()));
        let cell = |depth: &String, length: &String| {
            let (sum, samples) = *finished.get(&(depth.clone(), length.clone()))?;
            (samples > 0).then(|| Mean { value: sum / samples as f64, samples })
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
