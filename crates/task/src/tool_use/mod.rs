//! Tool use: choose a tool and fill in its arguments (T-Eval).
//!
//! Models write tool calls as JSON, as Python, or as something between. T-Eval reads all of it, so this module has
//! Python's values ([`Value`], with Python's equality and printing), its literals ([`literal_value`]), JSON as
//! Python accepts it ([`json_value`]) and T-Eval's lenient mixture of them ([`load`]).
//!
//! What the `corrected` scores do otherwise than the reference is listed in [`DEVIATIONS`], a switch each.

mod clean;
mod columns;
mod deviations;
mod form;
mod instruct;
mod int;
mod json;
mod judgment;
mod likeness;
mod literal;
mod load;
mod markers;
mod mistake;
mod natural;
mod next_call;
mod official;
mod plan;
mod print;
mod review;
mod same;
mod strings;
mod teval;
mod thought;
pub mod twin;
mod value;

pub use clean::{clean, own_turn, strip};
pub use columns::COLUMNS;
pub use deviations::{DEVIATIONS, Switches};
pub use instruct::{Form, Gold};
pub use int::Int;
pub use json::json_value;
pub use judgment::Judgment;
pub use literal::literal_value;
pub use load::{Cut, load};
pub use markers::Markers;
pub use mistake::Mistake;
pub use teval::Teval;
pub(crate) use thought::{content, last_place};
pub use value::Value;
