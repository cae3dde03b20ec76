//! `acbench report`

use std::path::PathBuf;

use acbench::Run;
use clap::Args;

use super::Failure;
use super::output;

/// Write the tables, figures and the page of a run
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Report {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Example:
  acbench report runs/needle     writes runs/needle/report/index.html, report.md, results.csv and figures";

impl Report {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = Run::open(&self.run)?;
        let acbench::Reported { files, table, json } = acbench::report(&run, output::shown())?;
        if self.json {
            output::print_json(&json)?;
        } else {
            output::print(&table)?;
            output::print_files(&files)?;
        }
        Ok(super::DONE)
    }
}
