//! The way through a block: its groups of linears are entered and left in order, whoever multiplies.

use crate::decoder::attention::{Heads, Sequences, Span, attend};
use crate::decoder::block::{LATENT_EPS, Norm, rms_norm};
use crate::decoder::cache::LayerCache;
use crate::decoder::linear::Linears;
use crate::{Block, Group, GroupKind, Matrix, Part, Route, Spare};

/// What a block knows between two of its groups.
///
/// ```text
/// for group in block.groups() {
///     block.enter(group, &mut flow);                     // flow.input() is what its linears multiply
///     let products = ...;                                // one a linear
///     block.leave(group, &mut flow, products);
/// }
/// ```
/// then `residual` is the block's output.
pub struct Flow<'a> {
    /// The residual stream, `[m, hidden]`.
    pub residual: Matrix,
    /// Where products go that are needed no more, if anywhere.
    spare: Option<Spare>,
    sequences: &'a Sequences,
    /// What the sequences continue; none where they are whole.
    caches: Vec<&'a mut LayerCache>,
    /// The residual stream as groups take it, `[m, hidden]`: normed, where something norms it first.
    normed: Matrix,
    /// Which rows of it each expert sees; none where there is no router.
    routes: Vec<Route>,
    /// The input of the group that was entered last, where it is not `normed`.
    input: Option<Matrix>,
    /// What groups gave, until an input is made of it.
    made: Vec<(Part, Matrix)>,
    /// Whether behind the attention only the last row of each sequence goes on.
    ends: bool,
}

impl<'a> Flow<'a> {
    /// Before the first group of a block: `residual` `[m, hidden]` are whole sequences.
    ///
    /// # Panics
    /// Where it has not as many rows as `sequences`: a mistake of the caller, never of a file.
    pub fn new(residual: Matrix, sequences: &'a Sequences) -> Self {
        Self::continuing(residual, sequences, Vec::new())
    }

    /// The memory of products that are needed no more goes to `spare`, and comes from there.
    pub fn reusing(mut self, spare: Spare) -> Self {
        self.spare = Some(spare);
        self
    }

    /// Of the residual stream only the last row of each sequence is wanted, one after another: the others do nothing but
    /// put their keys and values into the caches. No row changes by that.
    pub(crate) fn with_ends(mut self, ends: bool) -> Self {
        self.ends = ends;
        self
    }

    /// Rows that continue cached sequences, and will be added to the caches.
    pub(crate) fn continuing(residual: Matrix, sequences: &'a Sequences, caches: Vec<&'a mut LayerCache>) -> Self {
        assert_eq!(residual.rows, sequences.rows(), "rows of the sequences");
        let (normed, routes, made) = (Matrix::default(), Vec::new(), Vec::new());
        Self { residual, spare: None, sequences, caches, normed, routes, input: None, made, ends: false }
    }

    /// What the linears of the group that was entered last multiply, `[rows, in]`.
    pub fn input(&self) -> &Matrix {
        self.input.as_ref().unwrap_or(&self.normed)
    }

    /// Which of the block's rows those of a group's input are; all where there is no choice.
    pub fn rows(&self, group: Group) -> Option<&[usize]> {
        self.routes.get(group.expert).map(|route| &route.rows[..])
    }

    /// The inputs of all experts together, `[m, hidden]`, before they are routed; none where there is no router.
    pub fn before_routing(&self) -> Option<&Matrix> {
        (!self.routes.is_empty()).then_some(&self.normed)
    }

    /// The residual stream, the input of the group that was entered last where it is no norm of that, and what is spare.
    pub fn into_parts(self) -> (Matrix, Option<Matrix>, Spare) {
        (self.residual, self.input, self.spare.unwrap_or_default())
    }

    /// A matrix for a product, to be written over.
    fn room(&mut self, rows: usize, cols: usize) -> Matrix {
        self.spare.as_mut().map_or_else(|| Matrix::zeros(rows, cols), |spare| spare.take(rows, cols))
    }

    /// A product is needed no more.
    fn free(&mut self, matrix: Matrix) {
        if let Some(spare) = &mut self.spare {
            spare.give(matrix);
        }
    }

    /// What was made of a part, once; empty where nothing was.
    fn take(&mut self, part: Part) -> Matrix {
        let at = self.made.iter().position(|(made, _)| *made == part);
        at.map(|at| self.made.swap_remove(at).1).unwrap_or_default()
    }
}

