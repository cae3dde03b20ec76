//! Heat maps as pixels.

use super::color::Rgb;
use super::drawing::{Anchor, Drawing, Mark, Point, Role, Text};
use super::heat::{HeatMap, file_name, side_by_side};
use super::raster::{Label, Pen, Raster};
use crate::Report;

/// Pixels of a unit.
const SCALE: f64 = 2.0;
/// More pixels than this are no picture to look at.
const MOST_PIXELS: f64 = 1e8;
/// The radius of a cell's corners, and of those within the frame of an empty one.
const ROUND: f64 = 3.0;
const ROUND_INSIDE: f64 = 2.4;
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
        let rows: Vec<Vec<Drawing>> = rows.iter().map(|row| row.iter().map(|map| map.drawing()).collect()).collect();
        Some((file_name(&format!("{task}.png")), raster(&rows)?.png()?))
    };
    report.tasks().filter_map(|task| picture(&task.task)).collect()
}

/// Drawings in rows; `None` where there are none, or too many.
fn raster(rows: &[Vec<Drawing>]) -> Option<Raster> {
    let height = |row: &[Drawing]| row.iter().map(|drawing| drawing.height).fold(0.0, f64::max);
    let width = rows.iter().map(|row| row.iter().map(|drawing| drawing.width).sum()).fold(0.0, f64::max);
    let all: f64 = rows.iter().map(|row| height(row)).sum();
    if width * all == 0.0 || width * all * SCALE * SCALE > MOST_PIXELS {
        return None;
    }
    let mut raster = Raster::new(width, all, SCALE, PAPER);
    let mut y = 0.0;
    for row in rows {
        let mut x = 0.0;
        for drawing in row {
            drawing.marks.iter().for_each(|mark| paint(&mut raster, (x, y), mark));
            x += drawing.width;
        }
        y += height(row);
    }
    Some(raster)
}

/// One mark of a drawing that begins at a corner.
fn paint(raster: &mut Raster, corner: Point, mark: &Mark) {
    match mark {
        Mark::Text(text) => write(raster, corner, text),
        Mark::Cell { area, fill, number, .. } => {
            raster.rect(area.moved(corner), ROUND, fill.rgb);
            write(raster, corner, number);
        }
        Mark::Empty { area, .. } => {
            raster.rect(area.moved(corner), ROUND, EMPTY);
            raster.rect(area.moved(corner).inside(FRAME), ROUND_INSIDE, PAPER);
        }
        Mark::Swatch { area, fill } => raster.rect(area.moved(corner), 0.0, fill.rgb),
        // Dashes as long as the gaps between them.
        Mark::Limit { x, top, bottom } => {
            for dash in 0..((bottom - top) / 8.0) as usize {
                let (x, y) = (corner.0 + x, corner.1 + top + 2.0 + dash as f64 * 8.0);
                raster.line((x, y), (x, y + 4.0), Pen { width: 1.5, color: LIMIT });
            }
        }
    }
}

fn write(raster: &mut Raster, corner: Point, text: &Text) {
    let (capitals, pen) = lettering(text.role);
    let anchor = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle | Anchor::Upward => 0.5,
        Anchor::End => 1.0,
    };
    let (at, upward) = ((corner.0 + text.at.0, corner.1 + text.at.1), text.anchor == Anchor::Upward);
    raster.label(&Label { text: &text.text, at, anchor, upward, capitals, pen });
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
