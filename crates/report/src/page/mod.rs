//! `index.html`: one file without network or script, light or dark as the reader's screen is.

mod detail;
mod kinds;
mod outcome;
mod provenance;
mod weights;

use record::DENSE;

use crate::Report;
use crate::verdict::notes;
use crate::wording::{self, escaped};

const STYLE: &str = include_str!("style.css");

/// One part of the page; an empty body leaves it out.
struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    let mut sections = vec![
        Section { id: "verdict", title: "Verdict", body: outcome::verdict(report) },
        Section { id: "differences", title: "What was lost", body: outcome::differences(report) },
        Section { id: "scores", title: "Scores", body: outcome::scores(report) },
        Section { id: "published", title: "As published tables have it", body: kinds::published(report) },
        Section { id: "form", title: "Form and content", body: kinds::form(report) },
        Section { id: "mistakes", title: "Kinds of mistake", body: kinds::mistakes(report) },
        Section { id: "compression", title: "What compression did", body: weights::compression(report) },
        Section { id: "maps", title: "Where facts were found", body: detail::maps(report) },
        Section { id: "splits", title: "By kind of sample", body: detail::splits(report) },
        Section { id: "examples", title: "What went wrong", body: detail::examples(report) },
        Section { id: "failed", title: "Failed samples", body: detail::failed(report) },
        Section { id: "reading", title: "How to read this", body: provenance::reading(report) },
    ];
    sections.retain(|section| !section.body.is_empty());
    let model = escaped(&report.run.model.name);
    let links: String = sections.iter().map(|part| format!("<a href=\"#{}\">{}</a>", part.id, part.title)).collect();
    let body: String = sections
        .iter()
        .map(|part| {
            let (id, title, body) = (part.id, part.title, &part.body);
            format!("<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{body}</section>\n")
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>ACBench: what compression costs {model}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><p class=\"brand\">ACBench report</p><h1>What compression costs {model} as an agent</h1>{}\
         <nav aria-label=\"Sections\">{links}</nav>{}</header>\n<main>\n{body}</main>\n<footer>{}</footer>\n</body>\n</html>\n",
        facts(report),
        cautions(report),
        provenance::provenance(report),
    )
}

/// What was asked, in one line.
fn facts(report: &Report) -> String {
    let samples: usize = report.tasks().map(|task| task.samples).sum();
    let failed: usize = report.analysis.summaries.iter().map(|summary| summary.failed).sum();
    let variants = report.compressed().count();
    let facts = [
        ("Model", escaped(&report.run.model.name)),
        ("Compared", format!("{DENSE} and {variants} compressed")),
        ("Tasks", report.run.tasks.len().to_string()),
        ("Samples a variant", wording::count(samples)),
        ("Failed", wording::count(failed)),
        ("Margin", format!("{} points", wording::margin(report.analysis.margin))),
        ("Scoring", report.run.scoring.to_string()),
        ("Seed", report.run.seed.to_string()),
    ];
    let items: String =
        facts.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>")).collect();
    format!("<dl class=\"facts\">{items}</dl>")
}

/// What the numbers are not.
fn cautions(report: &Report) -> String {
    let notes: String = notes(report).iter().map(|note| format!("<p>{}</p>", escaped(note))).collect();
    if notes.is_empty() { notes } else { format!("<aside class=\"notes\" aria-label=\"Cautions\">{notes}</aside>") }
}

/// A table that scrolls sideways by itself on a narrow screen. `head` holds cells, `rows` whole rows.
fn table(label: &str, head: &str, rows: &str) -> String {
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>{head}</tr></thead>\
         <tbody>{rows}</tbody></table></div>",
        escaped(label)
    )
}

/// A verdict as a colored word with its sign.
fn chip(verdict: record::Verdict) -> String {
    format!("<span class=\"chip {verdict}\">{} {}</span>", wording::sign(verdict), wording::word(verdict))
}
