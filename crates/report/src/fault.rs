//! Replies by kind of mistake, dense against compressed.

use record::{Fault, TaskSummary};

use crate::Report;
use crate::wording;

/// Kinds that some variant has on some task, and the tasks that have some.
pub(crate) struct Faults<'a> {
    /// The kinds, the most basic first.
    pub kinds: Vec<Fault>,
    /// The summaries of those tasks, a task's variants one after the other in the run's order.
    pub rows: Vec<&'a TaskSummary>,
}

impl<'a> Faults<'a> {
    /// Of a whole report.
    pub fn of(report: &Report<'a>) -> Self {
        let mut rows = Vec::new();
        for task in report.tasks() {
            let summaries: Vec<&TaskSummary> = report.summaries(&task.task).collect();
            if summaries.iter().any(|summary| !summary.faults.is_empty()) {
                rows.extend(summaries);
            }
        }
        let seen = |kind: &Fault| rows.iter().any(|summary| replies(summary, *kind) > 0);
        Self { kinds: Fault::ALL.into_iter().filter(seen).collect(), rows }
    }

    /// One line a variant, over all tasks: `Mistakes of dense: 12 no call, 3 wrong tool.`
    pub fn lines(&self, report: &Report) -> Vec<String> {
        let line = |variant: &str| {
            let mine: Vec<&&TaskSummary> = self.rows.iter().filter(|summary| summary.variant == variant).collect();
            let kinds = self.kinds.iter().map(|kind| {
                let count: usize = mine.iter().map(|summary| replies(summary, *kind)).sum();
                format!("{} {kind}", wording::count(count))
            });
            let all: usize = mine.iter().map(|summary| summary.n).sum();
            let kinds: Vec<String> = kinds.collect();
            let noun = if all == 1 { "reply" } else { "replies" };
            format!("Mistakes of {variant} in {} {noun}: {}.", wording::count(all), kinds.join(", "))
        };
        let variants = report.run.variants.iter().map(|variant| variant.name.as_str());
        variants.filter(|variant| self.rows.iter().any(|summary| summary.variant == *variant)).map(line).collect()
    }
}

/// How many replies of a task have a kind of mistake.
pub(crate) fn replies(summary: &TaskSummary, kind: Fault) -> usize {
    summary.faults.get(&kind).copied().unwrap_or(0)
}
