//! Workflow generation: decompose a goal into a graph of steps (WorfBench).
//!
//! A reply is parsed into a [`Graph`]; its steps are matched with the gold steps by similarity; the order of the
//! matched steps gives the node score and the edges between them the graph score.
//!
//! What the `corrected` scores do otherwise than the reference is listed in [`DEVIATIONS`], a switch each.

mod align;
mod columns;
mod deviations;
mod explain;
mod few_shot;
mod judgment;
mod natural;
mod official;
mod order;
mod parse;
mod predictions;
mod scan;
mod score;
mod topo;
pub mod twin;
mod worfbench;

pub use crate::Deviation;
pub use align::align;
pub use columns::COLUMNS;
pub use deviations::{DEVIATIONS, Switches};
pub use judgment::{Judgment, judge};
pub use order::largest_agreement;
pub use parse::{Graph, ParseFailure, parse};
pub use predictions::predictions;
pub use score::{Crash, Prf, gold_chains, graph_score, node_score};
pub use topo::{Cycle, topological_orders};
pub use twin::generate as generate_twin;
pub use worfbench::WorfBench;
