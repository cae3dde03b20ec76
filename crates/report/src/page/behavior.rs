//! What variants spend, and how their episodes part from the dense model's.

use maud::{Markup, html};
use record::{Behavior, Course, Interval, InvalidTurn};

use super::{numbers, table, words};
use crate::Report;
use crate::wording;

/// Tokens, cut-off replies, and the course of episodes; nothing where nobody looked.
pub(super) fn behavior(report: &Report) -> Option<Markup> {
    let known: Vec<&Behavior> = report.behaviors.iter().filter(|behavior| behavior.n > 0).collect();
    (!known.is_empty()).then(|| html! { (spending(&known)) (courses(&known)) })
}

fn spending(all: &[&Behavior]) -> Markup {
    let timed = all.iter().any(|one| one.dense_seconds_solved.or(one.seconds_solved).is_some());
    let joules = all.iter().any(|one| one.dense_joules_solved.or(one.joules_solved).is_some());
    let head = html! {
        (words("Task")) (words("Variant")) (numbers("Tokens, dense")) (numbers("Tokens")) (numbers("Ratio [95%]"))
        (numbers("Cut off, dense")) (numbers("Cut off")) (numbers("p")) (numbers("Tokens a solved sample, dense"))
        (numbers("Tokens a solved sample")) @if timed { (numbers("Seconds a solved sample, dense")) (numbers("Seconds")) }
        @if joules { (numbers("Joules a solved sample, dense")) (numbers("Joules")) } (numbers("Endless thoughts"))
    };
    let dash = || "\u{2013}".to_owned();
    let solved = |tokens: Option<f64>| tokens.map_or_else(dash, |tokens| format!("{tokens:.0}"));
    let counted =
        |tokens: Option<f64>| tokens.map_or_else(|| "not counted".to_owned(), |tokens| format!("{tokens:.0}"));
    let missing = all.iter().any(|one| one.dense_tokens.and(one.tokens).is_none());
    let small = |number: Option<f64>| number.map_or_else(dash, |number| format!("{number:.1}"));
    let rows = html! {
        @for one in all {
            tr {
                th scope="row" { (one.task) }
                td.mono { (one.variant) }
                td.n { (counted(one.dense_tokens)) }
                td.n { (counted(one.tokens)) }
                td.n { (ratio(one)) }
                td.n { (wording::percent(one.dense_cut)) "%" }
                td.n { (wording::percent(one.cut)) "%" }
                td.n { (wording::p_value(one.cut_p)) }
                td.n { (solved(one.dense_tokens_solved)) }
                td.n { (solved(one.tokens_solved)) }
                @if timed { td.n { (small(one.dense_seconds_solved)) } td.n { (small(one.seconds_solved)) } }
                @if joules { td.n { (small(one.dense_joules_solved)) } td.n { (small(one.joules_solved)) } }
                td.n { (one.endless) }
            }
        }
    };
    html! {
        p {
            "Compressed models often say more rather than worse. Tokens are those generated over all turns of a sample, over \
             the samples that finished in both; a sample is cut off where a reply ran into its limit; tokens a solved sample \
             are all tokens by the samples that scored 1; seconds and joules are those tokens at the pace that was measured on \
             the machine of the run, prompts and idling included."
        }
        @if missing {
            p { "A server did not count the tokens of all replies: what would be made of such counts is left out." }
        }
        (table("Tokens and cut-off replies", &head, &rows))
    }
}

fn ratio(one: &Behavior) -> String {
    let Some(growth) = one.growth else { return "\u{2013}".to_owned() };
    let interval = one.growth_interval.map(|Interval { low, high }| format!(" [{low:.2}, {high:.2}]"));
    format!("{growth:.2}{}", interval.unwrap_or_default())
}

