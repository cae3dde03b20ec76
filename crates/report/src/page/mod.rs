//! `index.html`: one file without network or script, light or dark as the reader's screen is.
//!
//! The templates escape every text that they are given: names come from files, and replies are written by models.

mod detail;
mod kinds;
mod outcome;
mod provenance;
mod weights;

use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use record::DENSE;

use crate::Report;
use crate::verdict::notes;
use crate::wording;

const STYLE: &str = include_str!("style.css");

/// One part of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

impl Render for Section {
    fn render(&self) -> Markup {
        let heading = format!("{}-title", self.id);
        html! {
            section id=(self.id) aria-labelledby=(heading) { h2 id=(heading) { (self.title) } (self.body) }
        }
    }
}

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    let sections = sections(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&report.run.model.name))
            body {
                header {
                    p.brand { "ACBench report" }
                    h1 { "What compression costs " (report.run.model.name) " as an agent" }
                    (facts(report))
                    nav aria-label="Sections" { @for part in &sections { a href={ "#" (part.id) } { (part.title) } } }
                    (cautions(report))
                }
                main { @for part in &sections { (part) } }
                footer { (provenance::provenance(report)) }
            }
        }
    };
    wording::legible(&page.into_string())
}

/// The parts that the run has something for.
fn sections(report: &Report) -> Vec<Section> {
    let all = [
        ("verdict", "Verdict", Some(outcome::verdict(report))),
        ("differences", "What was lost", outcome::differences(report)),
        ("scores", "Scores", outcome::scores(report)),
        ("published", "As published tables have it", kinds::published(report)),
        ("form", "Form and content", kinds::form(report)),
        ("mistakes", "Kinds of mistake", kinds::mistakes(report)),
        ("compression", "What compression did", weights::compression(report)),
        ("maps", "Where facts were found", detail::maps(report)),
        ("splits", "By kind of sample", detail::splits(report)),
        ("examples", "What went wrong", detail::examples(report)),
        ("failed", "Failed samples", detail::failed(report)),
        ("reading", "How to read this", Some(provenance::reading(report))),
    ];
    all.into_iter().filter_map(|(id, title, body)| Some(Section { id, title, body: body? })).collect()
}

fn head(model: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width,initial-scale=1";
            title { "ACBench: what compression costs " (model) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// What was asked, in one line.
fn facts(report: &Report) -> Markup {
    let samples: usize = report.tasks().map(|task| task.samples).sum();
    let failed: usize = report.analysis.summaries.iter().map(|summary| summary.failed).sum();
    let facts = [
        ("Model", report.run.model.name.clone()),
        ("Compared", format!("{DENSE} and {} compressed", report.compressed().count())),
        ("Tasks", report.run.tasks.len().to_string()),
        ("Samples a variant", wording::count(samples)),
        ("Failed", wording::count(failed)),
        ("Margin", format!("{} points", wording::margin(report.analysis.margin))),
        ("Scoring", report.run.scoring.to_string()),
        ("Seed", report.run.seed.to_string()),
    ];
    html! {
        dl.facts { @for (name, value) in &facts { div { dt { (name) } dd { (value) } } } }
    }
}

/// What the numbers are not.
fn cautions(report: &Report) -> Markup {
    let notes = notes(report);
    html! {
        @if !notes.is_empty() {
            aside.notes aria-label="Cautions" { @for note in &notes { p { (note) } } }
        }
    }
}

/// A table that scrolls sideways by itself on a narrow screen. `head` holds cells, `rows` whole rows.
fn table(label: &str, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table { thead { tr { (head) } } tbody { (rows) } }
        }
    }
}

/// The head of a column of words.
fn words(title: impl Render) -> Markup {
    html! { th scope="col" { (title) } }
}

/// The head of a column of numbers, which stand to the right.
fn numbers(title: impl Render) -> Markup {
    html! { th.n scope="col" { (title) } }
}

/// The class of a variant's row: the dense one stands back.
fn row_class(variant: &str) -> Option<&'static str> {
    (variant == DENSE).then_some("dense")
}

/// A share as the length of a bar.
fn bar(share: f64) -> Markup {
    html! { span.bar { i style={ "width:" (format!("{:.0}", share.clamp(0.0, 1.0) * 100.0)) "%" } {} } }
}

/// A verdict as a colored word with its sign.
fn chip(verdict: record::Verdict) -> Markup {
    html! { span class={ "chip " (verdict) } { (wording::sign(verdict)) " " (wording::word(verdict)) } }
}
