//! Tool use: choose a tool and fill in its arguments (T-Eval).

mod teval;
pub mod twin;

pub use teval::TevalInstruct;
pub use twin::generate as generate_twin;
