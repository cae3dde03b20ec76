//! `acbench score`

use std::path::PathBuf;

use acbench::{Run, ScoreOptions};
use clap::Args;
use serde_json::json;

use super::Failure;
use super::output;
use super::progress::Progress;
use super::run_args::SimilarityArgs;

/// Judge the replies of a run
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Score {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// How replies are scored: `corrected`, `paper`, or with single deviations, as in paper+first_value [default: as the run
    /// was]
    #[arg(long, value_name = "SCORING")]
    scoring: Option<String>,

    #[command(flatten)]
    similarity: SimilarityArgs,

    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench score runs/needle --scoring paper     then `acbench analyze` and `acbench report` show it
  acbench score runs/flows --embedder sentence-transformers/all-mpnet-base-v2";

impl Score {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let mut run = Run::open(&self.run)?;
        let mut progress = Progress::new();
        let scoring = self.scoring.as_deref().map(acbench::scoring).transpose()?;
        let anew = ScoreOptions { scoring, similarities: self.similarity.resolve()? };
        let scored = acbench::score(&mut run, &anew, &mut |event| progress.show(event))?;
        drop(progress);
        if self.json {
            output::print_json(&json!({"samples": scored.samples, "failed": scored.failed}))?;
        } else {
            output::print(&format!("{} samples scored, {} of them failed\n", scored.samples, scored.failed))?;
        }
        Ok(output::code(scored.failed))
    }
}
