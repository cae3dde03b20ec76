//! What a person can act on: one sentence a method, and one for the run.

use record::{Paired, Verdict};

use crate::Report;
use crate::published::Published;
use crate::wording;

/// The verdicts of one compressed variant.
pub(crate) struct VariantVerdict<'a> {
    /// The variant.
    pub variant: &'a str,
    /// Its comparisons in the run's order, each with the name a reader knows it by.
    pub parts: Vec<(String, &'a Paired)>,
    /// `capabilities`, or `tasks` where some capability has several.
    pub noun: &'static str,
    margin: f64,
}

/// The verdicts of all compressed variants in the run's order; a variant that was not compared is left out.
pub(crate) fn verdicts<'a>(report: &Report<'a>) -> Vec<VariantVerdict<'a>> {
    let repeated = report.tasks().any(|a| report.tasks().filter(|b| b.capability == a.capability).count() > 1);
    report
        .compressed()
        .map(|variant| VariantVerdict {
            variant,
            parts: report
                .tasks()
                .filter_map(|task| report.paired(variant, &task.task))
                .map(|paired| {
                    let name = if repeated { paired.task.clone() } else { wording::capability(paired.capability) };
                    (name, paired)
                })
                .collect(),
            noun: if repeated { "tasks" } else { "capabilities" },
            margin: report.analysis.margin,
        })
        .filter(|verdict| !verdict.parts.is_empty())
        .collect()
}

impl VariantVerdict<'_> {
    /// How many comparisons have this verdict.
    pub fn number(&self, verdict: Verdict) -> usize {
        self.parts.iter().filter(|(_, paired)| paired.verdict == verdict).count()
    }

    /// The worst that was found: drops before inconclusive before holds; the floor where there is nothing else.
    pub fn worst(&self) -> Verdict {
        let order = [Verdict::Drops, Verdict::Inconclusive, Verdict::Holds];
        order.into_iter().find(|v| self.number(*v) > 0).unwrap_or(Verdict::Floor)
    }

    /// How many comparisons could show a loss.
    fn telling(&self) -> usize {
        self.parts.len() - self.number(Verdict::Floor)
    }

    /// `holds on 3 of 4 capabilities`
    pub fn headline(&self) -> String {
        let (holds, all) = (self.number(Verdict::Holds), self.telling());
        match self.worst() {
            Verdict::Floor => "cannot be told: the dense model cannot do these tasks".to_owned(),
            Verdict::Holds if all > 1 => format!("holds on all {all} {}", self.noun),
            _ if all == 1 => {
                let (name, paired) = self.first();
                format!("{} on {name}", phrase(paired.verdict))
            }
            _ if holds == 0 => format!("holds on none of {all} {}", self.noun),
            _ => format!("holds on {holds} of {all} {}", self.noun),
        }
    }

    /// The whole sentence: `gptq-w4-g128 holds on 3 of 4 capabilities; inconclusive on tool use: needs about 870
    /// samples to tell a loss of 3 points (has 200).`
    pub fn sentence(&self) -> String {
        let mut clauses = vec![format!("{} {}", self.variant, self.headline())];
        let drops: Vec<String> = self
            .having(Verdict::Drops)
            .map(|(name, paired)| format!("{name} ({} points)", wording::points(paired.delta)))
            .collect();
        if !drops.is_empty() {
            clauses.push(format!("drops on {}", wording::list(&drops)));
        }
        let unsure: Vec<String> =
            self.having(Verdict::Inconclusive).map(|(name, paired)| self.unsure(name, paired)).collect();
        if !unsure.is_empty() {
            clauses.push(format!("inconclusive on {}", wording::list(&unsure)));
        }
        // With one comparison the headline has said it; only what is missing is left to say.
        if self.telling() == 1 {
            let (name, paired) = self.first();
            let tail = match paired.verdict {
                Verdict::Inconclusive => self.unsure(name, paired).replacen(name.as_str(), "", 1),
                _ => format!(" ({} points)", wording::points(paired.delta)),
            };
            return format!("{}{tail}.", clauses[0]);
        }
        format!("{}.", clauses.join("; "))
    }

    /// `tool use: needs about 870 samples to tell a loss of 3 points (has 200)`
    fn unsure(&self, name: &str, paired: &Paired) -> String {
        match (paired.n, paired.needed) {
            (0, _) => format!("{name}: no sample finished in both"),
            (n, Some(needed)) => {
                format!("{name}: needs about {} samples (has {})", wording::about(needed), wording::count(n))
            }
            (n, None) => format!(
                "{name}: too close to the margin of {} points for {}",
                wording::margin(self.margin),
                wording::counted(n, "sample")
            ),
        }
    }

    /// The first comparison that could show a loss, else the first one; there is one at least.
    fn first(&self) -> &(String, &Paired) {
        self.parts.iter().find(|(_, paired)| paired.verdict != Verdict::Floor).unwrap_or(&self.parts[0])
    }

    fn having(&self, verdict: Verdict) -> impl Iterator<Item = &(String, &Paired)> {
        self.parts.iter().filter(move |(_, paired)| paired.verdict == verdict)
    }
}

