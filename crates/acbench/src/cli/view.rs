//! `acbench view`

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::output;

/// Show the report of a run in a browser, also of a run that is still going
///
/// Only this machine can reach it, and only who knows the address that is printed. A report on the disk needs no server:
/// open RUN/report/index.html.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct View {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

const EXAMPLES: &str = "\
Example:
  acbench view runs/needle     prints the address, and answers until Ctrl-C";

impl View {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let view = acbench::view(&self.run, self.port)?;
        output::print(&format!("{}\n", view.address()))?;
        view.run()?;
        Ok(super::DONE)
    }
}
