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

/// The reply to an instance of a generated twin that scores 1.
pub fn answer(sample: &record::Sample) -> String {
    match sample.task.as_str() {
        "longbench" => longbench::twin::answer(sample),
        "longgenbench" => longgenbench::twin::answer(sample),
        _ => twin::answer(sample),
    }
}
