//! What is shown of a run that has no report yet.

use maud::{DOCTYPE, PreEscaped, html};
use record::RunRecord;

use super::policy::policy;
use super::{STYLE, bar, numbers, short, table, words};
use crate::wording;

/// How far one variant is on one task: samples that have ended, and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Samples that have ended, failed ones included.
    pub ended: usize,
    /// Samples that failed.
    pub failed: usize,
}

/// A page that loads itself anew every few seconds: how far each variant is on each task, as `progress` says by their
/// places, and what `problem` there is with making a report.
pub fn progress(run: &RunRecord, progress: impl Fn(usize, usize) -> Progress, problem: Option<&str>) -> String {
    let head = html! { (words("Task")) @for variant in &run.variants { (numbers(&variant.name)) } };
    let cell = |variant: usize, task: usize| {
        let Progress { ended, failed } = progress(variant, task);
        let samples = run.tasks[task].samples;
        html! {
            td.n {
                (wording::count(ended)) " of " (wording::count(samples))
                @if failed > 0 { " " small { (wording::count(failed)) " failed" } }
                (bar(ended as f64 / samples.max(1) as f64))
            }
        }
    };
    let rows = html! {
        @for (task, source) in run.tasks.iter().enumerate() {
            tr { th scope="row" { (source.task) } @for variant in 0..run.variants.len() { (cell(variant, task)) } }
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(STYLE, None));
                meta http-equiv="refresh" content="5";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { "ACBench: a run under way" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.brand { "ACBench" }
                    h1 { "What compression costs " (short(&run.model.name)) " as an agent" }
                    p.lead { "The run has no report yet." }
                }
                main {
                    @if let Some(problem) = problem { p.notes { (problem) } }
                    p { "Samples that have ended; this page loads itself anew every five seconds." }
                    (table("Samples that have ended", &head, &rows))
                }
            }
        }
    };
    wording::legible(&page.into_string())
}
