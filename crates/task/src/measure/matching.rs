//! Maximum-weight matching of a bipartite graph, ties included.

/// Index of a vertex in the order in which the edges first name it.
type Vertex = usize;

/// What a stage knows of a vertex: outside every tree, or reached by an alternating path of even or odd length.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Free,
    Even,
    Odd,
}

/// Matches rows with columns so that the sum of the matched weights is as large as possible.
///
/// `weights` is `[rows, columns]`; only pairs whose weight is above `threshold` may be matched. Returns the column
/// of each row. A pair is left unmatched where matching it would not add weight.
///
/// The primal-dual method of Galil (1986, "Efficient algorithms for finding maximum matching in graphs"), which
/// grows alternating trees from all unmatched vertices at once. A bipartite graph has no odd cycle, so blossoms
/// never form and are left out. Where several matchings are equally heavy the one found depends on the order of
/// exploration, which is that of WorfBench's library: vertices in the order in which edges name them row by row,
/// the newest even vertex first. Time O(rows * columns * min(rows, columns)).
///
/// ```
/// use task::measure::max_weight_matching;
/// let weights = [vec![0.9, 0.8], vec![0.85, 0.1]];
/// assert_eq!(max_weight_matching(&weights, 0.6), [Some(1), Some(0)]); // 1.65 beats 0.9
/// ```
pub fn max_weight_matching(weights: &[Vec<f64>], threshold: f64) -> Vec<Option<usize>> {
    let columns = weights.iter().map(Vec::len).max().unwrap_or(0);
    matching(weights.len(), columns, threshold, |row, column| weights[row].get(column).copied().unwrap_or(f64::NAN))
}

/// [`max_weight_matching`] of weights that a function gives.
pub(crate) fn matching(
    rows: usize,
    columns: usize,
    threshold: f64,
    weight: impl Fn(usize, usize) -> f64,
) -> Vec<Option<usize>> {
    if let Some(only) = without_choice(rows, columns, threshold, &weight) {
        return only;
    }
    let graph = Bipartite::new(rows, columns, threshold, &weight);
    let mut search = Search::new(&graph);
    while search.stage() {}
    let mut mapping = vec![None; rows];
    for (vertex, place) in graph.places.iter().enumerate() {
        if let (Place::Row(row), Some(mate)) = (place, search.mate[vertex])
            && let Place::Column(column) = graph.places[mate]
        {
            mapping[*row] = Some(column);
        }
    }
    mapping
}

/// All pairs, where no row and no column has two to choose from: most replies to most questions.
fn without_choice(
    rows: usize,
    columns: usize,
    threshold: f64,
    weight: impl Fn(usize, usize) -> f64,
) -> Option<Vec<Option<usize>>> {
    let mut mapping = vec![None; rows];
    let mut taken = vec![false; columns];
    for (row, partner) in mapping.iter_mut().enumerate() {
        for column in (0..columns).filter(|&column| weight(row, column) > threshold) {
            // A pair of no weight is better left alone, which is the search's to decide.
            if partner.is_some() || std::mem::replace(&mut taken[column], true) || weight(row, column) <= 0.0 {
                return None;
            }
            *partner = Some(column);
        }
    }
    Some(mapping)
}

/// Where a vertex sits in the weight matrix.
#[derive(Clone, Copy)]
enum Place {
    Row(usize),
    Column(usize),
}

/// The pairs that may be matched, as adjacency lists in the order of the rows.
struct Bipartite {
    places: Vec<Place>,
    /// Neighbors with the weight and the number of the edge.
    neighbors: Vec<Vec<(Vertex, f64, usize)>>,
    edges: usize,
    heaviest: f64,
}

impl Bipartite {
    fn new(rows: usize, columns: usize, threshold: f64, weight: impl Fn(usize, usize) -> f64) -> Self {
        let mut graph = Self { places: Vec::new(), neighbors: Vec::new(), edges: 0, heaviest: 0.0 };
        let mut right: Vec<Option<Vertex>> = vec![None; columns];
        for row in 0..rows {
            let mut left = None;
            let pairs = (0..columns).map(|column| (column, weight(row, column)));
            for (column, weight) in pairs.filter(|(_, weight)| *weight > threshold) {
                let u = *left.get_or_insert_with(|| graph.add(Place::Row(row)));
                let v = *right[column].get_or_insert_with(|| graph.add(Place::Column(column)));
                graph.neighbors[u].push((v, weight, graph.edges));
                graph.neighbors[v].push((u, weight, graph.edges));
                graph.edges += 1;
                graph.heaviest = graph.heaviest.max(weight);
            }
        }
        graph
    }

