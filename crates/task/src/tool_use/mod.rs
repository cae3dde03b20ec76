//! Tool use: choose a tool and fill in its arguments (T-Eval).

mod clean;
mod teval;
pub mod twin;

pub use clean::{clean, strip};
pub use teval::TevalInstruct;
pub use twin::generate as generate_twin;
