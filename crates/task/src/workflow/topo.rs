//! Topological orders, one after the other, in a fixed sequence.

use std::collections::VecDeque;

/// The graph has a cycle or an edge to a vertex that is not there, so it has no topological order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle;

/// The first `limit` topological orders of the vertices `0..n`.
///
/// Knuth and Szwarcfiter (1974, "A structured program to generate all topological sorting arrangements"), with the
/// vertices that have no predecessor left held in a queue whose right end is taken first. The sequence is that of
/// WorfBench's library, which matters because only the first 20 orders count there. Repeated edges count once, in
/// the place of the first.
///
/// # Errors
/// [`Cycle`] where there is no order, or an edge names a vertex outside `0..n`.
///
/// ```
/// use task::workflow::topological_orders;
/// assert_eq!(topological_orders(3, &[(0, 2)], 9), Ok(vec![vec![1, 0, 2], vec![0, 2, 1], vec![0, 1, 2]]));
/// assert!(topological_orders(2, &[(0, 1), (1, 0)], 9).is_err());
/// ```
pub fn topological_orders(n: usize, edges: &[(usize, usize)], limit: usize) -> Result<Vec<Vec<usize>>, Cycle> {
    let mut state = Enumeration::new(n, edges)?;
    let mut orders = Vec::new();
    while orders.len() < limit {
        state.descend()?;
        orders.push(state.order.clone());
        if !state.backtrack() {
            break;
        }
    }
    Ok(orders)
}

struct Enumeration {
    n: usize,
    successors: Vec<Vec<usize>>,
    indegree: Vec<usize>,
    /// Vertices that may come next.
    ready: VecDeque<usize>,
    order: Vec<usize>,
    /// For each place of `order` the first vertex that was tried there.
    bases: Vec<usize>,
}

impl Enumeration {
    fn new(n: usize, edges: &[(usize, usize)]) -> Result<Self, Cycle> {
        let mut successors = vec![Vec::new(); n];
        let mut indegree = vec![0; n];
        let mut seen = std::collections::HashSet::new();
        for &(a, b) in edges {
            if a >= n || b >= n {
                return Err(Cycle);
            }
            if seen.insert((a, b)) {
                successors[a].push(b);
                indegree[b] += 1;
            }
        }
        let ready = (0..n).filter(|&v| indegree[v] == 0).collect();
        Ok(Self { n, successors, indegree, ready, order: Vec::new(), bases: Vec::new() })
    }

    /// Completes the order, always taking the newest ready vertex.
    fn descend(&mut self) -> Result<(), Cycle> {
        while self.order.len() < self.n {
            let next = self.ready.pop_back().ok_or(Cycle)?;
            for &successor in &self.successors[next] {
                self.indegree[successor] -= 1;
                if self.indegree[successor] == 0 {
                    self.ready.push_back(successor);
                }
            }
            self.order.push(next);
            if self.bases.len() < self.order.len() {
                self.bases.push(next);
            }
        }
        Ok(())
    }

    /// Undoes places until one has a vertex left to try; false when all orders have been seen.
    fn backtrack(&mut self) -> bool {
        while let Some(last) = self.order.pop() {
            for &successor in &self.successors[last] {
                self.indegree[successor] += 1;
            }
            while self.ready.back().is_some_and(|&v| self.indegree[v] > 0) {
                self.ready.pop_back();
            }
            self.ready.push_front(last);
            if self.ready.back() != self.bases.last() {
                return true;
            }
            self.bases.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn all_orders_of_a_random_graph_are_found_once_and_respect_its_edges() -> Result<(), Cycle> {
        let mut rng = record::Rng::new(5);
        for _ in 0..60 {
            let n = rng.between(0, 6);
            let mut names: Vec<usize> = (0..n).collect();
            rng.shuffle(&mut names);
            let mut edges = Vec::new();
            for a in 0..n {
                for b in a + 1..n {
                    if rng.chance(0.3) {
                        edges.push((names[a], names[b]));
                    }
                }
            }
            let orders = topological_orders(n, &edges, usize::MAX)?;
            let place = |order: &[usize], v: usize| order.iter().position(|&x| x == v);
            assert!(orders.iter().all(|o| edges.iter().all(|&(a, b)| place(o, a) < place(o, b))));
            let distinct: HashSet<_> = orders.iter().collect();
            assert_eq!(distinct.len(), orders.len());
            assert_eq!(orders.len(), count(n, &edges, &mut Vec::new()));
        }
        Ok(())
    }

    /// The number of topological orders by trying all.
    fn count(n: usize, edges: &[(usize, usize)], placed: &mut Vec<usize>) -> usize {
        if placed.len() == n {
            return 1;
        }
        let mut total = 0;
        for v in 0..n {
            if !placed.contains(&v) && edges.iter().all(|&(a, b)| b != v || placed.contains(&a)) {
                placed.push(v);
                total += count(n, edges, placed);
                placed.pop();
            }
        }
        total
    }

    #[test]
    fn many_parallel_steps_do_not_take_long_for_the_first_orders() {
        assert_eq!(topological_orders(2000, &[], 20).map(|orders| orders.len()), Ok(20));
    }

    #[test]
    fn cycles_and_strangers_have_no_order() {
        assert_eq!(topological_orders(1, &[(0, 0)], 20), Err(Cycle));
        assert_eq!(topological_orders(2, &[(0, 2)], 20), Err(Cycle));
        assert_eq!(topological_orders(3, &[(1, 2), (2, 1)], 20), Err(Cycle));
    }
}
