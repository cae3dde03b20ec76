//! Colors that keep their order for every kind of color vision, and in gray: lightness carries the value.

/// A color as red, green and blue.
pub(super) type Rgb = [u8; 3];

/// A color of the ramp, and whether text on it must be light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fill {
    /// The color.
    pub rgb: Rgb,
    /// Dark enough for white text.
    pub dark: bool,
}

impl Fill {
    /// `#rrggbb`
    pub fn hex(&self) -> String {
        let [red, green, blue] = self.rgb;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A place in OKLab (Ottosson 2020): lightness 0..1, green-red, blue-yellow.
type Lab = [f64; 3];

/// From a score of 0 to one of 1: indigo, teal, pale yellow.
const SCORES: [Lab; 3] = [[0.27, 0.025, -0.095], [0.60, -0.075, -0.03], [0.94, -0.03, 0.11]];
/// From a loss of 1 over 0 to a gain of 1: vermilion, near white, blue.
const DIFFERENCES: [Lab; 3] = [[0.44, 0.135, 0.085], [0.965, 0.0, 0.004], [0.42, -0.025, -0.135]];

/// The color of a score in [0, 1].
pub(super) fn score_color(score: f64) -> Fill {
    fill(SCORES, score)
}

/// [`difference_color`] as `#rrggbb`.
pub(crate) fn difference_fill(difference: f64) -> String {
    difference_color(difference).hex()
}

/// The color of a difference in [-1, 1]. The square root makes small differences visible.
pub(super) fn difference_color(difference: f64) -> Fill {
    fill(DIFFERENCES, 0.5 + 0.5 * difference.abs().sqrt().copysign(difference))
}

/// The color at `place` in [0, 1] of a ramp of three stops.
fn fill(stops: [Lab; 3], place: f64) -> Fill {
    let place = place.clamp(0.0, 1.0) * 2.0;
    let (from, to, part) = if place < 1.0 { (stops[0], stops[1], place) } else { (stops[1], stops[2], place - 1.0) };
    let mixed: Lab = std::array::from_fn(|i| from[i] + (to[i] - from[i]) * part);
    Fill { rgb: srgb(mixed), dark: mixed[0] < 0.66 }
}

/// OKLab to sRGB, cut to what a screen can show.
fn srgb([lightness, a, b]: Lab) -> Rgb {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ];
    linear.map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        let encoded = if channel <= 0.003_130_8 { 12.92 * channel } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_and_black_are_where_they_belong() {
        let hex = |lightness: f64| Fill { rgb: srgb([lightness, 0.0, 0.0]), dark: false }.hex();
        assert_eq!((hex(1.0), hex(0.0)), ("#ffffff".into(), "#000000".into()));
    }

    #[test]
    fn a_better_score_is_lighter_and_losses_are_not_gains() {
        let gray = |fill: Fill| {
            let [red, green, blue] = fill.rgb.map(f64::from);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let ramp: Vec<f64> = (0..=20).map(|i| gray(score_color(f64::from(i) / 20.0))).collect();
        assert!(ramp.windows(2).all(|pair| pair[0] < pair[1]), "{ramp:?}");
        assert_ne!(difference_color(-0.5), difference_color(0.5));
        assert!(!difference_color(0.0).dark && score_color(0.0).dark);
        assert_eq!(score_color(f64::NAN.max(2.0)), score_color(1.0));
    }
}
