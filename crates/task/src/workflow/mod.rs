//! Workflow generation: decompose a goal into a graph of steps (WorfBench).

mod twin;
mod worfbench;

pub use twin::generate as generate_twin;
pub use worfbench::WorfBench;
