//! Orders that edges allow: of a reply's steps, and between reply and gold.

use std::collections::BTreeSet;

use super::Graph;
use crate::measure::max_weight_matching;

/// Which nodes come before which: `before[a][b]` where a path leads from `a` to `b`. Edges outside are ignored.
pub(super) fn precedence(graph: &Graph) -> Vec<Vec<bool>> {
    let n = graph.nodes.len();
    let next = successors(graph);
    (0..n)
        .map(|from| {
            let mut reached = vec![false; n];
            let mut open = vec![from];
            while let Some(v) = open.pop() {
                for &w in &next[v] {
                    if !std::mem::replace(&mut reached[w], true) {
                        open.push(w);
                    }
                }
            }
            reached
        })
        .collect()
}

/// Each node's successors, once each, edges outside left out.
pub(super) fn successors(graph: &Graph) -> Vec<Vec<usize>> {
    let n = graph.nodes.len();
    let mut next = vec![BTreeSet::new(); n];
    for &(a, b) in graph.edges.iter().filter(|(a, b)| *a < n && *b < n) {
        next[a].insert(b);
    }
    next.into_iter().map(|set| set.into_iter().collect()).collect()
}

/// The nodes in an order that the edges allow, as near to the listing as possible: of the nodes that may come next,
/// the one listed first. Where the edges form a cycle, the listing itself.
pub(super) fn listing_by_edges(graph: &Graph) -> Vec<usize> {
    let next = successors(graph);
    let mut indegree = vec![0_usize; next.len()];
    next.iter().flatten().for_each(|&w| indegree[w] += 1);
    let mut ready: BTreeSet<usize> = (0..next.len()).filter(|&v| indegree[v] == 0).collect();
    let mut order = Vec::new();
    while let Some(v) = ready.pop_first() {
        order.push(v);
        for &w in &next[v] {
            indegree[w] -= 1;
            if indegree[w] == 0 {
                ready.insert(w);
            }
        }
    }
    if order.len() == next.len() { order } else { (0..next.len()).collect() }
}

/// How many of `chain` (gold nodes in the order in which a reply has them) can be kept so that some topological
/// order of the gold graph contains them in the same order; `before` says which gold nodes precede which.
///
/// Two nodes disagree where the reply has them in one order and the gold graph demands the other. Disagreement is
/// transitive, so the largest set without it is an antichain, and by Dilworth's theorem its size is what a maximum
/// matching of the disagreeing pairs leaves over.
///
/// ```
/// use task::workflow::largest_agreement;
/// let before = [[false, true, true], [false, false, false], [false, false, false]].map(Vec::from);
/// assert_eq!(largest_agreement(&[0, 2, 1], &before), 3); // 1 and 2 are parallel
/// assert_eq!(largest_agreement(&[1, 2, 0], &before), 2);
/// ```
pub fn largest_agreement(chain: &[usize], before: &[Vec<bool>]) -> usize {
    let disagreeing: Vec<Vec<f64>> = (0..chain.len())
        .map(|i| {
            let later = |j: usize| if j > i && before[chain[j]][chain[i]] { 1.0 } else { 0.0 };
            (0..chain.len()).map(later).collect()
        })
        .collect();
    let matched = max_weight_matching(&disagreeing, 0.5);
    chain.len() - matched.iter().flatten().count()
}

#[cfg(test)]
mod tests {
    use super::super::topological_orders;
    use super::*;
    use crate::measure::longest_increasing;

    #[test]
    fn agreement_is_the_best_over_all_topological_orders() -> Result<(), super::super::Cycle> {
        let mut rng = record::Rng::new(3);
        for _ in 0..120 {
            let n = rng.between(1, 6);
            let mut edges = Vec::new();
            for a in 0..n {
                edges.extend((a + 1..n).filter(|_| rng.chance(0.4)).map(|b| (a, b)));
            }
            let mut chain: Vec<usize> = (0..n).collect();
            rng.shuffle(&mut chain);
            chain.truncate(rng.between(1, n));
            let best = topological_orders(n, &edges, usize::MAX)?
                .iter()
                .map(|order| {
                    let place = |v: &usize| order.iter().position(|w| w == v);
                    longest_increasing(&chain.iter().map(place).collect::<Vec<_>>())
                })
                .max();
            let graph = Graph { nodes: vec![String::new(); n], edges };
            assert_eq!(Some(largest_agreement(&chain, &precedence(&graph))), best);
        }
        Ok(())
    }

    #[test]
    fn the_listing_yields_to_the_edges() {
        let graph = |edges: &[(usize, usize)]| Graph { nodes: vec![String::new(); 4], edges: edges.to_vec() };
        assert_eq!(listing_by_edges(&graph(&[(0, 1), (1, 2), (2, 3)])), [0, 1, 2, 3]);
        assert_eq!(listing_by_edges(&graph(&[(0, 2), (2, 1), (1, 3), (9, 1)])), [0, 2, 1, 3]);
        assert_eq!(listing_by_edges(&graph(&[(2, 1), (1, 2)])), [0, 1, 2, 3]);
    }
}
