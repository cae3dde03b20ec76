//! The first three sections: the verdict, the differences, the scores.

use record::{DENSE, Paired, TaskSource, TaskSummary};

use super::{chip, table};
use crate::Report;
use crate::figure::forest;
use crate::verdict::{VariantVerdict, bottom_line, floor, verdicts};
use crate::wording::{self, counted, escaped, interval, p_value, percent, points};

/// What a person can act on.
pub(super) fn verdict(report: &Report) -> String {
    let cards: String = verdicts(report).iter().map(card).collect();
    let floor = floor(report).map_or_else(String::new, |text| format!("<p class=\"caution\">{}</p>", escaped(&text)));
    format!("<p class=\"lead\">{}</p>{floor}<div class=\"cards\">{cards}</div>", escaped(&bottom_line(report)))
}

/// One method: its sentence, then each capability.
fn card(verdict: &VariantVerdict) -> String {
    let rows: String = verdict
        .parts
        .iter()
        .map(|(name, paired)| {
            let change = if paired.n == 0 { "–".to_owned() } else { points(paired.delta) };
            format!("<li><span>{}</span><span>{change} {}</span></li>", escaped(name), chip(paired.verdict))
        })
        .collect();
    format!(
        "<article class=\"card\"><h3>{}</h3><p>{}</p><ul>{rows}</ul></article>",
        escaped(verdict.variant),
        escaped(&verdict.sentence())
    )
}

/// The forest plot.
pub(super) fn differences(report: &Report) -> String {
    let drawing = forest(report);
    if drawing.is_empty() {
        return String::new();
    }
    let margin = wording::margin(report.analysis.margin);
    format!(
        "<p>Each mark is the compressed score minus the dense one on the same samples. The thin line is the 95% interval; \
         the verdict looks at the thick part: it holds where that lies right of \u{2212}{margin} points, drops where it \
         lies left of it. An arrow points to a loss beyond the drawing.</p><div class=\"plot\">{drawing}</div>"
    )
}

/// Every task of every variant.
pub(super) fn scores(report: &Report) -> String {
    let mut rows = String::new();
    for task in report.tasks() {
        let variants: Vec<&str> = report
            .run
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .filter(|variant| report.summary(variant, &task.task).is_some())
            .collect();
        for (index, variant) in variants.iter().enumerate() {
            let Some(summary) = report.summary(variant, &task.task) else { continue };
            let head = if index == 0 { task_cell(task, variants.len()) } else { String::new() };
            rows.push_str(&row(&head, summary, report.paired(variant, &task.task)));
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let head = "<th scope=\"col\">Capability</th><th scope=\"col\">Variant</th><th scope=\"col\" class=\"n\">Score [95%]</th>\
                <th scope=\"col\" class=\"n\">Samples</th><th scope=\"col\" class=\"n\">Difference [95%]</th>\
                <th scope=\"col\" class=\"n\">Flips <span class=\"soft\">(harmful)</span></th>\
                <th scope=\"col\" class=\"n\">p <span class=\"soft\">(Holm)</span></th><th scope=\"col\">Verdict</th>\
                <th scope=\"col\" class=\"n\">Could have shown</th>";
    format!(
        "<p>In points of 100. Differences are over the samples that both variants finished.</p>{}{}",
        table("Scores by capability", head, &rows),
        metrics(report)
    )
}

fn task_cell(task: &TaskSource, span: usize) -> String {
    format!(
        "<th scope=\"rowgroup\" rowspan=\"{span}\">{}<br><span class=\"soft\">{}</span></th>",
        escaped(&wording::capability(task.capability)),
        escaped(&task.task)
    )
}

fn row(head: &str, summary: &TaskSummary, paired: Option<&Paired>) -> String {
    let class = if summary.variant == DENSE { " class=\"dense\"" } else { "" };
    let mut samples = wording::count(summary.n);
    if summary.failed > 0 {
        samples.push_str(&format!(" <small>{} failed</small>", wording::count(summary.failed)));
    }
    let score = if summary.n == 0 {
        "–".to_owned()
    } else {
        let ends = summary.interval;
        format!("<b>{}</b> <small>[{}, {}]</small>", percent(summary.mean), percent(ends.low), percent(ends.high))
    };
    format!(
        "<tr{class}>{head}<td class=\"mono\">{}</td><td class=\"n\">{score}</td><td class=\"n\">{samples}</td>{}</tr>",
        escaped(&summary.variant),
        paired.map_or_else(|| "<td></td>".repeat(5), comparison)
    )
}

/// The five cells of a comparison.
fn comparison(paired: &Paired) -> String {
    let left_out = match paired.left_out {
        0 => String::new(),
        n => format!("<br><small>{} left out</small>", counted(n, "sample")),
    };
    if paired.n == 0 {
        return format!("<td class=\"n\">–{left_out}</td><td></td><td></td><td>{}</td><td></td>", chip(paired.verdict));
    }
    format!(
        "<td class=\"n\"><b>{}</b> <small>{}</small>{left_out}</td><td class=\"n\">{}% <small>({}%)</small></td>\
         <td class=\"n\" title=\"{}\">{} <small>({})</small></td><td>{}</td><td class=\"n\">{}</td>",
        points(paired.delta),
        interval(paired.interval),
        percent(paired.flips),
        percent(paired.harmful_flips),
        escaped(&test(paired)),
        p_value(paired.p),
        p_value(paired.p_holm),
        chip(paired.verdict),
        points(-paired.detectable),
    )
}

/// The test's name, with the exact p-value where there is one.
fn test(paired: &Paired) -> String {
    match paired.p_exact {
        Some(exact) => format!("{}; exact p {}", paired.test, p_value(exact)),
        None => paired.test.to_string(),
    }
}

/// Every metric of every task, folded away.
fn metrics(report: &Report) -> String {
    let mut rows = String::new();
    for task in report.tasks() {
        let all: Vec<&TaskSummary> =
            report.run.variants.iter().filter_map(|variant| report.summary(&variant.name, &task.task)).collect();
        let mut names: Vec<&String> = all.iter().flat_map(|summary| summary.metrics.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let cells: String = report
                .run
                .variants
                .iter()
                .map(|variant| {
                    let found = report.summary(&variant.name, &task.task).and_then(|summary| summary.metrics.get(name));
                    let text = found.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"));
                    format!("<td class=\"n\">{text}</td>")
                })
                .collect();
            rows.push_str(&format!(
                "<tr><th scope=\"row\">{} <span class=\"soft\">{}</span></th>{cells}</tr>",
                escaped(&task.task),
                escaped(name)
            ));
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let variants: String = report
        .run
        .variants
        .iter()
        .map(|variant| format!("<th scope=\"col\" class=\"n\">{}</th>", escaped(&variant.name)))
        .collect();
    let head = format!("<th scope=\"col\">Metric</th>{variants}");
    format!("<details><summary>Every metric</summary><div>{}</div></details>", table("Every metric", &head, &rows))
}
