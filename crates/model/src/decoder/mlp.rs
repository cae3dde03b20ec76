//! The feed-forward part of a block: one gated product, or several experts that a router chooses from.

use crate::{Linear, Matrix, kernel};

/// Chooses the experts of each row: the `top_k` most likely of a softmax over all of them.
#[derive(Debug, Clone)]
pub struct Router {
    /// `[experts, hidden]`; never compressed.
    pub gate: Linear,
    /// Experts that see a row, from 1 to their number.
    pub top_k: usize,
    /// Whether the weights of the chosen sum to 1.
    pub normalize: bool,
}

/// The rows that one expert sees.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Route {
    /// In rising order.
    pub rows: Vec<usize>,
    /// What the expert's output counts in each of them.
    pub weights: Vec<f32>,
}

impl Route {
    /// Adds an expert's outputs `[rows, hidden]`, weighted, to the rows of `sum`.
    pub fn scatter_add(&self, outputs: &Matrix, sum: &mut Matrix) {
        for (at, (&row, &weight)) in self.rows.iter().zip(&self.weights).enumerate() {
            sum.row_mut(row).iter_mut().zip(outputs.row(at)).for_each(|(sum, y)| *sum += weight * y);
        }
    }

    /// The rows of `x` that the expert sees.
    pub fn gather(&self, x: &Matrix) -> Matrix {
        let mut rows = Matrix::zeros(self.rows.len(), x.cols);
        self.rows.iter().enumerate().for_each(|(at, &row)| rows.row_mut(at).copy_from_slice(x.row(row)));
        rows
    }
}

/// `silu(gate) * up`, each `[m, intermediate]`.
pub(crate) fn gated(mut gate: Matrix, up: &Matrix) -> Matrix {
    kernel::silu_times(&mut gate.data, &up.data);
    gate
}

impl Router {
    /// Which rows of `x` `[m, hidden]` each expert sees. A row's experts depend on that row alone.
    pub fn routes(&self, x: &Matrix) -> Vec<Route> {
        let mut routes = vec![Route::default(); self.gate.out_features()];
        let mut scores = self.gate.forward(x);
        for row in 0..x.rows {
            for (expert, weight) in self.choose(scores.row_mut(row)) {
                routes[expert].rows.push(row);
                routes[expert].weights.push(weight);
            }
        }
        routes
    }

    /// The chosen experts of one row and what they count; of equal ones, the first.
    fn choose(&self, scores: &mut [f32]) -> Vec<(usize, f32)> {
        kernel::softmax(scores);
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.truncate(self.top_k);
        let sum: f32 = if self.normalize { order.iter().map(|&expert| scores[expert]).sum() } else { 1.0 };
        order.into_iter().map(|expert| (expert, scores[expert] / sum)).collect()
    }
}
