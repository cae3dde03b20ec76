//! AgentBoard's PDDL games: planning problems that are played.

mod deviations;
mod domain;
mod expression;
mod game;
mod grounded;
mod official;
mod plan;
mod reading;
mod room;
mod task;
pub mod twin;
mod words;

pub use deviations::{DEVIATIONS, Switches};
pub use domain::{Atom, Domain, Fact, Predicate, Problem, Schema, Term};
pub use expression::PddlError;
pub use game::{Game, Outcome, Templates};
pub use grounded::{GroundAction, GroundedProblem, State};
pub use official::GAMES;
pub use reading::{Wanted, wanted};
pub use room::{Input, RULES, Room, Rules};
pub use task::{Pddl, progress};
pub use words::words;
