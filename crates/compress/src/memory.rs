//! What a walk will take of memory, before it begins.

use std::collections::BTreeMap;

use model::Blocks;

use crate::format::Planned;
use crate::recipe::Recipe;
use crate::states::TOKENS;

/// The program, its tokenizer, and what allocators keep.
const PROGRAM: u64 = 64 << 20;

/// The expected peak of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes in memory at the fullest moment, without pages of mapped files that the system takes back as it likes.
    pub peak: u64,
    /// Bytes of the calibration activations that are kept from block to block.
    pub activations: u64,
    /// Whether those lie in a file.
    pub spills: bool,
}

impl Estimate {
    /// The estimate for compressing a model with sequences of tokens; activations are spilled where the peak would exceed
    /// the budget (bytes).
    pub(crate) fn new(
        model: &Blocks,
        planned: &BTreeMap<String, Planned>,
        (recipe, sequences): (&Recipe, &[Vec<u32>]),
        budget: Option<u64>,
    ) -> Self {
        let config = model.config();
        let tokens = sequences.iter().map(Vec::len).sum::<usize>() as u64;
        let hidden = config.hidden_size as u64;
        let width = (config.heads * config.head_dim).max(config.hidden_size) as u64;
        // The residual stream, and what goes into the attention's output linear beside it.
        let activations = if recipe.needs() == crate::Needs::NOTHING { 0 } else { 4 * tokens * (hidden + width) };
        let weights: u64 = planned.values().map(|linear| (linear.shape.0 * linear.shape.1) as u64).sum();
        let block = 4 * weights / model.count().max(1) as u64;
        let widest = planned.values().map(|linear| linear.shape.1 as u64).max().unwrap_or(0);
        let largest = planned.values().map(|linear| (linear.shape.0 * linear.shape.1) as u64).max().unwrap_or(0);
        // A Hessian in 64 bits and the factor of its inverse in 32.
        let hessian = if recipe.needs().hessian { 12 * widest * widest } else { 0 };
        // A weight at work: its copy in processing order, its levels, and the numbers that they stand for.
        let work = largest * (4 + 1 + 4 + 4);
        // What a few sequences make on their way through a block.
        let rows = tokens.min(TOKENS.max(sequences.iter().map(Vec::len).max().unwrap_or(0)) as u64);
        let batch = 4 * rows * (3 * config.intermediate_size as u64 + 4 * width);
        let rest = PROGRAM + block + hessian.max(batch) + work;
        let spills = activations > 0 && budget.is_some_and(|budget| rest + activations > budget);
        Self { peak: if spills { rest } else { rest + activations }, activations, spills }
    }
}

/// The largest amount of memory that this process has held so far, in bytes; `None` where the system does not say.
pub fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
