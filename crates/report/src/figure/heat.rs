//! Scores by length and depth, each cell with its number.

use record::DENSE;

use crate::Report;
use crate::figure::{difference_color, score_color};
use crate::grid::Grid;
use crate::wording::escaped;

/// Cells of a map.
const CELL: (usize, usize) = (46, 28);
/// Room for the labels: left, top, bottom.
const LEFT: usize = 58;
const TOP: usize = 34;
const BOTTOM: usize = 62;
/// More lengths or depths than this are no map to read.
const MOST: usize = 64;

/// One map.
#[derive(Debug, Clone)]
pub(crate) struct HeatMap {
    /// The task.
    pub task: String,
    /// The variant.
    pub variant: String,
    /// Whether the cells are compressed minus dense.
    pub difference: bool,
    grid: Grid,
}

/// The maps of every task whose samples have a length and a depth: dense, then each variant and its difference.
pub(crate) fn heat_maps(report: &Report) -> Vec<HeatMap> {
    let mut maps = Vec::new();
    for task in report.tasks() {
        let grid = |variant: &str| {
            let scores = report.scores.get(&(variant.to_owned(), task.task.clone()))?;
            Grid::of(scores).filter(|grid| grid.lengths.len() <= MOST && grid.depths.len() <= MOST)
        };
        let map = |variant: &str, difference, grid| HeatMap {
            task: task.task.clone(),
            variant: variant.to_owned(),
            difference,
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

impl HeatMap {
    /// `needle-dense.svg`, `needle-gptq-w4-g128-difference.svg`; names come from files, so only plain characters stay.
    pub fn file_name(&self) -> String {
        let tail = if self.difference { "-difference" } else { "" };
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
        format!("{}-{}{tail}.svg", self.task, self.variant).chars().map(plain).collect()
    }

    /// `dense`, `gptq-w4-g128`, `gptq-w4-g128 − dense`
    fn title(&self) -> String {
        if self.difference { format!("{} \u{2212} {DENSE}", self.variant) } else { self.variant.clone() }
    }

    fn size(&self) -> (usize, usize) {
        let width = LEFT + self.grid.lengths.len().max(5) * CELL.0 + 10;
        (width, TOP + self.grid.depths.len() * CELL.1 + BOTTOM)
    }

    /// For the page, which brings the style.
    pub fn inline(&self) -> String {
        let (width, height) = self.size();
        let about = if self.difference {
            format!("Difference in points by length and depth, {}", self.title())
        } else {
            format!("Mean score by length and depth, {}", self.title())
        };
        format!(
            "<svg class=\"heat\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-label=\"{}\">{}</svg>",
            escaped(&about),
            self.body()
        )
    }

    /// A file of its own, light or dark as the reader's screen is.
    pub fn standalone(&self) -> String {
        let (width, height) = self.size();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\"><title>{}: {}</title><style>{STYLE}</style>\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>{}</svg>\n",
            escaped(&self.task),
            escaped(&self.title()),
            self.body()
        )
    }

    fn body(&self) -> String {
        let mut svg = format!("<text class=\"title\" x=\"{LEFT}\" y=\"18\">{}</text>", escaped(&self.title()));
        for (row, depth) in self.grid.depths.iter().enumerate() {
            let y = TOP + row * CELL.1;
            let middle = y + CELL.1 / 2 + 4;
            svg.push_str(&format!(
                "<text class=\"tick end\" x=\"{}\" y=\"{middle}\">{}</text>",
                LEFT - 8,
                escaped(depth)
            ));
            for (column, length) in self.grid.lengths.iter().enumerate() {
                let cell = self.grid.cells[row][column];
                svg.push_str(&self.cell((LEFT + column * CELL.0, y), cell, &format!("length {length}, depth {depth}")));
            }
        }
        let below = TOP + self.grid.depths.len() * CELL.1;
        for (column, length) in self.grid.lengths.iter().enumerate() {
            let x = LEFT + column * CELL.0 + CELL.0 / 2;
            svg.push_str(&format!(
                "<text class=\"tick mid\" x=\"{x}\" y=\"{}\">{}</text>",
                below + 15,
                escaped(length)
            ));
        }
        let middle = TOP + self.grid.depths.len() * CELL.1 / 2;
        svg.push_str(&format!(
            "<text class=\"axis mid\" x=\"14\" y=\"{middle}\" transform=\"rotate(-90 14 {middle})\">depth (%)</text>\
             <text class=\"axis\" x=\"{LEFT}\" y=\"{}\">length (tokens)</text>",
            below + 32
        ));
        svg.push_str(&self.legend(below + 40));
        svg
    }

    /// One cell with its number in points, and in words for those who hover or listen.
    fn cell(&self, (x, y): (usize, usize), cell: Option<(f64, usize)>, place: &str) -> String {
        let (width, height) = (CELL.0 - 2, CELL.1 - 2);
        let Some((value, n)) = cell else {
            return format!(
                "<rect class=\"empty\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\">\
                 <title>{}: no sample</title></rect>",
                escaped(place)
            );
        };
        let (fill, text) = if self.difference {
            (difference_color(value), whole_points(value))
        } else {
            (score_color(value), format!("{:.0}", value * 100.0))
        };
        let ink = if fill.dark { "light" } else { "ink" };
        format!(
            "<g><title>{}: {text} ({})</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\" \
             fill=\"{}\"/><text class=\"value {ink}\" x=\"{}\" y=\"{}\">{text}</text></g>",
            escaped(place),
            crate::wording::counted(n, "sample"),
            fill.hex,
            x + width / 2,
            y + height / 2 + 4,
        )
    }

    /// The ramp with its two ends.
    fn legend(&self, y: usize) -> String {
        let (from, to) = if self.difference { ("\u{2212}100", "+100") } else { ("0", "100") };
        let mut svg = format!("<text class=\"tick\" x=\"{LEFT}\" y=\"{}\">{from}</text>", y + 10);
        for step in 0..=20 {
            let part = f64::from(step) / 20.0;
            let fill = if self.difference { difference_color(part * 2.0 - 1.0) } else { score_color(part) };
            let x = LEFT + 34 + step as usize * 6;
            svg.push_str(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"6\" height=\"12\" fill=\"{}\"/>", fill.hex));
        }
        svg.push_str(&format!("<text class=\"tick\" x=\"{}\" y=\"{}\">{to}</text>", LEFT + 34 + 21 * 6 + 6, y + 10));
        svg
    }
}

/// A difference as whole points: `−12`, `+3`, `0`.
fn whole_points(value: f64) -> String {
    match (value * 100.0).round() {
        0.0 => "0".to_owned(),
        rounded => format!("{rounded:+}").replace('-', "\u{2212}"),
    }
}

/// The style of a file of its own; the page has the same classes.
const STYLE: &str = "text{font:11px system-ui,sans-serif;fill:#3d4450}.title{font-size:13px;font-weight:600}\
.mid{text-anchor:middle}.end{text-anchor:end}.value{font-size:12px;text-anchor:middle;font-variant-numeric:tabular-nums}\
.light{fill:#fff}.ink{fill:#14181f}.empty{fill:none;stroke:#9aa2ae;stroke-dasharray:3 3}.paper{fill:#fff}\
@media (prefers-color-scheme:dark){text{fill:#b9c1cd}.light{fill:#fff}.ink{fill:#14181f}.paper{fill:#14181f}}";
