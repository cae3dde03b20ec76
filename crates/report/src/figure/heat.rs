//! Scores by length and depth, each cell with its number.

use record::DENSE;

use crate::Report;
use crate::figure::color::Fill;
use crate::figure::raster::{Label, Picture, Rgb};
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
    /// The model's longest context, in tokens.
    context: Option<usize>,
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

    /// `length (tokens), context 2,048`
    fn axis(&self) -> String {
        let context =
            self.context.map_or_else(String::new, |tokens| format!(", context {}", crate::wording::count(tokens)));
        format!("length (tokens){context}")
    }

    /// Where the model's context ends, between two columns; `None` where every length fits, or none does.
    fn limit(&self) -> Option<usize> {
        let context = self.context? as f64;
        let fit = self.grid.lengths.iter().filter(|length| length.parse::<f64>().is_ok_and(|tokens| tokens <= context));
        let fit = fit.count();
        (fit > 0 && fit < self.grid.lengths.len()).then_some(LEFT + fit * CELL.0 - 1)
    }

    /// A cell's color and its number.
    fn shade(&self, value: f64) -> (Fill, String) {
        if self.difference {
            (difference_color(value), whole_points(value))
        } else {
            (score_color(value), format!("{:.0}", value * 100.0))
        }
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
        if let Some(x) = self.limit() {
            svg.push_str(&format!(
                "<path class=\"limit\" d=\"M{x} {}V{below}\"/><text class=\"tick end\" x=\"{}\" y=\"{}\">context</text>",
                TOP - 8,
                x - 4,
                TOP - 5
            ));
        }
        svg.push_str(&format!(
            "<text class=\"axis mid\" x=\"14\" y=\"{middle}\" transform=\"rotate(-90 14 {middle})\">depth (%)</text>\
             <text class=\"axis\" x=\"{LEFT}\" y=\"{}\">{}</text>",
            below + 32,
            self.axis()
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
        let (fill, text) = self.shade(value);
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
        let (from, to) = self.ends();
        let mut svg = format!("<text class=\"tick\" x=\"{LEFT}\" y=\"{}\">{from}</text>", y + 10);
        for step in 0..=20 {
            let (x, fill) = (LEFT + 34 + step * 6, self.ramp(step));
            svg.push_str(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"6\" height=\"12\" fill=\"{}\"/>", fill.hex));
        }
        svg.push_str(&format!("<text class=\"tick\" x=\"{}\" y=\"{}\">{to}</text>", LEFT + 34 + 21 * 6 + 6, y + 10));
        svg
    }
}

/// The maps of each task as one PNG: a row for each variant, dense beside it and their difference.
pub(crate) fn pictures(report: &Report) -> Vec<(String, Vec<u8>)> {
    let maps = heat_maps(report);
    let mut files = Vec::new();
    for task in report.tasks() {
        let of = |variant: &str| maps.iter().filter(|map| map.task == task.task && map.variant == variant).collect();
        let dense: Vec<&HeatMap> = of(DENSE);
        let mut rows: Vec<Vec<&HeatMap>> = report.compressed().map(of).filter(|row| !row.is_empty()).collect();
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        rows.iter_mut().for_each(|row| drop(row.splice(..0, dense.iter().copied())));
        let file = picture(&rows).and_then(|picture| picture.png());
        files.extend(file.map(|file| (format!("{}.png", task.task), file)));
    }
    files
}

/// Pixels of a unit.
const SCALE: usize = 2;
/// More pixels than this are no picture to look at.
const MOST_PIXELS: usize = 100_000_000;
const PAPER: Rgb = [255; 3];
const TEXT: Rgb = [0x3d, 0x44, 0x50];
const INK: Rgb = [0x14, 0x18, 0x1f];
const LIMIT: Rgb = [0xc2, 0x41, 0x0c];

/// Maps in rows; `None` where there are none.
fn picture(rows: &[Vec<&HeatMap>]) -> Option<Picture> {
    let sizes: Vec<Vec<(usize, usize)>> = rows.iter().map(|row| row.iter().map(|map| map.size()).collect()).collect();
    let width = sizes.iter().map(|row| row.iter().map(|size| size.0).sum()).max().unwrap_or(0);
    let heights: Vec<usize> = sizes.iter().map(|row| row.iter().map(|size| size.1).max().unwrap_or(0)).collect();
    let height = heights.iter().sum::<usize>();
    if width * height == 0 || width * height * SCALE * SCALE > MOST_PIXELS {
        return None;
    }
    let mut picture = Picture::new((width, height), SCALE, PAPER);
    let mut y = 0;
    for ((row, sizes), height) in rows.iter().zip(&sizes).zip(heights) {
        let mut x = 0;
        for (map, size) in row.iter().zip(sizes) {
            map.paint(&mut picture, (x as f64, y as f64));
            x += size.0;
        }
        y += height;
    }
    Some(picture)
}

