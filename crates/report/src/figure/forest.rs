//! All differences with their intervals over one axis, the margin drawn in.

use maud::{Markup, html};
use record::{Interval, Paired, TaskSource, Verdict};

use crate::Report;
use crate::wording::{capability, clipped, interval, margin, points, sign};

/// Heights of a task's title, of one comparison, and of the axis.
const TITLE: usize = 34;
const ROW: usize = 50;
const AXIS: usize = 44;
/// Letters of a variant's name that have room beside its numbers.
const NAME: usize = 32;
/// What is read to those who cannot see it.
const LABEL: &str = "Differences, compressed minus dense, with 95% intervals; the table below has the same numbers";

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

/// The drawing for the page; `None` where nothing was compared.
pub(crate) fn forest(report: &Report) -> Option<Markup> {
    let rows: Vec<&Paired> = report.analysis.paired.iter().collect();
    if rows.is_empty() {
        return None;
    }
    let scale = Scale::of(&rows, report.analysis.margin);
    let (mut parts, mut y) = (Vec::new(), 0);
    for task in report.tasks() {
        let mut compared: Vec<&Paired> = report.comparisons(&task.task).collect();
        // The least loss first; what lost the same stays in the run's order.
        compared.sort_by(|a, b| b.delta.total_cmp(&a.delta));
        if compared.is_empty() {
            continue;
        }
        parts.push(title(task, y));
        y += TITLE;
        for paired in compared {
            parts.push(row(paired, &scale, report.analysis.margin, y));
            y += ROW;
        }
    }
    Some(html! {
        svg.forest width="100%" height=(y + AXIS) role="img" aria-label=(LABEL) {
            (axis(&scale, report.analysis.margin, y))
            @for part in &parts { (part) }
        }
    })
}

fn title(task: &TaskSource, y: usize) -> Markup {
    html! {
        text.title x="0" y=(y + 22) { (capability(task.capability)) " " tspan.soft { (task.task) } }
    }
}

/// A place on the width of the drawing.
fn width(percent: f64) -> String {
    format!("{percent:.2}%")
}

/// The axis, from the line under the last comparison on.
fn axis(scale: &Scale, loss: f64, bottom: usize) -> Markup {
    html! {
        line.grid x1="0" x2="100%" y1=(bottom) y2=(bottom) {}
        @for tick in scale.ticks() {
            @let x = width(scale.x(tick));
            line.grid x1=(x) x2=(x) y1=(bottom) y2=(bottom + 5) {}
            text.tick.mid x=(x) y=(bottom + 19) { (points(tick).trim_end_matches(".0")) }
        }
        text.axis.mid x="50%" y=(bottom + 38) {
            "points, compressed \u{2212} dense; dashed: the margin of " (margin(loss))
        }
    }
}

/// One comparison: its name and numbers, and below them the interval, thick between the one-sided bounds.
fn row(paired: &Paired, scale: &Scale, margin: f64, y: usize) -> Markup {
    let track = y + 30;
    let numbers = match paired.n {
        0 => "no sample finished in both".to_owned(),
        _ => format!("{} {}", points(paired.delta), interval(paired.interval)),
    };
    html! {
        g class=(paired.verdict) {
            text.name x="0" y=(y + 14) { (clipped(&paired.variant, NAME)) }
            text.numbers.end x="100%" y=(y + 14) {
                (numbers) tspan.word { " " (sign(paired.verdict)) " " (paired.verdict) }
            }
            (strip(scale, margin, track))
            (line("thin", paired.interval, scale, track))
            (line("thick", paired.bounds, scale, track))
            (marker(paired, scale, track))
        }
    }
}

/// An interval; nothing where all of it lies left of the drawing.
fn line(class: &str, interval: Interval, scale: &Scale, track: usize) -> Markup {
    if interval.high < scale.low {
        return Markup::default();
    }
    html! {
        line class=(class) x1=(width(scale.x(interval.low))) x2=(width(scale.x(interval.high))) y1=(track) y2=(track) {}
    }
}

/// What a comparison is drawn on: beyond the margin, within it, and where the difference is 0.
fn strip(scale: &Scale, margin: f64, track: usize) -> Markup {
    let (edge, zero) = (scale.x(-margin), width(scale.x(0.0)));
    let (beyond, within) = (width(edge), width(100.0 - edge));
    let (top, bottom) = (track - 9, track + 9);
    html! {
        rect.beyond x="0" y=(top) width=(beyond) height="18" {}
        rect.band x=(beyond) y=(top) width=(within) height="18" {}
        line.margin x1=(beyond) x2=(beyond) y1=(top) y2=(bottom) {}
        line.zero x1=(zero) x2=(zero) y1=(top) y2=(bottom) {}
    }
}

/// A disc holds, a triangle drops, a ring cannot say, an arrow lies beyond the drawing.
fn marker(paired: &Paired, scale: &Scale, track: usize) -> Markup {
    let x = width(scale.x(paired.delta));
    if paired.delta < scale.low {
        return html! { path.mark d={ "M3 " (track) "l10-7v14z" } {} };
    }
    match paired.verdict {
        Verdict::Holds => html! { circle.mark cx=(x) cy=(track) r="6" {} },
        Verdict::Inconclusive | Verdict::Floor => html! { circle.ring cx=(x) cy=(track) r="5.5" {} },
        Verdict::Drops => html! {
            svg x=(x) y=(track) overflow="visible" { path.mark d="M-7.5-6h15L0 8z" {} }
        },
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
