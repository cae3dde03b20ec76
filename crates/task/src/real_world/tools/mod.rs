//! Tools: AgentBoard's Tool-Query (academia, weather, movie) and Tool-Operation (todo, sheet), with services that are
//! machines in memory.

mod academia;
mod action;
mod call;
mod day;
mod deviations;
mod facts;
mod literal;
mod official;
mod progress;
mod raised;
mod replay;
mod room;
mod service;
pub mod sheet;
mod task;
mod todo;
pub mod twin;

pub use academia::{Academia, Graphs};
pub use action::{FORMAT_ERROR, MAX_INPUT, Stated};
pub use deviations::{DEVIATIONS, Switches, risen};
pub use facts::{Facts, Wanted, network_error};
pub use progress::{Rows, credited, same_location, sheet_match};
pub use raised::Raised;
pub use replay::{Recording, Recordings, Replay, Tool};
pub use room::{Gold, Input, Kind, Rules};
pub use service::{Function, Named, Refused, Service};
pub use sheet::sheet_name;
pub use task::Tools;
pub use todo::{Here, Project, Task, Todo};
