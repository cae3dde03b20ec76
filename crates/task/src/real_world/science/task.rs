//! ScienceWorld as a task.
//!
//! ```text
//! user:  the rules, an example, the goal, and:  Observation: This room is called the hallway. ...  Action:
//! reply: go to kitchen
//! user:  the same and:  Action: go to kitchen  Observation: You move to the kitchen.  Action:
//! ... at most 30 actions; progress is the share of subgoals whose patterns were seen
//! ```

use record::{Assets, Capability, Decided, Sample, Score, Scoring, Transcript};
use serde_json::{Value, json};

use crate::{Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens};

use super::super::{COLUMNS, ending, reply};
use super::deviations::{Switches, TABLE};
use super::{official, room, twin};

/// ScienceWorld: heat, measure, connect and grow things in a house, 30 steps at most.
pub struct ScienceWorld;

static INFO: TaskInfo = TaskInfo {
    name: "scienceworld",
    capability: Capability::RealWorld,
    about: "AgentBoard's ScienceWorld: elementary science in a house, 30 steps; progress rate, success, grounding",
    official: official::FILES,
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
            Source::Generated { seed, split, asking } => Ok(twin::generate(*seed, *split, *asking, limit).into()),
            Source::Official { folder, bad_rows, .. } => official::samples(folder, *bad_rows, limit),
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
        let judged =
            Transcript { record: judged(&transcript.record, &Switches::from(scoring)), ..Transcript::default() };
        ending::score((sample, &judged), scoring, |end| end.progress)
    }
}

/// What an episode says of its end, with the actions that count as valid. The twin's are valid if they did something, in
/// any mode.
pub fn judged(record: &Value, switches: &Switches) -> Value {
    let mut record = record.clone();
    if switches.grounding_before_the_step
        && let Some(valid) = record["more"]["valid_before"].as_u64()
    {
        record["valid"] = json!(valid);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Asking, Lexical, Split};

    #[test]
    fn an_action_is_grounded_before_the_step_only_when_corrected() -> Result<(), TaskError> {
        let sample = twin::generate(1, Split::Test, Asking::BARE, Some(1)).remove(0);
        let score = |record: Value, scoring| {
            let transcript = Transcript { record, ..Transcript::default() };
            ScienceWorld.score(&sample, &transcript, &Lexical, scoring)
        };
        let engine = json!({"progress": 0.5, "steps": 4, "valid": 1, "met": 1, "goals": 2, "more": {"valid_before": 3},
            "stopped": "the engine ended"});
        let grounding = |scoring| Ok::<_, TaskError>(score(engine.clone(), scoring)?.metrics["grounding"]);
        assert_eq!((grounding(Scoring::Paper)?, grounding(Scoring::Corrected)?), (0.25, 0.75));
        assert!(score(engine.clone(), Scoring::Paper)?.reason.ends_with("the world broke down: the engine ended"));
        let twin = json!({"progress": 0.5, "steps": 4, "valid": 1, "met": 1, "goals": 2, "more": null});
        assert_eq!(score(twin, Scoring::Corrected)?.metrics["grounding"], 0.25);
        Ok(())
    }
}
