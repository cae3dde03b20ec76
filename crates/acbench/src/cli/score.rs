//! `acbench score`

use std::path::{Path, PathBuf};

use acbench::{Run, ScoreOptions, Scoring};
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
    #[arg(value_name = "RUN", required_unless_present = "predictions")]
    run: Option<PathBuf>,

    /// Results that BFCL's own program has written, ROOT/result/MODEL, instead of a run; ROOT/score/MODEL is written
    #[arg(long, value_name = "FOLDER", requires = "data", conflicts_with = "run")]
    predictions: Option<PathBuf>,

    /// The copy of BFCL that --predictions are judged by: the wheel, its folder or a checkout
    #[arg(long, value_name = "FOLDER", requires = "predictions")]
    data: Option<PathBuf>,

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
  acbench score runs/flows --embedder sentence-transformers/all-mpnet-base-v2
  acbench score --predictions bfcl_run/result/my-model --data bfcl=bfcl --scoring paper";

impl Score {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let scoring = self.scoring.as_deref().map(acbench::scoring).transpose()?;
        if let (Some(results), Some(data)) = (&self.predictions, &self.data) {
            return self.judge(results, data, scoring.unwrap_or_default());
        }
        let mut run = Run::open(self.run.as_deref().unwrap_or(Path::new("")))?;
        let mut progress = Progress::new();
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

    /// Judges results of another program.
    fn judge(&self, results: &Path, data: &Path, scoring: Scoring) -> Result<u8, Failure> {
        let data = data.to_str().map_or(data, |text| Path::new(text.strip_prefix("bfcl=").unwrap_or(text)));
        let found = acbench::score_predictions(results, data, scoring)?;
        if self.json {
            let row = |(name, right, all): &(String, usize, usize)| (name.clone(), json!({"right": right, "all": all}));
            let categories: serde_json::Map<_, _> = found.categories.iter().map(row).collect();
            let board = found.leaderboard();
            let overall = json!({"leaderboard": board.overall(), "offline": board.offline_overall()});
            output::print_json(&json!({"categories": categories, "overall": overall, "left_out": found.left_out}))?;
        } else {
            output::print(&found.text())?;
        }
        Ok(super::DONE)
    }
}
