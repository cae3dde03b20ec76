//! `gate`: whether a run is within a budget.

use std::path::Path;

use record::{Analysis, DENSE, Gate, run_path};

use crate::Error;
use crate::budget::Budget;
use crate::run::Run;

/// Holds what `analyze` found of a run against a budget file.
///
/// # Errors
/// A budget that cannot be used or names what the run has not, a run without analysis, or one whose analysis lacks a
/// comparison.
pub fn gate(run: &Run, budget: &Path) -> Result<Gate, Error> {
    let demands = Budget::read(budget)?;
    demands.fits(budget, run)?;
    let analysis: Analysis = record::read_json(&run_path::analysis(&run.root))?;
    let missing = |task: &str, variant: &str| Error::Budget {
        path: budget.to_owned(),
        problem: format!(
            "the analysis of {} has nothing of {variant} on {task}: `acbench analyze {}` makes it anew",
            run.root.display(),
            run.root.display()
        ),
    };
    let mut rows = Vec::new();
    let compressed = run.record.variants.iter().map(|variant| variant.name.as_str()).filter(|name| *name != DENSE);
    for variant in compressed.filter(|variant| demands.is_about(variant)) {
        for task in &run.record.tasks {
            let paired = analysis.paired.iter().find(|one| one.variant == variant && one.task == task.task);
            let summary = analysis.summaries.iter().find(|one| one.variant == variant && one.task == task.task);
            let (Some(paired), Some(summary)) = (paired, summary) else { return Err(missing(&task.task, variant)) };
            rows.push(demands.judge(task, paired, summary, analysis.margin));
        }
    }
    if rows.is_empty() {
        let problem = format!("the run {} has no compressed variant: nothing was compared", run.root.display());
        return Err(Error::Budget { path: budget.to_owned(), problem });
    }
    Ok(Gate {
        run: run.root.display().to_string(),
        budget: budget.display().to_string(),
        within: rows.iter().all(record::Gated::within),
        rows,
    })
}
