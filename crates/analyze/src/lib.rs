//! Numbers from scores: is the compressed model worse than the dense one, by how much, and how sure is that?
//!
//! Pure functions, without files, clock or model. [`analyze`] turns all scores of a run into a
//! [`record::Analysis`]; the formulas behind it are in [`statistic`], each with its source.

mod analyze;
mod column;
mod compare;
mod error;
mod pairing;
pub mod statistic;
mod summary;

pub use analyze::{Scores, analyze, seed_from, seed_of};
pub use compare::{Question, difference, verdict_at};
pub use error::AnalyzeError;
