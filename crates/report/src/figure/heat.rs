//! Scores by length and depth, each cell with its number.

use record::DENSE;

use super::color::{Fill, difference_color, score_color};
use super::drawing::{Anchor, Area, Drawing, Mark, Role, Text};
use crate::Report;
use crate::grid::{Grid, Mean};
use crate::wording::{count, counted, whole_points};

/// From one cell to the next, and the gap between them.
const CELL_WIDTH: f64 = 46.0;
const CELL_HEIGHT: f64 = 28.0;
const GAP: f64 = 2.0;
/// Room for the labels.
const LEFT: f64 = 58.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 62.0;
/// Where the ramp of colors begins, and the width of its pieces.
const RAMP: f64 = LEFT + 34.0;
const SWATCH: f64 = 6.0;

/// One map.
#[derive(Debug, Clone)]
pub(crate) struct HeatMap {
    /// The task.
    pub task: String,
    /// The variant.
    pub variant: String,
    /// Whether the cells are compressed minus dense.
    pub difference: bool,
    /// The model's longest context, in tokens.
    context: Option<usize>,
    grid: Grid,
}

/// The maps of every task whose samples have a length and a depth: dense, then each variant and its difference.
pub(crate) fn heat_maps(report: &Report) -> Vec<HeatMap> {
    let mut maps = Vec::new();
    for task in report.tasks() {
        let grid = |variant: &str| Grid::of(report.tallies.get(&(variant.to_owned(), task.task.clone()))?);
        let map = |variant: &str, difference, grid| HeatMap {
            task: task.task.clone(),
            variant: variant.to_owned(),
            difference,
            context: report.run.model.context,
            grid,
        };
        let dense = grid(DENSE);
        maps.extend(dense.clone().map(|grid| map(DENSE, false, grid)));
        for variant in report.compressed() {
            let Some(compressed) = grid(variant) else { continue };
            let difference = dense.as_ref().map(|dense| map(variant, true, compressed.minus(dense)));
            maps.push(map(variant, false, compressed));
            maps.extend(difference);
        }
    }
    maps
}

/// The maps of a task in rows, each variant's beside the dense one; that alone where no variant has one.
pub(crate) fn side_by_side<'m>(report: &Report, maps: &'m [HeatMap], task: &str) -> Vec<Vec<&'m HeatMap>> {
    let of = |variant: &str| maps.iter().filter(|map| map.task == task && map.variant == variant).collect();
    let dense: Vec<&HeatMap> = of(DENSE);
    let mut rows: Vec<Vec<&HeatMap>> = report.compressed().map(of).filter(|row| !row.is_empty()).collect();
    if rows.is_empty() && !dense.is_empty() {
        rows.push(Vec::new());
    }
    rows.iter_mut().for_each(|row| drop(row.splice(..0, dense.iter().copied())));
    rows
}

/// A file's name; names come from run.json, so only plain characters stay.
pub(super) fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    name.chars().map(plain).collect()
}

impl HeatMap {
    /// `needle-dense.svg`, `needle-gptq-w4-g128-difference.svg`.
    pub fn file_name(&self) -> String {
        let tail = if self.difference { "-difference" } else { "" };
        file_name(&format!("{}-{}{tail}.svg", self.task, self.variant))
    }

    /// `dense`, `gptq-w4-g128`, `gptq-w4-g128 − dense`
    pub fn title(&self) -> String {
        if self.difference { format!("{} \u{2212} {DENSE}", self.variant) } else { self.variant.clone() }
    }

    /// `length (tokens), context 2,048`
    fn axis(&self) -> String {
        let context = self.context.map_or_else(String::new, |tokens| format!(", context {}", count(tokens)));
        format!("length (tokens){context}")
    }

    /// Where the model's context ends, between two columns; `None` where every length fits, or none does.
    fn limit(&self) -> Option<f64> {
        let context = self.context? as f64;
        let fit = self.grid.lengths.iter().filter(|length| length.parse::<f64>().is_ok_and(|tokens| tokens <= context));
        let fit = fit.count();
        (fit > 0 && fit < self.grid.lengths.len()).then_some(LEFT + fit as f64 * CELL_WIDTH - 1.0)
    }

    /// What it shows, in words.
    pub fn about(&self) -> String {
        let shown = if self.difference { "Difference in points" } else { "Mean score" };
        format!("{shown} by length and depth, {}", self.title())
    }