impl Block {
    /// Makes the input of a group: whatever stands before its linears.
    pub fn enter(&self, group: Group, flow: &mut Flow) {
        match group.kind {
            GroupKind::Qkv => {
                flow.normed = self.normed(&flow.residual, self.attention_norm.as_ref());
                flow.input = None;
            }
            GroupKind::Queries => flow.input = Some(latent(flow.take(Part::QueryLatent), &self.latent_norms[0])),
            GroupKind::KeysValues => flow.input = Some(latent(flow.take(Part::KeyValueLatent), &self.latent_norms[1])),
            GroupKind::Output => flow.input = Some(self.attention(flow)),
            GroupKind::GateUp => {
                if flow.normed.data.is_empty() {
                    flow.normed = self.normed(&flow.residual, self.mlp_norm.as_ref());
                    flow.routes = self.router.as_ref().map_or_else(Vec::new, |router| router.routes(&flow.normed));
                }
                let route = flow.routes.get(group.expert).filter(|route| route.rows.len() < flow.normed.rows);
                flow.input = route.map(|route| route.gather(&flow.normed));
            }
            GroupKind::Down => {
                let (gate, up) = (flow.take(Part::Gate), flow.take(Part::Up));
                flow.input = Some(self.gating.apply(gate, &up));
                flow.free(up);
            }
        }
    }

    /// Takes the products of a group, one a linear, each `[rows of its input, out]`.
    pub fn leave(&self, group: Group, flow: &mut Flow, products: Vec<Matrix>) {
        let input = flow.input.take();
        match group.kind {
            GroupKind::Output | GroupKind::Down => {
                if let Some(input) = input {
                    flow.free(input);
                }
                for product in products {
                    let product = self.give(group, product, flow);
                    flow.free(product);
                }
            }
            kind => {
                if kind == GroupKind::Qkv {
                    flow.normed = Matrix::default();
                }
                flow.made.extend(self.of(group).split(products));
            }
        }
    }

    /// Runs the whole block with its own products.
    pub fn run(&self, mut flow: Flow) -> Matrix {
        self.pass(&mut flow);
        flow.residual
    }

    pub(crate) fn pass(&self, flow: &mut Flow) {
        for Linears { group, linears, .. } in &self.groups {
            self.enter(*group, flow);
            if flow.input().rows > 0 {
                let mut products = self.room(*group, flow, flow.input().rows);
                for (linear, y) in linears.iter().zip(&mut products) {
                    linear.forward_over(flow.input(), y);
                }
                self.leave(*group, flow, products);
            }
        }
    }

    /// Matrices for the products of some rows of a group's input, to be written over.
    pub fn room(&self, group: Group, flow: &mut Flow, rows: usize) -> Vec<Matrix> {
        self.linears_of(group).iter().map(|linear| flow.room(rows, linear.out_features())).collect()
    }

    /// The residual stream as a part of the block takes it.
    fn normed(&self, stream: &Matrix, norm: Option<&Norm>) -> Matrix {
        norm.map_or_else(|| stream.clone(), |norm| rms_norm(stream, &norm.weight, self.eps))
    }

    /// Adds what a part of the block gives to the residual stream.
    fn give(&self, group: Group, mut product: Matrix, flow: &mut Flow) -> Matrix {
        let (norm, route) = match group.kind {
            GroupKind::Output => (&self.attention_post_norm, None),
            _ => (&self.mlp_post_norm, flow.routes.get(group.expert)),
        };
        if let Some(norm) = norm {
            product = norm.of(product, self.eps);
        }
        if self.residual != 1.0 {
            product.data.iter_mut().for_each(|value| *value *= self.residual);
        }
        match route {
            Some(route) => route.scatter_add(&product, &mut flow.residual),
            None => flow.residual.add(&product),
        }
        product
    }