    fn add(&mut self, place: Place) -> Vertex {
        self.places.push(place);
        self.neighbors.push(Vec::new());
        self.places.len() - 1
    }
}

/// An edge seen from one of its ends.
#[derive(Clone, Copy)]
struct Edge {
    from: Vertex,
    to: Vertex,
    weight: f64,
    number: usize,
}

/// The matching so far, the dual variables, and the trees of the current stage.
struct Search<'g> {
    graph: &'g Bipartite,
    mate: Vec<Option<Vertex>>,
    dual: Vec<f64>,
    label: Vec<Label>,
    /// The vertex from which a tree reached this one.
    parent: Vec<Option<Vertex>>,
    /// The least slack edge to an even vertex: for a free vertex its own, for an even one that to another tree.
    best: Vec<Option<Edge>>,
    tight: Vec<bool>,
    stack: Vec<Vertex>,
}

impl<'g> Search<'g> {
    fn new(graph: &'g Bipartite) -> Self {
        let n = graph.places.len();
        Self {
            graph,
            mate: vec![None; n],
            dual: vec![graph.heaviest; n],
            label: vec![Label::Free; n],
            parent: vec![None; n],
            best: vec![None; n],
            tight: vec![false; graph.edges],
            stack: Vec::new(),
        }
    }

    /// Grows trees until one augmenting path is found and used; false where the matching is optimal.
    fn stage(&mut self) -> bool {
        self.label.fill(Label::Free);
        self.parent.fill(None);
        self.best.fill(None);
        self.tight.fill(false);
        self.stack.clear();
        for v in 0..self.mate.len() {
            if self.mate[v].is_none() {
                self.reach_even(v, None);
            }
        }
        loop {
            while let Some(v) = self.stack.pop() {
                if let Some((v, w)) = self.explore(v) {
                    self.augment(v, w);
                    return true;
                }
            }
            if !self.change_duals() {
                return false;
            }
        }
    }

    fn slack(&self, edge: Edge) -> f64 {
        self.dual[edge.from] + self.dual[edge.to] - 2.0 * edge.weight
    }

    fn reach_even(&mut self, v: Vertex, parent: Option<Vertex>) {
        self.label[v] = Label::Even;
        self.parent[v] = parent;
        self.best[v] = None;
        self.stack.push(v);
    }

    /// Looks at the edges of an even vertex; returns an edge between two trees as soon as one is tight.
    fn explore(&mut self, v: Vertex) -> Option<(Vertex, Vertex)> {
        let graph = self.graph;
        for &(w, weight, number) in &graph.neighbors[v] {
            let edge = Edge { from: v, to: w, weight, number };
            let slack = self.slack(edge);
            if slack <= 0.0 {
                self.tight[number] = true;
            }
            match (self.tight[number], self.label[w]) {
                (true, Label::Free) => self.reach_odd(w, v),
                (true, Label::Even) => return Some((v, w)),
                (false, Label::Even) => self.remember(v, edge, slack),
                (false, Label::Free) => self.remember(w, edge, slack),
                (_, Label::Odd) => {}
            }
        }
        None
    }

    /// Puts a free vertex into the tree of `from`, and the vertex it is matched with after it.
    fn reach_odd(&mut self, w: Vertex, from: Vertex) {
        self.label[w] = Label::Odd;
        self.parent[w] = Some(from);
        self.best[w] = None;
        if let Some(mate) = self.mate[w] {
            self.reach_even(mate, Some(w));
        }
    }

    fn remember(&mut self, at: Vertex, edge: Edge, slack: f64) {
        if self.best[at].is_none_or(|other| slack < self.slack(other)) {
            self.best[at] = Some(edge);
        }
    }

