//! How much of a gold workflow a reply found: its steps in order, and its connected part.

use std::collections::BTreeSet;

use super::align::{THRESHOLD, align};
use super::order::{largest_agreement, listing_by_edges, precedence};
use super::topo::{Cycle, topological_orders};
use super::{Graph, Switches};
use crate::measure::{f1, longest_increasing, matching, max_weight_matching};

/// Topological orders of a gold workflow that the reference looks at.
const ORDERS: usize = 20;

/// Gold workflows of this many nodes, START and END included, have one order for the reference.
const LARGE: usize = 10;

/// Precision, recall and their harmonic mean, each in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Prf {
    /// Share of the reply that is in the gold.
    pub precision: f64,
    /// Share of the gold that is in the reply.
    pub recall: f64,
    /// `2 P R / (P + R)`; 0 where both are 0.
    pub f1: f64,
}

impl Prf {
    /// `precision = in_reply / reply`, `recall = in_gold / gold`.
    fn of(in_reply: usize, reply: usize, in_gold: usize, gold: usize) -> Self {
        let (precision, recall) = (in_reply as f64 / reply as f64, in_gold as f64 / gold as f64);
        Self { precision, recall, f1: f1(precision, recall) }
    }
}

/// The reference implementation stops with an error here, and with it the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash;

impl From<Cycle> for Crash {
    fn from(_: Cycle) -> Self {
        Crash
    }
}

/// The orders of the gold nodes that the reference compares a reply with: topological orders without START and END,
/// 20 at most; for 8 steps and more the one listed, with START and END.
///
/// # Errors
/// [`Cycle`] where the gold edges allow no order.
pub fn gold_chains(gold: &Graph) -> Result<Vec<Vec<usize>>, Cycle> {
    if gold.nodes.len() >= LARGE {
        return Ok(vec![(0..gold.nodes.len()).collect()]);
    }
    let orders = topological_orders(gold.nodes.len(), &gold.edges, ORDERS)?;
    Ok(orders.into_iter().map(|order| without_ends(order, gold)).collect())
}

fn without_ends(order: Vec<usize>, graph: &Graph) -> Vec<usize> {
    order.into_iter().filter(|&v| !matches!(graph.nodes[v].as_str(), "START" | "END")).collect()
}

/// Node score: how many steps of the reply are gold steps, in an order that the gold workflow allows.
///
/// `similarity` is `[reply nodes, gold nodes]`, START and END included.
///
/// # Errors
/// [`Crash`] where the reference crashes: gold edges in a cycle, or (with `no_free_match` off) no steps.
pub fn node_score(reply: &Graph, gold: &Graph, similarity: &[Vec<f64>], switches: &Switches) -> Result<Prf, Crash> {
    let listing = if switches.order_from_edges { listing_by_edges(reply) } else { (0..reply.nodes.len()).collect() };
    let steps = without_ends(listing, reply);
    let free = usize::from(!switches.no_free_match);
    if switches.all_orders {
        topological_orders(gold.nodes.len(), &gold.edges, 1)?;
        let gold_steps = gold.steps().len();
        if steps.is_empty() || gold_steps == 0 {
            return if free == 0 { Ok(Prf::default()) } else { Err(Crash) };
        }
        let mapping = mapping(reply, gold, similarity, switches);
        let found: Vec<usize> = steps.iter().filter_map(|&v| mapping[v]).filter(|v| gold.steps().contains(v)).collect();
        let agreed = largest_agreement(&found, &precedence(gold)).max(free);
        return Ok(Prf::of(agreed, steps.len(), agreed, gold_steps));
    }
    let mut best = Prf::default();
    for chain in gold_chains(gold)? {
        if steps.is_empty() || chain.is_empty() {
            return if free == 0 { Ok(Prf::default()) } else { Err(Crash) };
        }
        let places = matching(steps.len(), chain.len(), THRESHOLD, |step, place| similarity[steps[step]][chain[place]]);
        let agreed = longest_increasing(&places).max(free);
        let score = Prf::of(agreed, steps.len(), agreed, chain.len());
        if score.f1 > best.f1 {
            best = score;
        }
    }
    Ok(best)
}

