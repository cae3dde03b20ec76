//! What a person can act on: one sentence a method, and one for the run.

use record::{Paired, PooledDecision, Verdict};

use crate::Report;
use crate::published::Published;
use crate::tally::served_calls;
use crate::wording;

/// The verdicts of one compressed variant.
pub(crate) struct VariantVerdict<'a> {
    /// The variant.
    pub variant: &'a str,
    /// Its comparisons in the run's order; there is one at least.
    pub comparisons: Vec<Comparison<'a>>,
    /// `capabilities`, or `tasks` where some capability has several.
    noun: &'static str,
    margin: f64,
    /// All of its tasks together, where there are several.
    pooled: Option<&'a PooledDecision>,
}

/// One comparison.
pub(crate) struct Comparison<'a> {
    /// The name a reader knows it by: the capability, or the task where some capability has several.
    pub name: String,
    /// What was found.
    pub paired: &'a Paired,
}

/// The verdicts of all compressed variants in the run's order; a variant that was not compared is left out.
pub(crate) fn verdicts<'a>(report: &Report<'a>) -> Vec<VariantVerdict<'a>> {
    let repeated = report.tasks().any(|a| report.tasks().filter(|b| b.capability == a.capability).count() > 1);
    let comparison = |paired: &'a Paired| Comparison {
        name: if repeated { paired.task.clone() } else { wording::capability(paired.capability) },
        paired,
    };
    let verdict = |variant| VariantVerdict {
        variant,
        comparisons: report.tasks().filter_map(|task| report.paired(variant, &task.task)).map(comparison).collect(),
        noun: if repeated { "tasks" } else { "capabilities" },
        margin: report.analysis.margin,
        pooled: pooled(report, variant),
    };
    report.compressed().map(verdict).filter(|verdict| !verdict.comparisons.is_empty()).collect()
}

/// The decision over all tasks of a variant, where it is of several.
fn pooled<'a>(report: &Report<'a>, variant: &str) -> Option<&'a PooledDecision> {
    let found = report.analysis.overall.iter().find(|overall| overall.variant == variant)?;
    (found.pooled.tasks > 1).then_some(&found.pooled)
}

