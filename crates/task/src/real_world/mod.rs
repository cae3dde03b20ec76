//! Real-world environments: act over many turns (AgentBoard's PDDL games).

mod agentboard;
mod episode;
mod expression;
mod official;
mod pddl;
mod plan;
mod reading;
mod reply;
mod strips;
mod task;
pub mod twin;
mod words;

pub use agentboard::{Game, Outcome, Templates};
pub use episode::{Input, Play, Prompt, Style};
pub use expression::PddlError;
pub use official::GAMES;
pub use pddl::{Atom, Domain, Fact, Predicate, Problem, Schema, Term};
pub use reading::{Wanted, wanted};
pub use reply::stated_action;
pub use strips::{GroundAction, State, World};
pub use task::{Ending, Pddl};
pub use twin::generate as generate_twin;
pub use words::words;
