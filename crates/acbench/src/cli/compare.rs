//! `acbench compare`

use std::path::{Path, PathBuf};

use acbench::logs;
use clap::Args;

use super::Failure;
use super::output;
use super::run_args::points;

/// Compare any two logs item by item: of lm-eval, Inspect, BFCL, or variants of runs
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Compare {
    /// The log before the change: a folder or file of lm-eval, an Inspect log, RUN:VARIANT, or BFCL's FOLDER:MODEL
    #[arg(value_name = "A")]
    a: String,

    /// The log after it
    #[arg(value_name = "B")]
    b: String,

    /// Verdict margin in points of 100
    #[arg(long, value_name = "POINTS", value_parser = points, default_value = "3")]
    margin: f64,

    /// Write the comparison as Markdown too
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench compare runs/a:dense runs/a:gptq-w4-g128
  acbench compare out/dense-1b out/dense-1b-w4 --margin 2      folders that lm-eval wrote with --log_samples
  acbench compare logs/before.eval logs/after.eval --json
  acbench compare bfcl:dense-1b-FC bfcl:dense-1b-w4-FC         a folder with result/ and score/

Exit codes: 0 all was compared; 3 some scores are NOT COMPARABLE; 2 none is, or a log cannot be read.";

impl Compare {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let (a, b) = (logs::open(&self.a)?, logs::open(&self.b)?);
        let found = acbench::compare(&a, &b, self.margin / 100.0)?;
        if let Some(path) = &self.markdown {
            write(path, &acbench::comparison_markdown(&found))?;
        }
        if self.json {
            output::print_json(&serde_json::to_value(&found).unwrap_or_default())?;
        } else {
            output::print(&acbench::comparison_terminal(&found, output::shown().width))?;
        }
        Ok(match (found.compared.is_empty(), found.not_comparable.is_empty()) {
            (true, _) => super::STOPPED,
            (false, true) => super::DONE,
            (false, false) => super::SAMPLES_FAILED,
        })
    }
}

/// Writes a text file.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(acbench::write_text(path, text)?)
}
