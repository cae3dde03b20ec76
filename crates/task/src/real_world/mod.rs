//! Real-world environments: act over many turns (AgentBoard). One agent, and a room for each world beside it.

mod agent;
pub mod babyai;
mod cleanup;
mod columns;
mod ending;
pub mod pddl;
mod react;
mod reply;
mod said;
pub mod science;
mod shared;
pub mod story;
pub mod tools;
pub mod zmachine;

pub use crate::Deviation;
pub use agent::{Agent, Effect, Manner, Progress, Prompt, Style, World, remembered};
pub use babyai::BabyAi;
pub use cleanup::household_action;
pub use columns::COLUMNS;
pub use ending::Ending;
pub use pddl::*;
pub use react::think_aloud;
pub use reply::stated_action;
pub use twin::generate as generate_twin;
