//! A linear layer, and which linears share an input.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Activation, Matrix, Weight, kernel};

/// `y = x W^T + b`.
#[derive(Debug, Clone)]
pub struct Linear {
    /// The weight's name without `.weight`: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// `[out, in]`
    pub weight: Weight,
    /// `[out]`
    pub bias: Option<Vec<f32>>,
    /// How inputs are rounded, where they are.
    pub activation: Option<Activation>,
}

impl Linear {
    /// `x` `[m, in]` gives `[m, out]`; a row of the result depends only on that row of `x`, bit for bit.
    ///
    /// ```
    /// use model::{Linear, Matrix, Weight};
    /// let weight = Weight::F32(Matrix::new(2, 2, vec![1.0, 2.0, 0.0, -1.0]));
    /// let linear = Linear { name: "l".into(), weight, bias: Some(vec![0.5, 0.0]), activation: None };
    /// assert_eq!(linear.forward(&Matrix::new(1, 2, vec![3.0, 4.0])).data, [11.5, -4.0]);
    /// ```
    pub fn forward(&self, x: &Matrix) -> Matrix {
        let x = self.activation.as_ref().map_or(Cow::Borrowed(x), |activation| Cow::Owned(activation.round(x)));
        let mut y = kernel::matmul(&x, &self.weight);
        if let Some(bias) = &self.bias {
            for row in y.data.chunks_exact_mut(bias.len().max(1)) {
                row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
            }
        }
        y
    }

    /// The same linear, its weight in the form that products are fastest with.
    pub(crate) fn for_products(self) -> Self {
        Self { weight: self.weight.for_products(), ..self }
    }

    /// Output channels.
    pub fn out_features(&self) -> usize {
        self.weight.shape().0
    }

    /// Input channels.
    pub fn in_features(&self) -> usize {
        self.weight.shape().1
    }
}

/// What the linears of a group compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// Queries, keys and values; their input is the first norm's output.
    Qkv,
    /// The attention's output; its input is made by the values.
    Output,
    /// Gate and up; their input is the second norm's output.
    GateUp,
    /// Down; its input is the gated product that up makes.
    Down,
}

impl GroupKind {
    /// All kinds, in the order in which a block runs them.
    pub const ALL: [GroupKind; 4] = [GroupKind::Qkv, GroupKind::Output, GroupKind::GateUp, GroupKind::Down];
}

/// Linears of a block that share one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group {
    /// What they compute.
    pub kind: GroupKind,
    /// The expert that they belong to; 0 in a dense block, and in attention.
    pub expert: usize,
}

impl Group {
    /// The group whose products the input of this one is made of; none where that is the residual stream.
    pub fn made_of(self) -> Option<Self> {
        match self.kind {
            GroupKind::Qkv | GroupKind::GateUp => None,
            GroupKind::Output => Some(Self { kind: GroupKind::Qkv, ..self }),
            GroupKind::Down => Some(Self { kind: GroupKind::GateUp, ..self }),
        }
    }
}

/// What some rows of a linear compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Queries, head by head.
    Query,
    /// Keys, head by head.
    Key,
    /// Values, head by head.
    Value,
    /// The attention's output.
    Output,
    /// What passes through the activation.
    Gate,
    /// What that is multiplied with.
    Up,
    /// What the product becomes.
    Down,
}

impl Part {
    /// All parts, in the order in which a block needs them.
    pub const ALL: [Part; 7] = [Part::Query, Part::Key, Part::Value, Part::Output, Part::Gate, Part::Up, Part::Down];

    /// The group whose linears compute it.
    pub fn group(self) -> GroupKind {
        match self {
            Self::Query | Self::Key | Self::Value => GroupKind::Qkv,
            Self::Output => GroupKind::Output,
            Self::Gate | Self::Up => GroupKind::GateUp,
            Self::Down => GroupKind::Down,
        }
    }
}

/// The linears of a group, and what their rows are: a tensor may hold several parts.
#[derive(Debug, Clone)]
pub(crate) struct Linears {
    pub group: Group,
    /// In the order of the architecture.
    pub linears: Vec<Linear>,
    /// The parts in their order: which linear holds each, and in which rows.
    pub parts: Vec<(Part, usize, Range<usize>)>,
}

impl Linears {
    /// The products of the linears, one a part.
    pub fn split(&self, products: Vec<Matrix>) -> Vec<Matrix> {
        if products.len() == self.parts.len() {
            return products;
        }
        self.parts.iter().map(|(_, linear, rows)| products[*linear].slice_cols(rows.clone())).collect()
    }
}
