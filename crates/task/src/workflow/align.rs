//! Which step of a reply stands for which gold step, when texts repeat.

use std::collections::{BTreeMap, BTreeSet};

use super::Graph;
use super::order::successors;
use crate::measure::max_weight_matching;

/// Nodes whose similarity is not above this are never matched (WorfBench's threshold).
pub(super) const THRESHOLD: f64 = 0.6;

/// How much all structure together may weigh against a difference in similarity: ties only.
const TIE: f64 = 1e-7;

/// Matches the nodes of a reply with gold nodes: START with START, END with END, steps with steps of the largest
/// total similarity. `similarity` is `[reply nodes, gold nodes]`.
///
/// Steps of the same text are interchangeable for the similarity; they are told apart by their place in the graph:
/// nodes are colored by text, then again and again by the colors before and after them (Weisfeiler and Leman 1968),
/// and those that keep the same color longest are matched. Where the same color stays on several nodes (two equal
/// branches), one pair of them is fixed and the coloring goes on.
pub fn align(reply: &Graph, gold: &Graph, similarity: &[Vec<f64>]) -> Vec<Option<usize>> {
    let mut weights: Vec<Vec<f64>> =
        reply.steps().map(|row| gold.steps().map(|column| similarity[row][column]).collect()).collect();
    let mut mapping = max_weight_matching(&weights, THRESHOLD);
    if repeats(&weights) {
        let bonus = Coloring::new(reply, gold, &weights, &mapping).agreement();
        for (row, extra) in weights.iter_mut().zip(bonus) {
            for (weight, extra) in row.iter_mut().zip(extra).filter(|(weight, _)| **weight > THRESHOLD) {
                *weight += TIE * extra;
            }
        }
        mapping = max_weight_matching(&weights, THRESHOLD);
    }
    let mut all = vec![None; reply.nodes.len()];
    for (row, column) in reply.steps().zip(mapping) {
        all[row] = column.map(|column| column + 1);
    }
    if let (Some(first), false) = (all.first_mut(), gold.nodes.is_empty()) {
        *first = Some(0);
    }
    if let (Some(last), true) = (all.last_mut(), gold.nodes.len() > 1) {
        *last = Some(gold.end());
    }
    all
}

/// Whether two rows or two columns are equal.
fn repeats(weights: &[Vec<f64>]) -> bool {
    let columns = weights.first().map_or(0, Vec::len);
    let rows: BTreeSet<Vec<u64>> = weights.iter().map(|row| bits(row.iter())).collect();
    let distinct: BTreeSet<Vec<u64>> = (0..columns).map(|c| bits(weights.iter().map(|row| &row[c]))).collect();
    rows.len() < weights.len() || distinct.len() < columns
}

fn bits<'a>(numbers: impl Iterator<Item = &'a f64>) -> Vec<u64> {
    numbers.map(|x| x.to_bits()).collect()
}

/// Colors of the nodes of both graphs; reply nodes first, then gold nodes.
struct Coloring {
    colors: Vec<usize>,
    next: Vec<Vec<usize>>,
    previous: Vec<Vec<usize>>,
    split: usize,
}

impl Coloring {
    fn new(reply: &Graph, gold: &Graph, weights: &[Vec<f64>], mapping: &[Option<usize>]) -> Self {
        let split = reply.nodes.len();
        let mut next = successors(reply);
        next.extend(successors(gold).into_iter().map(|to| to.into_iter().map(|w| w + split).collect()));
        let mut previous = vec![Vec::new(); next.len()];
        for (v, to) in next.iter().enumerate() {
            to.iter().for_each(|&w| previous[w].push(v));
        }
        let mut classes = BTreeMap::new();
        let mut class = |key: Vec<u64>| {
            let fresh = classes.len() + 2;
            *classes.entry(key).or_insert(fresh)
        };
        let of_gold: Vec<usize> =
            (0..gold.steps().len()).map(|column| class(bits(weights.iter().map(|row| &row[column])))).collect();
        // Equal rows share a color even where only one of them is matched, so that any of them may be.
        let mut of_row: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
        for (row, column) in mapping.iter().enumerate() {
            if let Some(column) = column {
                of_row.entry(bits(weights[row].iter())).or_insert(of_gold[*column]);
            }
        }
        let of_reply = weights.iter().map(|row| {
            let key = bits(row.iter());
            // A marker keeps the row from meeting a column of the same numbers.
            of_row.get(&key).copied().unwrap_or_else(|| class([vec![u64::MAX], key].concat()))
        });
        let frame = |steps: Vec<usize>| std::iter::once(0).chain(steps).chain([1]);
        let of_reply = of_reply.collect();
        let colors = frame(of_reply).chain(frame(of_gold)).collect();
        Self { colors, next, previous, split }
    }

