//! `index.html`: all of it readable without network and without scripts, light or dark as the reader's screen is. A script
//! of our own, in the page, shows single samples from the folder beside it.
//!
//! The templates escape every text that they are given: names come from files, and replies are written by models.

mod behavior;
mod detail;
mod inside;
mod kinds;
mod map;
mod outcome;
mod policy;
mod progress;
mod provenance;
mod weights;

use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use record::{DENSE, RunRecord};

pub use progress::{Progress, progress};

use crate::Report;
use crate::verdict::{bottom_line, notes};
use crate::wording;

const STYLE: &str = include_str!("style.css");
/// Made of `page-src/` by `tools/page.sh`.
const SCRIPT: &str = include_str!("script.js");
/// Compressed variants that are shown at length; the map has all.
const MOST_VARIANTS: usize = 60;

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
    let run = few(report.run);
    let sections = sections(report, &Report { run: &run, ..*report });
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(report))
            body {
                header {
                    p.brand { "ACBench report" }
                    h1 { "What compression costs " (short(&report.run.model.name)) " as an agent" }
                    p.lead { (bottom_line(report)) }
                }
                main { @for part in &sections { (part) } }
                footer { (provenance::provenance(report)) }
                @if report.explore.is_some() { script { (PreEscaped(SCRIPT)) } }
            }
        }
    };
    wording::legible(&page.into_string())
}

/// A run of at most [`MOST_VARIANTS`] compressed variants, for what would be too long of more.
fn few(run: &RunRecord) -> RunRecord {
    let mut few = run.clone();
    few.variants.truncate(MOST_VARIANTS + 1);
    few
}

/// The end of a model's path.
fn short(model: &str) -> &str {
    model.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(model)
}

/// The parts that the run has something for; `few` has no more variants than a page can show at length.
fn sections(report: &Report, few: &Report) -> Vec<Section> {
    let all = [
        ("verdict", "Verdict", Some(outcome::verdict(report, few))),
        ("explore", "Every sample", report.explore.map(explorer)),
        ("asked", "What was asked", Some(asked(report, few))),
        ("differences", "What was lost", outcome::differences(few)),
        ("scores", "Scores", outcome::scores(few)),
        ("published", "As published tables have it", kinds::published(few)),
        ("repeats", "Asked several times", kinds::repeated(few)),
        ("form", "Form and content", kinds::form(few)),
        ("mistakes", "Kinds of mistake", kinds::mistakes(few)),
        ("served", "Parser or model", kinds::served(few)),
        ("behavior", "What variants spend", behavior::behavior(report)),
        ("compression", "What compression did", weights::compression(few)),
        ("inside", "What changed inside", inside::inside(report)),
        ("maps", "Where facts were found", detail::maps(few)),
        ("splits", "By kind of sample", detail::splits(few)),
        ("examples", "What went wrong", detail::examples(few)),
        ("failed", "Failed samples", detail::failed(few)),
        ("reading", "How to read this", Some(provenance::reading(report))),
    ];
    let mut all: Vec<Section> =
        all.into_iter().filter_map(|(id, title, body)| Some(Section { id, title, body: body? })).collect();
    if let Some(first) = all.first().map(|_| contents(&all)) {
        all[0].body = html! { (first) (all[0].body) };
    }
    all
}

/// Links to the parts.
fn contents(sections: &[Section]) -> Markup {
    html! {
        nav aria-label="Sections" { @for part in &sections[1..] { a href={ "#" (part.id) } { (part.title) } } }
    }
}

fn head(report: &Report) -> Markup {
    let policy = policy::policy(STYLE, report.explore.map(|_| SCRIPT));
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="referrer" content="no-referrer";
            meta name="viewport" content="width=device-width,initial-scale=1";
            title { "ACBench: what compression costs " (report.run.model.name) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Where the script shows samples.
fn explorer(stamp: &str) -> Markup {
    html! {
        p {
            "All samples of all variants with what was said, side by side, from the folder "
            code { "explore" } " beside this page: keep the two together."
        }
        div #explorer data-stamp=(stamp) {
            noscript {
                p.notes {
                    "Choosing samples needs scripts, which are off. Without them the same lies in the run\u{2019}s folder, a \
                     line a sample: " code { "VARIANT/scores/TASK.jsonl" } " and " code { "VARIANT/transcripts/TASK.jsonl" }
                    "; the worst losses are below under " a href="#examples" { "What went wrong" } "."
                }
            }
        }
    }
}

/// The run in one line.
fn asked(report: &Report, few: &Report) -> Markup {
    let (all, shown) = (report.run.variants.len(), few.run.variants.len());
    html! {
        (facts(report))
        @if shown < all {
            p.notes {
                "From here on the first " (wording::count(shown)) " of " (wording::count(all)) " variants are shown; "
                code { "results.csv" } " has all."
            }
        }
    }
}

/// What was asked, in one line.
fn facts(report: &Report) -> Markup {
    let samples: usize = report.tasks().map(|task| task.samples).sum();
    let failed: usize = report.analysis.summaries.iter().map(|summary| summary.failed).sum();
    let mut facts = vec![
        ("Model", report.run.model.name.clone()),
        ("Compared", format!("{DENSE} and {} compressed", report.compressed().count())),
        ("Tasks", report.run.tasks.len().to_string()),
        ("Samples a variant", wording::count(samples)),
        ("Failed", wording::count(failed)),
        ("Margin", format!("{} points", wording::margin(report.analysis.margin))),
        ("Scoring", report.run.scoring.to_string()),
        ("Seed", report.run.seed.to_string()),
    ];
    if !report.run.activations.are_stored() {
        facts.push(("Activations", report.run.activations.as_str().to_owned()));
    }
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
    let width = format!("{:.0}%", share.clamp(0.0, 1.0) * 100.0);
    html! { svg.bar aria-hidden="true" { rect width=(width) height="4" rx="2" {} } }
}

/// A verdict as a colored word with its sign.
fn chip(verdict: record::Verdict) -> Markup {
    html! { span class={ "chip " (verdict) } { (wording::sign(verdict)) " " (wording::word(verdict)) } }
}
