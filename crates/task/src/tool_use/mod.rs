//! Tool use: choose a tool and fill in its arguments (T-Eval).

mod twin;

pub use twin::generate as generate_twin;
