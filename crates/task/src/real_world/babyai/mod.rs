//! BabyAI: an agent in rooms with doors, keys, balls and boxes, who sees seven by seven cells before it.
//!
//! ```text
//! level -> simulator -> view -> sight, path -> offers -> game (AgentBoard's text layer)
//!     mission -> verifier ------------------------^
//! ```
//!
//! `room` makes a world of it, `twin` has levels and words of its own, `official` reads the benchmark's files.
//!
//! Levels are initial grids that the user exported from minigrid; its generator is no part of this.

mod game;
mod grid;
mod level;
mod mission;
mod offers;
mod official;
mod path;
mod room;
mod sight;
mod simulator;
mod subgoals;
mod task;
pub mod twin;
mod verifier;
mod view;

pub use game::{Game, Step};
pub use grid::{Cell, Color, Door, Facing, Grid, Kind, Look, Place, Thing};
pub use level::{Level, Opened};
pub use mission::{Action, Mission, Order, Part, Side, Things};
pub use offers::Offers;
pub use path::Paths;
pub use room::{Input, Room};
pub use sight::{Sight, Sighting};
pub use simulator::{Ground, Move, Simulator};
pub use subgoals::{Subgoals, Tracker};
pub use task::BabyAi;
pub use verifier::{Verdict, Verifier};
pub use view::{Glimpse, View};