    /// Colors each node by its color and those around it; true where that told more nodes apart.
    fn refine(&mut self) -> bool {
        let around = |nodes: &[usize]| {
            let mut colors: Vec<usize> = nodes.iter().map(|&w| self.colors[w]).collect();
            colors.sort_unstable();
            colors
        };
        let mut names = BTreeMap::new();
        let fresh: Vec<usize> = (0..self.colors.len())
            .map(|v| {
                let key = (self.colors[v], around(&self.previous[v]), around(&self.next[v]));
                let name = names.len();
                *names.entry(key).or_insert(name)
            })
            .collect();
        let before: BTreeSet<usize> = self.colors.iter().copied().collect();
        self.colors = fresh;
        names.len() > before.len()
    }

    /// Gives one reply node and one gold node of the same ambiguous color a color of their own.
    fn fix_one(&mut self) -> bool {
        let mut nodes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        self.colors.iter().enumerate().for_each(|(v, &color)| nodes.entry(color).or_default().push(v));
        let fresh = nodes.len();
        for same in nodes.values() {
            let (reply, gold): (Vec<usize>, Vec<usize>) = same.iter().partition(|&&v| v < self.split);
            if let (Some(&first), Some(&partner), true) = (reply.first(), gold.first(), same.len() > 2) {
                self.colors[first] = fresh;
                self.colors[partner] = fresh;
                return true;
            }
        }
        false
    }

    /// For every reply step and gold step the share of rounds for which they had the same color, in [0, 1].
    fn agreement(mut self) -> Vec<Vec<f64>> {
        let steps = self.split.max(2) - 2;
        let gold = (self.colors.len() - self.split).max(2) - 2;
        let mut shared = vec![vec![0.0; gold]; steps];
        let mut rounds = 0.0;
        loop {
            rounds += 1.0;
            for (row, line) in shared.iter_mut().enumerate() {
                for (column, count) in line.iter_mut().enumerate() {
                    *count += f64::from(u8::from(self.colors[row + 1] == self.colors[self.split + column + 1]));
                }
            }
            if !self.refine() && !self.fix_one() {
                break;
            }
        }
        shared.iter_mut().flatten().for_each(|count| *count /= rounds);
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(texts: &[&str], edges: &[(usize, usize)]) -> Graph {
        let nodes = ["START"].iter().chain(texts).chain(&["END"]).map(|&t| t.to_owned()).collect();
        Graph { nodes, edges: edges.to_vec() }
    }

    fn exact(reply: &Graph, gold: &Graph) -> Vec<Vec<f64>> {
        let same = |a: &String, b: &String| f64::from(u8::from(a == b));
        reply.nodes.iter().map(|a| gold.nodes.iter().map(|b| same(a, b)).collect()).collect()
    }

    #[test]
    fn equal_texts_keep_their_places() {
        // go - take - go - put, and the same with the two "go" listed the other way round.
        let gold = graph(&["go", "take", "go", "put"], &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
        let reply = graph(&["go", "take", "go", "put"], &[(0, 3), (3, 2), (2, 1), (1, 4), (4, 5)]);
        let mapping = align(&reply, &gold, &exact(&reply, &gold));
        assert_eq!(mapping, [0, 3, 2, 1, 4, 5].map(Some));
    }

    #[test]
    fn equal_branches_are_not_crossed() {
        let gold = graph(&["a", "b", "a", "b"], &[(0, 1), (1, 2), (2, 5), (0, 3), (3, 4), (4, 5)]);
        let reply = graph(&["a", "a", "b", "b"], &[(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5)]);
        let mapping = align(&reply, &gold, &exact(&reply, &gold));
        let kept = reply
            .edges
            .iter()
            .filter(|(a, b)| mapping[*a].zip(mapping[*b]).is_some_and(|edge| gold.edges.contains(&edge)));
        assert_eq!(kept.count(), 6);
    }
}
