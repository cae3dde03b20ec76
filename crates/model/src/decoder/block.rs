//! One transformer block: its weights. [`crate::Flow`] is the way through it.

use std::ops::Range;
use std::sync::Arc;

use crate::decoder::attention::Heads;
use crate::decoder::linear::Linears;
use crate::decoder::rope::Rope;
use crate::{Group, GroupKind, Linear, Matrix, Part, Router, Weight, kernel};

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
    /// In architectures that have them.
    pub head_norms: Option<HeadNorms>,
    /// `[hidden]`, the norm before the feed-forward part.
    pub mlp_norm: Vec<f32>,
    /// Its tensor's name.
    pub mlp_norm_name: String,
    /// Chooses experts, in architectures that have several.
    pub router: Option<Router>,
    /// The linears, in the order in which their groups run; those of one expert follow those of another.
    pub(crate) groups: Vec<Linears>,
    /// Groups of one expert.
    pub(crate) each: usize,
    pub(crate) heads: Heads,
    /// None where positions are not told apart.
    pub(crate) rope: Option<Arc<Rope>>,
    pub(crate) eps: f32,
}

impl Block {
    /// The groups, in the order in which they run.
    pub fn groups(&self) -> impl Iterator<Item = Group> + use<> {
        let groups: Vec<Group> = self.groups.iter().map(|linears| linears.group).collect();
        groups.into_iter()
    }

    /// The linears of a group.
    pub fn linears_of(&self, group: Group) -> &[Linear] {
        &self.of(group).linears
    }

    pub(crate) fn of(&self, group: Group) -> &Linears {
        &self.groups[self.position(group.kind, group.expert)]
    }

    /// Where a group stands. Every block has every kind.
    fn position(&self, kind: GroupKind, expert: usize) -> usize {
        let first = self.groups.iter().position(|linears| linears.group.kind == kind).unwrap_or(0);
        first + expert * self.each
    }

    /// Experts of a block; 1 in a dense one.
    pub fn experts(&self) -> usize {
        self.groups.last().map_or(1, |last| last.group.expert + 1)
    }

    /// The linear that computes a part, of an expert where there are several, and which of its rows do.
    pub fn part(&self, part: Part, expert: usize) -> Option<(&Linear, Range<usize>)> {
        let linears = self.groups.get(self.position(part.group(), expert))?;
        let (_, linear, rows) = linears.parts.iter().find(|(other, ..)| *other == part)?;
        Some((&linears.linears[*linear], rows.clone()))
    }

    /// The same, to change.
    pub fn part_mut(&mut self, part: Part, expert: usize) -> Option<(&mut Linear, Range<usize>)> {
        let at = self.position(part.group(), expert);
        let linears = self.groups.get_mut(at)?;
        let (_, linear, rows) = linears.parts.iter().find(|(other, ..)| *other == part)?;
        Some((&mut linears.linears[*linear], rows.clone()))
    }

    /// The same block with some kinds of its groups as `other` has them, and with the norms and the router before them. Both
    /// are of one architecture.
    pub fn with(&self, other: &Block, kinds: &[GroupKind]) -> Block {
        let mut mixed = self.clone();
        for (own, theirs) in mixed.groups.iter_mut().zip(&other.groups) {
            if kinds.contains(&own.group.kind) {
                own.linears.clone_from(&theirs.linears);
                own.parts.clone_from(&theirs.parts);
            }
        }
        if kinds.contains(&GroupKind::Qkv) {
            mixed.attention_norm.clone_from(&other.attention_norm);
            mixed.head_norms.clone_from(&other.head_norms);
        }
        if kinds.contains(&GroupKind::GateUp) {
            mixed.mlp_norm.clone_from(&other.mlp_norm);
            mixed.router.clone_from(&other.router);
        }
        mixed
    }

    /// All linears that compression changes, in the order of the groups.
    pub fn linears(&self) -> Vec<&Linear> {
        self.groups.iter().flat_map(|linears| &linears.linears).collect()
    }

    /// Rounds neither inputs nor the cache any more: what is left is what the weights compute.
    pub fn without_rounding(&mut self) {
        self.heads.kv_bits = None;
        self.linears_mut().for_each(|linear| linear.activation = None);
    }

    /// All linears that compression changes, to change.
    pub(crate) fn linears_mut(&mut self) -> impl Iterator<Item = &mut Linear> {
        self.groups.iter_mut().flat_map(|linears| &mut linears.linears)
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
