//! Numbers from scores: is the compressed model worse than the dense one, by how much, and how sure is that?
//!
//! Pure functions, without files, clock or model. [`analyze`] turns all scores of a run into a
//! [`record::Analysis`]; the formulas behind it are in [`statistic`], each with its source. What compression does to logits
//! is in [`metric`].

mod analyze;
mod behavior;
mod column;
mod compare;
mod error;
pub mod metric;
mod pairing;
mod pooling;
mod probe;
mod recommend;
mod repeats;
pub mod statistic;
mod summary;

pub use analyze::{Scores, analyze, seed_from, seed_of};
pub use behavior::{Trail, Turn, behavior, paced};
pub use compare::{Question, difference, verdict_at};
pub use error::AnalyzeError;
pub use metric::MetricError;
pub use probe::{Probed, probes};
pub use recommend::recommend;
