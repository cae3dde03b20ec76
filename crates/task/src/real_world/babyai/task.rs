//! BabyAI as a task.
//!
//! ```text
//! user:  the rules, an example, the goal, and:  Observation: In front of you in this room, .. red ball 1 ..  Action:
//! reply: go to red ball 1
//! user:  the same and:  Action: go to red ball 1  Observation: .. The task is completed.
//! ... at most 30 actions; progress is the share of subgoals that were met
//! ```

use record::{Assets, Capability, Decided, Sample, Score, Scoring, Transcript};

use crate::real_world::{COLUMNS, ending, reply};
use crate::{Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens};

use super::{official, room, twin};

/// Go to things, pick them up, open doors: 30 steps at most.
pub struct BabyAi;

static INFO: TaskInfo = TaskInfo {
    name: "babyai",
    capability: Capability::RealWorld,
    about: "AgentBoard's BabyAI: find, carry and unlock things in rooms seen from within, 30 steps",
    official: official::FILES,
    apart: false,
    judged: false,
    named_only: true,
    columns: COLUMNS,
    deviations: None,
    oracle: twin::answer,
};

impl Task for BabyAi {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, _: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Generated { seed, split, asking } => Ok(twin::drawn(*seed, *split, *asking, limit)),
            Source::Official { folder, bad_rows, .. } => official::samples(folder, *bad_rows, limit),
        }
    }

    fn open(&self, sample: &Sample, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
        Ok(Box::new(room::open(sample, assets)?))
    }

    fn decided(&self, _: &Sample, said: &str) -> Vec<Decided> {
        reply::decided(said)
    }

    /// The value is the progress rate. Metrics: `progress`, `success` (0 or 1), `grounding` (valid actions over actions).
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        ending::score((sample, transcript), scoring, |end| end.progress)
    }
}
