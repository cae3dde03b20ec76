//! Real-world environments: act over many turns (AgentBoard's PDDL games).

mod twin;

pub use twin::generate as generate_twin;
