//! `acbench plan`

use std::path::PathBuf;

use acbench::Run;
use clap::Args;

use super::Failure;
use super::output;
use super::run_args::points;

/// Say how many samples a margin needs, and what the samples of a run can show
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Plan {
    /// A run folder whose samples are looked at
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// The drop that should be seen, in points of 100
    #[arg(long, value_name = "POINTS", value_parser = points, default_value = "3")]
    margin: f64,

    /// Shares of answers that change, in percent
    #[arg(long, value_name = "PERCENT", value_parser = points, num_args = 1.., value_delimiter = ',',
          default_values = ["3", "5", "10", "20", "30"])]
    flips: Vec<f64>,

    /// Say too what this many samples can show
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    samples: Option<u32>,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench plan --margin 2
  acbench plan --samples 200 --flips 10
  acbench plan runs/a          what its tasks could have shown, at the flips that were seen";

impl Plan {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = self.run.as_deref().map(Run::open).transpose()?;
        let flips: Vec<f64> = self.flips.iter().map(|percent| percent / 100.0).collect();
        let samples = self.samples.map(|n| n as usize);
        let plan = acbench::sample_plan(self.margin / 100.0, &flips, samples, run.as_ref())?;
        if self.json {
            output::print_json(&serde_json::to_value(&plan).unwrap_or_default())?;
        } else {
            output::print(&acbench::samples_terminal(&plan, output::shown().width))?;
        }
        Ok(super::DONE)
    }
}
