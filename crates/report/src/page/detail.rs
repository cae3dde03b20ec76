//! Below the means: lengths and depths, kinds of sample, single replies, failures.

use std::collections::BTreeMap;

use record::{DENSE, Outcome, TaskSource, TaskSummary};

use super::table;
use crate::figure::heat_maps;
use crate::wording::{self, by_size, clipped, counted, escaped, percent};
use crate::{Example, Report};

/// Characters of a reply or a question that are shown.
const EXCERPT: usize = 1500;
/// A tag of more values than this is a number to plot, not a kind.
const MOST_KINDS: usize = 24;

/// The heat maps of lengths and depths: a row a variant, beside the dense one it is compared with.
pub(super) fn maps(report: &Report) -> String {
    let maps = heat_maps(report);
    let mut body = String::new();
    for task in report.tasks() {
        let of = |variant: &str| {
            let mine = maps.iter().filter(|map| map.task == task.task && map.variant == variant);
            mine.map(|map| format!("<figure>{}</figure>", map.inline())).collect::<String>()
        };
        let dense = of(DENSE);
        let mut rows: Vec<String> = report.compressed().map(of).filter(|maps| !maps.is_empty()).collect();
        if rows.is_empty() && !dense.is_empty() {
            rows.push(String::new());
        }
        body.extend(rows.iter().map(|row| format!("<div class=\"maps\">{dense}{row}</div>")));
    }
    if body.is_empty() {
        return body;
    }
    format!(
        "<p>Mean score by length of the prompt and by how deep in it the fact lies (0 is the beginning), in points. \
         Empty cells had no finished sample.</p>{body}"
    )
}

/// Means by tag: game, format, length.
pub(super) fn splits(report: &Report) -> String {
    let mut body = String::new();
    for task in report.tasks() {
        let all: Vec<&TaskSummary> =
            report.run.variants.iter().filter_map(|variant| report.summary(&variant.name, &task.task)).collect();
        let mut tags: Vec<&String> = all.iter().flat_map(|summary| summary.splits.keys()).collect();
        tags.sort();
        tags.dedup();
        for tag in tags {
            body.push_str(&split(task, tag, &all));
        }
    }
    if body.is_empty() {
        body
    } else {
        format!("<p>Mean score in points, with the number of samples.</p><div class=\"grid2\">{body}</div>")
    }
}

/// One tag of one task; a tag with one value splits nothing.
fn split(task: &TaskSource, tag: &str, all: &[&TaskSummary]) -> String {
    let mut values: Vec<&String> =
        all.iter().filter_map(|summary| summary.splits.get(tag)).flat_map(BTreeMap::keys).collect();
    values.sort_by(|a, b| by_size(a, b));
    values.dedup();
    if values.len() < 2 || values.len() > MOST_KINDS {
        return String::new();
    }
    let rows: String = values
        .iter()
        .map(|value| {
            let cells: String = all
                .iter()
                .map(|summary| match summary.splits.get(tag).and_then(|kinds| kinds.get(*value)) {
                    Some((mean, n)) => format!(
                        "<td class=\"n\">{} <small>{}</small><span class=\"bar\"><i style=\"width:{:.0}%\"></i></span></td>",
                        percent(*mean),
                        wording::count(*n),
                        mean.clamp(0.0, 1.0) * 100.0
                    ),
                    None => "<td class=\"n\">–</td>".to_owned(),
                })
                .collect();
            format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(value))
        })
        .collect();
    let variants: String =
        all.iter().map(|summary| format!("<th scope=\"col\" class=\"n\">{}</th>", escaped(&summary.variant))).collect();
    let name = format!("{} by {}", task.task, tag.replace('_', " "));
    let head = format!("<th scope=\"col\">{}</th>{variants}", escaped(&tag.replace('_', " ")));
    format!("<div><h3>{}</h3>{}</div>", escaped(&name), table(&name, &head, &rows))
}

/// Replies side by side.
pub(super) fn examples(report: &Report) -> String {
    if report.examples.is_empty() {
        return String::new();
    }
    let all: String = report.examples.iter().enumerate().map(|(index, example)| pair(example, index == 0)).collect();
    format!(
        "<p>Samples that the dense model did better than the compressed one, the largest losses of each task first. Of \
         several turns, the first in which the replies differ.</p>{all}"
    )
}

fn pair(example: &Example, open: bool) -> String {
    let of = match example.turns {
        (0..=1, 0..=1) => String::new(),
        (dense, compressed) => format!(
            "<span class=\"soft\">turn {} (the dense model took {dense}, the compressed one {compressed})</span>",
            example.turn
        ),
    };
    let side = |name: &str, value: f64, reply: &str, reason: &str| {
        let shown = if reply.is_empty() { "(no reply)".to_owned() } else { escaped(&clipped(reply, EXCERPT)) };
        let reason = if reason.is_empty() {
            String::new()
        } else {
            format!("<p class=\"reason\">{}</p>", escaped(&clipped(reason, EXCERPT)))
        };
        format!("<div><h4>{} scored {}</h4><pre>{shown}</pre>{reason}</div>", escaped(name), percent(value))
    };
    let asked = if example.question.is_empty() {
        String::new()
    } else {
        format!("<div class=\"asked\"><h4>Asked</h4><pre>{}</pre></div>", escaped(&ending(&example.question)))
    };
    format!(
        "<details{}><summary><b>{}</b> <span class=\"mono\">{}</span> <span class=\"mono soft\">{}</span> {of}</summary>\
         <div>{asked}<div class=\"pair\">{}{}</div></div></details>",
        if open { " open" } else { "" },
        escaped(&example.task),
        escaped(&example.variant),
        escaped(&example.sample),
        side(DENSE, example.dense_value, &example.dense_reply, &example.dense_reason),
        side(&example.variant, example.compressed_value, &example.compressed_reply, &example.compressed_reason),
    )
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
pub(super) fn failed(report: &Report) -> String {
    let mut rows = String::new();
    for task in report.tasks() {
        for variant in &report.run.variants {
            let Some(scores) = report.scores.get(&(variant.name.clone(), task.task.clone())) else { continue };
            let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for score in scores {
                if let Outcome::Failed { reason, .. } = &score.outcome {
                    reasons.entry(reason).or_default().push(&score.sample);
                }
            }
            for (reason, samples) in reasons {
                let shown: Vec<&str> = samples.iter().take(5).copied().collect();
                let more = if samples.len() > shown.len() { ", …" } else { "" };
                rows.push_str(&format!(
                    "<tr><th scope=\"row\">{}</th><td class=\"mono\">{}</td><td class=\"n\">{}</td>\
                     <td class=\"wrap\">{}</td><td class=\"wrap mono\">{}{more}</td></tr>",
                    escaped(&task.task),
                    escaped(&variant.name),
                    wording::count(samples.len()),
                    escaped(&clipped(reason, EXCERPT)),
                    escaped(&shown.join(", ")),
                ));
            }
        }
    }
    let total: usize = report.analysis.summaries.iter().map(|summary| summary.failed).sum();
    if rows.is_empty() && total == 0 {
        return String::new();
    }
    let head = "<th scope=\"col\">Task</th><th scope=\"col\">Variant</th><th scope=\"col\" class=\"n\">Failed</th>\
                <th scope=\"col\">Reason</th><th scope=\"col\">Samples</th>";
    format!(
        "<p>{} could not be asked or did not answer. They are left out of every mean, and never count as wrong.</p>{}",
        counted(total, "sample"),
        if rows.is_empty() { rows } else { table("Failed samples", head, &rows) }
    )
}
