//! What becomes of gate and up before down takes it.

use crate::{Matrix, kernel};

/// How gate and up become one product.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Gating {
    /// `silu(gate) * up`
    #[default]
    Silu,
    /// `gelu(gate) * up` by the formula with a hyperbolic tangent.
    GeluTanh,
    /// `gelu(gate) * up` by the error function.
    Gelu,
    /// `(up + 1) * g * sigmoid(alpha * g)`, gate cut above `limit` and up beyond it on both sides (gpt-oss).
    Clamped {
        /// Where they are cut.
        limit: f32,
        /// How steep the sigmoid is.
        alpha: f32,
    },
}

impl Gating {
    /// The product of gate and up, each `[m, intermediate]`.
    pub(crate) fn apply(self, mut gate: Matrix, up: &Matrix) -> Matrix {
        match self {
            Self::Silu => kernel::silu_times(&mut gate.data, &up.data),
            Self::GeluTanh => kernel::gelu_tanh_times(&mut gate.data, &up.data),
            Self::Gelu => {
                kernel::gelu(&mut gate.data);
                gate.data.iter_mut().zip(&up.data).for_each(|(gate, up)| *gate *= up);
            }
            Self::Clamped { limit, alpha } => kernel::clamped_times(&mut gate.data, &up.data, limit, alpha),
        }
        gate
    }

    /// Whether a multiple of up gives as large a multiple of the product.
    pub fn is_linear_in_up(self) -> bool {
        !matches!(self, Self::Clamped { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_the_formula() {
        let values = [-30.0f32, -3.0, -0.7, 0.0, 0.3, 1.0, 4.0, 50.0];
        let ups = [0.5f32, -2.0, 9.0, 1.0, -9.0, 0.25, 3.0, -1.0];
        let [gate, up] = [values, ups].map(|all| Matrix::new(1, 8, all.to_vec()));
        let wide = |x: f32| f64::from(x);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let tanh =
            |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
        let cut = Gating::Clamped { limit: 3.5, alpha: 1.702 };
        for at in 0..8 {
            let (g, u) = (wide(values[at]), wide(ups[at]));
            let (low, high) = (g.min(3.5), u.clamp(-3.5, 3.5));
            for (gating, expected) in [
                (Gating::Silu, g * sigmoid(g) * u),
                (Gating::GeluTanh, tanh(g) * u),
                (cut, (high + 1.0) * low * sigmoid(1.702 * low)),
            ] {
                let found = wide(gating.apply(gate.clone(), &up).data[at]);
                assert!((found - expected).abs() < 2e-6 * (1.0 + expected.abs()), "{gating:?} {g}: {found} {expected}");
            }
            let off =
                Gating::Gelu.apply(gate.clone(), &up).data[at] - Gating::GeluTanh.apply(gate.clone(), &up).data[at];
            assert!(off.abs() < 5e-3);
        }
        assert!(Gating::Gelu.is_linear_in_up() && !cut.is_linear_in_up());
    }
}
