//! Needle in a haystack as a task.

use record::{Capability, Sample, Score, Scoring, Transcript};

use crate::{Judge, Source, Task, TaskError, Tokens, scored};

use super::twin;

/// One fact hidden in a long text, at every depth of every length.
pub struct Needle;

impl Task for Needle {
    fn name(&self) -> &'static str {
        "needle"
    }

    fn capability(&self) -> Capability {
        Capability::LongContext
    }

    fn about(&self) -> &'static str {
        "needle in a haystack: find one fact in a long text, lengths x depths; recall and ROUGE-1"
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Vec<Sample>, TaskError> {
        match source {
            Source::Generated { seed, split } => Ok(twin::generate(*seed, *split, tokens, limit)),
            Source::Official { .. } => Ok(Vec::new()),
        }
    }

    fn score(&self, sample: &Sample, _: &Transcript, _: &dyn Judge, _: Scoring) -> Result<Score, TaskError> {
        Ok(scored(sample, 0.0, vec![], ""))
    }
}
