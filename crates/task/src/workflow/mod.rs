//! Workflow generation: decompose a goal into a graph of steps (WorfBench).

mod twin;

pub use twin::generate as generate_twin;
