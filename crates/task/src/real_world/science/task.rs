//! ScienceWorld as a task.
//!
//! ```text
//! user:  the rules, an example, the goal, and:  Observation: This room is called the hallway. ...  Action:
//! reply: go to kitchen
//! user:  the same and:  Action: go to kitchen  Observation: You move to the kitchen.  Action:
//! ... at most 30 actions; progress is the share of subgoals whose patterns were seen
//! ```

use record::{Assets, Capability, Decided, Sample, Score, Scoring, Transcript};

use crate::{Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens};

use super::super::{COLUMNS, ending, reply};
use super::deviations::TABLE;
use super::{room, twin};

/// ScienceWorld: heat, measure, connect and grow things in a house, 30 steps at most.
pub struct ScienceWorld;

static INFO: TaskInfo = TaskInfo {
    name: "scienceworld",
    capability: Capability::RealWorld,
    about: "AgentBoard's ScienceWorld: elementary science in a house, 30 steps; progress rate, success, grounding",
    official: &[],
    apart: false,
    judged: false,
    named_only: true,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: twin::answer,
};

impl Task for ScienceWorld {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, _: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Generated { seed, split, asking } => {
                Ok(Drawn { samples: twin::generate(*seed, *split, *asking, limit), ..Drawn::default() })
            }
            Source::Official { .. } => Ok(Drawn::default()),
        }
    }

    fn open(&self, sample: &Sample, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
        room::open(sample, assets)
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
