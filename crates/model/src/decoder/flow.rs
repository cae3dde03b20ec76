//! The way through a block: its groups of linears are entered and left in order, whoever multiplies.

use crate::decoder::attention::{Sequences, Span, attend};
use crate::decoder::block::rms_norm;
use crate::decoder::cache::LayerCache;
use crate::decoder::linear::Linears;
use crate::decoder::mlp::gated;
use crate::{Block, Group, GroupKind, Matrix, Route};

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
    sequences: &'a Sequences,
    /// What the sequences continue; none where they are whole.
    caches: Vec<&'a mut LayerCache>,
    /// The normed residual stream, `[m, hidden]`, while something is made of it.
    normed: Matrix,
    /// Which rows of it each expert sees; none where there is no router.
    routes: Vec<Route>,
    /// The input of the group that was entered last, where it is not `normed`.
    input: Option<Matrix>,
    /// The products of the group that was left last, where the next input is made of them.
    products: Vec<Matrix>,
}

impl<'a> Flow<'a> {
    /// Before the first group of a block: `residual` `[m, hidden]` are whole sequences.
    ///
    /// # Panics
    /// Where it has not as many rows as `sequences`: a mistake of the caller, never of a file.
    pub fn new(residual: Matrix, sequences: &'a Sequences) -> Self {
        Self::continuing(residual, sequences, Vec::new())
    }

    /// Rows that continue cached sequences, and will be added to the caches.
    pub(crate) fn continuing(residual: Matrix, sequences: &'a Sequences, caches: Vec<&'a mut LayerCache>) -> Self {
        assert_eq!(residual.rows, sequences.rows(), "rows of the sequences");
        let (normed, routes, products) = (Matrix::default(), Vec::new(), Vec::new());
        Self { residual, sequences, caches, normed, routes, input: None, products }
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

    /// The residual stream and the input of the group that was entered last, where it is no norm of that.
    pub fn into_parts(self) -> (Matrix, Option<Matrix>) {
        (self.residual, self.input)
    }
}

impl Block {
    /// Makes the input of a group: whatever stands before its linears.
    pub fn enter(&self, group: Group, flow: &mut Flow) {
        let products = std::mem::take(&mut flow.products);
        match group.kind {
            GroupKind::Qkv => {
                flow.normed = rms_norm(&flow.residual, &self.attention_norm, self.eps);
                flow.input = None;
            }
            GroupKind::Output => flow.input = Some(self.attention(products, flow)),
            GroupKind::GateUp => {
                if flow.normed.data.is_empty() {
                    flow.normed = rms_norm(&flow.residual, &self.mlp_norm, self.eps);
                    flow.routes = self.router.as_ref().map_or_else(Vec::new, |router| router.routes(&flow.normed));
                }
                let route = flow.routes.get(group.expert).filter(|route| route.rows.len() < flow.normed.rows);
                flow.input = route.map(|route| route.gather(&flow.normed));
            }
            GroupKind::Down => {
                let mut products = products.into_iter();
                let (gate, up) = (products.next().unwrap_or_default(), products.next().unwrap_or_default());
                flow.input = Some(gated(gate, &up));
            }
        }
    }

    /// Takes the products of a group, one a linear, each `[rows of its input, out]`.
    pub fn leave(&self, group: Group, flow: &mut Flow, products: Vec<Matrix>) {
        flow.input = None;
        match group.kind {
            GroupKind::Qkv => {
                flow.normed = Matrix::default();
                flow.products = self.of(group).split(products);
            }
            GroupKind::GateUp => flow.products = self.of(group).split(products),
            GroupKind::Output => products.iter().for_each(|product| flow.residual.add(product)),
            GroupKind::Down => {
                for product in &products {
                    match flow.routes.get(group.expert) {
                        Some(route) => route.scatter_add(product, &mut flow.residual),
                        None => flow.residual.add(product),
                    }
                }
            }
        }
    }

    /// Runs the whole block with its own products.
    pub fn run(&self, mut flow: Flow) -> Matrix {
        for Linears { group, linears, .. } in &self.groups {
            self.enter(*group, &mut flow);
            if flow.input().rows > 0 {
                let products = linears.iter().map(|linear| linear.forward(flow.input())).collect();
                self.leave(*group, &mut flow, products);
            }
        }
        flow.residual
    }

    /// What goes into the attention's output linear, `[m, heads * head_dim]`.
    fn attention(&self, products: Vec<Matrix>, flow: &mut Flow) -> Matrix {
        let mut products = products.into_iter();
        let mut next = || products.next().unwrap_or_default();
        let (mut q, mut k, v) = (next(), next(), next());
        if let Some(norms) = &self.head_norms {
            q = self.norm_heads(q, &norms.q);
            k = self.norm_heads(k, &norms.k);
        }
        if let Some(rope) = &self.rope {
            let angles = flow.sequences.angles(rope);
            for row in 0..q.rows {
                angles.turn(row, q.row_mut(row), self.heads.dim);
                angles.turn(row, k.row_mut(row), self.heads.dim);
            }
        }
        let spans = &flow.sequences.spans;
        let mut own = if flow.caches.is_empty() { self.caches(spans) } else { Vec::new() };
        let lent = flow.caches.iter_mut().map(|cache| &mut **cache);
        let mut caches: Vec<&mut LayerCache> = lent.chain(&mut own).collect();
        for (span, cache) in spans.iter().zip(caches.iter_mut()) {
            for (at, row) in span.rows.clone().enumerate() {
                cache.put(span.start + at, k.row(row), v.row(row));
            }
        }
        attend(&q, spans, &caches, self.heads)
    }

    /// Caches with room for whole sequences.
    fn caches(&self, spans: &[Span]) -> Vec<LayerCache> {
        let room = |span: &Span| {
            LayerCache::new(self.heads.keys, self.heads.dim, span.start + span.rows.len(), self.heads.kv_bits)
        };
        spans.iter().map(room).collect()
    }

    /// RMSNorm of every head by itself, `[m, heads * head_dim]`.
    fn norm_heads(&self, x: Matrix, weight: &[f32]) -> Matrix {
        let (rows, cols, dim) = (x.rows, x.cols, self.heads.dim);
        let heads = rms_norm(&Matrix::new(rows * cols / dim, dim, x.data), weight, self.eps);
        Matrix::new(rows, cols, heads.data)
    }
}
