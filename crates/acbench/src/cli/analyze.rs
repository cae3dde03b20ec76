//! `acbench analyze`

use std::path::PathBuf;

use acbench::Run;
use clap::Args;

use super::Failure;
use super::output;
use super::run_args::points;

/// Compare the compressed variants of a run with the dense model
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Analyze {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Verdict margin in points of 100 [default: as the run has it]
    #[arg(long, value_name = "POINTS", value_parser = points)]
    margin: Option<f64>,

    /// Print the comparisons as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Example:
  acbench analyze runs/needle --margin 5 --json";

impl Analyze {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let mut run = Run::open(&self.run)?;
        let analysis = acbench::analyze(&mut run, self.margin.map(|points| points / 100.0))?;
        if self.json {
            output::print_json(&serde_json::to_value(&analysis).unwrap_or_default())?;
        } else {
            for paired in &analysis.paired {
                output::print(&format!(
                    "{} on {}: {} ({:+.1} points, 95% from {:+.1} to {:+.1}, n = {})\n",
                    paired.variant,
                    paired.task,
                    paired.verdict,
                    paired.delta * 100.0,
                    paired.interval.low * 100.0,
                    paired.interval.high * 100.0,
                    paired.n
                ))?;
            }
        }
        Ok(super::DONE)
    }
}
