//! From the scores of a run to its [`Analysis`].

use std::collections::{BTreeMap, HashSet};

use record::{Analysis, Capability, CapabilitySummary, Column, DENSE, Interval, Overall, Paired, RunRecord, Score};

use crate::column::columns;
use crate::compare::{Question, compare};
use crate::error::AnalyzeError;
use crate::pairing::pair;
use crate::pooling::{Compared, together};
use crate::repeats::repeats;
use crate::statistic::holm;
use crate::summary::summarize;

/// The scores of a run by (variant, task).
pub type Scores = BTreeMap<(String, String), Vec<Score>>;

/// Summarizes every task of every variant, and compares every compressed variant with the dense one, in the run's
/// order and at the run's margin.
///
/// Right-or-wrong tasks (every value exactly 0 or 1, no two items of one cluster) get McNemar's mid-p test and Tango's
/// interval; others a sign-flip permutation test and an interval of items or clusters ([`crate::statistic::graded`]);
/// interval and p-value never contradict each other. Each capability, and all tasks of a variant, get one pooled
/// decision more ([`crate::statistic::pooled`]). Samples that either
/// variant failed are left out and counted. P-values are adjusted over all comparisons by Holm's method. The random
/// draws depend on what was asked of the run alone ([`seed_of`]). `tables` are the published tables whose columns are
/// computed where their tasks were run.
///
/// # Errors
/// [`AnalyzeError`]: a variant without scores, a number that is no score, samples that do not pair up.
pub fn analyze(run: &RunRecord, scores: &Scores, tables: &[&[Column]]) -> Result<Analysis, AnalyzeError> {
    if !(0.0..=1.0).contains(&run.margin) {
        return Err(AnalyzeError::BadMargin { margin: run.margin });
    }
    if !run.variants.iter().any(|variant| variant.name == DENSE) {
        return Err(AnalyzeError::NoDense);
    }
    let columns = columns(run, scores, tables);
    let mut analysis = Analysis {
        margin: run.margin,
        summaries: Vec::new(),
        paired: Vec::new(),
        capabilities: Vec::new(),
        overall: Vec::new(),
        columns,
        repeats: repeats(run, scores),
    };
    for variant in &run.variants {
        for task in &run.tasks {
            let found = scores_of(scores, &variant.name, &task.task)?;
            analysis.summaries.push(summarize(&variant.name, task, found));
        }
    }
    let mut all_pairs = Vec::new();
    let question = Question { margin: run.margin, seed: seed_of(run) };
    for variant in run.variants.iter().filter(|variant| variant.name != DENSE) {
        for task in &run.tasks {
            let dense = scores_of(scores, DENSE, &task.task)?;
            let compressed = scores_of(scores, &variant.name, &task.task)?;
            let pairs = pair(&task.task, (DENSE, &variant.name), dense, compressed)?;
            analysis.paired.push(compare(&variant.name, task, &pairs, question));
            all_pairs.push(pairs);
        }
    }
    let p: Vec<f64> = analysis.paired.iter().map(|paired| paired.p).collect();
    for (paired, adjusted) in analysis.paired.iter_mut().zip(holm(&p)) {
        paired.p_holm = adjusted;
    }
    let compared: Vec<Compared> = analysis.paired.iter().zip(&all_pairs).collect();
    analysis.capabilities = capabilities(run, &compared);
    analysis.overall = overall(run, &compared);
    Ok(analysis)
}

