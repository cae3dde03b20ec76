//! A reply judged against a gold workflow, from text to scores.

use std::collections::HashMap;

use super::explain::explain;
use super::{Crash, Graph, Prf, Switches, graph_score, node_score, official, parse};
use crate::Judge;

/// Replies with more steps than this score 0 unread: no gold workflow comes near it.
const MAX_STEPS: usize = 500;

/// Only this many bytes of a step are compared; embedders read less, and no gold step comes near it.
const MAX_TEXT: usize = 4000;

/// What a reply is worth, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgment {
    /// The headline, in [0, 1]: the node F1, or (with `both_scores`) its mean with the graph F1.
    pub value: f64,
    /// The node score.
    pub node: Prf,
    /// The graph score.
    pub graph: Prf,
    /// Whether the reference would stop with an error here, and the whole run with it.
    pub crash: bool,
    /// What is missing, extra or misplaced.
    pub reason: String,
}

impl Judgment {
    fn new(node: Prf, graph: Prf, crash: bool, reason: String, switches: &Switches) -> Self {
        let value = if switches.both_scores { f64::midpoint(node.f1, graph.f1) } else { node.f1 };
        Self { value, node, graph, crash, reason }
    }

    /// A reply that is not compared at all.
    fn nothing(reason: String, switches: &Switches) -> Self {
        Self::new(Prf::default(), Prf::default(), false, reason, switches)
    }
}

/// Judges a reply of any content.
///
/// # Errors
/// What is wrong with the gold workflow: no steps or edges, or no order that its edges allow.
///
/// ```
/// use task::workflow::{Switches, judge};
/// let gold = "Node:\n1: boil water\n2: pour it\nEdges: (START,1) (1,2) (2,END)";
/// let half = judge("Node:\n1: boil water\nEdges: (START,1)", gold, &task::Lexical, &Switches::all(true))?;
/// assert_eq!((half.node.precision, half.node.recall), (1.0, 0.5));
/// assert!(half.reason.starts_with("1 of 2 steps missing, first \"pour it\""));
/// # Ok::<(), String>(())
/// ```
pub fn judge(reply: &str, gold: &str, judge: &dyn Judge, switches: &Switches) -> Result<Judgment, String> {
    official::check(gold)?;
    let gold = parse(gold, switches).map_err(|failure| failure.to_string())?;
    let reply = match parse(reply, switches) {
        Ok(reply) => reply,
        Err(failure) => return Ok(Judgment::nothing(failure.to_string(), switches)),
    };
    let steps = reply.steps().len();
    if steps.max(gold.steps().len()) > MAX_STEPS {
        let reason = format!("{steps} steps: more than {MAX_STEPS} are not compared");
        return Ok(Judgment::nothing(reason, switches));
    }
    let similarity = similarities(&reply, &gold, judge);
    let node = node_score(&reply, &gold, &similarity, switches);
    let graph = graph_score(&reply, &gold, &similarity, switches);
    let crash = matches!((node, graph), (Err(Crash), _) | (_, Err(Crash)));
    let mut reason = explain(&reply, &gold, &similarity);
    if crash {
        reason = format!("the reference crashes here: {reason}");
    }
    Ok(Judgment::new(node.unwrap_or_default(), graph.unwrap_or_default(), crash, reason, switches))
}

/// `[reply nodes, gold nodes]`; each pair of texts is judged once.
fn similarities(reply: &Graph, gold: &Graph, judge: &dyn Judge) -> Vec<Vec<f64>> {
    let mut rows: HashMap<&str, Vec<f64>> = HashMap::new();
    for text in &reply.nodes {
        let row = || gold.nodes.iter().map(|other| judge.similarity(beginning(text), beginning(other))).collect();
        rows.entry(text).or_insert_with(row);
    }
    reply.nodes.iter().map(|text| rows[text.as_str()].clone()).collect()
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