impl VariantVerdict<'_> {
    /// How many comparisons have this verdict.
    fn count(&self, verdict: Verdict) -> usize {
        self.having(verdict).count()
    }

    /// The worst that was found: drops before inconclusive before holds; the floor where there is nothing else.
    pub fn worst(&self) -> Verdict {
        let order = [Verdict::Drops, Verdict::Inconclusive, Verdict::Holds];
        order.into_iter().find(|verdict| self.count(*verdict) > 0).unwrap_or(Verdict::Floor)
    }

    /// How many comparisons could show a loss.
    fn telling(&self) -> usize {
        self.comparisons.len() - self.count(Verdict::Floor)
    }

    /// `holds on 3 of 4 capabilities`
    fn headline(&self) -> String {
        let (holds, all) = (self.count(Verdict::Holds), self.telling());
        match self.worst() {
            Verdict::Floor => "cannot be told: the dense model cannot do these tasks".to_owned(),
            Verdict::Holds if all > 1 => format!("holds on all {all} {}", self.noun),
            _ if all == 1 => {
                let Comparison { name, paired } = self.first();
                format!("{} on {name}", verb(paired.verdict))
            }
            _ if holds == 0 => format!("holds on none of {all} {}", self.noun),
            _ => format!("holds on {holds} of {all} {}", self.noun),
        }
    }

    /// The whole sentence: `gptq-w4-g128 holds on 3 of 4 capabilities; inconclusive on tool use: needs about 870
    /// samples (has 200).`
    pub fn sentence(&self) -> String {
        let headline = format!("{} {}", self.variant, self.headline());
        // With one comparison the headline has said it; only what is missing is left to say.
        if self.telling() == 1 {
            let paired = self.first().paired;
            return match paired.verdict {
                Verdict::Inconclusive => format!("{headline}: {}.", self.lack(paired)),
                _ => format!("{headline} ({} points).", wording::points(paired.delta)),
            };
        }
        let clauses = [Some(headline), self.drops(), self.unsure()];
        format!("{}.", clauses.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }

    /// `All 12 tasks together: −1.2 points [−2.4, −0.1]: holds.`
    pub fn together(&self) -> Option<String> {
        let PooledDecision { delta, interval, verdict, tasks, .. } = self.pooled?;
        Some(format!(
            "All {tasks} tasks together: {} points {}: {}.",
            wording::points(*delta),
            wording::interval(*interval),
            wording::word(*verdict)
        ))
    }

    /// `drops on long context (−8.8 points)`
    fn drops(&self) -> Option<String> {
        let named = |it: &Comparison| format!("{} ({} points)", it.name, wording::points(it.paired.delta));
        let drops: Vec<String> = self.having(Verdict::Drops).map(named).collect();
        (!drops.is_empty()).then(|| format!("drops on {}", wording::list(&drops)))
    }

    /// `inconclusive on tool use: needs about 870 samples (has 200)`; those that lack the same are named together.
    fn unsure(&self) -> Option<String> {
        let mut groups: Vec<Vec<&Comparison>> = Vec::new();
        for comparison in self.having(Verdict::Inconclusive) {
            let lack = self.lack(comparison.paired);
            match groups.iter_mut().find(|group| self.lack(group[0].paired) == lack) {
                Some(group) => group.push(comparison),
                None => groups.push(vec![comparison]),
            }
        }
        let parts: Vec<String> = groups.iter().map(|group| self.lacking(group)).collect();
        let alone = groups.iter().all(|group| group.len() == 1);
        let parts = if alone { wording::list(&parts) } else { parts.join("; on ") };
        (!parts.is_empty()).then(|| format!("inconclusive on {parts}"))
    }

    /// `tool use: needs about 870 samples (has 200)`, `tool use and workflow: each needs about 870 samples (has 200)`
    fn lacking(&self, group: &[&Comparison]) -> String {
        let names: Vec<String> = group.iter().map(|comparison| comparison.name.clone()).collect();
        let paired = group[0].paired;
        let each = if names.len() > 1 && paired.n > 0 { "each " } else { "" };
        format!("{}: {each}{}", wording::list(&names), self.lack(paired))
    }

    /// What keeps one comparison from a verdict: `needs about 870 samples (has 200)`
    fn lack(&self, paired: &Paired) -> String {
        match (paired.n, paired.needed) {
            (0, _) => "no sample finished in both".to_owned(),
            (n, Some(needed)) => format!("needs about {} samples (has {})", wording::about(needed), wording::count(n)),
            (n, None) => format!(
                "too close to the margin of {} points for {}",
                wording::margin(self.margin),
                wording::counted(n, "sample")
            ),
        }
    }

    /// The first comparison that could show a loss, else the first one.
    fn first(&self) -> &Comparison<'_> {
        let telling = self.comparisons.iter().find(|comparison| comparison.paired.verdict != Verdict::Floor);
        telling.unwrap_or(&self.comparisons[0])
    }

    fn having(&self, verdict: Verdict) -> impl Iterator<Item = &Comparison<'_>> {
        self.comparisons.iter().filter(move |comparison| comparison.paired.verdict == verdict)
    }
}

