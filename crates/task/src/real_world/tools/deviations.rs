//! What the corrected scores of tools do otherwise than AgentBoard's, one switch each.

use crate::deviation::deviations;

deviations! {
    "tools", "AgentBoard's score of a sheet";
    whole_sheet: "the reference compares the rectangle that both sheets have, so that one that nobody touched scores, and \
        one cut down to its headings fully; the rectangle that holds both counts, less what was right at the start",
}

/// The progress of a sheet: the share of right cells at the best moment and at the start.
///
/// ```
/// # use task::real_world::tools::risen;
/// assert_eq!((risen(0.9, 0.6), risen(0.6, 0.6), risen(1.0, 1.0)), (0.75, 0.0, 1.0));
/// ```
pub fn risen(best: f64, start: f64) -> f64 {
    if start >= 1.0 { best } else { ((best - start) / (1.0 - start) * 1e12).round() / 1e12 }
}
