//! Below the means: lengths and depths, kinds of sample, single replies, failures.

use std::collections::BTreeMap;

use maud::{Markup, html};
use record::{DENSE, TaskSource, TaskSummary};

use super::{bar, numbers, table, words};
use crate::figure::{heat_maps, inline, side_by_side};
use crate::tally::Tally;
use crate::wording::{self, by_size, clipped, counted, percent};
use crate::{Example, Report};

/// Characters of a reply or a question that are shown.
const EXCERPT: usize = 1500;
/// A tag of more values than this is a number to plot, not a kind.
const MOST_KINDS: usize = 24;

/// The heat maps of lengths and depths: a row a variant, beside the dense one it is compared with.
pub(super) fn maps(report: &Report) -> Option<Markup> {
    let maps = heat_maps(report);
    let rows: Vec<_> = report.tasks().flat_map(|task| side_by_side(report, &maps, &task.task)).collect();
    (!rows.is_empty()).then(|| {
        html! {
            p {
                "Mean score by length of the prompt and by how deep in it the fact lies (0 is the beginning), in points. \
                 Empty cells had no finished sample."
            }
            @for row in &rows { div.maps { @for map in row { figure { (inline(map)) } } } }
        }
    })
}

/// Means by tag: game, format, length.
pub(super) fn splits(report: &Report) -> Option<Markup> {
    let splits: Vec<Markup> = report.tasks().flat_map(|task| task_splits(report, task)).collect();
    (!splits.is_empty()).then(|| {
        html! {
            p { "Mean score in points, with the number of samples." }
            div.grid2 { @for split in &splits { (split) } }
        }
    })
}

/// The tags of one task that split its samples.
fn task_splits(report: &Report, task: &TaskSource) -> Vec<Markup> {
    let summaries: Vec<&TaskSummary> = report.summaries(&task.task).collect();
    let mut tags: Vec<&String> = summaries.iter().flat_map(|summary| summary.splits.keys()).collect();
    tags.sort();
    tags.dedup();
    tags.into_iter().filter_map(|tag| split(&task.task, tag, &summaries)).collect()
}

/// One tag of one task; a tag with one value splits nothing.
fn split(task: &str, tag: &str, summaries: &[&TaskSummary]) -> Option<Markup> {
    let mut values: Vec<&String> =
        summaries.iter().filter_map(|summary| summary.splits.get(tag)).flat_map(BTreeMap::keys).collect();
    values.sort_by(|a, b| by_size(a, b));
    values.dedup();
    if values.len() < 2 || values.len() > MOST_KINDS {
        return None;
    }
    let title = tag.replace('_', " ");
    let name = format!("{task} by {title}");
    let head = html! { (words(&title)) @for summary in summaries { (numbers(&summary.variant)) } };
    let rows = html! {
        @for value in values {
            tr { th scope="row" { (value) } @for summary in summaries { (split_cell(summary, tag, value)) } }
        }
    };
    Some(html! { div { h3 { (name) } (table(&name, &head, &rows)) } })
}

/// The mean of the samples of one kind.
fn split_cell(summary: &TaskSummary, tag: &str, value: &str) -> Markup {
    let found = summary.splits.get(tag).and_then(|kinds| kinds.get(value));
    html! {
        td.n {
            @match found {
                Some((mean, n)) => { (percent(*mean)) " " small { (wording::count(*n)) } (bar(*mean)) },
                None => "–",
            }
        }
    }
}

/// Replies side by side.
pub(super) fn examples(report: &Report) -> Option<Markup> {
    (!report.examples.is_empty()).then(|| {
        html! {
            p {
                "Samples that the dense model did better than the compressed one, the largest losses of each task first. \
                 Of several turns, the first in which the replies differ."
            }
            @for (index, example) in report.examples.iter().enumerate() { (pair(example, index == 0)) }
        }
    })
}

/// Both replies to one sample, and what was asked.
fn pair(example: &Example, open: bool) -> Markup {
    html! {
        details open[open] {
            summary {
                b { (example.task) } " " span.mono { (example.variant) } " " span.mono.soft { (example.sample) } " "
                (turn(example))
            }
            div {
                @if !example.question.is_empty() {
                    div.asked { h4 { "Asked" } pre { (ending(&example.question)) } }
                }
                div.pair {
                    div {
                        h4 { (DENSE) " scored " (percent(example.dense_value)) }
                        (reply(&example.dense_reply, &example.dense_reason))
                    }
                    div {
                        h4 { (example.variant) " scored " (percent(example.compressed_value)) }
                        (reply(&example.compressed_reply, &example.compressed_reason))
                    }
                }
            }
        }
    }
}

/// Which turn is shown, where there was more than one.
fn turn(example: &Example) -> Markup {
    let (dense, compressed) = example.turns;
    html! {
        @if dense.max(compressed) > 1 {
            span.soft {
                "turn " (example.turn) " (the dense model took " (dense) ", the compressed one " (compressed) ")"
            }
        }
    }
}

/// What a model said, and why it was scored so.
fn reply(text: &str, reason: &str) -> Markup {
    html! {
        pre { @if text.is_empty() { "(no reply)" } @else { (clipped(text, EXCERPT)) } }
        @if !reason.is_empty() { p.reason { (clipped(reason, EXCERPT)) } }
    }
}

/// The end of a question, where a long prompt asks.
fn ending(question: &str) -> String {
    let length = question.chars().count();
    match question.char_indices().nth(length.saturating_sub(EXCERPT)) {
        Some((start, _)) if start > 0 => format!("…{}", &question[start..]),
        _ => question.to_owned(),
    }
}

/// What could not be asked or did not answer, by reason.
pub(super) fn failed(report: &Report) -> Option<Markup> {
    let rows = html! {
        @for task in report.tasks() {
            @for variant in &report.run.variants { (failed_rows(report, &task.task, &variant.name)) }
        }
    };
    let total: usize = report.analysis.summaries.iter().map(|summary| summary.failed).sum();
    if rows.0.is_empty() && total == 0 {
        return None;
    }
    let head = html! {
        (words("Task")) (words("Variant")) (numbers("Failed")) (words("Reason")) (words("Samples"))
    };
    Some(html! {
        p {
            (counted(total, "sample"))
            " could not be asked or did not answer. They are left out of every mean, and never count as wrong."
        }
        @if !rows.0.is_empty() { (table("Failed samples", &head, &rows)) }
    })
}

fn failed_rows(report: &Report, task: &str, variant: &str) -> Markup {
    let tally = report.tallies.get(&(variant.to_owned(), task.to_owned()));
    html! {
        @for (reason, samples) in tally.into_iter().flat_map(Tally::failed) {
            tr {
                th scope="row" { (task) }
                td.mono { (variant) }
                td.n { (wording::count(samples.count)) }
                td.wrap { (clipped(reason, EXCERPT)) }
                td.wrap.mono { (samples.first.join(", ")) @if samples.count > samples.first.len() { ", …" } }
            }
        }
    }
}
