//! What the probes found: distances from the dense model, effective ranks by layer, and which linears are to blame.

use maud::{Markup, html};
use record::{Blame, DENSE, Decision, ERank, ProbeAnalysis, ProbeSummary};

use super::{numbers, row_class, table, words};
use crate::Report;
use crate::figure::difference_fill;
use crate::probe::{self, COLUMNS, number};

/// Nothing where the run was not probed.
pub(super) fn inside(report: &Report) -> Option<Markup> {
    let probes = report.probes?;
    Some(html! {
        p { (probe::what_was_read(probes)) }
        (distances(probes))
        dl.terms { @for column in COLUMNS { dt { (column.title) } dd { (column.about) "." } } }
        (decisions(probes))
        (layers(probes))
        @for (variant, blame) in report.blames { (blamed(variant, blame)) }
    })
}

fn distances(probes: &ProbeAnalysis) -> Markup {
    let head = html! { (words("Variant")) @for column in COLUMNS { (numbers(column.title)) } };
    let rows = html! {
        @for one in &probes.variants {
            tr class=[row_class(&one.variant)] {
                th scope="row" { (one.variant) }
                @for column in COLUMNS { td.n { ((column.cell)(one)) } }
            }
        }
    };
    table("Distances from the dense model", &head, &rows)
}

/// KL by what is decided.
fn decisions(probes: &ProbeAnalysis) -> Markup {
    let known = |decision: &Decision| probes.variants.iter().any(|one| probe::at(one, decision.as_str()).is_some());
    let kinds: Vec<Decision> = Decision::ALL.into_iter().filter(known).collect();
    if kinds.is_empty() {
        return html! {};
    }
    let head = html! { (words("Variant")) @for kind in &kinds { (numbers(kind.as_str())) } };
    let cell = |one: &ProbeSummary, kind: &Decision| match probe::at(one, kind.as_str()) {
        Some(at) => html! { td.n { (number(at.kl)) " " small { (at.positions) } } },
        None => html! { td.n { "–" } },
    };
    let rows = html! {
        @for one in probes.variants.iter().filter(|one| one.distance.is_some()) {
            tr { th scope="row" { (one.variant) } @for kind in &kinds { (cell(one, kind)) } }
        }
    };
    html! {
        h3 { "KL by what is decided" }
        p { "Mean KL(dense || variant) in nats, and over how many tokens." }
        (table("KL by what is decided", &head, &rows))
    }
}

/// Where effective ranks change, layer by layer.
fn layers(probes: &ProbeAnalysis) -> Markup {
    let of = |one: &ProbeSummary, layer: usize| -> Option<ERank> {
        one.erank.iter().find(|erank| erank.of == format!("hidden.{layer}")).cloned()
    };
    let count = probe::layers(probes);
    let others: Vec<&ProbeSummary> = probes.variants.iter().filter(|one| one.variant != DENSE).collect();
    if count == 0 || others.is_empty() {
        return html! {};
    }
    // A change is shown as a share of the dense model's rank.
    let share = |one: &ProbeSummary, layer| {
        let found = of(one, layer)?;
        let change = found.change?;
        Some((change / (found.singular_values? - change).max(f64::MIN_POSITIVE), found))
    };
    let about = |one: &ProbeSummary, layer: usize| match share(one, layer) {
        Some((share, found)) => format!(
            "{}, layer {layer}: effective rank {:.1}, {:+.1}% of the dense model's",
            one.variant,
            found.singular_values.unwrap_or_default(),
            share * 100.0
        ),
        None => format!("{}, layer {layer}: not known", one.variant),
    };
    let (cell, row) = (20, 26);
    let width = count * cell;
    html! {
        h3 { "Effective rank of hidden states, layer by layer" }
        p {
            "Change as a share of the dense model's, from the embeddings (left) to what the head reads (right): blue where \
             hidden states spread in more directions than the dense model's, red where in fewer. Point at a cell for numbers."
        }
        div.scroll.plot tabindex="0" role="region" aria-label="Effective rank by layer" {
            table.layers {
                tbody {
                    tr { th {} td {
                        svg width=(width) height="16" role="presentation" {
                            @for layer in (0..count).step_by(5) {
                                text x=(layer * cell + cell / 2) y="12" text-anchor="middle" font-size="11" { (layer) }
                            }
                        }
                    } }
                    @for one in &others {
                        tr {
                            th scope="row" { (one.variant) }
                            td {
                                svg width=(width) height=(row) role="img" aria-label=(summary(one, count)) {
                                    @for layer in 0..count {
                                        rect x=(layer * cell) y="1" width=(cell - 1) height=(row - 2)
                                            fill=(difference_fill(share(one, layer).map_or(0.0, |share| share.0))) {
                                            title { (about(one, layer)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a row of the map shows, in words.
fn summary(one: &ProbeSummary, count: usize) -> String {
    let changes = (0..count).filter_map(|layer| {
        let found = one.erank.iter().find(|erank| erank.of == format!("hidden.{layer}"))?;
        Some((layer, found.change?))
    });
    match changes.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) {
        Some((layer, change)) => format!("{}: the largest change is {change:+.1} in layer {layer}", one.variant),
        None => format!("{}: not known", one.variant),
    }
}

/// Parts that the chart shows.
const SHOWN: usize = 15;

fn blamed(variant: &str, blame: &Blame) -> Markup {
    let most = blame.parts.first().map_or(0.0, |part| part.recovered).max(f64::MIN_POSITIVE);
    let head = html! { (words("Put back to dense")) (numbers("Recovers")) (numbers("of KL")) (numbers("Weights")) };
    let rows = html! {
        @for part in blame.parts.iter().take(SHOWN) {
            tr {
                th scope="row" { (part.name()) }
                td.n { (number(part.recovered)) (super::bar(part.recovered / most)) }
                td.n { (format!("{:.1}%", part.recovered / blame.kl.max(f64::MIN_POSITIVE) * 100.0)) }
                td.n { (crate::wording::count(part.weights)) }
            }
        }
    };
    html! {
        h3 { "Where the loss of " span.mono { (variant) } " comes from" }
        p {
            "Each part was put back to dense alone; what disappears of KL at " (crate::wording::count(blame.positions))
            " decisions is its share (" (number(blame.kl)) " nats in all). Parts work together, so that shares need not add \
             up. `acbench blame --write` makes a recipe that spares the worst."
        }
        (table("Parts by what they recover", &head, &rows))
    }
}
