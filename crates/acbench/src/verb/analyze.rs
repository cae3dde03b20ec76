//! `analyze`: what the scores mean.

use record::{Analysis, run_path};

use crate::Error;
use crate::run::Run;

/// Compares every compressed variant of a run with the dense one and writes `analysis/paired.json` and
/// `analysis/behavior.json`, and `analysis/probes.json` where
/// the run was probed. Another `margin`
/// than the run's is written into `run.json`.
///
/// # Errors
/// Scores that are missing or broken, or a margin that is no share.
pub fn analyze(run: &mut Run, margin: Option<f64>) -> Result<Analysis, Error> {
    let mut record = run.record.clone();
    record.margin = margin.unwrap_or(record.margin);
    let analysis = analyze::analyze(&record, &run.scores()?, &task::COLUMNS)?;
    if record.margin != run.record.margin {
        run.record = record;
        run.save()?;
    }
    record::write_json(&run_path::analysis(&run.root), &analysis)?;
    crate::verb::behaviors(run)?;
    crate::verb::analyze_probes(run)?;
    Ok(analysis)
}
