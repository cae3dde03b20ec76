//! `acbench gate`

use std::path::PathBuf;

use acbench::Run;
use clap::Args;

use super::Failure;
use super::compare::write;
use super::output;

/// A run is not within its budget.
const BROKEN: u8 = 1;

/// Check a run against a budget, for CI
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Gate {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// The budget: a TOML file
    #[arg(long, value_name = "FILE")]
    budget: PathBuf,

    /// Write the result as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the result as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench gate runs/a --budget gate.toml
  acbench gate runs/a --budget gate.toml --junit acbench.xml --markdown \"$GITHUB_STEP_SUMMARY\"

A budget:
  variants = [\"gptq-w4-g128\"]     # none named: every compressed variant
  [all]
  margin = 3                      # points of 100; none: the run's
  verdict = \"!= drops\"            # or \"holds\", or \"any\"
  max_flips = 10                  # percent of the samples; also max_harmful_flips
  max_failed = 1                  # percent of the samples
  min_samples = 100
  [capability.tool_use]
  verdict = \"holds\"
  [task.worfbench]
  margin = 5

Exit codes: 0 within the budget; 1 the budget is broken; 2 the budget or the run cannot be read.";

impl Gate {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let gate = acbench::gate(&Run::open(&self.run)?, &self.budget)?;
        if let Some(path) = &self.junit {
            write(path, &acbench::junit(&gate))?;
        }
        if let Some(path) = &self.markdown {
            write(path, &acbench::gate_markdown(&gate))?;
        }
        if self.json {
            output::print_json(&serde_json::to_value(&gate).unwrap_or_default())?;
        } else {
            output::print(&acbench::gate_terminal(&gate, output::shown().width))?;
        }
        Ok(if gate.within { super::DONE } else { BROKEN })
    }
}
