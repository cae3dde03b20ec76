//! AgentBoard's Jericho games as a task.
//!
//! ```text
//! user:  the rules, the goal, and:  Observation: West of House. There is a small mailbox here.  Action:
//! reply: open mailbox
//! user:  the same and:  Action: open mailbox  Observation: Opening the small mailbox reveals a leaflet.  Action:
//! ... at most 30 actions; progress is the share of subgoals whose texts were seen
//! ```

use record::{Assets, Capability, Decided, Sample, Score, Scoring, Transcript};

use crate::real_world::{COLUMNS, Style, ending, reply};
use crate::{Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens};

use super::room::Input;
use super::{official, room, twin};

/// Text adventures: reach a goal by commands, 30 at most.
pub struct Jericho;

static INFO: TaskInfo = TaskInfo {
    name: "jericho",
    capability: Capability::RealWorld,
    about: "AgentBoard's text adventures (Jericho): reach a goal by commands, 30 steps; progress rate, success, grounding",
    official: official::FILES,
    apart: false,
    judged: false,
    named_only: true,
    columns: COLUMNS,
    deviations: None,
    oracle: twin::answer,
};

/// What a reader of official results must know.
const NOTE: &str = "jericho: stories run in our own Z-machine, with dice of a fixed seed; \"check valid actions\" lists what \
    our own search finds (fewer actions than Jericho's for the games that Jericho knows), and a game is over when it stops \
    or says so between three stars";

impl Task for Jericho {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, _: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Generated { seed, split, asking } => Ok(twin::drawn(*seed, *split, *asking, limit)),
            Source::Official { folder, bad_rows, .. } => official::samples(folder, *bad_rows, limit),
        }
    }

    fn notes(&self, samples: &mut dyn Iterator<Item = Sample>) -> Vec<String> {
        let official = |sample: Sample| {
            serde_json::from_value(sample.input).is_ok_and(|input: Input| input.style == Style::Agentboard)
        };
        samples.map(official).find(|official| *official).map(|_| NOTE.to_owned()).into_iter().collect()
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
