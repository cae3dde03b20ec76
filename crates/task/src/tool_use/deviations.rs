//! What the corrected scores of T-Eval do otherwise than the reference, one switch each.

use record::Scoring;

use crate::workflow::Deviation;

/// Which deviations from T-Eval's `instruct` are on. All off are the paper's numbers, all on the corrected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in DEVIATIONS")]
pub struct Switches {
    pub literal_markers: bool,
    pub last_marker: bool,
    pub json_arguments: bool,
    pub closed_fence: bool,
    pub extra_arguments: bool,
    pub missing_is_not_empty: bool,
}

impl Switches {
    /// All deviations on or off.
    pub fn all(on: bool) -> Self {
        Self {
            literal_markers: on,
            last_marker: on,
            json_arguments: on,
            closed_fence: on,
            extra_arguments: on,
            missing_is_not_empty: on,
        }
    }
}

impl From<Scoring> for Switches {
    fn from(scoring: Scoring) -> Self {
        Self::all(scoring == Scoring::Corrected)
    }
}

/// Every deviation from T-Eval's `instruct` scorer.
pub const DEVIATIONS: &[Deviation<Switches>] = &[
    Deviation {
        name: "literal_markers",
        about: "the reference uses the markers of the string form as a regular expression, so that \"[T]\" only finds \
                a T; markers are what they say",
        set: |s, on| s.literal_markers = on,
    },
    Deviation {
        name: "last_marker",
        about: "the reference cuts white space off the reply and then misses a last marker that is a line end; such a \
                marker may be missing at the end",
        set: |s, on| s.last_marker = on,
    },
    Deviation {
        name: "json_arguments",
        about: "the reference reads the arguments of the string form as a Python literal only, so that true and null \
                lose them all; JSON is read too",
        set: |s, on| s.json_arguments = on,
    },
    Deviation {
        name: "closed_fence",
        about: "the reference cannot read a JSON code block with words after it, though it can with words before it; \
                words after it are left out",
        set: |s, on| s.closed_fence = on,
    },
    Deviation {
        name: "extra_arguments",
        about: "the reference does not mind arguments that nobody asked for; each counts as a wrong one",
        set: |s, on| s.extra_arguments = on,
    },
    Deviation {
        name: "missing_is_not_empty",
        about: "the reference takes a missing argument for an empty text; it is wrong even where the empty text is right",
        set: |s, on| s.missing_is_not_empty = on,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_one_row_and_every_row_one_switch() {
        let mut switches = Switches::all(false);
        for row in DEVIATIONS {
            let before = switches;
            (row.set)(&mut switches, true);
            assert_ne!(before, switches, "{} sets nothing new", row.name);
        }
        assert_eq!(switches, Switches::all(true));
    }
}
