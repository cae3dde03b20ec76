//! WorfBench (Qiao et al. 2024): decompose a goal into a graph of steps.

use std::collections::HashMap;

use record::{Capability, Sample, Score, Scoring, Transcript};

use super::explain::explain;
use super::{Crash, Graph, Prf, Switches, graph_score, node_score, official, parse};
use crate::{Drawn, Judge, Source, Task, TaskError, Tokens, scored};

/// Replies with more steps than this score 0 unread: no gold workflow comes near it.
const MAX_STEPS: usize = 500;

/// WorfBench: a goal in, a workflow out, judged by how many steps and dependencies agree with the gold workflow.
///
/// Metrics: `node_precision`, `node_recall`, `node_f1`, `graph_precision`, `graph_recall`, `graph_f1`. The value is
/// the node F1 in mode `paper` (what the published tables hold) and the mean of node F1 and graph F1 in mode
/// `corrected`. Sample gold: `{"workflow": "Node:\n1: ..."}`.
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

    fn samples(&self, source: &Source, _tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, bad_rows } => official::load(folder, *bad_rows, limit),
            Source::Generated { seed, split } => Ok(super::twin::generate(*seed, *split, limit).into()),
        }
    }

    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        judge: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let switches = Switches::from(scoring);
        let unusable =
            |problem: String| TaskError::Sample { task: self.name().to_owned(), sample: sample.id.clone(), problem };
        let gold = sample.gold.get("workflow").and_then(|text| text.as_str());
        let gold = gold.ok_or_else(|| unusable("its gold has no text \"workflow\"".to_owned()))?;
        official::check(gold).map_err(unusable)?;
        let gold = parse(gold, &switches).map_err(|failure| unusable(failure.to_string()))?;
        let reply = match parse(transcript.last_reply(), &switches) {
            Ok(reply) => reply,
            Err(failure) => return Ok(judged(sample, [Prf::default(); 2], switches, failure.to_string())),
        };
        let steps = reply.steps().len();
        if steps.max(gold.steps().len()) > MAX_STEPS {
            let reason = format!("{steps} steps: more than {MAX_STEPS} are not compared");
            return Ok(judged(sample, [Prf::default(); 2], switches, reason));
        }
        let similarity = similarities(&reply, &gold, judge);
        let node = node_score(&reply, &gold, &similarity, &switches);
        let graph = graph_score(&reply, &gold, &similarity, &switches);
        let mut reason = explain(&reply, &gold, &similarity);
        if let (Err(Crash), _) | (_, Err(Crash)) = (node, graph) {
            reason = format!("the reference crashes here: {reason}");
        }
        let scores = [node, graph].map(|score| score.unwrap_or_default());
        Ok(judged(sample, scores, switches, reason))
    }

    fn judged(&self) -> bool {
        true
    }
}

fn judged(sample: &Sample, [node, graph]: [Prf; 2], switches: Switches, reason: String) -> Score {
    let value = if switches.both_scores { f64::midpoint(node.f1, graph.f1) } else { node.f1 };
    let metrics = vec![
        ("node_precision", node.precision),
        ("node_recall", node.recall),
        ("node_f1", node.f1),
        ("graph_precision", graph.precision),
        ("graph_recall", graph.recall),
        ("graph_f1", graph.f1),
    ];
    scored(sample, value, metrics, reason)
}

/// `[reply nodes, gold nodes]`; each pair of texts is judged once.
fn similarities(reply: &Graph, gold: &Graph, judge: &dyn Judge) -> Vec<Vec<f64>> {
    let mut rows: HashMap<&str, Vec<f64>> = HashMap::new();
    for text in &reply.nodes {
        rows.entry(text).or_insert_with(|| gold.nodes.iter().map(|other| judge.similarity(text, other)).collect());
    }
    reply.nodes.iter().map(|text| rows[text.as_str()].clone()).collect()
}
