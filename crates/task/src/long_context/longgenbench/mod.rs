//! LongGenBench in the form of SCOPE: many questions in one prompt, all answered in order in one long reply.

mod construct;
mod deviations;
mod official;
mod parse;
mod task;
pub mod twin;
mod upstream;

pub use construct::{Built, Choice, Construction, choices, gsm8k, mmlu};
pub use deviations::{DEVIATIONS, Switches};
pub use parse::{Kind, accuracy, correct, found, gold_digits, gold_number, numbered};
pub use task::{COLUMNS, LongGenBench};
pub use upstream::{upstream_correct, upstream_pieces};