/// The means of each capability of each compressed variant over the tasks that were compared.
fn capabilities(run: &RunRecord, compared: &[Compared]) -> Vec<CapabilitySummary> {
    let mut all = Vec::new();
    for variant in run.variants.iter().filter(|variant| variant.name != DENSE) {
        for capability in Capability::ALL {
            let of = |(paired, _): &Compared| {
                paired.variant == variant.name && paired.capability == capability && paired.n > 0
            };
            let found: Vec<Compared> = compared.iter().copied().filter(of).collect();
            if found.is_empty() {
                continue;
            }
            let mean = |each: fn(&Paired) -> f64| {
                found.iter().map(|(paired, _)| each(paired)).sum::<f64>() / found.len() as f64
            };
            let mut verdicts = BTreeMap::new();
            found.iter().for_each(|(paired, _)| *verdicts.entry(paired.verdict).or_default() += 1);
            all.push(CapabilitySummary {
                variant: variant.name.clone(),
                capability,
                tasks: found.len(),
                dense: mean(|paired| paired.dense),
                compressed: mean(|paired| paired.compressed),
                verdicts,
                pooled: together(&found, run.margin),
            });
        }
    }
    all
}

/// All tasks of each compressed variant together.
fn overall(run: &RunRecord, compared: &[Compared]) -> Vec<Overall> {
    let of = |variant: &str| {
        let of = |(paired, _): &Compared| paired.variant == variant && paired.n > 0;
        let found: Vec<Compared> = compared.iter().copied().filter(of).collect();
        Some(Overall { variant: variant.to_owned(), pooled: together(&found, run.margin)? })
    };
    run.variants.iter().filter(|variant| variant.name != DENSE).filter_map(|variant| of(&variant.name)).collect()
}

/// The seed of a run's resampling: a digest of what was asked, without the program's version, the margin and the
/// order of variants, so that the same scores give the same intervals.
pub fn seed_of(run: &RunRecord) -> u64 {
    let mut parts = vec![run.model.digest.clone(), run.seed.to_string(), format!("{:?}", run.scoring)];
    parts.extend(run.tasks.iter().map(|task| format!("{} {}", task.task, task.digest)));
    seed_from(&parts.join("\n"))
}

/// A seed from a text that says what is compared.
pub fn seed_from(text: &str) -> u64 {
    let hex = record::digest(text.as_bytes());
    hex.bytes().take(16).fold(0, |seed, byte| (seed << 4) | u64::from((byte as char).to_digit(16).unwrap_or(0)))
}

/// The scores of one task of one variant, each number checked.
fn scores_of<'a>(scores: &'a Scores, variant: &str, task: &str) -> Result<&'a [Score], AnalyzeError> {
    let found = scores
        .get(&(variant.to_owned(), task.to_owned()))
        .ok_or_else(|| AnalyzeError::MissingScores { variant: variant.to_owned(), task: task.to_owned() })?;
    checked(variant, task, found)
}

/// Some scores, each number checked.
pub(crate) fn checked<'a>(variant: &str, task: &str, scores: &'a [Score]) -> Result<&'a [Score], AnalyzeError> {
    let mut seen = HashSet::new();
    for score in scores {
        let bad = |name: &str, number: f64, expected| AnalyzeError::BadNumber {
            variant: variant.to_owned(),
            task: task.to_owned(),
            sample: score.sample.clone(),
            name: name.to_owned(),
            number,
            expected,
        };
        if !(0.0..=1.0).contains(&score.value) {
            return Err(bad("value", score.value, "a score lies between 0 and 1"));
        }
        if let Some((name, number)) = score.metrics.iter().find(|(_, number)| !number.is_finite()) {
            return Err(bad(name, *number, "a metric is a finite number"));
        }
        if !seen.insert(score.sample.as_str()) {
            return Err(AnalyzeError::Duplicate {
                variant: variant.to_owned(),
                task: task.to_owned(),
                sample: score.sample.clone(),
            });
        }
    }
    Ok(scores)
}

/// Moves an interval's ends into a range.
pub(crate) fn within(interval: Interval, range: Interval) -> Interval {
    Interval { low: interval.low.clamp(range.low, range.high), high: interval.high.clamp(range.low, range.high) }
}

/// The smallest interval that holds both.
pub(crate) fn hull(a: Interval, b: Interval) -> Interval {
    Interval { low: a.low.min(b.low), high: a.high.max(b.high) }
}
