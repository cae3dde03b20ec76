//! Text adventures: AgentBoard's Jericho games from the user's story files, and houses of our own.

mod actions;
mod command;
mod official;
mod room;
mod rules;
mod task;
pub mod twin;

pub use official::GAMES;
pub use room::{Input, Patch};
pub use rules::{Watch, asks_for_help, cleaned_action, cleaned_text};
pub use task::Jericho;
