//! ScienceWorld: tasks of elementary science in a house, played on the real engine; and a household of our own as its twin.

mod task;
pub mod twin;
mod deviations;
mod room;

pub use deviations::{DEVIATIONS, Switches};
pub use room::{Input, Scene};
pub use task::ScienceWorld;