fn courses(all: &[&Behavior]) -> Markup {
    let courses: Vec<(&Behavior, &Course)> = all.iter().filter_map(|one| Some((*one, one.course.as_ref()?))).collect();
    if courses.is_empty() {
        return html! {};
    }
    let turns = courses.iter().filter_map(|(_, course)| course.survival.last()).map(|point| point.turn);
    let last = turns.max().unwrap_or(1);
    let counted = courses.iter().any(|(_, course)| !course.invalid.is_empty());
    let head = html! {
        (words("Task")) (words("Variant")) (words("Still as the dense model's, turn by turn")) (numbers("Median turn"))
        (numbers("Parted, solved")) (numbers("Alike, solved")) (numbers("Loops, dense")) (numbers("Loops"))
        @if counted { (words("Invalid actions, turn by turn")) }
    };
    let rows = html! {
        @for (one, course) in &courses {
            tr {
                th scope="row" { (one.task) }
                td.mono { (one.variant) }
                td { (curve(course, last)) }
                td.n { (course.median.map_or_else(|| "\u{2013}".to_owned(), |turn| turn.to_string())) }
                td.n { (course.parted.1) " of " (course.parted.0) }
                td.n { (course.alike.1) " of " (course.alike.0) }
                td.n { (wording::percent(course.dense_loops)) "%" }
                td.n { (wording::percent(course.loops)) "%" }
                @if counted { td { (invalid(course, last)) } }
            }
        }
    };
    html! {
        h3 { "Where episodes part" }
        p {
            "The first turn in which a variant says something else than the dense model did (Kaplan-Meier over episodes; the \
             shade is the 95% interval by Greenwood's variance; episodes that end alike are censored there). A loop is the \
             same reply to the same thing three times. Invalid actions: the share of those that reach a turn, the dense model's \
             thin."
        }
        (table("Where episodes part", &head, &rows))
    }
}

/// The share of invalid actions by turn, the dense model's as a thin line, over `last` turns.
fn invalid(course: &Course, last: usize) -> Markup {
    let (width, height) = (180.0, 36.0);
    let last = last.max(course.invalid.len()).max(1) as f64;
    let line = |side: fn(&InvalidTurn) -> (usize, usize)| -> String {
        let shares = course.invalid.iter().filter(|one| side(one).0 > 0).map(|one| {
            let (all, bad) = side(one);
            let (x, share) = ((one.turn as f64 - 0.5) / last * width, bad as f64 / all as f64);
            format!("{x:.1} {:.1}", 2.0 + (1.0 - share) * (height - 4.0))
        });
        shares.collect::<Vec<_>>().join("L")
    };
    let all = |side: fn(&InvalidTurn) -> (usize, usize)| {
        let (all, bad) = course.invalid.iter().map(side).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        format!("{}%", wording::percent(bad as f64 / all.max(1) as f64))
    };
    let about = format!("{} of all actions; dense {}", all(|one| one.compressed), all(|one| one.dense));
    html! {
        svg.curve width=(width) height=(height) role="img" aria-label={ "Invalid: " (about) } {
            title { (about) }
            path d={ "M" (line(|one| one.dense)) } fill="none" stroke="currentColor" stroke-opacity="0.45" {}
            path d={ "M" (line(|one| one.compressed)) } fill="none" stroke="currentColor" stroke-width="1.8" {}
        }
        br;
        small { (about) }
    }
}

/// A survival curve as steps, with its interval as a shade, over `last` turns.
fn curve(course: &Course, last: usize) -> Markup {
    let (width, height) = (180.0, 36.0);
    let x = |turn: usize| turn as f64 / (last + 1) as f64 * width;
    let y = |share: f64| 2.0 + (1.0 - share) * (height - 4.0);
    let start = format!("M0 {:.1}", y(1.0));
    let (mut line, mut shade, mut lower) = (start.clone(), start, vec![(0.0, y(1.0))]);
    for point in &course.survival {
        let at = x(point.turn);
        line.push_str(&format!("H{at:.1}V{:.1}", y(point.share)));
        let Interval { low, high } = point.interval.unwrap_or(Interval { low: point.share, high: point.share });
        shade.push_str(&format!("H{at:.1}V{:.1}", y(high)));
        lower.push((at, y(low)));
    }
    line.push_str(&format!("H{width}"));
    shade.push_str(&format!("H{width}"));
    // Back along the lower bounds.
    for (at, low) in lower.iter().rev() {
        shade.push_str(&format!("V{low:.1}H{at:.1}"));
    }
    let about = match course.survival.last() {
        Some(end) => format!("{:.0}% of episodes still alike after turn {}", end.share * 100.0, end.turn),
        None => "no episode parts".to_owned(),
    };
    html! {
        svg.curve width=(width) height=(height) role="img" aria-label=(about) {
            title { (about) }
            path d={ (shade) "Z" } fill="currentColor" fill-opacity="0.15" {}
            path d=(line) fill="none" stroke="currentColor" stroke-width="1.5" {}
        }
    }
}