    /// What goes into the attention's output linear, `[m, heads * value_dim]`.
    fn attention(&self, flow: &mut Flow) -> Matrix {
        let (mut q, mut k, v) = (flow.take(Part::Query), flow.take(Part::Key), flow.take(Part::Value));
        if let Some(norms) = &self.head_norms {
            q = norms.q.of(q, self.eps);
            k = norms.k.of(k, self.eps);
        }
        let mut turned = flow.take(Part::TurnedKey);
        if let Some(rope) = &self.rope {
            let angles = flow.sequences.angles(rope);
            // Where some numbers of a key are one run for all heads, these turn, and the last ones of each query.
            let keys = if turned.cols > 0 { &mut turned } else { &mut k };
            let width = self.heads.dim.min(keys.cols);
            let from = self.heads.dim - width;
            for row in 0..q.rows {
                angles.turn(row, q.row_mut(row), self.heads.dim, from);
                angles.turn(row, keys.row_mut(row), width, 0);
            }
        }
        if turned.cols > 0 {
            k = self.joined(&k, &turned);
        }
        let sequences = flow.sequences;
        let mut spans = &sequences.spans;
        fill(&mut flow.caches, (&k, &v), spans);
        let ends = flow.ends.then(|| ends(spans));
        if let Some((rows, ends)) = ends.as_ref().filter(|(rows, _)| rows.len() < q.rows) {
            q = q.gather(rows);
            flow.residual = flow.residual.gather(rows);
            spans = ends;
        }
        let mut attended = flow.room(q.rows, self.heads.queries * self.heads.value_dim);
        if flow.caches.is_empty() {
            self.attend_whole(&q, (&k, &v), spans, &mut attended);
        } else {
            attend(&q, spans, &flow.caches, self.heads, self.sinks.as_deref(), &mut attended);
        }
        [q, k, v].into_iter().for_each(|matrix| flow.free(matrix));
        attended
    }

    /// Attention within whole sequences: keys and values of some at a time, as nobody wants them afterwards.
    fn attend_whole(&self, q: &Matrix, kv: (&Matrix, &Matrix), mut spans: &[Span], attended: &mut Matrix) {
        let Heads { keys, dim, value_dim, kv_bits, .. } = self.heads;
        while let [first, ..] = spans {
            let enough = first.rows.start + ROWS_AT_ONCE;
            let (now, later) = spans.split_at(spans.partition_point(|span| span.rows.start < enough));
            let cache = |span: &Span| LayerCache::new(keys, (dim, value_dim), span.start + span.rows.len(), kv_bits);
            let mut own: Vec<LayerCache> = now.iter().map(cache).collect();
            let mut caches: Vec<&mut LayerCache> = own.iter_mut().collect();
            fill(&mut caches, kv, now);
            attend(q, now, &caches, self.heads, self.sinks.as_deref(), attended);
            spans = later;
        }
    }

    /// Keys of numbers that do not turn, head by head, each with those that do: `[m, heads * dim]`.
    fn joined(&self, still: &Matrix, turned: &Matrix) -> Matrix {
        let width = (self.heads.dim - turned.cols).max(1);
        let mut data = Vec::with_capacity(still.rows * self.heads.keys * self.heads.dim);
        for row in 0..still.rows {
            for head in still.row(row).chunks_exact(width) {
                data.extend_from_slice(head);
                data.extend_from_slice(turned.row(row));
            }
        }
        Matrix::new(still.rows, self.heads.keys * self.heads.dim, data)
    }
}

/// Rows of whole sequences that are attended at once.
const ROWS_AT_ONCE: usize = 4096;

/// Writes the keys and values of the rows of sequences into their caches.
fn fill(caches: &mut [&mut LayerCache], (k, v): (&Matrix, &Matrix), spans: &[Span]) {
    for (span, cache) in spans.iter().zip(caches) {
        cache.grow(span.start + span.rows.len());
        for (at, row) in span.rows.clone().enumerate() {
            cache.put(span.start + at, k.row(row), v.row(row));
        }
    }
}

/// The last row of each sequence that has one, and the sequences of these rows alone.
fn ends(spans: &[Span]) -> (Vec<usize>, Vec<Span>) {
    let mut rows = Vec::new();
    let end = |span: &Span| {
        let (first, start) = (rows.len(), span.start + span.rows.len().saturating_sub(1));
        rows.extend(span.rows.clone().last());
        Span { rows: first..rows.len(), start, length: span.length }
    };
    let ends = spans.iter().map(end).collect();
    (rows, ends)
}

/// The input that a latent makes.
fn latent(numbers: Matrix, norm: &Option<Norm>) -> Matrix {
    match norm {
        Some(norm) => norm.of(numbers, LATENT_EPS),
        None => numbers,
    }
}
