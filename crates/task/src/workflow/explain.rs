//! Why a workflow scored what it scored, in words.

use std::collections::BTreeSet;

use super::Graph;
use super::align::align;
use super::order::{largest_agreement, listing_by_edges, precedence};
use super::score::with_implied_ends;

/// The longest quotation of a step, in characters.
const QUOTE: usize = 60;

/// Missing, extra and misplaced steps and edges, each with the first one named.
pub(super) fn explain(reply: &Graph, gold: &Graph, similarity: &[Vec<f64>]) -> String {
    if reply.steps().is_empty() {
        return "no steps: no line like \"1: do this\" was found".to_owned();
    }
    let mapping = align(reply, gold, similarity);
    let found: BTreeSet<usize> = mapping.iter().flatten().copied().collect();
    let missing: Vec<usize> = gold.steps().filter(|v| !found.contains(v)).collect();
    let extra: Vec<usize> = reply.steps().filter(|&v| mapping[v].is_none()).collect();
    let mut parts = Vec::new();
    if let Some(&first) = missing.first() {
        let total = gold.steps().len();
        parts.push(format!("{} of {total} steps missing, first {}", missing.len(), quote(&gold.nodes[first])));
    }
    if let Some(&first) = extra.first() {
        parts.push(format!("{} extra, first {}", steps(extra.len()), quote(&reply.nodes[first])));
    }
    let order: Vec<usize> = listing_by_edges(reply)
        .into_iter()
        .filter(|v| reply.steps().contains(v))
        .filter_map(|v| mapping[v])
        .filter(|v| gold.steps().contains(v))
        .collect();
    let misplaced = order.len() - largest_agreement(&order, &precedence(gold));
    if misplaced > 0 {
        parts.push(format!("{} out of order", steps(misplaced)));
    }
    parts.extend(edges(reply, gold, &mapping));
    if parts.is_empty() { "all steps and edges as in the gold workflow".to_owned() } else { parts.join("; ") }
}

/// Edges of the gold workflow between found steps that the reply lacks, and edges of the reply between them that
/// the gold workflow lacks.
fn edges(reply: &Graph, gold: &Graph, mapping: &[Option<usize>]) -> Vec<String> {
    let found: BTreeSet<usize> = mapping.iter().flatten().copied().collect();
    let wanted: BTreeSet<(usize, usize)> =
        with_implied_ends(gold).into_iter().filter(|(a, b)| found.contains(a) && found.contains(b)).collect();
    let given: BTreeSet<(usize, usize)> =
        with_implied_ends(reply).into_iter().filter_map(|(a, b)| Some((mapping[a]?, mapping[b]?))).collect();
    let name = |v: usize| if v == 0 || v == gold.end() { gold.nodes[v].clone() } else { quote(&gold.nodes[v]) };
    [("missing", wanted.difference(&given)), ("wrong", given.difference(&wanted))]
        .into_iter()
        .filter_map(|(kind, mut all)| {
            let (a, b) = *all.next()?;
            let count = 1 + all.count();
            let noun = if count == 1 { "edge" } else { "edges" };
            Some(format!("{count} {noun} {kind}, first {} -> {}", name(a), name(b)))
        })
        .collect()
}

fn steps(count: usize) -> String {
    format!("{count} {}", if count == 1 { "step" } else { "steps" })
}

fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}
