//! What a method sees and changes: the linears that share one input, and what the calibration text said of it.

use crate::grid::FloatType;
use crate::quantized::QuantizedWeight;
use crate::{CompressError, Hessian, Matrix};

/// One linear of a group.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// Its weight `[out, in]`; a method leaves here what the compressed layer computes with.
    pub weight: Matrix,
    /// What the checkpoint stores weights and scales as.
    pub stored: FloatType,
    /// The integers behind `weight`, once quantized.
    pub quantized: Option<QuantizedWeight>,
}

/// The linears of a block that share one input, in the order of the architecture: q, k, v; o; gate, up; down.
///
/// A method that folds scales into what produced the input (AWQ, SmoothQuant) will find that producer here too.
#[derive(Debug, Clone)]
pub struct LinearGroup {
    /// The linears, at least one.
    pub linears: Vec<Target>,
}

/// What a method wants to know of a group's inputs X `[tokens, in]` over the calibration text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: no calibration text is read and no block is run.
    Nothing,
    /// The mean over sequences of `||x_j||^2`, `[in]`.
    ActivationNorms,
    /// `X^T X`, `[in, in]`.
    Hessian,
    /// The inputs themselves.
    Inputs,
}

/// Squared norms of input channels.
#[derive(Debug, Clone)]
pub struct ActivationNorms {
    sums: Vec<f64>,
    sequences: usize,
}

impl ActivationNorms {
    /// Nothing seen of `size` input channels.
    pub fn new(size: usize) -> Self {
        Self { sums: vec![0.0; size], sequences: 0 }
    }

    /// Adds the inputs `[tokens, in]` of `sequences` whole sequences.
    pub fn add(&mut self, inputs: &Matrix, sequences: usize) {
        self.sequences += sequences;
        for row in inputs.data.chunks(self.sums.len().max(1)) {
            for (sum, &x) in self.sums.iter_mut().zip(row) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
    }

    /// The mean over sequences of `||x_j||^2`, `[in]` (Wanda's `scaler_row`).
    pub fn mean_squares(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| sum / self.sequences.max(1) as f64).collect()
    }

    /// Whether every sum is finite.
    pub fn is_finite(&self) -> bool {
        self.sums.iter().all(|sum| sum.is_finite())
    }
}

/// What was collected, as the method's [`Needs`] asked.
#[derive(Debug, Clone)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// Squared norms of the input channels.
    ActivationNorms(ActivationNorms),
    /// The Hessian.
    Hessian(Hessian),
    /// The inputs of each sequence, `[tokens, in]`.
    Inputs(Vec<Matrix>),
}

impl Seen {
    /// An empty collection for inputs of `size` channels.
    pub fn empty(needs: Needs, size: usize) -> Self {
        match needs {
            Needs::Nothing => Seen::Nothing,
            Needs::ActivationNorms => Seen::ActivationNorms(ActivationNorms::new(size)),
            Needs::Hessian => Seen::Hessian(Hessian::new(size)),
            Needs::Inputs => Seen::Inputs(Vec::new()),
        }
    }

    /// Adds the inputs `[tokens, in]` of `sequences` whole sequences.
    pub fn add(&mut self, inputs: &Matrix, sequences: usize) {
        match self {
            Seen::Nothing => {}
            Seen::ActivationNorms(norms) => norms.add(inputs, sequences),
            Seen::Hessian(hessian) => hessian.add(inputs, sequences),
            Seen::Inputs(all) => all.push(inputs.clone()),
        }
    }

    /// Whether all sums are finite; inputs above about 1e18 overflow them.
    pub fn is_finite(&self) -> bool {
        match self {
            Seen::Nothing | Seen::Inputs(_) => true,
            Seen::ActivationNorms(norms) => norms.is_finite(),
            Seen::Hessian(hessian) => hessian.is_finite(),
        }
    }

    /// The norms, or an error where the method did not ask for them.
    pub fn norms(&self) -> Result<&ActivationNorms, CompressError> {
        match self {
            Seen::ActivationNorms(norms) => Ok(norms),
            _ => Err(CompressError::NotCollected { what: "activation norms" }),
        }
    }

    /// The Hessian, or an error where the method did not ask for it.
    pub fn hessian(&self) -> Result<&Hessian, CompressError> {
        match self {
            Seen::Hessian(hessian) => Ok(hessian),
            _ => Err(CompressError::NotCollected { what: "the Hessian" }),
        }
    }

    /// Input channels that no token excited; 0 where nothing was collected.
    pub fn dead_channels(&self) -> usize {
        match self {
            Seen::Nothing | Seen::Inputs(_) => 0,
            Seen::ActivationNorms(norms) => norms.sums.iter().filter(|&&sum| sum == 0.0).count(),
            Seen::Hessian(hessian) => hessian.diagonal().iter().filter(|&&d| d == 0.0).count(),
        }
    }
}

/// What a method says of one linear after it changed it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The method's own loss, where it has one.
    pub loss: Option<f64>,
    /// Share of the mean diagonal added to the Hessian, where one was used.
    pub damping: Option<f64>,
    /// What a person should know of this layer.
    pub warning: Option<String>,
}
