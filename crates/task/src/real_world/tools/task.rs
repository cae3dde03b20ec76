//! AgentBoard's Tool-Query and Tool-Operation as tasks.
//!
//! ```text
//! user:  the tools, an example, the goal, and:  Observation: Once you have finished ..  Action:
//! reply: get_projects with Action Input: {}
//! user:  the same and:  Action: get_projects with Action Input: {}  Observation: [{'id': ..}]  Action:
//! ... at most 30 actions; progress is the share of results that were brought to light, or of cells that are right
//! ```

use std::collections::BTreeMap;

use record::{Assets, Capability, Decided, Decision, Sample, Score, Scoring, Transcript};

use super::deviations::{Switches, TABLE, risen};
use super::twin::{self, Twin};
use super::{official, room};
use crate::decision::{Finder, whole};
use crate::real_world::{COLUMNS, ending, stated_action};
use crate::{Calling, Drawn, Episode, Judge, Source, Task, TaskError, TaskInfo, Tokens};

/// The two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// Questions: academia, weather, movie.
    Query,
    /// Orders: todo, sheet.
    Operation,
}

static QUERY: TaskInfo = TaskInfo {
    name: "tool_query",
    capability: Capability::RealWorld,
    about: "AgentBoard's Tool-Query: answer questions by calling tools; progress rate, success, grounding",
    official: official::QUERY,
    apart: false,
    judged: false,
    named_only: true,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: twin::answer,
};

static OPERATION: TaskInfo = TaskInfo {
    name: "tool_operation",
    about: "AgentBoard's Tool-Operation: change lists and sheets by calling tools; progress rate, success, grounding",
    official: official::OPERATION,
    ..QUERY
};

impl Tools {
    fn twin(self) -> Twin {
        match self {
            Self::Query => twin::QUERY,
            Self::Operation => twin::OPERATION,
        }
    }

    /// AgentBoard's folder of it.
    fn part(self) -> &'static str {
        match self {
            Self::Query => "tool-query",
            Self::Operation => "tool-operation",
        }
    }
}

fn is_twin(sample: &Sample) -> bool {
    sample.input.get("scene").is_some()
}

impl Task for Tools {
    fn info(&self) -> &'static TaskInfo {
        match self {
            Self::Query => &QUERY,
            Self::Operation => &OPERATION,
        }
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Generated { seed, split, asking } => {
                let mut samples = self.twin().generate(*seed, *split, *asking, limit);
                if tokens.calling() == Calling::Native {
                    samples.iter_mut().for_each(twin::call_tools);
                }
                Ok(samples.into())
            }
            Source::Official { folder, bad_rows, .. } => {
                official::samples(self.name(), self.part(), folder, *bad_rows, limit)
            }
        }
    }

    fn notes(&self, samples: &mut dyn Iterator<Item = Sample>) -> Vec<String> {
        let named: BTreeMap<String, String> =
            samples.flat_map(|sample| sample.assets).map(|asset| (asset.name, asset.digest)).collect();
        let with = |asset: &str| named.get(asset);
        let replayed = with(room::RECORDINGS).map(|digest| {
            let digest: String = digest.chars().take(12).collect();
            format!("weather and movie answer from recordings (digest {digest}); no call goes over the network, and one without a recording is an error")
        });
        let listed = with(room::PROJECTS)
            .map(|_| "todo is a list in memory: the service that AgentBoard asks is retired (HTTP 410)".to_owned());
        let sheet = with(room::WORKBOOK).map(|_| "sheet is a workbook in memory, not Google's service".to_owned());
        [replayed, listed, sheet].into_iter().flatten().collect()
    }

    fn open(&self, sample: &Sample, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
        if is_twin(sample) { Ok(Box::new(twin::open(sample)?)) } else { room::open(sample, assets) }
    }

    fn decided(&self, sample: &Sample, reply: &str) -> Vec<Decided> {
        let mut finder = Finder::new(reply, 0);
        if is_twin(sample) {
            for (text, decision) in twin::said(sample, reply) {
                finder.find(&text, decision);
            }
        } else {
            finder.find(&stated_action(reply), Decision::Action);
        }
        let found = finder.finish();
        if found.is_empty() { whole(reply, Decision::Action) } else { found }
    }

    /// The value is the progress rate. Metrics: `progress`, `success` (0 or 1), `grounding` (good actions over actions).
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let share = |key: &str| transcript.record["more"][key].as_f64();
        let whole = share("whole").zip(share("whole_at_start")).filter(|_| Switches::from(scoring).whole_sheet);
        let progress = |end: &ending::Ending| whole.map_or(end.progress, |(best, start)| risen(best, start));
        let mut score = ending::score((sample, transcript), scoring, progress)?;
        if whole.is_some_and(|(best, _)| best < 1.0) {
            score.metrics.insert("success".to_owned(), 0.0);
        }
        Ok(score)
    }
}
