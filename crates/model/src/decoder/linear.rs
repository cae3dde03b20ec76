//! A linear layer, and which linears share an input.

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
        let mut y = Matrix::zeros(x.rows, self.out_features());
        self.forward_over(x, &mut y);
        y
    }

    /// [`Linear::forward`], written over `y` `[m, out]`.
    pub(crate) fn forward_over(&self, x: &Matrix, y: &mut Matrix) {
        product_over(x, self.activation.as_ref(), &self.weight, y);
        if let Some(bias) = &self.bias {
            for row in y.data.chunks_exact_mut(bias.len().max(1)) {
                row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
            }
        }
    }

    /// The same linear, its weight in the form that products are fastest with.
    pub(crate) fn for_products(self) -> Self {
        Self { weight: self.weight.for_products(self.activation.as_ref()), ..self }
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

/// `x w^T` of inputs `[m, in]` that are rounded like this, written over `y` `[m, out]`.
pub(crate) fn product_over(x: &Matrix, inputs: Option<&Activation>, w: &Weight, y: &mut Matrix) {
    match (inputs, w) {
        (Some(inputs), Weight::Strips(strips)) if inputs.whole_run().is_some_and(|run| strips.takes(run)) => {
            kernel::whole_product(&inputs.whole(x), strips, y);
        }
        (Some(Activation::Bf16), Weight::Half(half)) if kernel::is_of_pairs(half) => {
            kernel::product_of_pairs(&kernel::Pairs::of(x), half, y);
        }
        (Some(inputs), w) => kernel::matmul_over(&inputs.round(x), w, y),
        (None, w) => kernel::matmul_over(x, w, y),
    }
}

/// What the linears of a group compute. The order is that in which a block runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// Queries, keys and values, or the latents that these are made of; their input is the stream, normed where a block
    /// norms it first.
    Qkv,
    /// Queries of their latent; its norm is their input.
    Queries,
    /// Keys and values of their latent; its norm is their input.
    KeysValues,
    /// The attention's output; its input is made by the values.
    Output,
    /// Gate and up; their input is the stream, normed where a block norms it first.
    GateUp,
    /// Down; its input is the gated product that up makes.
    Down,
}

impl GroupKind {
    /// All kinds, in the order in which a block runs them.
    pub const ALL: [Self; 6] = [Self::Qkv, Self::Queries, Self::KeysValues, Self::Output, Self::GateUp, Self::Down];
    /// Those of attention.
    pub const ATTENTION: &'static [Self] = &[Self::Qkv, Self::Queries, Self::KeysValues, Self::Output];
    /// Those of the feed-forward part.
    pub const MLP: &'static [Self] = &[Self::GateUp, Self::Down];
}

/// Linears of a block that share one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group {
    /// What they compute.
    pub kind: GroupKind,
    /// The expert that they belong to; 0 in a dense block, and in attention. The one that sees every row comes last.
    pub expert: usize,
}

impl Group {
    /// Whether the input of a group is made of what this one gives: both are of attention, or of one expert.
    pub(crate) fn leads_to(self, later: Self) -> bool {
        let attention = |group: Self| group.kind <= GroupKind::Output;
        self.kind < later.kind && self.expert == later.expert && attention(self) == attention(later)
    }
}

/// What some rows of a linear compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Queries, head by head.
    Query,
    /// Keys, head by head; where there are latents, the numbers of them that do not turn.
    Key,
    /// Values, head by head.
    Value,
    /// What queries are made of.
    QueryLatent,
    /// What keys and values are made of.
    KeyValueLatent,
    /// The numbers of keys that turn, one run for all heads.
    TurnedKey,
    /// The attention's output.
    Output,
    /// What passes through the activation.
    Gate,
    /// What that is multiplied with.
    Up,
    /// What the product becomes.
    Down,
}

/// Rows of a linear that compute one part: runs of neighbors, equally far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The first row.
    pub start: usize,
    /// Rows of a run.
    pub run: usize,
    /// From the beginning of a run to that of the next.
    pub stride: usize,
    /// Runs.
    pub count: usize,
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.run * self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The runs in order.
    fn runs(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count).map(move |at| self.start + at * self.stride).map(move |from| from..from + self.run)
    }

    /// The rows in the order of the part.
    ///
    /// ```
    /// let rows = model::Rows { start: 2, run: 2, stride: 5, count: 2 };
    /// assert!(rows.iter().eq([2, 3, 7, 8]));
    /// ```
    pub fn iter(self) -> impl Iterator<Item = usize> {
        self.runs().flatten()
    }

    /// The columns of a product that these rows gave.
    fn of(self, product: &Matrix) -> Matrix {
        if self.count == 1 {
            return product.slice_cols(self.start..self.start + self.run);
        }
        let mut data = Vec::with_capacity(product.rows * self.len());
        for row in 0..product.rows {
            let row = product.row(row);
            self.runs().for_each(|run| data.extend_from_slice(&row[run]));
        }
        Matrix::new(product.rows, self.len(), data)
    }
}

/// Which rows of which linear compute a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub part: Part,
    /// Which linear of the group.
    pub linear: usize,
    pub rows: Rows,
}

/// The linears of a group, and what their rows are: a tensor may hold several parts.
#[derive(Debug, Clone)]
pub(crate) struct Linears {
    pub group: Group,
    /// In the order of the architecture.
    pub linears: Vec<Linear>,
    /// The parts in their order.
    pub parts: Vec<Place>,
}

impl Linears {
    /// The products of the linears, one a part.
    pub fn split(&self, products: Vec<Matrix>) -> Vec<(Part, Matrix)> {
        if products.len() == self.parts.len() {
            return self.parts.iter().map(|place| place.part).zip(products).collect();
        }
        self.parts.iter().map(|place| (place.part, place.rows.of(&products[place.linear]))).collect()
    }
}
