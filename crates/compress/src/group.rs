//! What a method sees and changes: the linears that share one input, and what made that input.

use model::GroupKind;

use crate::Matrix;
use crate::grid::{FloatType, Grid};
use crate::overrides::Width;
use crate::quantized::QuantizedWeight;

/// One linear of a group.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// Where it stands in its group, from 0.
    pub position: usize,
    /// What is done to it instead of what the recipe says; a method is never shown one that is left as it is.
    pub width: Option<Width>,
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
    /// A method's grid with the scales and the width that this linear has.
    pub fn grid(&self, grid: Grid) -> Grid {
        let bits = match self.width {
            Some(Width::Bits(bits)) => bits,
            Some(Width::Dense) | None => grid.bits,
        };
        Grid { bits, scale_type: self.scales, ..grid }
    }

    fn is_dense(&self) -> bool {
        self.width == Some(Width::Dense)
    }

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

impl LinearGroup {
    /// Does something to the linears that are not left as they are, if there are any; what it gives.
    pub(crate) fn changed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let all = std::mem::take(&mut self.linears);
        let (dense, changed): (Vec<_>, Vec<_>) = all.into_iter().partition(Target::is_dense);
        self.linears = changed;
        let done = (!self.linears.is_empty()).then(|| work(self));
        self.linears.extend(dense);
        self.linears.sort_by_key(|linear| linear.position);
        done
    }

    /// One of these for each linear that is not left as it is, in their order, and the default for the others.
    pub(crate) fn spread<T: Default>(&self, of_changed: Vec<T>) -> Vec<T> {
        let mut of_changed = of_changed.into_iter();
        let next = |linear: &Target| if linear.is_dense() { None } else { of_changed.next() };
        self.linears.iter().map(next).map(Option::unwrap_or_default).collect()
    }
}

/// What a method says of one linear after it changed it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinearReport {
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

impl LinearReport {
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
