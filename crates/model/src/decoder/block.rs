//! One transformer block: its weights and settings. [`crate::Flow`] is the way through it.

use std::sync::Arc;

use crate::decoder::attention::Heads;
use crate::decoder::linear::Linears;
use crate::decoder::rope::Rope;
use crate::{Gating, Group, GroupKind, Linear, Matrix, Part, Router, Rows, Weight, kernel};

/// A norm, and how it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Norm {
    /// Its tensor's name: `model.layers.0.input_layernorm.weight`.
    pub name: String,
    /// What normed numbers are multiplied by, one for each.
    pub weight: Vec<f32>,
    /// How much less the file has.
    pub less: f32,
}

impl Norm {
    /// RMSNorm of rows, or of equal parts of rows as wide as the weight.
    pub(crate) fn of(&self, x: Matrix, eps: f32) -> Matrix {
        let (rows, cols, width) = (x.rows, x.cols, self.weight.len().max(1));
        let parts = rms_norm(&Matrix::new(rows * cols / width, width, x.data), &self.weight, eps);
        Matrix::new(rows, cols, parts.data)
    }
}

/// The norms of queries and of keys before their rotation: of each head, or of all heads together, as wide as they are.
#[derive(Debug, Clone)]
pub struct HeadNorms {
    /// Of queries.
    pub q: Norm,
    /// Of keys.
    pub k: Norm,
}

/// A block: attention and a gated product, each added to the residual stream.
#[derive(Debug, Clone)]
pub struct Block {
    /// `[hidden]`, the norm before attention, where there is one.
    pub attention_norm: Option<Norm>,
    /// `[hidden]`, the norm of what attention gives, where there is one.
    pub attention_post_norm: Option<Norm>,
    /// Of queries and keys, where there are some.
    pub head_norms: Option<HeadNorms>,
    /// Of the queries' latent, and of that of keys and values, where there are such.
    pub latent_norms: [Option<Norm>; 2],
    /// `[hidden]`, the norm before the feed-forward part, where there is one.
    pub mlp_norm: Option<Norm>,
    /// `[hidden]`, the norm of what that gives, where there is one.
    pub mlp_post_norm: Option<Norm>,
    /// Chooses experts, in blocks that have several.
    pub router: Option<Router>,
    /// What becomes of gate and up.
    pub gating: Gating,
    /// The linears, in the order in which their groups run; those of one expert follow those of another.
    pub(crate) groups: Vec<Linears>,
    /// Groups of one expert.
    pub(crate) each: usize,
    pub(crate) heads: Heads,
    /// `[heads]`: scores of nothing, where there are some.
    pub(crate) sinks: Option<Vec<f32>>,
    /// None where positions are not told apart.
    pub(crate) rope: Option<Arc<Rope>>,
    /// What each part counts in the residual stream.
    pub(crate) residual: f32,
    pub(crate) eps: f32,
}

/// The norms of latents have this, whatever the others have.
pub(crate) const LATENT_EPS: f32 = 1e-6;

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

    /// The groups whose products the input of a group is made of, in order; none where that is the residual stream.
    pub fn before(&self, group: Group) -> impl Iterator<Item = Group> + use<> {
        self.groups().filter(move |earlier| earlier.leads_to(group))
    }

    /// The linear that computes a part, of an expert where there are several, and which of its rows do.
    pub fn part(&self, part: Part, expert: usize) -> Option<(&Linear, Rows)> {
        let (at, linear, rows) = self.place(part, expert)?;
        Some((&self.groups[at].linears[linear], rows))
    }

    /// The same, to change.
    pub fn part_mut(&mut self, part: Part, expert: usize) -> Option<(&mut Linear, Rows)> {
        let (at, linear, rows) = self.place(part, expert)?;
        Some((&mut self.groups[at].linears[linear], rows))
    }

    /// The group, the linear of it, and its rows.
    fn place(&self, part: Part, expert: usize) -> Option<(usize, usize, Rows)> {
        let groups = self.groups.iter().enumerate().filter(|(_, linears)| linears.group.expert == expert);
        let mut places = groups.flat_map(|(at, linears)| linears.parts.iter().map(move |place| (at, place)));
        let (at, place) = places.find(|(_, place)| place.part == part)?;
        Some((at, place.linear, place.rows))
    }

    /// The norm that makes the input of the groups of a kind, where one does.
    pub fn norm_before(&self, kind: GroupKind) -> Option<&Norm> {
        match kind {
            GroupKind::Qkv => self.attention_norm.as_ref(),
            GroupKind::Queries => self.latent_norms[0].as_ref(),
            GroupKind::KeysValues => self.latent_norms[1].as_ref(),
            GroupKind::GateUp => self.mlp_norm.as_ref(),
            GroupKind::Output | GroupKind::Down => None,
        }
    }

    /// The same, to change.
    pub fn norm_before_mut(&mut self, kind: GroupKind) -> Option<&mut Norm> {
        match kind {
            GroupKind::Qkv => self.attention_norm.as_mut(),
            GroupKind::Queries => self.latent_norms[0].as_mut(),
            GroupKind::KeysValues => self.latent_norms[1].as_mut(),
            GroupKind::GateUp => self.mlp_norm.as_mut(),
            GroupKind::Output | GroupKind::Down => None,
        }
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
        for &kind in kinds {
            if let (Some(own), Some(theirs)) = (mixed.norm_before_mut(kind), other.norm_before(kind)) {
                own.clone_from(theirs);
            }
        }
        if kinds.contains(&GroupKind::Qkv) {
            mixed.head_norms.clone_from(&other.head_norms);
        }
        if kinds.contains(&GroupKind::GateUp) {
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
            linear.weight = weight.for_products(linear.activation.as_ref());
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
