//! Long context: find a fact in a long text (needle in a haystack), use it (LongBench), write one (LongGenBench).

mod essays;
mod facts;
mod grid;
mod haystack;
pub mod longbench;
pub mod longgenbench;
mod needle;
mod official;
mod recall;
pub mod twin;

pub use essays::{Haystack, generated as generated_haystack};
pub use facts::{Distractor, Hidden, Kind, draw};
pub use grid::{linear, sigmoid};
pub use haystack::{Book, Cell, cut, hide, hide_all, periods, periods_by_family};
pub use needle::Needle;
pub use official::{Periods, Settings, Spacing, Text};
pub use recall::{DEVIATIONS, Recall, Switches, found, heat_map, judged};
pub use twin::generate as generate_twin;
