//! WorfBench (Qiao et al. 2024): decompose a goal into a graph of steps.

use record::{Capability, Sample, Score, Scoring, Transcript};

use crate::{Judge, Source, Task, TaskError, Tokens, scored};

/// WorfBench: a goal in, a workflow out, judged by how many steps and dependencies agree with the gold workflow.
pub struct WorfBench;

impl Task for WorfBench {
    fn name(&self) -> &'static str {
        "worfbench"
    }

    fn capability(&self) -> Capability {
        Capability::Workflow
    }

    fn about(&self) -> &'static str {
        "decompose a goal into a graph of steps (WorfBench)"
    }

    fn samples(&self, source: &Source, _tokens: &dyn Tokens, limit: Option<usize>) -> Result<Vec<Sample>, TaskError> {
        match source {
            Source::Official { .. } => Ok(Vec::new()),
            Source::Generated { seed, split } => Ok(super::twin::generate(*seed, *split, limit)),
        }
    }

    fn score(&self, sample: &Sample, _: &Transcript, _: &dyn Judge, _: Scoring) -> Result<Score, TaskError> {
        Ok(scored(sample, 0.0, vec![], "not judged yet"))
    }

    fn judged(&self) -> bool {
        true
    }
}
