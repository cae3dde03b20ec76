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

use record::{Assets, Capability, Decided, Decision, Sample, Score, Scoring, Transcript};
use serde::Deserialize;

use crate::{Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored, with_form};

use super::super::stated_action;
use super::deviations::{Switches, TABLE};
use super::{official, room, twin};
use crate::decision::{Finder, whole};

/// Gripper, blockworld, barman and tyreworld: reach a goal by acting, 30 steps at most.
pub struct Pddl;

/// What an episode says of itself at its end.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Ending {
    /// The largest share of goals that held after an action, in [0, 1].
    pub progress: f64,
    /// The share of goals that held before the first action, in [0, 1].
    pub start: f64,
    /// Whether every goal held at the end.
    pub won: bool,
    /// Actions taken.
    pub steps: usize,
    /// Actions that were understood and had an effect, requests for help included.
    pub valid: usize,
    /// (step, progress) of every rise.
    pub history: Vec<(usize, f64)>,
    /// Goals that hold at the end.
    pub met: usize,
    /// Goals.
    pub goals: usize,
    /// Replies that had the form of an action and nothing beside it; absent where there is no such form.
    pub formed: Option<usize>,
    /// Replies that named an action of the game.
    pub read: Option<usize>,
    /// The last action that was not valid.
    pub last_invalid: Option<String>,
}

static INFO: TaskInfo = TaskInfo {
    name: "pddl",
    capability: Capability::RealWorld,
    about: "AgentBoard's PDDL games: reach a goal by acting, 30 steps; progress rate, success, grounding",
    official: official::FILES,
    apart: false,
    judged: false,
    columns: &[],
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

    fn decided(&self, _: &Sample, reply: &str) -> Vec<Decided> {
        let mut finder = Finder::new(reply, 0);
        match finder.find(&stated_action(reply), Decision::Action) {
            true => finder.finish(),
            false => whole(reply, Decision::Action),
        }
    }

    /// The value is the progress rate. Metrics: `progress`, `success` (0 or 1), `grounding` (valid actions over actions).
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        if transcript.record.is_null() {
            let metrics = vec![("progress", 0.0), ("success", 0.0), ("grounding", 0.0)];
            return Ok(scored(sample, 0.0, metrics, "the episode never began"));
        }
        let end: Ending = serde_json::from_value(transcript.record.clone())
            .map_err(|error| TaskError::unusable(sample, format!("the episode's record: {error}")))?;
        let progress = progress(end.progress, end.start, &Switches::from(scoring)).clamp(0.0, 1.0);
        let grounding = end.valid as f64 / end.steps.max(1) as f64;
        let success = f64::from(u8::from(end.won));
        let metrics = vec![("progress", progress), ("success", success), ("grounding", grounding)];
        let score = scored(sample, progress, metrics, end.reason());
        let share = |count: usize| count as f64 / end.steps.max(1) as f64;
        Ok(match (end.formed, end.read) {
            (Some(formed), Some(read)) => with_form(score, scoring, share(formed), share(read)),
            _ => score,
        })
    }
}

/// The progress rate of an episode: `after` is the largest share of goals that held after an action, `start` the share
/// before the first.
pub fn progress(after: f64, start: f64, switches: &Switches) -> f64 {
    if switches.progress_at_start { after.max(start) } else { after }
}

impl Ending {
    /// What happened, in words.
    fn reason(&self) -> String {
        let Self { met, goals, steps, .. } = self;
        let mut reason = match self.won {
            true => format!("all {goals} goals met in {steps} steps"),
            false => format!("{met} of {goals} goals met after {steps} steps"),
        };
        let invalid = steps.saturating_sub(self.valid);
        if invalid > 0 {
            reason.push_str(&format!("; {invalid} invalid actions"));
            if let Some(last) = &self.last_invalid {
                reason.push_str(&format!(", the last: {last:?}"));
            }
        }
        reason
    }
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
