//! `acbench probe`

use std::path::PathBuf;

use acbench::{ProbeOptions, Run};
use clap::Args;

use super::Failure;
use super::output;
use super::progress::Progress;

/// Let every variant read what the dense model wrote, and keep what each predicts
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Probe {
    /// The run folder, whose dense model has been asked
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Samples of each task whose replies are read: the first ones, at their first, middle and last turn
    #[arg(long, value_name = "N", default_value_t = 8)]
    samples: usize,

    /// Text files to read beside them, in windows of 2048 tokens side by side
    #[arg(long = "text", value_name = "FILE", num_args = 1..)]
    texts: Vec<PathBuf>,

    /// Positions that the effective ranks of hidden states and logits are of
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(2..=4096))]
    positions: u32,

    /// Leave the singular values of the weights out, which take longest for large models
    #[arg(long = "no_weights")]
    no_weights: bool,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench probe runs/needle     then `acbench analyze` and `acbench report` show what it found
  acbench probe runs/needle --samples 4 --text wiki.txt --no_weights";

impl Probe {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = Run::open(&self.run)?;
        let mut progress = Progress::new();
        let options = ProbeOptions {
            samples: self.samples,
            texts: self.texts.clone(),
            sampled: self.positions as usize,
            weights: !self.no_weights,
        };
        let found = acbench::probe(&run, &options, &mut |event| progress.show(event))?;
        drop(progress);
        if self.json {
            output::print_json(&serde_json::to_value(&found).unwrap_or_default())?;
        } else {
            output::print(&acbench::probe_table(&found, output::shown().width))?;
        }
        Ok(super::DONE)
    }
}
