//! All differences with their intervals over one axis, the margin drawn in.

use record::{Interval, Paired, Verdict};

use crate::Report;
use crate::wording::{capability, escaped, interval, margin, points, sign};

/// Heights of a task's title, of one comparison, and of the axis.
const TITLE: usize = 34;
const ROW: usize = 50;
const AXIS: usize = 44;

/// Where differences lie on the width of the drawing, in percent: the drawing stretches, its text does not.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Wide enough for every interval and the margin, with some air. A collapse is not drawn to scale: beyond ten
    /// margins an arrow points, or the differences that a decision turns on would all be one dot.
    fn of(rows: &[&Paired], margin: f64) -> Scale {
        let far = (-10.0 * margin).min(-0.1);
        let low = rows.iter().map(|paired| paired.interval.low).fold(-2.0 * margin, f64::min).max(far);
        let high = rows.iter().map(|paired| paired.interval.high).fold(margin, f64::max).min(1.0);
        let air = 0.06 * (high - low).max(0.01);
        Scale { low: low - air, high: high + air }
    }

    fn x(&self, difference: f64) -> f64 {
        ((difference - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * 100.0
    }

    /// Round numbers within the scale, about five.
    fn ticks(&self) -> Vec<f64> {
        let step = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5]
            .into_iter()
            .find(|step| (self.high - self.low) / step <= 6.5)
            .unwrap_or(0.5);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// The drawing for the page; empty where nothing was compared.
pub(crate) fn forest(report: &Report) -> String {
    let rows: Vec<&Paired> = report.analysis.paired.iter().collect();
    if rows.is_empty() {
        return String::new();
    }
    let scale = Scale::of(&rows, report.analysis.margin);
    let mut body = String::new();
    let mut y = 0;
    for task in report.tasks() {
        let mine: Vec<&Paired> = report.compressed().filter_map(|variant| report.paired(variant, &task.task)).collect();
        if mine.is_empty() {
            continue;
        }
        body.push_str(&format!(
            "<text class=\"title\" x=\"0\" y=\"{}\">{} <tspan class=\"soft\">{}</tspan></text>",
            y + 22,
            escaped(&capability(task.capability)),
            escaped(&task.task)
        ));
        y += TITLE;
        for paired in mine {
            body.push_str(&row(paired, &scale, report.analysis.margin, y));
            y += ROW;
        }
    }
    let height = y + AXIS;
    format!(
        "<svg class=\"forest\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"Differences, compressed minus \
         dense, with 95% intervals; the table below has the same numbers\">{}{body}</svg>",
        frame(&scale, report.analysis.margin, y)
    )
}

/// The axis.
fn frame(scale: &Scale, loss: f64, bottom: usize) -> String {
    let mut svg = format!("<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{bottom}\" y2=\"{bottom}\"/>");
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let label = points(tick);
        let label = label.strip_suffix(".0").unwrap_or(&label);
        svg.push_str(&format!(
            "<line class=\"grid\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{bottom}\" y2=\"{}\"/>\
             <text class=\"tick mid\" x=\"{x:.2}%\" y=\"{}\">{label}</text>",
            bottom + 5,
            bottom + 19
        ));
    }
    svg.push_str(&format!(
        "<text class=\"axis mid\" x=\"50%\" y=\"{}\">points, compressed \u{2212} dense; dashed: the margin of {}</text>",
        bottom + 38,
        margin(loss)
    ));
    svg
}

/// One comparison: its name and numbers, and below them the interval, thick between the one-sided bounds.
fn row(paired: &Paired, scale: &Scale, margin: f64, y: usize) -> String {
    let class = paired.verdict.to_string();
    let track = y + 30;
    let line = |kind: &str, i: Interval| {
        if i.high < scale.low {
            return String::new();
        }
        format!(
            "<line class=\"{kind}\" x1=\"{:.2}%\" x2=\"{:.2}%\" y1=\"{track}\" y2=\"{track}\"/>",
            scale.x(i.low),
            scale.x(i.high)
        )
    };
    let numbers = match paired.n {
        0 => "no sample finished in both".to_owned(),
        _ => format!("{} {}", points(paired.delta), interval(paired.interval)),
    };
    format!(
        "<g class=\"{class}\"><text class=\"name\" x=\"0\" y=\"{text}\">{variant}</text>\
         <text class=\"numbers end\" x=\"100%\" y=\"{text}\">{numbers}<tspan class=\"word\"> {sign} {class}</tspan></text>\
         {strip}{thin}{thick}{marker}</g>",
        strip = strip(scale, margin, track),
        text = y + 14,
        variant = escaped(&paired.variant),
        sign = sign(paired.verdict),
        thin = line("thin", paired.interval),
        thick = line("thick", paired.bounds),
        marker = marker(paired, scale, track),
    )
}

/// What a comparison is drawn on: beyond the margin, within it, and where the difference is 0.
fn strip(scale: &Scale, margin: f64, track: usize) -> String {
    let (edge, zero) = (scale.x(-margin), scale.x(0.0));
    let (top, bottom) = (track - 9, track + 9);
    format!(
        "<rect class=\"beyond\" x=\"0\" y=\"{top}\" width=\"{edge:.2}%\" height=\"18\"/>\
         <rect class=\"band\" x=\"{edge:.2}%\" y=\"{top}\" width=\"{:.2}%\" height=\"18\"/>\
         <line class=\"margin\" x1=\"{edge:.2}%\" x2=\"{edge:.2}%\" y1=\"{top}\" y2=\"{bottom}\"/>\
         <line class=\"zero\" x1=\"{zero:.2}%\" x2=\"{zero:.2}%\" y1=\"{top}\" y2=\"{bottom}\"/>",
        100.0 - edge
    )
}

/// A disc holds, a triangle drops, a ring cannot say, an arrow lies beyond the drawing.
fn marker(paired: &Paired, scale: &Scale, track: usize) -> String {
    let x = scale.x(paired.delta);
    if paired.delta < scale.low {
        return format!("<path class=\"mark\" d=\"M3 {track}l10-7v14z\"/>");
    }
    match paired.verdict {
        Verdict::Holds => format!("<circle class=\"mark\" cx=\"{x:.2}%\" cy=\"{track}\" r=\"6\"/>"),
        Verdict::Inconclusive | Verdict::Floor => {
            format!("<circle class=\"ring\" cx=\"{x:.2}%\" cy=\"{track}\" r=\"5.5\"/>")
        }
        Verdict::Drops => format!(
            "<svg x=\"{x:.2}%\" y=\"{track}\" overflow=\"visible\"><path class=\"mark\" d=\"M-7.5-6h15L0 8z\"/></svg>"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_shows_round_numbers_whatever_the_range() {
        for (low, high) in [(-0.01, 0.01), (-0.9, 0.2), (-0.12, 0.05), (-1.0, 1.0)] {
            let ticks = Scale { low, high }.ticks();
            assert!((2..=7).contains(&ticks.len()), "{low} {high} {ticks:?}");
            assert!(ticks.iter().all(|&tick| (low..=high).contains(&tick)));
        }
    }
}