    /// Moves the duals as far as feasibility allows and makes the limiting edge tight; false at the optimum.
    fn change_duals(&mut self) -> bool {
        // The first of the least: a dual, then the edge of a free vertex, then one between two trees.
        let (mut free, mut even) = ((f64::INFINITY, None), (f64::INFINITY, None));
        for (label, edge) in self.label.iter().zip(&self.best) {
            let (least, share) = match label {
                Label::Free => (&mut free, 1.0),
                Label::Even => (&mut even, 2.0),
                Label::Odd => continue,
            };
            if let Some(edge) = *edge {
                let room = (self.dual[edge.from] + self.dual[edge.to] - 2.0 * edge.weight) / share;
                if room < least.0 {
                    *least = (room, Some(edge));
                }
            }
        }
        let mut delta = self.dual.iter().copied().fold(f64::INFINITY, f64::min);
        let mut limit = None;
        for (room, edge) in [free, even] {
            if room < delta {
                (delta, limit) = (room, edge);
            }
        }
        for (dual, label) in self.dual.iter_mut().zip(&self.label) {
            match label {
                Label::Even => *dual -= delta,
                Label::Odd => *dual += delta,
                Label::Free => {}
            }
        }
        if let Some(edge) = limit {
            self.tight[edge.number] = true;
            self.stack.push(edge.from);
        }
        limit.is_some()
    }

    /// Matches along the path root - ... - v - w - ... - root, whose every second edge was matched before.
    fn augment(&mut self, v: Vertex, w: Vertex) {
        for (mut even, mut partner) in [(v, w), (w, v)] {
            loop {
                self.mate[even] = Some(partner);
                let Some(odd) = self.parent[even] else { break };
                let Some(next) = self.parent[odd] else { break };
                self.mate[odd] = Some(next);
                (even, partner) = (next, odd);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(weights: &[Vec<f64>], mapping: &[Option<usize>]) -> f64 {
        mapping.iter().enumerate().filter_map(|(row, column)| column.map(|c| weights[row][c])).sum()
    }

    /// The heaviest matching by trying all.
    fn brute_force(weights: &[Vec<f64>], threshold: f64, row: usize, used: &mut Vec<bool>) -> f64 {
        if row == weights.len() {
            return 0.0;
        }
        let mut best = brute_force(weights, threshold, row + 1, used);
        for column in 0..weights[row].len() {
            if !used[column] && weights[row][column] > threshold {
                used[column] = true;
                best = best.max(weights[row][column] + brute_force(weights, threshold, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    #[test]
    fn no_matching_is_heavier_and_no_column_is_used_twice() {
        let mut rng = record::Rng::new(11);
        for case in 0..400 {
            let (rows, columns) = (rng.between(0, 6), rng.between(1, 6));
            let coarse = case % 2 == 0; // half of the cases are full of ties
            let weights: Vec<Vec<f64>> = (0..rows)
                .map(|_| {
                    let draw = |rng: &mut record::Rng| if coarse { rng.below(5) as f64 / 4.0 } else { rng.uniform() };
                    (0..columns).map(|_| draw(&mut rng)).collect()
                })
                .collect();
            let mapping = max_weight_matching(&weights, 0.3);
            let mut used: Vec<usize> = mapping.iter().flatten().copied().collect();
            used.sort_unstable();
            used.dedup();
            assert_eq!(used.len(), mapping.iter().flatten().count());
            let best = brute_force(&weights, 0.3, 0, &mut vec![false; columns]);
            assert!((total(&weights, &mapping) - best).abs() < 1e-9, "{weights:?}");
        }
    }

    #[test]
    fn forty_by_forty_takes_milliseconds() {
        let mut rng = record::Rng::new(2);
        let weights: Vec<Vec<f64>> = (0..40).map(|_| (0..40).map(|_| 0.6 + 0.4 * rng.uniform()).collect()).collect();
        let start = std::time::Instant::now();
        let mapping = max_weight_matching(&weights, 0.6);
        println!("{:?}", start.elapsed());
        assert_eq!(mapping.iter().flatten().count(), 40);
        assert!(start.elapsed().as_millis() < 100);
    }

    #[test]
    fn nothing_to_match_is_no_matching() {
        assert!(max_weight_matching(&[], 0.6).is_empty());
        assert_eq!(max_weight_matching(&[vec![], vec![]], 0.6), [None, None]);
        assert_eq!(max_weight_matching(&[vec![0.6]], 0.6), [None]);
        assert_eq!(max_weight_matching(&[vec![f64::NAN]], 0.6), [None]);
    }
}
