//! What a method sees and changes: the linears that share one input, and what made that input.

use model::GroupKind;

use crate::Matrix;
use crate::grid::FloatType;
use crate::quantized::QuantizedWeight;

/// One linear of a group.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// Its weight `[out, in]`; a method leaves here what the compressed layer computes with.
    pub weight: Matrix,
    /// Its bias `[out]`; a method that divides its outputs divides it too.
    pub bias: Option<Vec<f32>>,
    /// What the checkpoint stores weights as.
    pub stored: FloatType,
    /// What the format that is written stores scales as.
    pub scales: FloatType,
    /// Whether an earlier method of the list chose weights that must stay zero.
    pub pruned: bool,
    /// The integers behind `weight`, once quantized.
    pub quantized: Option<QuantizedWeight>,
}

impl Target {
    /// Puts the quantized weight in place of the other.
    pub fn put(&mut self, quantized: QuantizedWeight) {
        self.weight = quantized.dequantize();
        self.quantized = Some(quantized);
    }
}

/// The linears of a block that share one input, in the order of the architecture: q, k, v; o; gate, up; down.
#[derive(Debug, Clone)]
pub struct LinearGroup {
    /// What they compute.
    pub kind: GroupKind,
    /// The expert that they belong to; 0 in a dense block.
    pub expert: usize,
    /// The linears, at least one.
    pub linears: Vec<Target>,
}

/// What a method says of one linear after it changed it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The method's own loss, where it has one.
    pub loss: Option<f64>,
    /// Share of the mean diagonal added to the Hessian, where one was used.
    pub damping: Option<f64>,
    /// Condition of the damped Hessian, from below: the squared ratio of the outermost pivots of its factor.
    pub condition: Option<f64>,
    /// What was done instead of the method, where it could not be: `rounded to nearest`.
    pub fallback: Option<String>,
    /// What a person should know of this layer.
    pub warning: Option<String>,
}

impl Report {
    /// What is known after a second method went over the same linear.
    pub(crate) fn then(self, next: Self) -> Self {
        let warning = match (self.warning, next.warning) {
            (Some(a), Some(b)) => Some(format!("{a}; {b}")),
            (a, b) => a.or(b),
        };
        Self {
            loss: next.loss.or(self.loss),
            damping: next.damping.or(self.damping),
            condition: next.condition.or(self.condition),
            fallback: next.fallback.or(self.fallback),
            warning,
        }
    }
}
