//! What of a plan is in another one.

use std::borrow::Cow;

use super::super::Switches;
use super::super::likeness::Likeness;
use super::super::same::same;
use super::steps::{Form, Plan, Step};
use crate::Judge;
use crate::measure::{longest_increasing, max_weight_matching};
use crate::python::{Value, strip, text};

/// Steps whose similarity is not above this are never matched.
const THRESHOLD: f64 = 0.8;

/// What the name of a tool and its arguments weigh in the similarity of two steps.
const WEIGHTS: (f64, f64) = (0.75, 0.25);

/// What the steps that two plans have in common, in the same order, are worth together: one a step at most.
pub(super) fn common(got: &[Step], wanted: &[Step], gold: &Plan, judge: &dyn Judge, switches: &Switches) -> f64 {
    if switches.plan_arguments {
        return heaviest_common(&credit(got, wanted, judge));
    }
    let weights = likeness(got, wanted, gold, judge, switches);
    let common = match switches.common_order {
        true => longest_common(&weights),
        false => longest_increasing(&max_weight_matching(&weights, THRESHOLD)),
    };
    common as f64
}

/// How alike the steps are, `[got, wanted]`.
fn likeness(got: &[Step], wanted: &[Step], gold: &Plan, judge: &dyn Judge, switches: &Switches) -> Vec<Vec<f64>> {
    let mut alike = Likeness::new(judge);
    let lines = switches.line_arguments && gold.form != Form::Json;
    let mut pair = |step: &Step, other: &Step| {
        let name = match switches.exact_names {
            true => f64::from(u8::from(step.name == other.name)),
            false => alike.of(&step.name, &other.name),
        };
        // Whatever the arguments, these two are too unlike; the embedder need not be asked.
        if WEIGHTS.0 * name + WEIGHTS.1 * 1.001 <= THRESHOLD {
            return 0.0;
        }
        let args = match lines {
            true if matches!(other.args.as_str(), "{}" | "") => 1.0,
            true => alike.of(&after_name(step), &other.args),
            false => alike.of(&step.args, &other.args),
        };
        WEIGHTS.0 * name + WEIGHTS.1 * args
    };
    got.iter().map(|step| wanted.iter().map(|other| pair(step, other)).collect()).collect()
}

/// What each step is worth as another, `[got, wanted]`: nothing for another tool, else what the tool weighs and the share
/// of its arguments that are right.
fn credit(got: &[Step], wanted: &[Step], judge: &dyn Judge) -> Vec<Vec<f64>> {
    let mut alike = Likeness::new(judge);
    let mut pair = |step: &Step, other: &Step| {
        if step.name != other.name {
            return 0.0;
        }
        let share = match (&step.given, &other.given) {
            (Some(given), Some(wanted)) => share(given, wanted, &mut alike),
            (None, Some(wanted)) => mentioned(&after_name(step), wanted),
            _ => alike.of(&step.args, &other.args),
        };
        WEIGHTS.0 + WEIGHTS.1 * share
    };
    got.iter().map(|step| wanted.iter().map(|other| pair(step, other)).collect()).collect()
}

/// The share of values that a text mentions; 1 where none is wanted.
fn mentioned(text: &str, wanted: &[(Value, Value)]) -> f64 {
    let words = |text: &str| -> String {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
    };
    let said = format!(" {} ", words(text));
    let there = wanted.iter().filter(|(_, value)| said.contains(&format!(" {} ", words(&self::text(value)))));
    if wanted.is_empty() { 1.0 } else { there.count() as f64 / wanted.len() as f64 }
}

/// Texts of so many words and more are compared by likeness.
const SENTENCE: usize = 4;

/// The share of arguments that are right, of those that are wanted or given.
fn share(given: &[(Value, Value)], wanted: &[(Value, Value)], alike: &mut Likeness<'_>) -> f64 {
    let find = |key: &Value| given.iter().find(|(other, _)| same(other, key)).map(|(_, value)| value);
    let mut right = 0.0;
    for (key, value) in wanted {
        let Some(got) = find(key) else { continue };
        let (a, b) = (text(got), text(value));
        let long = [&a, &b].into_iter().all(|text| text.split_whitespace().count() >= SENTENCE);
        right += match same(got, value) {
            true => 1.0,
            false if long => alike.of(&a, &b).min(1.0),
            false => 0.0,
        };
    }
    let extra = given.iter().filter(|(key, _)| !wanted.iter().any(|(other, _)| same(key, other))).count();
    match wanted.len() + extra {
        0 => 1.0,
        total => right / total as f64,
    }
}

/// What a line says of the arguments: all but the tool's name.
fn after_name(step: &Step) -> Cow<'_, str> {
    match step.args.split_once(step.name.as_str()) {
        Some((before, after)) if strip(before).is_empty() => Cow::Borrowed(after),
        Some((before, after)) => Cow::Owned(format!("{before}{after}")),
        None => Cow::Borrowed(&step.args),
    }
}

/// The most pairs of alike steps that are in the same order on both sides (a longest common subsequence).
fn longest_common(weights: &[Vec<f64>]) -> usize {
    let columns = weights.first().map_or(0, Vec::len);
    let mut best = vec![0; columns + 1];
    for row in weights {
        let mut before = 0; // best without this row and this column
        for (column, &weight) in row.iter().enumerate() {
            let above = best[column + 1];
            best[column + 1] = if weight > THRESHOLD { above.max(before + 1) } else { above }.max(best[column]);
            before = above;
        }
    }
    best[columns]
}

/// The most that steps in the same order on both sides are worth together.
fn heaviest_common(worth: &[Vec<f64>]) -> f64 {
    let columns = worth.first().map_or(0, Vec::len);
    let mut best = vec![0.0; columns + 1];
    for row in worth {
        let mut before = 0.0; // best without this row and this column
        for (column, &worth) in row.iter().enumerate() {
            let above = best[column + 1];
            best[column + 1] = f64::max(above, before + worth).max(best[column]);
            before = above;
        }
    }
    best[columns]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_common_sequence_is_found() {
        let alike = |a: &str, b: &str| -> Vec<Vec<f64>> {
            a.chars().map(|x| b.chars().map(|y| f64::from(u8::from(x == y))).collect()).collect()
        };
        for (a, b, length) in [("abcbdab", "bdcaba", 4), ("aba", "aba", 3), ("abc", "cba", 1), ("a", "b", 0)] {
            assert_eq!(longest_common(&alike(a, b)), length, "{a} {b}");
        }
    }
}
