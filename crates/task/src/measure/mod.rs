//! What two texts or two sequences have in common: the counting that scorers of several benchmarks share.
//!
//! Words: [`stem`], [`rouge1`]. Sequences: [`max_weight_matching`], [`longest_increasing`].

mod content;
mod increasing;
mod matching;
mod overlap;
mod porter;
mod rouge;

pub(crate) use content::{content, last_place};
pub use increasing::longest_increasing;
pub(crate) use matching::matching;
pub use matching::max_weight_matching;
pub(crate) use overlap::{f1, shared};
pub use porter::stem;
pub use rouge::{Rouge, rouge1};
