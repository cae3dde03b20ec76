//! The map: what each variant lost on each capability, and on each task where a capability has several.

use std::cmp::Ordering;

use maud::{Markup, html};
use record::{Capability, Paired, Verdict};

use super::{numbers, table, words};
use crate::Report;
use crate::wording::{self, clipped, count, points};

/// Letters of a variant's name that are shown.
const NAME: usize = 80;

/// One cell.
struct Cell {
    /// The difference, a share; `None` where no sample finished in both.
    delta: Option<f64>,
    verdict: Verdict,
    worse: usize,
    better: usize,
    /// What the explorer is asked for: a task by its place, or a capability.
    place: String,
}

/// A compressed variant with its place in the run.
#[derive(Clone, Copy)]
struct Variant<'a> {
    name: &'a str,
    place: usize,
}

/// The map by capability, and beneath it the one by task.
pub(super) fn map(report: &Report) -> Option<Markup> {
    let variants = ranked(report);
    if variants.is_empty() || report.analysis.paired.is_empty() {
        return None;
    }
    let capabilities: Vec<Capability> =
        Capability::ALL.into_iter().filter(|one| report.tasks().any(|task| task.capability == *one)).collect();
    let several = report.run.tasks.len() > capabilities.len();
    let by_task = html! {
        (words("Variant"))
        @for task in report.tasks() {
            (numbers(html! { (wording::capability(task.capability)) br; span.soft { (task.task) } }))
        }
    };
    let by_capability = html! {
        (words("Variant")) @for capability in &capabilities { (numbers(wording::capability(*capability))) }
    };
    let task_rows = html! {
        @for variant in &variants {
            (row(*variant, (0..report.run.tasks.len()).map(|task| of_task(report, *variant, task))))
        }
    };
    let rows = html! {
        @for variant in &variants {
            (row(*variant, capabilities.iter().map(|capability| of_capability(report, *variant, *capability))))
        }
    };
    Some(html! {
        @if several {
            (table("Map of capabilities and variants", &by_capability, &rows))
            details.bare open[variants.len() <= 30] {
                summary { "By task" }
                div { (table("Map of tasks and variants", &by_task, &task_rows)) }
            }
        } @else {
            (table("Map of capabilities and variants", &by_task, &task_rows))
        }
        (legend())
    })
}

fn legend() -> Markup {
    html! {
        p.legend {
            "Points against dense, the best variant first. "
            @for verdict in [Verdict::Holds, Verdict::Inconclusive, Verdict::Drops, Verdict::Floor] {
                span.chip.(verdict) { (wording::sign(verdict)) " " (wording::word(verdict)) } " "
            }
            "▼ samples that got worse, ▲ that got better: follow one to see them."
        }
    }
}

fn row(variant: Variant, cells: impl Iterator<Item = Option<Cell>>) -> Markup {
    html! {
        tr {
            th.mono scope="row" { (clipped(variant.name, NAME)) }
            @for cell in cells { (drawn(variant, cell)) }
        }
    }
}

fn drawn(variant: Variant, cell: Option<Cell>) -> Markup {
    let Some(Cell { delta, verdict, worse, better, place }) = cell else { return html! { td.n { "–" } } };
    let link = |show: &str| format!("#x/{place}/v{}/{show}", variant.place);
    html! {
        td.n.cell.(verdict) {
            a.delta href=(link("all")) {
                @match delta { Some(delta) => b { (points(delta)) }, None => b { "–" } }
                " " span aria-hidden="true" { (wording::sign(verdict)) }
                span.heard { " " (wording::word(verdict)) }
            }
            span.flips {
                a href=(link("worse")) { "▼" (count(worse)) span.heard { " got worse" } }
                " "
                a href=(link("better")) { "▲" (count(better)) span.heard { " got better" } }
            }
        }
    }
}

/// One task of one variant.
fn of_task(report: &Report, variant: Variant, task: usize) -> Option<Cell> {
    let paired = report.paired(variant.name, &report.run.tasks[task].task)?;
    let (worse, better) = flips(paired);
    let delta = (paired.n > 0 && paired.delta.is_finite()).then_some(paired.delta);
    Some(Cell { delta, verdict: paired.verdict, worse, better, place: format!("t{task}") })
}

/// The samples that got worse, and better.
fn flips(paired: &Paired) -> (usize, usize) {
    let samples = |share: f64| (share * paired.n as f64).round() as usize;
    (samples(paired.harmful_flips), samples(paired.flips - paired.harmful_flips))
}

/// One capability of one variant: plain means over its tasks, the verdict of all of them together (the
/// worst of theirs, where there is none), their samples together.
fn of_capability(report: &Report, variant: Variant, capability: Capability) -> Option<Cell> {
    let tasks = report.tasks().filter(|task| task.capability == capability);
    let paired: Vec<&Paired> = tasks.filter_map(|task| report.paired(variant.name, &task.task)).collect();
    let summary = report.analysis.capabilities.iter();
    let mut summary = summary.filter(|found| found.variant == variant.name && found.capability == capability);
    let summary = summary.next();
    let delta = match (summary, &paired[..]) {
        (Some(found), _) => Some(found.compressed - found.dense),
        (None, [one]) => Some(one.delta),
        (None, _) => None,
    };
    let pooled = summary.and_then(|found| found.pooled.as_ref()).map(|pooled| pooled.verdict);
    let worst = paired.iter().map(|paired| paired.verdict).min_by_key(|verdict| order(*verdict))?;
    let (worse, better) = paired.iter().map(|paired| flips(paired)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let delta = delta.filter(|delta| delta.is_finite() && paired.iter().any(|paired| paired.n > 0));
    Some(Cell { delta, verdict: pooled.unwrap_or(worst), worse, better, place: capability.as_str().to_owned() })
}

/// The worst verdict first.
fn order(verdict: Verdict) -> usize {
    [Verdict::Drops, Verdict::Inconclusive, Verdict::Holds, Verdict::Floor]
        .iter()
        .position(|one| *one == verdict)
        .unwrap_or_default()
}

/// The compressed variants, those that lose least on the whole first.
fn ranked<'a>(report: &Report<'a>) -> Vec<Variant<'a>> {
    let mean = |name: &str| {
        let deltas: Vec<f64> = report
            .analysis
            .paired
            .iter()
            .filter(|paired| paired.variant == name && paired.n > 0 && paired.delta.is_finite())
            .map(|paired| paired.delta)
            .collect();
        (!deltas.is_empty()).then(|| deltas.iter().sum::<f64>() / deltas.len() as f64)
    };
    let all = report.run.variants.iter().enumerate().filter(|(_, variant)| variant.name != record::DENSE);
    let mut all: Vec<(Variant, Option<f64>)> =
        all.map(|(place, variant)| (Variant { name: &variant.name, place }, mean(&variant.name))).collect();
    // Stable: what lost the same stays in the run's order, what was not compared comes last.
    all.sort_by(|(_, a), (_, b)| match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(a),
        (None, None) => Ordering::Equal,
        (a, _) => {
            if a.is_some() {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    });
    all.into_iter().map(|(variant, _)| variant).collect()
}
