//! Real-world environments: act over many turns (AgentBoard's PDDL games).

mod expression;
mod pddl;
mod plan;
mod strips;
mod task;
pub mod twin;

pub use expression::PddlError;
pub use pddl::{Atom, Domain, Fact, Predicate, Problem, Schema, Term};
pub use strips::{GroundAction, State, World};
pub use task::Pddl;
pub use twin::generate as generate_twin;
