//! `acbench generate`

use std::path::PathBuf;

use acbench::Run;
use clap::Args;
use serde_json::json;

use super::Failure;
use super::output;
use super::progress::Progress;
use super::run_args::{RUN_ARGS, RunArgs};

/// Ask the dense and the compressed model every sample
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Generate {
    /// A run folder to go on with, as it was asked; without one the flags begin a run
    #[arg(value_name = "RUN", conflicts_with_all = RUN_ARGS)]
    run: Option<PathBuf>,

    #[command(flatten)]
    asked: RunArgs,

    /// Print the run's folder and counts as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench generate --compression_method gptq --tasks long_context --output_path runs/needle
  acbench generate runs/needle     goes on where it stopped";

impl Generate {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = match &self.run {
            Some(root) => Run::open(root)?,
            None => self.asked.plan()?,
        };
        let mut progress = Progress::new();
        let asked = acbench::generate(&run, &self.asked.speed.how()?, &mut |event| progress.show(event))?;
        drop(progress);
        if self.json {
            let root = run.root.display().to_string();
            output::print_json(&json!({"run": root, "samples": asked.samples, "failed": asked.failed}))?;
        } else {
            output::print(&format!("{}: {} samples, {} failed\n", run.root.display(), asked.samples, asked.failed))?;
        }
        Ok(output::code(asked.failed))
    }
}