    /// The color of a value.
    fn color(&self, value: f64) -> Fill {
        if self.difference { difference_color(value) } else { score_color(value) }
    }

    /// A value in points.
    fn number(&self, value: f64) -> String {
        if self.difference { whole_points(value) } else { format!("{:.0}", value * 100.0) }
    }

    /// Where the cells end.
    fn below(&self) -> f64 {
        TOP + self.grid.depths.len() as f64 * CELL_HEIGHT
    }

    /// What the map is drawn of.
    pub(super) fn drawing(&self) -> Drawing {
        let (lengths, below) = (self.grid.lengths.len(), self.below());
        let mut marks = vec![Mark::text(self.title(), (LEFT, 18.0), Anchor::Start, Role::Title)];
        marks.extend((0..self.grid.depths.len()).flat_map(|row| self.row(row)));
        marks.extend((0..lengths).map(|column| self.length(column)));
        if let Some(x) = self.limit() {
            marks.push(Mark::Limit { x, top: TOP - 8.0, bottom: below });
            marks.push(Mark::text("context", (x - 4.0, TOP - 5.0), Anchor::End, Role::Limit));
        }
        marks.push(Mark::text("depth (%)", (14.0, (TOP + below) / 2.0), Anchor::Upward, Role::Axis));
        marks.push(Mark::text(self.axis(), (LEFT, below + 32.0), Anchor::Start, Role::Axis));
        marks.extend(self.ramp(below + 40.0));
        Drawing { width: LEFT + lengths.max(5) as f64 * CELL_WIDTH + 10.0, height: below + BOTTOM, marks }
    }

    /// The cells of one depth, and its name before them.
    fn row(&self, row: usize) -> Vec<Mark> {
        let middle = TOP + row as f64 * CELL_HEIGHT + CELL_HEIGHT / 2.0;
        let depth = Mark::text(&self.grid.depths[row], (LEFT - 8.0, middle + 4.0), Anchor::End, Role::Tick);
        let cells = (0..self.grid.lengths.len()).map(|column| self.cell(row, column));
        std::iter::once(depth).chain(cells).collect()
    }

    /// One cell with its number in points.
    fn cell(&self, row: usize, column: usize) -> Mark {
        let (x, y) = (LEFT + column as f64 * CELL_WIDTH, TOP + row as f64 * CELL_HEIGHT);
        let area = Area { x, y, width: CELL_WIDTH - GAP, height: CELL_HEIGHT - GAP };
        let place = format!("length {}, depth {}", self.grid.lengths[column], self.grid.depths[row]);
        let Some(Mean { value, samples }) = self.grid.cells[row][column] else {
            return Mark::Empty { area, about: format!("{place}: no sample") };
        };
        let (fill, text) = (self.color(value), self.number(value));
        let about = format!("{place}: {text} ({})", counted(samples, "sample"));
        let at = (x + area.width / 2.0, y + area.height / 2.0 + 4.0);
        let number = Text { text, at, anchor: Anchor::Middle, role: Role::Number { light: fill.dark } };
        Mark::Cell { area, about, fill, number }
    }

    /// The name of a column, below it.
    fn length(&self, column: usize) -> Mark {
        let middle = LEFT + column as f64 * CELL_WIDTH + CELL_WIDTH / 2.0;
        Mark::text(&self.grid.lengths[column], (middle, self.below() + 15.0), Anchor::Middle, Role::Tick)
    }

    /// The ramp of colors between what its ends mean.
    fn ramp(&self, y: f64) -> Vec<Mark> {
        let (low, high) = if self.difference { (-1.0, 1.0) } else { (0.0, 1.0) };
        let end = |value, x| Mark::text(self.number(value), (x, y + 10.0), Anchor::Start, Role::Tick);
        let swatch = |step: usize| {
            let fill = self.color(low + (high - low) * step as f64 / 20.0);
            Mark::Swatch { area: Area { x: RAMP + step as f64 * SWATCH, y, width: SWATCH, height: 12.0 }, fill }
        };
        let mut marks = vec![end(low, LEFT)];
        marks.extend((0..=20).map(swatch));
        marks.push(end(high, RAMP + 22.0 * SWATCH));
        marks
    }
}
