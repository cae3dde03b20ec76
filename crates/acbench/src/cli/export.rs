//! `acbench export`

use std::path::PathBuf;

use acbench::{ExportFormat, Run};
use clap::{Args, ValueEnum};

use super::Failure;
use super::output;

/// What a run is written as.
#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// Tables: results, columns of published tables, and one row a sample
    Csv,
    /// Tables with intervals, for booktabs
    Latex,
    /// Logs of lm-evaluation-harness: results_*.json and samples_*.jsonl, a folder a variant
    #[value(name = "lm_eval", alias = "lm-eval")]
    LmEval,
    /// Logs of Inspect: an .eval file a task, in a folder a variant
    Inspect,
    /// One row a sample as a Parquet file (builds with `--features parquet`)
    Parquet,
}

/// Write a run as tables, or as logs of lm-evaluation-harness or Inspect
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// What to write
    #[arg(long, value_enum, value_name = "WHAT")]
    to: To,

    /// The folder to write into [default: RUN/export/WHAT]
    #[arg(long = "output_path", value_name = "DIR")]
    output: Option<PathBuf>,

    /// Print the files as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench export runs/a --to latex
  acbench export runs/a --to lm_eval --output_path out
  acbench export runs/a --to inspect && inspect view --log-dir runs/a/export/inspect

A sample that failed has no score there, as here. The same run gives the same files.";

impl Export {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = Run::open(&self.run)?;
        let (name, format) = ExportFormat::ALL[self.to as usize];
        let folder = self.output.clone().unwrap_or_else(|| self.run.join("export").join(name));
        let files = acbench::export(&run, format, &folder)?;
        if self.json {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            output::print_json(&serde_json::json!({"files": files}))?;
        } else {
            files.iter().try_for_each(|file| output::print(&format!("{}\n", file.display())))?;
        }
        Ok(super::DONE)
    }
}
