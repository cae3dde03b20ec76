//! Tool use: choose a tool and fill in its arguments (T-Eval).
//!
//! Models write tool calls as JSON, as Python, or as something between. T-Eval reads all of it with the lenient loader
//! of [`python`](crate::python).
//!
//! What the `corrected` scores do otherwise than the reference is listed in [`DEVIATIONS`], a switch each.

pub mod bfcl;
mod clean;
mod columns;
mod decided;
mod deviations;
mod form;
mod instruct;
mod judgment;
mod likeness;
mod markers;
mod mistake;
mod natural;
mod next_call;
mod official;
mod plan;
mod review;
mod same;
mod teval;
pub mod twin;

pub use clean::{clean, own_turn};
pub use columns::COLUMNS;
pub use deviations::{DEVIATIONS, Switches};
pub use instruct::{Form, Gold};
pub use judgment::Judgment;
pub use markers::Markers;
pub use mistake::Mistake;
pub use teval::Teval;
