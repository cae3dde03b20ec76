//! Pictures of pixels: rounded rectangles, lines and letters, smoothed at their edges.

use super::color::Rgb;
use super::drawing::{Area, Point};
use super::font::strokes;

/// A picture, drawn in units of which each takes `scale` pixels.
pub(super) struct Raster {
    width: usize,
    height: usize,
    scale: f64,
    /// Rows of red, green and blue.
    bytes: Vec<u8>,
}

/// What lines are drawn with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub width: f64,
    pub color: Rgb,
}

/// A line of text.
pub(super) struct Label<'a> {
    pub text: &'a str,
    /// Where it begins, ends or has its middle, on its base line.
    pub at: Point,
    /// 0 where it begins at `at`, 0.5 in the middle, 1 where it ends there.
    pub anchor: f64,
    /// Whether it runs upward.
    pub upward: bool,
    /// The height of capitals.
    pub capitals: f64,
    pub pen: Pen,
}

impl Raster {
    /// A picture of one color.
    pub fn new(width: f64, height: f64, scale: f64, paper: Rgb) -> Self {
        let (width, height) = ((width * scale) as usize, (height * scale) as usize);
        Self { width, height, scale, bytes: paper.repeat(width * height) }
    }

    /// A rectangle with corners of radius `round`.
    pub fn rect(&mut self, area: Area, round: f64, color: Rgb) {
        let half = (area.width * self.scale / 2.0, area.height * self.scale / 2.0);
        let middle = (area.x * self.scale + half.0, area.y * self.scale + half.1);
        let round = round * self.scale;
        self.fill((middle.0 - half.0, middle.1 - half.1), (middle.0 + half.0, middle.1 + half.1), color, |(x, y)| {
            let out = ((x - middle.0).abs() - half.0 + round, (y - middle.1).abs() - half.1 + round);
            out.0.max(0.0).hypot(out.1.max(0.0)) + out.0.max(out.1).min(0.0) - round
        });
    }

    /// A line with round ends.
    pub fn line(&mut self, from: Point, to: Point, pen: Pen) {
        let scaled = |point: Point| (point.0 * self.scale, point.1 * self.scale);
        let (a, b, half) = (scaled(from), scaled(to), pen.width * self.scale / 2.0);
        let low = (a.0.min(b.0) - half, a.1.min(b.1) - half);
        let high = (a.0.max(b.0) + half, a.1.max(b.1) + half);
        let along = (b.0 - a.0, b.1 - a.1);
        let length = (along.0 * along.0 + along.1 * along.1).max(1e-9);
        self.fill(low, high, pen.color, |(x, y)| {
            let part = (((x - a.0) * along.0 + (y - a.1) * along.1) / length).clamp(0.0, 1.0);
            (x - a.0 - part * along.0).hypot(y - a.1 - part * along.1) - half
        });
    }

    /// A line of text.
    pub fn label(&mut self, label: &Label<'_>) {
        let (lines, width) = strokes(label.text, label.capitals);
        // Whole pixels, so that a letter looks the same wherever it stands.
        let whole = |units: f64| (units * self.scale).round() / self.scale;
        let (start, at) = (whole(width * label.anchor), (whole(label.at.0), whole(label.at.1)));
        let place = |(x, y): Point| {
            let x = x - start;
            if label.upward { (at.0 + y, at.1 - x) } else { (at.0 + x, at.1 + y) }
        };
        for line in lines {
            let ends = line.iter().zip(line.iter().skip(1).chain(line.last()));
            ends.for_each(|(&from, &to)| self.line(place(from), place(to), label.pen));
        }
    }

    /// Mixes a color into the pixels near a shape that is given by the distance to its edge, negative inside.
    fn fill(&mut self, low: Point, high: Point, color: Rgb, distance: impl Fn(Point) -> f64) {
        let range = |low: f64, high: f64, size: usize| {
            (low.floor() - 1.0).clamp(0.0, size as f64) as usize..(high.ceil() + 1.0).clamp(0.0, size as f64) as usize
        };
        for y in range(low.1, high.1, self.height) {
            for x in range(low.0, high.0, self.width) {
                let cover = (0.5 - distance((x as f64 + 0.5, y as f64 + 0.5))).clamp(0.0, 1.0);
                // Eighths are smooth enough, and make smaller files.
                let cover = (cover * 8.0).round() / 8.0;
                if cover > 0.0 {
                    let at = (y * self.width + x) * 3;
                    for (byte, color) in self.bytes[at..at + 3].iter_mut().zip(color) {
                        *byte = (f64::from(*byte) * (1.0 - cover) + f64::from(color) * cover).round() as u8;
                    }
                }
            }
        }
    }

    /// The picture as a PNG file; nothing where it is larger than such a file can be.
    pub fn png(&self) -> Option<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width.try_into().ok()?, self.height.try_into().ok()?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        // Flat colors and repeated letters: what differs from the pixel above says less than the pixel itself.
        encoder.set_filter(png::Filter::NoFilter);
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&self.bytes)).ok()?;
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_fills_its_inside_and_nothing_else() {
        let mut raster = Raster::new(8.0, 6.0, 2.0, [255; 3]);
        raster.rect(Area { x: 2.0, y: 1.0, width: 4.0, height: 3.0 }, 0.0, [0, 0, 0]);
        let black = raster.bytes.chunks(3).filter(|pixel| *pixel == [0; 3]).count();
        let white = raster.bytes.chunks(3).filter(|pixel| *pixel == [255; 3]).count();
        assert_eq!((black, white), (8 * 6, 16 * 12 - 8 * 6));
        raster.line((-5.0, -5.0), (50.0, 50.0), Pen { width: 1.0, color: [9, 9, 9] });
        assert!(raster.png().is_some_and(|file| file.starts_with(b"\x89PNG")));
    }
}
