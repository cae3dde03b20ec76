//! One transformer block, with taps at the inputs of its linears.

use std::sync::Arc;

use crate::attention::{Heads, Sequences, Span, attend};
use crate::cache::LayerCache;
use crate::rope::Rope;
use crate::{Gated, GroupKind, Linear, LinearGroup, Matrix, Mlp, Weight, kernel};

/// Sees the inputs of linears while a block runs.
pub trait Tap {
    /// `rows` `[m, in]` is the input of the group whose first linear is called `linear`.
    fn input(&mut self, linear: &str, rows: &Matrix);
}

/// Looks at nothing.
impl Tap for () {
    fn input(&mut self, _: &str, _: &Matrix) {}
}

/// The norms of each query head and each key head, before their rotation.
#[derive(Debug, Clone)]
pub struct HeadNorms {
    /// `[head_dim]`
    pub q: Vec<f32>,
    /// `[head_dim]`
    pub k: Vec<f32>,
}

/// A pre-norm block: attention and a gated product, each added to the residual stream.
#[derive(Debug, Clone)]
pub struct Block {
    /// `[hidden]`, the norm before attention.
    pub attention_norm: Vec<f32>,
    /// Its tensor's name: `model.layers.0.input_layernorm.weight`.
    pub attention_norm_name: String,
    /// `[heads * head_dim, hidden]`
    pub q: Linear,
    /// `[kv_heads * head_dim, hidden]`
    pub k: Linear,
    /// `[kv_heads * head_dim, hidden]`
    pub v: Linear,
    /// `[hidden, heads * head_dim]`
    pub o: Linear,
    /// In architectures that have them.
    pub head_norms: Option<HeadNorms>,
    /// `[hidden]`, the norm before the feed-forward part.
    pub mlp_norm: Vec<f32>,
    /// Its tensor's name.
    pub mlp_norm_name: String,
    /// What follows attention.
    pub mlp: Mlp,
    pub(crate) heads: Heads,
    pub(crate) rope: Arc<Rope>,
    pub(crate) eps: f32,
}

impl Block {
    /// Runs whole sequences: `hidden` `[m, hidden]` to `[m, hidden]`.
    ///
    /// # Panics
    /// Where `hidden` has not as many rows as `sequences`: a mistake of the caller, never of a file.
    pub fn forward(&self, hidden: Matrix, sequences: &Sequences, tap: &mut dyn Tap) -> Matrix {
        let mut caches = self.caches(sequences);
        self.run(hidden, sequences, &mut caches.iter_mut().collect::<Vec<_>>(), tap)
    }

    /// Runs rows that continue cached sequences, and adds them to the caches.
    pub(crate) fn run(
        &self,
        mut hidden: Matrix,
        sequences: &Sequences,
        caches: &mut [&mut LayerCache],
        tap: &mut dyn Tap,
    ) -> Matrix {
        let x = self.qkv_input(&hidden);
        tap.input(&self.q.name, &x);
        let x = self.attend(&x, sequences, caches);
        tap.input(&self.o.name, &x);
        hidden.add(&self.o.forward(&x));
        let x = self.gate_up_input(&hidden);
        if let (None, [only]) = (&self.mlp.router, &self.mlp.experts[..]) {
            hidden.add(&expert(only, &x, tap));
            return hidden;
        }
        for (gated, route) in self.mlp.experts.iter().zip(self.mlp.routes(&x)) {
            if !route.rows.is_empty() {
                route.scatter_add(&expert(gated, &route.gather(&x), tap), &mut hidden);
            }
        }
        hidden
    }

    /// What the queries, keys and values are made of: the normed residual stream, `[m, hidden]`.
    pub fn qkv_input(&self, hidden: &Matrix) -> Matrix {
        rms_norm(hidden, &self.attention_norm, self.eps)
    }

    /// What goes into the attention's output linear, `[m, heads * head_dim]`, for whole sequences whose
    /// [`Block::qkv_input`] is `x`.
    ///
    /// # Panics
    /// Where `x` has not as many rows as `sequences`: a mistake of the caller, never of a file.
    pub fn output_input(&self, x: &Matrix, sequences: &Sequences) -> Matrix {
        let mut caches = self.caches(sequences);
        self.attend(x, sequences, &mut caches.iter_mut().collect::<Vec<_>>())
    }

    /// What gate and up are made of: the normed residual stream after attention, `[m, hidden]`.
    pub fn gate_up_input(&self, hidden: &Matrix) -> Matrix {
        rms_norm(hidden, &self.mlp_norm, self.eps)
    }

    /// Caches with room for whole sequences.
    fn caches(&self, sequences: &Sequences) -> Vec<LayerCache> {
        let room = |span: &Span| {
            LayerCache::new(self.heads.keys, self.heads.dim, span.start + span.rows.len(), self.heads.kv_bits)
        };
        sequences.spans.iter().map(room).collect()
    }

    fn attend(&self, x: &Matrix, sequences: &Sequences, caches: &mut [&mut LayerCache]) -> Matrix {
        assert_eq!(x.rows, sequences.rows(), "rows of the sequences");
        self.attend_to((self.q.forward(x), self.k.forward(x), self.v.forward(x)), sequences, caches)
    }

