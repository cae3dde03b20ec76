//! The first three sections: the verdict, the differences, the scores.

use maud::{Markup, html};
use record::{Paired, TaskSource, TaskSummary};

use super::map::map;
use super::{cautions, chip, numbers, row_class, table, words};
use crate::Report;
use crate::figure::forest;
use crate::verdict::{Comparison, VariantVerdict, floor, verdicts};
use crate::wording::{self, counted, interval, p_value, percent, points};

/// Comparisons that are told in sentences without being asked.
const OPEN: usize = 8;

/// What a person can act on: the map, then each variant in a sentence. The page has said the sentence for the run.
pub(super) fn verdict(report: &Report, few: &Report) -> Markup {
    let verdicts = verdicts(few);
    let comparisons: usize = verdicts.iter().map(|verdict| verdict.comparisons.len()).sum();
    let cards = html! { div.cards { @for verdict in &verdicts { (card(verdict)) } } };
    html! {
        @if let Some(floor) = floor(report) { p.caution { (floor) } }
        (map(report).unwrap_or_default())
        (cautions(report))
        @if comparisons > OPEN {
            details.bare { summary { "Each variant in a sentence" } div { (cards) } }
        } @else {
            (cards)
        }
    }
}

/// One method: its sentence, then each capability.
fn card(verdict: &VariantVerdict) -> Markup {
    let change = |paired: &Paired| if paired.n == 0 { "–".to_owned() } else { points(paired.delta) };
    html! {
        article.card {
            h3 { (verdict.variant) }
            p { (verdict.sentence()) }
            @if let Some(together) = verdict.together() { p { (together) } }
            ul {
                @for Comparison { name, paired } in &verdict.comparisons {
                    li { span { (name) } span { (change(paired)) " " (chip(paired.verdict)) } }
                }
            }
        }
    }
}

/// The forest plot.
pub(super) fn differences(report: &Report) -> Option<Markup> {
    let drawing = forest(report)?;
    Some(html! {
        p {
            "Each mark is the compressed score minus the dense one on the same samples. The thin line is the 95% interval; \
             the verdict looks at the thick part: it holds where that lies right of \u{2212}"
            (wording::margin(report.analysis.margin))
            " points, drops where it lies left of it. An arrow points to a loss beyond the drawing."
        }
        div.plot { (drawing) }
    })
}

/// Every task of every variant.
pub(super) fn scores(report: &Report) -> Option<Markup> {
    if report.tasks().all(|task| report.summaries(&task.task).next().is_none()) {
        return None;
    }
    let head = html! {
        (words("Capability")) (words("Variant")) (numbers("Score [95%]")) (numbers("Samples"))
        (numbers("Difference [95%]"))
        (numbers(html! { "Flips " span.soft { "(harmful)" } }))
        (numbers(html! { "p " span.soft { "(Holm)" } }))
        (words("Verdict")) (numbers("Could have shown"))
    };
    let rows = html! { @for task in report.tasks() { (task_rows(report, task)) } };
    Some(html! {
        p { "In points of 100. Differences are over the samples that both variants finished." }
        (table("Scores by capability", &head, &rows))
        (metrics(report))
    })
}

/// The variants of one task, which is named beside the first of them.
fn task_rows(report: &Report, task: &TaskSource) -> Markup {
    let summaries: Vec<&TaskSummary> = report.summaries(&task.task).collect();
    html! {
        @for (index, summary) in summaries.iter().enumerate() {
            tr class=[row_class(&summary.variant)] {
                @if index == 0 {
                    th scope="rowgroup" rowspan=(summaries.len()) {
                        (wording::capability(task.capability)) br; span.soft { (task.task) }
                    }
                }
                (measured(summary))
                @match report.paired(&summary.variant, &task.task) {
                    Some(paired) => (comparison(paired)),
                    None => @for _ in 0..5 { td {} },
                }
            }
        }
    }
}

/// The three cells of what one variant scored.
fn measured(summary: &TaskSummary) -> Markup {
    let ends = summary.interval;
    html! {
        td.mono { (summary.variant) }
        td.n {
            @if summary.n == 0 { "–" } @else {
                b { (percent(summary.mean)) } " " small { "[" (percent(ends.low)) ", " (percent(ends.high)) "]" }
            }
        }
        td.n {
            (wording::count(summary.n))
            @if summary.failed > 0 { " " small { (wording::count(summary.failed)) " failed" } }
        }
    }
}

/// The five cells of a comparison.
fn comparison(paired: &Paired) -> Markup {
    let left_out = html! {
        @if paired.left_out > 0 { br; small { (counted(paired.left_out, "sample")) " left out" } }
    };
    if paired.n == 0 {
        return html! { td.n { "–" (left_out) } td {} td {} td { (chip(paired.verdict)) } td {} };
    }
    html! {
        td.n { b { (points(paired.delta)) } " " small { (interval(paired.interval)) } (left_out) }
        td.n { (percent(paired.flips)) "% " small { "(" (percent(paired.harmful_flips)) "%)" } }
        td.n title=(test(paired)) { (p_value(paired.p)) " " small { "(" (p_value(paired.p_holm)) ")" } }
        td { (chip(paired.verdict)) }
        td.n { (points(-paired.detectable)) }
    }
}

/// The test's name, with the exact p-value where there is one.
fn test(paired: &Paired) -> String {
    match paired.p_exact {
        Some(exact) => format!("{}; exact p {}", paired.test, p_value(exact)),
        None => paired.test.to_string(),
    }
}

/// Every metric of every task, folded away.
fn metrics(report: &Report) -> Markup {
    let head = html! {
        (words("Metric")) @for variant in &report.run.variants { (numbers(&variant.name)) }
    };
    let rows = html! { @for task in report.tasks() { (metric_rows(report, &task.task)) } };
    html! {
        @if !rows.0.is_empty() {
            details { summary { "Every metric" } div { (table("Every metric", &head, &rows)) } }
        }
    }
}

/// The metrics of one task, a column a variant.
fn metric_rows(report: &Report, task: &str) -> Markup {
    let mut names: Vec<&String> = report.summaries(task).flat_map(|summary| summary.metrics.keys()).collect();
    names.sort();
    names.dedup();
    let value = |variant: &str, name: &str| {
        let found = report.summary(variant, task).and_then(|summary| summary.metrics.get(name));
        found.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"))
    };
    html! {
        @for name in names {
            tr {
                th scope="row" { (task) " " span.soft { (name) } }
                @for variant in &report.run.variants { td.n { (value(&variant.name, name)) } }
            }
        }
    }
}