/// What the dense model cannot do here, so that no compression can lose it: once for all variants.
pub(crate) fn floor(report: &Report) -> Option<String> {
    let margin = report.analysis.margin;
    let low = report.tasks().filter_map(|task| {
        let paired = report.comparisons(&task.task).find(|paired| paired.verdict == Verdict::Floor)?;
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
fn verb(verdict: Verdict) -> &'static str {
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
    notes.extend(lost_calls(report));
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

/// Variants whose servers lost calls that the model wrote: a sentence each.
fn lost_calls(report: &Report) -> Vec<String> {
    let lost = |variant: &str| {
        let of = served_calls(report).filter(|(_, name, _)| *name == variant);
        of.fold((0, 0), |(lost, written), (_, _, served)| (lost + served.lost, written + served.written))
    };
    let sentence = |variant: &str| match lost(variant) {
        (0, _) => None,
        (lost, written) => Some(format!(
            "{variant}: its server lost {lost} of {} that the model wrote; its scores are of what was left. See Parser or model.",
            wording::counted(written, "call"),
        )),
    };
    report.run.variants.iter().filter_map(|variant| sentence(&variant.name)).collect()
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

#[cfg(test)]
mod tests {
    use record::{Capability, Interval, PairTest};

    use super::*;

    fn paired(verdict: Verdict, n: usize, needed: Option<usize>) -> Paired {
        let interval = Interval { low: -0.2, high: 0.1 };
        Paired {
            variant: "gptq".into(),
            task: "pddl".into(),
            capability: Capability::RealWorld,
            n,
            left_out: 0,
            dense: 0.5,
            compressed: 0.45,
            delta: -0.05,
            interval,
            bounds: interval,
            test: PairTest::McnemarMidP,
            p: 0.3,
            p_exact: None,
            p_holm: 1.0,
            flips: 0.1,
            harmful_flips: 0.1,
            verdict,
            detectable: 0.3,
            needed,
        }
    }

    /// The sentence on tasks `a`, `b`, ...
    fn sentence(paired: &[Paired]) -> String {
        let name = |(letter, paired)| Comparison { name: char::to_string(&letter), paired };
        let comparisons = ('a'..='z').zip(paired).map(name).collect();
        VariantVerdict { variant: "gptq", comparisons, noun: "tasks", margin: 0.03, pooled: None }.sentence()
    }

    fn unsure(n: usize, needed: usize) -> Paired {
        paired(Verdict::Inconclusive, n, Some(needed))
    }

    #[test]
    fn what_one_task_lacks_is_said_of_it() {
        assert_eq!(sentence(&[unsure(10, 870)]), "gptq is inconclusive on a: needs about 870 samples (has 10).");
        assert_eq!(
            sentence(&[paired(Verdict::Holds, 10, None), unsure(10, 870)]),
            "gptq holds on 1 of 2 tasks; inconclusive on b: needs about 870 samples (has 10)."
        );
        assert_eq!(sentence(&[paired(Verdict::Drops, 10, None)]), "gptq drops on a (−5.0 points).");
    }

    #[test]
    fn what_each_task_lacks_is_said_of_each() {
        assert_eq!(
            sentence(&[unsure(10, 870), unsure(12, 870)]),
            "gptq holds on none of 2 tasks; inconclusive on a: needs about 870 samples (has 10) and b: needs about 870 \
             samples (has 12)."
        );
    }

    #[test]
    fn what_several_tasks_lack_is_said_once() {
        assert_eq!(
            sentence(&[unsure(10, 870), unsure(10, 869)]),
            "gptq holds on none of 2 tasks; inconclusive on a and b: each needs about 870 samples (has 10)."
        );
        let twelve: Vec<Paired> = (0..12).map(|_| unsure(10, 12_345)).collect();
        assert_eq!(
            sentence(&twelve),
            "gptq holds on none of 12 tasks; inconclusive on a, b, c, d, e, f, g, h, i, j, k and l: each needs about \
             13,000 samples (has 10)."
        );
    }

    #[test]
    fn different_lacks_stay_apart() {
        let close = paired(Verdict::Inconclusive, 10, None);
        let none = paired(Verdict::Inconclusive, 0, None);
        let drops = paired(Verdict::Drops, 10, None);
        let all = [unsure(10, 870), close.clone(), none.clone(), unsure(10, 870), drops, unsure(9, 40), none, close];
        assert_eq!(
            sentence(&all),
            "gptq holds on none of 8 tasks; drops on e (−5.0 points); inconclusive on a and d: each needs about 870 \
             samples (has 10); on b and h: each too close to the margin of 3 points for 10 samples; on c and g: no sample \
             finished in both; on f: needs about 40 samples (has 9)."
        );
    }
}
