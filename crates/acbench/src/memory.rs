//! What a checkpoint takes of memory, before it is loaded: while it replies, and while methods compress it.

use compress::{Estimate, METHODS, MethodInfo, Recipe, TextSize};
use generate::{MemoryNeed, SessionOptions, available};
use serde::Serialize;

use crate::{Checkpoint, Error, methods, widths};

/// What a checkpoint takes of memory, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemoryPlan {
    /// What this process can have; absent where the system does not say.
    pub available: Option<u64>,
    /// Weight files, which are mapped: the system takes their pages back where it lacks memory.
    pub mapped: u64,
    /// Weights that are held beside them.
    pub held: u64,
    /// Keys and values of one token.
    pub token: u64,
    /// What replying takes at the least, without pages of files.
    pub least: u64,
    /// What replying takes at the most, all pages of files included.
    pub most: u64,
    /// What each method takes with its usual settings; none of a checkpoint that is quantized.
    pub methods: Vec<MethodMemory>,
}

/// What a method takes, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodMemory {
    /// The method.
    pub method: &'static str,
    /// With everything in memory.
    pub peak: u64,
    /// With activations in a file.
    pub least: u64,
}

impl MemoryPlan {
    /// For a checkpoint that is asked `batch_size` samples at a time. What this process has read of it before counts, so that
    /// it is best asked first.
    ///
    /// # Errors
    /// Settings of methods that do not fit the model.
    pub fn of(checkpoint: &Checkpoint, batch_size: usize) -> Result<Self, Error> {
        let need = MemoryNeed::of(checkpoint, &SessionOptions { batch_size, ..SessionOptions::default() });
        let config = checkpoint.config();
        let dense = config.quantization.is_null();
        let names: Vec<String> = METHODS.iter().filter(|_| dense).map(|method| method.name.to_owned()).collect();
        let recipes = methods(&names, &[], &widths(config))?;
        let room = compress::room();
        let of = |(method, recipe): (&MethodInfo, &Recipe)| {
            let Estimate { peak, least, .. } = Estimate::new(checkpoint, recipe, TextSize::of(recipe, config), room);
            MethodMemory { method: method.name, peak, least }
        };
        Ok(Self {
            available: available(),
            mapped: need.mapped,
            held: need.held,
            token: need.token,
            least: need.least(),
            most: need.most(),
            methods: METHODS.iter().zip(&recipes).map(of).collect(),
        })
    }
}

/// A number of bytes for people: `1.2 GB`.
pub fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