/// Graph score: the largest connected part that reply and gold share, as a share of each.
///
/// `similarity` is `[reply nodes, gold nodes]`, START and END included.
///
/// # Errors
/// [`Crash`] where the reference crashes: nothing at all is matched.
pub fn graph_score(reply: &Graph, gold: &Graph, similarity: &[Vec<f64>], switches: &Switches) -> Result<Prf, Crash> {
    let mapping = mapping(reply, gold, similarity, switches);
    let matched = |v: usize| mapping.get(v).is_some_and(Option::is_some);
    let mut partners = vec![false; gold.nodes.len()];
    mapping.iter().flatten().for_each(|&v| partners[v] = true);
    let partner = |v: usize| partners.get(v).copied().unwrap_or(false);
    let (reply_edges, gold_edges) = if switches.implied_ends {
        (with_implied_ends(reply), with_implied_ends(gold))
    } else {
        (reply.edges.clone(), gold.edges.clone())
    };
    let mut kept = gold_edges;
    kept.retain(|&(a, b)| partner(a) && partner(b));
    kept.sort_unstable();
    let translate = |(a, b): (usize, usize)| {
        if switches.translated_edges { Some((mapping[a]?, mapping[b]?)) } else { Some((a, b)) }
    };
    // Common edges, as indices of the reply and of the gold: the same pair where the reference does not translate.
    let common: Vec<((usize, usize), (usize, usize))> = reply_edges
        .into_iter()
        .filter(|&(a, b)| matched(a) && matched(b))
        .filter_map(|edge| translate(edge).map(|translated| (edge, translated)))
        .filter(|(_, translated)| kept.binary_search(translated).is_ok())
        .collect();
    let size = |graph: &Graph| if switches.steps_only { graph.steps().len() } else { graph.nodes.len() };
    if size(reply) == 0 || size(gold) == 0 {
        return Ok(Prf::default());
    }
    let counts = |graph: &Graph, v: usize| !switches.steps_only || graph.steps().contains(&v);
    let in_reply =
        largest_component(reply.nodes.len(), common.iter().map(|(edge, _)| *edge), |v| (matched(v), counts(reply, v)));
    let in_gold =
        largest_component(gold.nodes.len(), common.iter().map(|(_, edge)| *edge), |v| (partner(v), counts(gold, v)));
    let (in_reply, in_gold) = in_reply.zip(in_gold).ok_or(Crash)?;
    Ok(Prf::of(in_reply, size(reply), in_gold, size(gold)))
}

/// The gold node of each reply node.
fn mapping(reply: &Graph, gold: &Graph, similarity: &[Vec<f64>], switches: &Switches) -> Vec<Option<usize>> {
    if switches.structural_ties { align(reply, gold, similarity) } else { max_weight_matching(similarity, THRESHOLD) }
}

/// The edges between nodes that exist, and one from START to each step that has none in, to END from each that has
/// none out.
pub(super) fn with_implied_ends(graph: &Graph) -> Vec<(usize, usize)> {
    let inside = |v: usize| v < graph.nodes.len();
    let mut edges: Vec<(usize, usize)> = graph.edges.iter().copied().filter(|&(a, b)| inside(a) && inside(b)).collect();
    let sources: BTreeSet<usize> = edges.iter().map(|edge| edge.0).collect();
    let targets: BTreeSet<usize> = edges.iter().map(|edge| edge.1).collect();
    edges.extend(graph.steps().filter(|v| !targets.contains(v)).map(|v| (0, v)));
    edges.extend(graph.steps().filter(|v| !sources.contains(v)).map(|v| (v, graph.end())));
    edges
}

