//! Tool use: choose a tool and fill in its arguments (T-Eval).
//!
//! Models write tool calls as JSON, as Python, or as something between. T-Eval reads all of it, so this module has
//! Python's values ([`Value`], with Python's equality and printing), its literals ([`literal_value`]), JSON as
//! Python accepts it ([`json_value`]) and T-Eval's lenient mixture of them ([`load`]).
//!
//! What the `corrected` scores do otherwise than the reference is listed in [`DEVIATIONS`], a switch each.

mod clean;
mod deviations;
mod instruct;
mod int;
mod json;
mod literal;
mod load;
mod markers;
mod official;
mod print;
mod strings;
mod teval;
pub mod twin;
mod value;

pub use clean::{clean, strip};
pub use deviations::{DEVIATIONS, Switches};
pub use instruct::{Fault, Form, Gold, Judgment, judge};
pub use int::Int;
pub use json::json_value;
pub use literal::literal_value;
pub use load::{Cut, load};
pub use markers::Markers;
pub use teval::TevalInstruct;
pub use twin::generate as generate_twin;
pub use value::Value;
