//! AgentBoard's PDDL games as a task.
//!
//! ```text
//! user:  the rules, an example, the goal, and:  Observation: B1 is on the table. ...  Action:
//! reply: pickup b1
//! user:  the same and:  Action: pickup b1  Observation: You are holding b1. ...  Action:
//! ... at most 30 actions; progress is the largest share of goals that held
//! ```
//!
//! What differs from the reference is listed where it happens: `game` (the environment) and `deviations`.

use record::{Assets, Capability, Decided, Sample, Score, Scoring, Transcript};

use crate::{Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens};

use super::super::{COLUMNS, ending, reply};
use super::deviations::{Switches, TABLE};
use super::{official, room, twin};

/// Gripper, blockworld, barman and tyreworld: reach a goal by acting, 30 steps at most.
pub struct Pddl;

static INFO: TaskInfo = TaskInfo {
    name: "pddl",
    capability: Capability::RealWorld,
    about: "AgentBoard's PDDL games: reach a goal by acting, 30 steps; progress rate, success, grounding",
    official: official::FILES,
    apart: false,
    judged: false,
    named_only: false,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: twin::answer,
};

impl Task for Pddl {
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
        let switches = Switches::from(scoring);
        ending::score((sample, transcript), scoring, |end| progress(end.progress, end.start, &switches))
    }
}

/// The progress rate of an episode: `after` is the largest share of goals that held after an action, `start` the share
/// before the first.
pub fn progress(after: f64, start: f64, switches: &Switches) -> f64 {
    if switches.progress_at_start { after.max(start) } else { after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Asking, Lexical, Split};
    use serde_json::json;

    #[test]
    fn goals_that_hold_at_the_start_count_only_when_corrected() -> Result<(), TaskError> {
        let sample = twin::generate(1, Split::Test, Asking::BARE, Some(1)).remove(0);
        let record = json!({"progress": 0.25, "start": 0.5, "steps": 4, "valid": 1, "met": 1, "goals": 4, "last_invalid": "fly"});
        let transcript = Transcript { record, ..Transcript::default() };
        let score = |scoring| Pddl.score(&sample, &transcript, &Lexical, scoring);
        assert_eq!(score(Scoring::Paper)?.value, 0.25);
        let corrected = score(Scoring::Corrected)?;
        assert_eq!((corrected.value, corrected.metrics["grounding"]), (0.5, 0.25));
        assert_eq!(corrected.reason, "1 of 4 goals met after 4 steps; 3 invalid actions, the last: \"fly\"");
        Ok(())
    }
}