/// What the dense model cannot do here, so that no compression can lose it: once for all variants.
pub(crate) fn floor(report: &Report) -> Option<String> {
    let margin = report.analysis.margin;
    let low = report.tasks().filter_map(|task| {
        let mut compared = report.compressed().filter_map(|variant| report.paired(variant, &task.task));
        let paired = compared.find(|paired| paired.verdict == Verdict::Floor)?;
        Some(format!("{} ({})", task.task, wording::percent(paired.dense)))
    });
    let low: Vec<String> = low.collect();
    (!low.is_empty()).then(|| {
        let these = if low.len() == 1 { "this task" } else { "these tasks" };
        format!(
            "The dense model scores no more than the margin of {} points on {}: it cannot do {these} here, so there is \
             nothing to lose, and no number of samples would show a loss.",
            wording::margin(margin),
            wording::list(&low)
        )
    })
}

/// A verdict as the verb of a sentence.
fn phrase(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Drops => "drops",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::Floor => "has nothing to lose",
    }
}

/// The sentence for the whole run.
pub(crate) fn bottom_line(report: &Report) -> String {
    let all = verdicts(report);
    let margin = wording::margin(report.analysis.margin);
    if !all.is_empty() && all.iter().all(|verdict| verdict.worst() == Verdict::Floor) {
        return "Nothing can be said of compression: the dense model cannot do any of these tasks.".to_owned();
    }
    let safe: Vec<String> = all.iter().filter(|v| v.worst() == Verdict::Holds).map(|v| v.variant.to_owned()).collect();
    if all.is_empty() {
        return "Nothing was compared: the run has no compressed variant, or no task.".to_owned();
    }
    if !safe.is_empty() {
        let verb = if safe.len() == 1 { "loses" } else { "lose" };
        return format!("{} {verb} less than {margin} points wherever it was measured.", wording::list(&safe));
    }
    let open: Vec<String> =
        all.iter().filter(|v| v.worst() == Verdict::Inconclusive).map(|v| v.variant.to_owned()).collect();
    match (open.is_empty(), all.len()) {
        (true, 1) => format!("{} loses more than {margin} points somewhere.", all[0].variant),
        (true, _) => format!("Every compression loses more than {margin} points somewhere."),
        (false, _) => format!(
            "No compression is shown to lose less than {margin} points everywhere; with more samples {} could be.",
            wording::list(&open)
        ),
    }
}

/// What the numbers are not, in the order of importance.
pub(crate) fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if report.is_pico() {
        notes.push(
            "pico is a tiny model trained on generated instances of these tasks and on nothing else. Its scores show \
             compression at work; they are not a real model\u{2019}s ability."
                .to_owned(),
        );
    }
    notes.extend(judges(report));
    for task in report.tasks() {
        if let Some(first) = task.skipped.first() {
            notes.push(format!(
                "{}: {} of the official files could not be used and left out (the first: {first}).",
                task.task,
                wording::counted(task.skipped.len(), "row"),
            ));
        }
    }
    let tables = Published::all(report);
    let generated = tables.iter().filter(|table| table.generated).map(|table| table.table.to_owned());
    let generated: Vec<String> = generated.collect();
    if !generated.is_empty() {
        notes.push(format!(
            "The columns of {} are of generated samples: they are not comparable with the published tables.",
            wording::list(&generated)
        ));
    }
    notes
}

/// Which tasks compare texts, and by what: a sentence a judge.
fn judges(report: &Report) -> Vec<String> {
    let mut judges: Vec<(&str, Vec<String>)> = Vec::new();
    for task in report.tasks() {
        let Some(judge) = task.judge.as_deref() else { continue };
        match judges.iter_mut().find(|(name, _)| *name == judge) {
            Some((_, tasks)) => tasks.push(task.task.clone()),
            None => judges.push((judge, vec![task.task.clone()])),
        }
    }
    let sentence = |(judge, tasks): (&str, Vec<String>)| {
        let (compare, their) = if tasks.len() == 1 { ("compares", "its") } else { ("compare", "their") };
        let tasks = wording::list(&tasks);
        match judge.to_lowercase().contains("lexical") {
            true => format!(
                "{tasks} {compare} texts by a {judge} similarity (shared words), not by the paper\u{2019}s sentence \
                 embeddings: {their} scores are not comparable with the paper\u{2019}s."
            ),
            false => format!("{tasks} {compare} texts by {judge}."),
        }
    };
    judges.into_iter().map(sentence).collect()
}
