//! What the numbers mean, and what they were made from.

use maud::{Markup, html};
use record::{AgentStyle, Prompting, RunRecord, Scoring};

use super::{numbers, table, words};
use crate::Report;
use crate::wording::{self, count, counted, margin};

/// The terms of the report.
pub(super) fn reading(report: &Report) -> Markup {
    let loss = margin(report.analysis.margin);
    html! {
        dl.reading {
            dt { "Verdict" }
            dd {
                "Holds: with 95% confidence the loss is smaller than " (loss) " points. Drops: with 95% confidence it is \
                 larger. Inconclusive: the samples cannot say. Each verdict stands for itself; Holm\u{2019}s p-values \
                 account for all comparisons of this report."
            }
            dt { "Interval and p" }
            dd {
                "Right-or-wrong tasks: Tango\u{2019}s score interval and McNemar\u{2019}s mid-p test. Graded tasks, and \
                 samples that share a source: the widest of a paired BCa bootstrap, Student\u{2019}s t and what these \
                 samples can have missed, and a sign-flip permutation test of 10,000 draws, seeded by what was asked. \
                 The interval excludes 0 exactly where p is below 0.05."
            }
            dt { "Flips" }
            dd { "Samples whose score changed; harmful ones fell. A model can flip many samples and keep its mean." }
            dt { "Could have shown" }
            dd {
                "The smallest drop that this many samples would show four times in five, at the flip rate seen."
            }
            dt { "Scoring" }
            dd { (scoring(report.run.scoring)) }
        }
    }
}

/// What the scoring is, and what in it is scored the other way.
fn scoring(scoring: Scoring) -> String {
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
    format!("{scoring}: {is}{other}.")
}

/// Digests and versions.
pub(super) fn provenance(report: &Report) -> Markup {
    let run = report.run;
    html! {
        h2 { "Provenance" }
        p {
            "ACBench " (run.version) "; " (run.scoring) " scoring; seed " (run.seed) "; sampling: " (sampling(run))
            "; chat template " (on_or_off(run.chat_template)) (wording::activations(run.activations)) "." (prompting(&run.prompting))
        }
        p {
            "Model " (run.model.name) ", SHA-256 "
            span.mono.long { (run.model.digest) } "."
        }
        (data(report))
    }
}

/// Where each task's samples came from.
fn data(report: &Report) -> Markup {
    let head = html! {
        (words("Task")) (words("Data")) (numbers("Samples")) (words("Similarity of texts"))
        (words("SHA-256 of the samples"))
    };
    let rows = html! {
        @for task in report.tasks() {
            tr {
                th scope="row" { (task.task) }
                td { (task.source) }
                td.n { (count(task.samples)) }
                td { (task.judge.as_deref().unwrap_or("–")) }
                td.mono { (task.digest) }
            }
        }
    };
    table("Data of the run", &head, &rows)
}

fn sampling(run: &RunRecord) -> String {
    let setting =
        |(name, value): (&String, _)| format!("{} {}", name.replace('_', " "), wording::settings(value).join(" "));
    let settings: Vec<String> = run.sampling.iter().map(setting).collect();
    if settings.is_empty() { "greedy".to_owned() } else { settings.join(", ") }
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
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
        said.push_str(&format!(" Thinking was turned {}.", on_or_off(on)));
    }
    if prompting.agent == AgentStyle::React {
        said.push_str(" Agents in environments think before each action (ReAct).");
    }
    if prompting.tools {
        said.push_str(" Tools went through the chat template.");
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
