//! WorfBench (Qiao et al. 2024): decompose a goal into a graph of steps.

use record::{Capability, Sample, Score, Scoring, Transcript};

use super::deviations::TABLE;
use super::{COLUMNS, Judgment, Switches, official, parse, twin};
use crate::{Drawn, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored, with_form};

/// WorfBench: a goal in, a workflow out, judged by how many steps and dependencies agree with the gold workflow.
///
/// Metrics: `node_precision`, `node_recall`, `node_f1`, `graph_precision`, `graph_recall`, `graph_f1`. The value is
/// the node F1 in mode `paper` (what the published tables hold) and the mean of node F1 and graph F1 in mode
/// `corrected`. Sample gold: `{"workflow": "Node:\n1: ..."}`.
pub struct WorfBench;

static INFO: TaskInfo = TaskInfo {
    name: "worfbench",
    capability: Capability::Workflow,
    about: "decompose a goal into a graph of steps (WorfBench)",
    official: official::FILES,
    apart: false,
    judged: true,
    named_only: false,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: |sample| vec![twin::answer(sample)],
};

impl Task for WorfBench {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, _tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, bad_rows, .. } => official::load(folder, *bad_rows, limit),
            Source::Generated { seed, split, asking } => {
                Ok(Drawn::lazily(twin::generate(*seed, *split, *asking, limit)))
            }
        }
    }

    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        judge: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let unusable = |problem: &str| TaskError::unusable(sample, problem);
        let gold = sample.gold.get("workflow").and_then(|text| text.as_str());
        let gold = gold.ok_or_else(|| unusable("its gold has no text \"workflow\""))?;
        let judgment = super::judge(transcript.last_reply(), gold, judge, &Switches::from(scoring))
            .map_err(|why| unusable(&why))?;
        let Judgment { value, node, graph, reason, .. } = judgment;
        let metrics = vec![
            ("node_precision", node.precision),
            ("node_recall", node.recall),
            ("node_f1", node.f1),
            ("graph_precision", graph.precision),
            ("graph_recall", graph.recall),
            ("graph_f1", graph.f1),
        ];
        let read = |switches| parse(transcript.last_reply(), &switches).is_ok_and(|graph| !graph.steps().is_empty());
        let score = scored(sample, value, metrics, reason);
        Ok(with_form(score, scoring, read(Switches::all(false)), read(Switches::all(true))))
    }
}