    /// What goes into the attention's output linear, `[m, heads * head_dim]`, given the queries, keys and values of whole
    /// sequences, `[m, heads * head_dim]`, `[m, kv_heads * head_dim]` twice.
    ///
    /// # Panics
    /// Where there are not as many rows as `sequences` has: a mistake of the caller, never of a file.
    pub fn attention(&self, q: Matrix, k: Matrix, v: Matrix, sequences: &Sequences) -> Matrix {
        assert_eq!(q.rows, sequences.rows(), "rows of the sequences");
        let mut caches = self.caches(sequences);
        self.attend_to((q, k, v), sequences, &mut caches.iter_mut().collect::<Vec<_>>())
    }

    fn attend_to(
        &self,
        (mut q, mut k, v): (Matrix, Matrix, Matrix),
        sequences: &Sequences,
        caches: &mut [&mut LayerCache],
    ) -> Matrix {
        if let Some(norms) = &self.head_norms {
            q = self.norm_heads(q, &norms.q);
            k = self.norm_heads(k, &norms.k);
        }
        let angles = sequences.angles(&self.rope);
        for row in 0..q.rows {
            angles.turn(row, q.row_mut(row), self.heads.dim);
            angles.turn(row, k.row_mut(row), self.heads.dim);
        }
        for (span, cache) in sequences.spans.iter().zip(caches.iter_mut()) {
            for (at, row) in span.rows.clone().enumerate() {
                cache.put(span.start + at, k.row(row), v.row(row));
            }
        }
        attend(&q, &sequences.spans, caches, self.heads)
    }

    /// RMSNorm of every head by itself, `[m, heads * head_dim]`.
    fn norm_heads(&self, x: Matrix, weight: &[f32]) -> Matrix {
        let (rows, cols, dim) = (x.rows, x.cols, self.heads.dim);
        let heads = rms_norm(&Matrix::new(rows * cols / dim, dim, x.data), weight, self.eps);
        Matrix::new(rows, cols, heads.data)
    }

    /// The linears that share an input, in the order in which the block runs them: q, k, v; o; then gate, up and down of
    /// each expert.
    pub fn linear_groups(&self) -> Vec<LinearGroup> {
        let group = |kind, expert, linears: &[&Linear]| LinearGroup {
            kind,
            expert,
            linears: linears.iter().map(|linear| linear.name.clone()).collect(),
        };
        let mut groups =
            vec![group(GroupKind::Qkv, 0, &[&self.q, &self.k, &self.v]), group(GroupKind::Output, 0, &[&self.o])];
        for (at, expert) in self.mlp.experts.iter().enumerate() {
            groups.push(group(GroupKind::GateUp, at, &[&expert.gate, &expert.up]));
            groups.push(group(GroupKind::Down, at, &[&expert.down]));
        }
        groups
    }

    /// All linears that compression changes, in the order of the groups.
    pub fn linears(&self) -> Vec<&Linear> {
        let experts = self.mlp.experts.iter().flat_map(|expert| [&expert.gate, &expert.up, &expert.down]);
        [&self.q, &self.k, &self.v, &self.o].into_iter().chain(experts).collect()
    }

    /// Rounds neither inputs nor the cache any more: what is left is what the weights compute.
    pub fn without_rounding(&mut self) {
        self.heads.kv_bits = None;
        self.linears_mut().for_each(|linear| linear.activation = None);
    }

    /// All linears that compression changes, to change.
    pub(crate) fn linears_mut(&mut self) -> impl Iterator<Item = &mut Linear> {
        let experts =
            self.mlp.experts.iter_mut().flat_map(|expert| [&mut expert.gate, &mut expert.up, &mut expert.down]);
        [&mut self.q, &mut self.k, &mut self.v, &mut self.o].into_iter().chain(experts)
    }

    /// The same block, its weights in the form that products are fastest with.
    pub(crate) fn for_products(mut self) -> Self {
        for linear in self.linears_mut() {
            let weight = std::mem::replace(&mut linear.weight, Weight::F32(Matrix::default()));
            linear.weight = weight.for_products();
        }
        self
    }

    /// The linear of this full name.
    pub fn linear(&self, name: &str) -> Option<&Linear> {
        self.linears().into_iter().find(|linear| linear.name == name)
    }

    /// The linear of this full name, to change.
    pub fn linear_mut(&mut self, name: &str) -> Option<&mut Linear> {
        self.linears_mut().find(|linear| linear.name == name)
    }
}

/// Runs one expert over its rows.
fn expert(gated: &Gated, x: &Matrix, tap: &mut dyn Tap) -> Matrix {
    tap.input(&gated.gate.name, x);
    let x = gated.hidden(x);
    tap.input(&gated.down.name, &x);
    gated.down.forward(&x)
}

/// RMSNorm (Zhang and Sennrich 2019): `x / sqrt(mean(x^2) + eps) * weight`, row by row.
pub(crate) fn rms_norm(x: &Matrix, weight: &[f32], eps: f32) -> Matrix {
    let mut y = Matrix::zeros(x.rows, x.cols);
    for row in 0..x.rows {
        let (x, y) = (x.row(row), y.row_mut(row));
        let mut square = [0.0];
        kernel::rows_by_rows(x, x, x.len(), &mut square, 1);
        let scale = 1.0 / (square[0] / x.len() as f32 + eps).sqrt();
        y.iter_mut().zip(x).zip(weight).for_each(|((y, x), w)| *y = x * scale * w);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_by_hand() {
        let y = rms_norm(&Matrix::new(1, 2, vec![3.0, 4.0]), &[1.0, 2.0], 0.0);
        let rms = 12.5f32.sqrt();
        assert!((y.data[0] - 3.0 / rms).abs() < 1e-6 && (y.data[1] - 8.0 / rms).abs() < 1e-6);
    }
}
