//! `acbench data`

use clap::{Args, Subcommand};

use super::Failure;
use super::output;

/// Say how the official data of a benchmark is fetched
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Data {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  acbench data fetch bfcl";

#[derive(Subcommand)]
enum What {
    /// Print the commands that fetch it, and where it comes from
    Fetch {
        /// A task, or a benchmark of several
        #[arg(value_name = "TASK")]
        task: String,
    },
}

impl Data {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let What::Fetch { task } = &self.what;
        output::print(&acbench::fetch(task)?)?;
        Ok(super::DONE)
    }
}
