//! What the numbers mean, and what they were made from.

use record::Prompting;

use super::table;
use crate::Report;
use crate::wording::{self, count, counted, escaped, margin};

/// The terms of the report.
pub(super) fn reading(report: &Report) -> String {
    let loss = margin(report.analysis.margin);
    let scoring = report.run.scoring;
    let is = match scoring.is_corrected() {
        true => {
            "known faults of the reference scorers are mended, and right answers count in any natural form, so the numbers \
             differ from published tables"
        }
        false => "the reference scorers\u{2019} numbers, known faults included, as published tables hold",
    };
    let other = scoring.named().collect::<Vec<_>>().join(", ");
    let other = match (other.is_empty(), scoring.is_corrected()) {
        (true, _) => String::new(),
        (false, true) => format!("; but for {other}, which are as in the reference"),
        (false, false) => format!("; but for {other}, which are corrected"),
    };
    let scoring = format!("{scoring}: {is}{other}.");
    let terms = [
        (
            "Verdict",
            format!(
                "Holds: with 95% confidence the loss is smaller than {loss} points. Drops: with 95% confidence it is larger. \
             Inconclusive: the samples cannot say. Each verdict stands for itself; Holm\u{2019}s p-values account for all \
             comparisons of this report."
            ),
        ),
        (
            "Interval and p",
            "Right-or-wrong tasks: Tango\u{2019}s score interval and McNemar\u{2019}s mid-p test. Graded tasks, \
             and samples that share a source: a paired BCa bootstrap and a sign-flip permutation test of 10,000 draws, \
             seeded by what was asked."
                .to_owned(),
        ),
        (
            "Flips",
            "Samples whose score changed; harmful ones fell. A model can flip many samples and keep its mean."
                .to_owned(),
        ),
        (
            "Could have shown",
            "The smallest drop that this many samples would show four times in five, at the flip rate \
             seen."
                .to_owned(),
        ),
        ("Scoring", scoring),
    ];
    let items: String = terms.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>", escaped(text))).collect();
    format!("<dl class=\"reading\">{items}</dl>")
}

/// Digests and versions.
pub(super) fn provenance(report: &Report) -> String {
    let run = report.run;
    let rows: String = report
        .tasks()
        .map(|task| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"mono\">{}</td></tr>",
                escaped(&task.task),
                escaped(&task.source),
                count(task.samples),
                escaped(task.judge.as_deref().unwrap_or("–")),
                escaped(&task.digest),
            )
        })
        .collect();
    let head = "<th scope=\"col\">Task</th><th scope=\"col\">Data</th><th scope=\"col\" class=\"n\">Samples</th>\
                <th scope=\"col\">Similarity of texts</th><th scope=\"col\">SHA-256 of the samples</th>";
    let sampling: Vec<String> = run
        .sampling
        .iter()
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), wording::settings(value).join(" ")))
        .collect();
    let sampling = if sampling.is_empty() { "greedy".to_owned() } else { sampling.join(", ") };
    format!(
        "<h2>Provenance</h2><p>ACBench {}; {} scoring; seed {}; sampling: {}; chat template {}.{}</p>\
         <p>Model {}, SHA-256 <span class=\"mono\" style=\"overflow-wrap:anywhere\">{}</span>.</p>{}",
        escaped(&run.version),
        escaped(&run.scoring.to_string()),
        run.seed,
        escaped(&sampling),
        if run.chat_template { "on" } else { "off" },
        escaped(&prompting(&run.prompting)),
        escaped(&run.model.name),
        escaped(&run.model.digest),
        table("Data of the run", head, &rows)
    )
}

/// What else made the prompts, a sentence each.
fn prompting(prompting: &Prompting) -> String {
    let mut said = String::new();
    if !prompting.template_args.is_empty() {
        let given: Vec<String> =
            prompting.template_args.iter().map(|(name, value)| format!("{name}={value}")).collect();
        said.push_str(&format!(" The template was given {}.", given.join(", ")));
    }
    if let Some(shots) = prompting.num_fewshot {
        let length = prompting
            .max_seq_length
            .map_or_else(String::new, |tokens| format!(", texts of up to {} tokens", count(tokens)));
        said.push_str(&format!(" Generated tasks: {} before each question{length}.", counted(shots, "worked example")));
    }
    if let Some(on) = prompting.thinking {
        said.push_str(&format!(" Thinking was turned {}.", if on { "on" } else { "off" }));
    }
    if let Some(clock) = &prompting.clock {
        said.push_str(&format!(" The template printed the date of {clock} UTC."));
    }
    for (tokens, place) in [(&prompting.before, "before"), (&prompting.after, "after")] {
        if !tokens.is_empty() {
            said.push_str(&format!(" The tokenizer added {} {place} prompts without a template.", tokens.join(" ")));
        }
    }
    prompting.notes.iter().for_each(|note| said.push_str(&format!(" Note: {note}.")));
    said
}