/// The size of the largest connected component of the nodes `0..n` that are in, as `member` says first; of those it
/// counts the ones for which it says so second. `None` where no node is in. Edges are between nodes that are in.
fn largest_component(
    n: usize,
    edges: impl Iterator<Item = (usize, usize)>,
    member: impl Fn(usize) -> (bool, bool),
) -> Option<usize> {
    let mut neighbors = vec![Vec::new(); n];
    for (a, b) in edges {
        neighbors[a].push(b);
        neighbors[b].push(a);
    }
    let mut seen = vec![false; n];
    let mut open = Vec::new();
    let mut best = None;
    for start in (0..n).filter(|&v| member(v).0) {
        let mut size = 0;
        open.push(start);
        while let Some(v) = open.pop() {
            if !std::mem::replace(&mut seen[v], true) {
                size += usize::from(member(v).1);
                open.extend(neighbors[v].iter().copied().filter(|&w| !seen[w]));
            }
        }
        best = best.max(Some(size));
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::{DEVIATIONS, parse};
    use super::*;

    fn exact(reply: &Graph, gold: &Graph) -> Vec<Vec<f64>> {
        let same = |a: &String, b: &String| f64::from(u8::from(a == b));
        reply.nodes.iter().map(|a| gold.nodes.iter().map(|b| same(a, b)).collect()).collect()
    }

    fn scores(reply: &str, gold: &str, switches: &Switches) -> Option<(Prf, Prf)> {
        let (reply, gold) = (parse(reply, switches).ok()?, parse(gold, switches).ok()?);
        let similarity = exact(&reply, &gold);
        let node = node_score(&reply, &gold, &similarity, switches).ok()?;
        Some((node, graph_score(&reply, &gold, &similarity, switches).ok()?))
    }

    fn chain(texts: &[&str]) -> String {
        let steps: String = texts.iter().enumerate().map(|(i, text)| format!("{}: {text}\n", i + 1)).collect();
        let edges: String = (1..texts.len()).map(|i| format!("({i},{})", i + 1)).collect();
        format!("Node:\n{steps}Edges: (START,1){edges}({},END)", texts.len())
    }

    #[test]
    fn a_perfect_reply_of_eight_steps_scores_one_and_less_in_the_paper() -> Result<(), &'static str> {
        let text = chain(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let (node, graph) = scores(&text, &text, &Switches::all(true)).ok_or("corrected")?;
        assert_eq!((node.f1, graph.f1), (1.0, 1.0));
        let (node, graph) = scores(&text, &text, &Switches::all(false)).ok_or("paper")?;
        assert!((node.f1 - 8.0 / 9.0).abs() < 1e-12);
        assert_eq!(graph.f1, 1.0);
        Ok(())
    }

    #[test]
    fn nothing_right_is_worth_nothing_but_in_the_paper() -> Result<(), &'static str> {
        let (reply, gold) = (chain(&["x", "y"]), chain(&["a", "b"]));
        let (node, graph) = scores(&reply, &gold, &Switches::all(true)).ok_or("corrected")?;
        assert_eq!((node.f1, graph.f1), (0.0, 0.0));
        let (node, graph) = scores(&reply, &gold, &Switches::all(false)).ok_or("paper")?;
        assert_eq!((node.f1, graph.f1), (0.5, 0.25));
        Ok(())
    }

    #[test]
    fn an_extra_first_step_costs_its_share_only() -> Result<(), &'static str> {
        let (reply, gold) = (chain(&["x", "a", "b", "c"]), chain(&["a", "b", "c"]));
        let (node, graph) = scores(&reply, &gold, &Switches::all(true)).ok_or("corrected")?;
        assert_eq!((node.precision, node.recall), (0.75, 1.0));
        assert_eq!((graph.precision, graph.recall), (0.75, 1.0));
        Ok(())
    }

    #[test]
    fn any_single_deviation_can_be_switched_and_scores_stay_in_range() -> Result<(), &'static str> {
        let gold = "Node:\n1: a\n2: b\n3: c\nEdges: (START,1) (START,2) (1,3) (2,3) (3,END)";
        let reply = "Node:\n2: b\n1: a\n3: x\n4: c\nEdges: (START,1) (START,2) (1,4) (2,4) (4,END)";
        for row in DEVIATIONS {
            for on in [true, false] {
                let mut switches = Switches::all(!on);
                (row.set)(&mut switches, on);
                let (node, graph) = scores(reply, gold, &switches).ok_or(row.name)?;
                for score in [node, graph] {
                    assert!((0.0..=1.0).contains(&score.f1), "{}: {score:?}", row.name);
                }
            }
        }
        Ok(())
    }
}
