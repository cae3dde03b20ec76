//! Heat maps as pixels.

use super::color::Rgb;
use super::drawing::{Anchor, Area, Drawing, Mark, Role, Text};
use super::heat::{HeatMap, file_name, side_by_side};
use super::raster::{Label, Pen, Raster, Rect};
use crate::Report;

/// Pixels of a unit.
const SCALE: usize = 2;
/// More pixels than this are no picture to look at.
const MOST_PIXELS: usize = 100_000_000;
/// The radius of a cell's corners, and of those within the frame of an empty one.
const ROUND: f64 = 3.0;
const ROUND_WITHIN: f64 = 2.4;
/// The width of that frame.
const FRAME: f64 = 0.8;
const PAPER: Rgb = [255; 3];
const TEXT: Rgb = [0x3d, 0x44, 0x50];
const INK: Rgb = [0x14, 0x18, 0x1f];
const LIMIT: Rgb = [0xc2, 0x41, 0x0c];
const EMPTY: Rgb = [0xc9, 0xce, 0xd6];

/// The maps of each task as one PNG: a row for each variant, dense beside it and their difference.
pub(crate) fn pictures(report: &Report, maps: &[HeatMap]) -> Vec<(String, Vec<u8>)> {
    let picture = |task: &str| {
        let rows = side_by_side(report, maps, task);
        let rows = rows.iter().map(|row| row.iter().map(|map| map.drawing()).collect()).collect();
        Some((file_name(&format!("{task}.png")), raster(rows)?.png()?))
    };
    report.tasks().filter_map(|task| picture(&task.task)).collect()
}

/// Drawings in rows; `None` where there are none, or too many.
fn raster(rows: Vec<Vec<Drawing>>) -> Option<Raster> {
    let height = |row: &[Drawing]| row.iter().map(|drawing| drawing.height).max().unwrap_or(0);
    let width = rows.iter().map(|row| row.iter().map(|drawing| drawing.width).sum()).max().unwrap_or(0);
    let all: usize = rows.iter().map(|row| height(row)).sum();
    if width * all == 0 || width * all * SCALE * SCALE > MOST_PIXELS {
        return None;
    }
    let mut raster = Raster::new(width, all, SCALE, PAPER);
    let mut y = 0;
    for row in &rows {
        let mut x = 0;
        for drawing in row {
            let mut corner = Corner { raster: &mut raster, x, y };
            drawing.marks.iter().for_each(|mark| corner.paint(mark));
            x += drawing.width;
        }
        y += height(row);
    }
    Some(raster)
}

/// Where in a picture a drawing begins.
struct Corner<'a> {
    raster: &'a mut Raster,
    x: usize,
    y: usize,
}

impl Corner<'_> {
    fn paint(&mut self, mark: &Mark) {
        match mark {
            Mark::Text(text) => self.text(text),
            Mark::Cell { area, fill, number, .. } => {
                self.raster.rect(self.rect(*area, ROUND), fill.rgb);
                self.text(number);
            }
            Mark::Empty { area, .. } => {
                let rect = self.rect(*area, ROUND);
                self.raster.rect(rect, EMPTY);
                self.raster.rect(within(rect), PAPER);
            }
            Mark::Swatch { area, fill } => self.raster.rect(self.rect(*area, 0.0), fill.rgb),
            Mark::Limit { x, top, bottom } => self.dashes(*x, *top, *bottom),
        }
    }

    /// A drawing's area in the picture.
    fn rect(&self, Area { x, y, width, height }: Area, round: f64) -> Rect {
        Rect { left: (self.x + x) as f64, top: (self.y + y) as f64, width: width as f64, height: height as f64, round }
    }

    fn text(&mut self, text: &Text) {
        let (capitals, pen) = lettering(text.role);
        self.raster.label(&Label {
            text: &text.text,
            at: ((self.x + text.x) as f64, (self.y + text.y) as f64),
            anchor: match text.anchor {
                Anchor::Start => 0.0,
                Anchor::Middle | Anchor::Upward => 0.5,
                Anchor::End => 1.0,
            },
            upward: text.anchor == Anchor::Upward,
            capitals,
            pen,
        });
    }

    /// A line down of dashes as long as the gaps between them.
    fn dashes(&mut self, x: usize, top: usize, bottom: usize) {
        let x = (self.x + x) as f64;
        for dash in 0..(bottom - top) / 8 {
            let y = (self.y + top + 2 + dash * 8) as f64;
            self.raster.line((x, y), (x, y + 4.0), Pen { width: 1.5, color: LIMIT });
        }
    }
}

/// What the frame of an empty cell leaves.
fn within(rect: Rect) -> Rect {
    Rect {
        left: rect.left + FRAME,
        top: rect.top + FRAME,
        width: rect.width - 2.0 * FRAME,
        height: rect.height - 2.0 * FRAME,
        round: ROUND_WITHIN,
    }
}

/// The height of a text's capitals, and what it is written with.
fn lettering(role: Role) -> (f64, Pen) {
    let of = |capitals: f64, width: f64, color: Rgb| (capitals, Pen { width, color });
    match role {
        Role::Title => of(9.4, 1.7, INK),
        Role::Tick | Role::Axis => of(7.6, 1.1, TEXT),
        Role::Limit => of(7.6, 1.1, LIMIT),
        Role::Number { light: true } => of(8.2, 1.2, PAPER),
        Role::Number { light: false } => of(8.2, 1.2, INK),
    }
}
