//! What is said of samples that were asked several times.

use record::{Pass, Repeats};

use crate::Report;
use crate::wording;

/// What the numbers mean.
pub(crate) const MEANING: &str = "Each sample was asked several times with other draws. One reply, any and all: the chance \
    that one reply, at least one, or every one of so many solves a sample (score 1; pass@k and pass^k, unbiased). Changed by \
    chance: how often two replies to the same sample have different scores; a variant whose flips are no more frequent than \
    the dense model's differs from it no more than that differs from itself.";

/// The headings of the table.
pub(crate) const HEADINGS: [&str; 8] =
    ["task", "variant", "items", "replies", "one reply", "any", "all", "changed by chance"];

/// A row a task and variant.
pub(crate) fn rows(report: &Report) -> Vec<Vec<String>> {
    let known = |of: &&Repeats| report.run.variants.iter().any(|variant| variant.name == of.variant);
    report.analysis.repeats.iter().filter(known).filter_map(row).collect()
}

fn row(of: &Repeats) -> Option<Vec<String>> {
    let (first, last) = (of.passes.first()?, of.passes.last()?);
    Some(vec![
        of.task.clone(),
        of.variant.clone(),
        wording::count(of.items),
        last.k.to_string(),
        wording::percent(first.any),
        wording::percent(last.any),
        all(last),
        format!("{}%", wording::percent(of.flips)),
    ])
}

/// `12.0 (−3.0 [−6.1, +0.1])`
fn all(pass: &Pass) -> String {
    let change = pass.all_change.map(|change| {
        let interval = pass.all_interval.map(|interval| format!(" {}", wording::interval(interval)));
        format!(" ({}{})", wording::points(change), interval.unwrap_or_default())
    });
    format!("{}{}", wording::percent(pass.all), change.unwrap_or_default())
}

/// A sentence a variant: the means over its tasks.
pub(crate) fn sentences(report: &Report) -> Vec<String> {
    let of = |variant: &str| {
        let found: Vec<&Repeats> = report.analysis.repeats.iter().filter(|of| of.variant == variant).collect();
        let mean = |each: &dyn Fn(&Repeats) -> Option<f64>| {
            let values: Vec<f64> = found.iter().filter_map(|of| each(of)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let times = found.iter().filter_map(|of| of.passes.last()).map(|pass| pass.k).max()?;
        Some(format!(
            "{variant}: {} of samples solved by one reply, {} by all of {times}; two replies differ in score in {}%.",
            wording::percent(mean(&|of| of.passes.first().map(|pass| pass.all))?),
            wording::percent(mean(&|of| of.passes.last().map(|pass| pass.all))?),
            wording::percent(mean(&|of| Some(of.flips))?),
        ))
    };
    report.run.variants.iter().filter_map(|variant| of(&variant.name)).collect()
}
