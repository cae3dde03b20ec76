//! T-Eval (Chen et al. 2024), instruct: call a tool in a prescribed form.

use record::{Capability, Sample, Score, Scoring, Transcript};

use crate::{Judge, Source, Task, TaskError, Tokens, scored};

/// T-Eval instruct: name the tool and its arguments in the form that the prompt prescribes.
pub struct TevalInstruct;

impl Task for TevalInstruct {
    fn name(&self) -> &'static str {
        "teval_instruct"
    }

    fn capability(&self) -> Capability {
        Capability::ToolUse
    }

    fn about(&self) -> &'static str {
        "call the right tool with the right arguments in a prescribed form (T-Eval instruct)"
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
}
