//! What the corrected scores of LongGenBench do otherwise than the reference, one switch each.

use record::Scoring;

use crate::workflow::Deviation;

/// Which deviations from LongGenBench are on. All off are the paper's numbers, all on the corrected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in DEVIATIONS")]
pub struct Switches {
    pub by_number: bool,
    pub whole_numbers: bool,
    pub any_mark: bool,
}

impl Switches {
    /// All deviations on or off.
    pub fn all(on: bool) -> Self {
        Self { by_number: on, whole_numbers: on, any_mark: on }
    }
}

impl From<Scoring> for Switches {
    fn from(scoring: Scoring) -> Self {
        Self::all(scoring == Scoring::Corrected)
    }
}

/// Every deviation from the scorer of LongGenBench's SCOPE form.
pub const DEVIATIONS: &[Deviation<Switches>] = &[
    Deviation {
        name: "by_number",
        about: "the reference takes the n-th answer it finds for the n-th question, so that a skipped one shifts all \
                later ones, and reads GSM8K's beyond the next heading, MMLU's on one line only; an answer belongs to the \
                question whose number it bears and ends at the next heading",
        set: |s, on| s.by_number = on,
    },
    Deviation {
        name: "whole_numbers",
        about: "the reference reads 1,200 as 1 and neither signs nor decimals, in answers and gold; the value is compared",
        set: |s, on| s.whole_numbers = on,
    },
    Deviation {
        name: "any_mark",
        about: "the reference misses $18, **18** and a letter without parentheses; marks around an answer do not matter",
        set: |s, on| s.any_mark = on,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_one_row_and_every_row_one_switch() {
        crate::deviation::assert_one_row_each(DEVIATIONS, Switches::all);
    }
}
