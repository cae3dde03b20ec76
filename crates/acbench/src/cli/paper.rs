//! `acbench paper`

use std::path::PathBuf;

use acbench::Run;
use clap::{Args, ValueEnum};

use super::Failure;
use super::output;

/// How tables are printed.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum As {
    /// For a terminal
    Text,
    /// For a document
    Markdown,
}

/// Show the paper's tables 3 to 10, or those of its rows that have the compressions of a run beside the run's own
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Paper {
    /// The run folder; without it the tables are shown whole
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// One table only: T-Eval, AgentBoard, LongBench, LongGenBench or WorfBench
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = As::Text, value_name = "HOW")]
    format: As,

    /// Print the tables as JSON
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

const EXAMPLES: &str = "\
The paper is arXiv 2505.19433 (ICML 2025). Rows that are doubtful by a rule are named below each table with the rule.

Examples:
  acbench paper --table t-eval
  acbench paper runs/a
  acbench paper runs/a --format markdown > beside.md";

impl Paper {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = self.run.as_deref().map(Run::open).transpose()?;
        let tables = acbench::paper(run.as_ref(), self.table.as_deref())?;
        if self.json {
            output::print_json(&serde_json::to_value(&tables).unwrap_or_default())?;
        } else if tables.is_empty() {
            output::print("The run has no column of the paper's tables.\n")?;
        } else if self.format == As::Markdown {
            output::print(&acbench::paper_markdown(&tables))?;
        } else {
            output::print(&acbench::paper_terminal(&tables, output::shown().width))?;
        }
        Ok(super::DONE)
    }
}