impl HeatMap {
    /// The same as [`HeatMap::body`], in pixels, from a corner on.
    fn paint(&self, picture: &mut Picture, (left, top): (f64, f64)) {
        let mut text = |text: &str, x: usize, y: usize, anchor: f64, size: (f64, f64), color: Rgb, upward: bool| {
            picture.label(&Label { text, at: (left + x as f64, top + y as f64), anchor, size, upward, color });
        };
        let (small, large) = ((7.6, 1.1), (9.4, 1.7));
        let below = TOP + self.grid.depths.len() * CELL.1;
        text(&self.title(), LEFT, 18, 0.0, large, INK, false);
        for (row, depth) in self.grid.depths.iter().enumerate() {
            text(depth, LEFT - 8, TOP + row * CELL.1 + CELL.1 / 2 + 4, 1.0, small, TEXT, false);
        }
        for (column, length) in self.grid.lengths.iter().enumerate() {
            text(length, LEFT + column * CELL.0 + CELL.0 / 2, below + 15, 0.5, small, TEXT, false);
        }
        text("depth (%)", 14, (TOP + below) / 2, 0.5, small, TEXT, true);
        text(&self.axis(), LEFT, below + 32, 0.0, small, TEXT, false);
        let (from, to) = self.ends();
        text(from, LEFT, below + 50, 0.0, small, TEXT, false);
        text(to, LEFT + 34 + 21 * 6 + 6, below + 50, 0.0, small, TEXT, false);
        for step in 0..=20 {
            let place = (left + (LEFT + 34 + step * 6) as f64, top + (below + 40) as f64);
            picture.rect(place, (6.0, 12.0), 0.0, rgb(&self.ramp(step)));
        }
        for (row, cells) in self.grid.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                self.paint_cell(
                    picture,
                    (left + (LEFT + column * CELL.0) as f64, top + (TOP + row * CELL.1) as f64),
                    *cell,
                );
            }
        }
        if let Some(x) = self.limit() {
            let x = left + x as f64;
            for dash in 0..(self.grid.depths.len() * CELL.1 + 8) / 8 {
                let y = top + (TOP - 6 + dash * 8) as f64;
                picture.line((x, y), (x, y + 4.0), 1.5, LIMIT);
            }
            let at = (x - 4.0, top + (TOP - 5) as f64);
            picture.label(&Label { text: "context", at, anchor: 1.0, size: small, upward: false, color: LIMIT });
        }
    }

    fn paint_cell(&self, picture: &mut Picture, (x, y): (f64, f64), cell: Option<(f64, usize)>) {
        let size = ((CELL.0 - 2) as f64, (CELL.1 - 2) as f64);
        let Some((value, _)) = cell else {
            picture.rect((x, y), size, 3.0, [0xc9, 0xce, 0xd6]);
            picture.rect((x + 0.8, y + 0.8), (size.0 - 1.6, size.1 - 1.6), 2.4, PAPER);
            return;
        };
        let (fill, text) = self.shade(value);
        picture.rect((x, y), size, 3.0, rgb(&fill));
        let color = if fill.dark { PAPER } else { INK };
        let at = (x + size.0 / 2.0, y + size.1 / 2.0 + 4.0);
        picture.label(&Label { text: &text, at, anchor: 0.5, size: (8.2, 1.2), upward: false, color });
    }

    /// What the ends of the ramp mean.
    fn ends(&self) -> (&'static str, &'static str) {
        if self.difference { ("\u{2212}100", "+100") } else { ("0", "100") }
    }

    /// The ramp's color at a step of 20.
    fn ramp(&self, step: usize) -> Fill {
        let part = step as f64 / 20.0;
        if self.difference { difference_color(part * 2.0 - 1.0) } else { score_color(part) }
    }
}

/// `#rrggbb` as bytes.
fn rgb(fill: &Fill) -> Rgb {
    let part = |at: usize| fill.hex.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0);
    [part(1), part(3), part(5)]
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
.limit{fill:none;stroke:#c2410c;stroke-width:1.5;stroke-dasharray:5 3}\
@media (prefers-color-scheme:dark){text{fill:#b9c1cd}.light{fill:#fff}.ink{fill:#14181f}.paper{fill:#14181f}}";
