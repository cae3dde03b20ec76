//! What the corrected scores of LongGenBench do otherwise than the reference, one switch each.

use record::Scoring;

use crate::Deviation;
use crate::deviation::switches;

/// Which deviations from LongGenBench are on. All off are the paper's numbers, all on the corrected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in DEVIATIONS")]
pub struct Switches {
    pub clean_reply: bool,
    pub by_number: bool,
    pub whole_numbers: bool,
    pub any_mark: bool,
    pub any_heading: bool,
    pub any_number: bool,
    pub last_said: bool,
}

impl Switches {
    /// All deviations on or off.
    pub fn all(on: bool) -> Self {
        Self {
            clean_reply: on,
            by_number: on,
            whole_numbers: on,
            any_mark: on,
            any_heading: on,
            any_number: on,
            last_said: on,
        }
    }
}

impl From<Scoring> for Switches {
    fn from(scoring: Scoring) -> Self {
        switches(scoring, "longgenbench", Self::all(false), DEVIATIONS)
    }
}

/// Every deviation from the scorer of LongGenBench's SCOPE form.
pub const DEVIATIONS: &[Deviation<Switches>] = &[
    Deviation {
        name: "clean_reply",
        about: "the reference reads thoughts, and what templates leave behind, as part of the answer; they are left out, \
                and full-width signs are read as the usual ones",
        set: |s, on| s.clean_reply = on,
    },
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
    Deviation {
        name: "any_heading",
        about: "the reference reads answers after \"Answer_9:\" only; \"**Answer_9**\" or \"### Answer 9\" without colon are \
                read too, and numbered lines where there is no such heading at all",
        set: |s, on| s.any_heading = on,
    },
    Deviation {
        name: "any_number",
        about: "the reference reads plain digits; 9,500, 9 500, $9{,}500, 3/4 and \\frac{3}{4} are read by their value",
        set: |s, on| s.any_number = on,
    },
    Deviation {
        name: "last_said",
        about: "the reference reads the first \"answer is\" and nothing else; the last one counts, of two answers with one \
                number too, and where there is none the last number or lone letter of the answer",
        set: |s, on| s.last_said = on,
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
