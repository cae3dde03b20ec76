//! Form and content apart: how many replies have the form that was asked for, how many can be read in whatever form, and
//! what those are worth.

use record::TaskSummary;

use crate::Report;
use crate::wording;

/// One task of one variant.
pub(crate) struct Form<'a> {
    /// Its summary.
    pub summary: &'a TaskSummary,
    /// The share of replies in the asked form.
    pub asked: f64,
    /// The share of replies that could be read.
    pub read: f64,
    /// The mean score of what could be read.
    pub content: f64,
}

impl<'a> Form<'a> {
    /// Of every task whose scores tell form from content, a task's variants one after the other in the run's order.
    pub fn of(report: &Report<'a>) -> Vec<Self> {
        let summaries = report.tasks().flat_map(|task| report.summaries(&task.task));
        let form = |summary: &'a TaskSummary| {
            let (asked, read) = (*summary.metrics.get("form")?, *summary.metrics.get("read")?);
            let content = if read > 0.0 { (summary.mean / read).min(1.0) } else { 0.0 };
            (summary.n > 0).then_some(Self { summary, asked, read, content })
        };
        summaries.filter_map(form).collect()
    }

    /// One line for all variants: `Replies in the asked form, and readable ones: dense 92% and 97%, gptq-w4 85% and 93%.`
    pub fn line(report: &Report<'a>) -> Option<String> {
        let all = Self::of(report);
        let of = |variant: &str| {
            let mine: Vec<&Self> = all.iter().filter(|form| form.summary.variant == variant).collect();
            let replies: usize = mine.iter().map(|form| form.summary.n).sum();
            let share = |each: fn(&Self) -> f64| {
                mine.iter().map(|form| each(form) * form.summary.n as f64).sum::<f64>() / replies.max(1) as f64
            };
            let (asked, read) = (share(|form| form.asked), share(|form| form.read));
            format!("{variant} {}% and {}%", wording::percent(asked), wording::percent(read))
        };
        let known = report.run.variants.iter().filter(|v| all.iter().any(|form| form.summary.variant == v.name));
        let parts: Vec<String> = known.map(|variant| of(&variant.name)).collect();
        (!parts.is_empty()).then(|| format!("Replies in the asked form, and readable in any: {}.", parts.join(", ")))
    }
}
