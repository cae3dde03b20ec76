//! ScienceWorld: tasks of elementary science in a house, played on the real engine; and a household of our own as its twin.

mod deviations;
pub mod engine;
mod lab;
mod official;
mod room;
mod subgoals;
mod task;
pub mod twin;

pub use deviations::{DEVIATIONS, Switches};
pub use lab::{CHECK, Lab, help};
pub use official::SIMPLIFICATIONS;
pub use room::{Input, Play, RULES, Rules, Scene};
pub use subgoals::Subgoals;
pub use task::{ScienceWorld, judged};
