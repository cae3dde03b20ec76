//! `evaluate`: the five stages in order.

use std::path::PathBuf;

use record::Analysis;
use serde_json::Value;

use crate::Error;
use crate::event::Watch;
use crate::run::Run;
use crate::verb::{Counts, GenerateOptions, Reported, ScoreOptions, TerminalOptions, analyze, generate, report, score};

/// What an evaluation found.
#[derive(Debug)]
pub struct Finished {
    /// How many samples, and how many failed.
    pub scored: Counts,
    /// The comparisons.
    pub analysis: Analysis,
    /// The files of the report, the page first.
    pub files: Vec<PathBuf>,
    /// The table for the terminal.
    pub table: String,
    /// The same as JSON.
    pub json: Value,
}

/// Compresses, generates, scores, analyzes and reports; what is done already is not done again.
///
/// # Errors
/// Whatever a stage says; the same call goes on where it stopped.
pub fn evaluate(
    run: &mut Run,
    how: &GenerateOptions,
    shown: TerminalOptions,
    watch: &mut Watch<'_>,
) -> Result<Finished, Error> {
    generate(run, how, watch)?;
    finish(run, shown, watch)
}

/// Scores, analyzes and reports once everything is said.
///
/// # Errors
/// Whatever a stage says.
pub(crate) fn finish(run: &mut Run, shown: TerminalOptions, watch: &mut Watch<'_>) -> Result<Finished, Error> {
    let scored = score(run, &ScoreOptions::default(), watch)?;
    let analysis = analyze(run, None)?;
    let Reported { files, table, json } = report(run, shown)?;
    Ok(Finished { scored, analysis, files, table, json })
}
