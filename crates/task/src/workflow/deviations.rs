//! What the corrected scores do otherwise than the reference, one switch each.

use record::Scoring;

use crate::Deviation;
use crate::deviation::switches;

/// Which deviations from WorfBench are on. All off are the paper's numbers, all on the corrected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in DEVIATIONS")]
pub struct Switches {
    pub clean_reply: bool,
    pub last_answer: bool,
    pub no_heading: bool,
    pub loose_numbering: bool,
    pub first_listing: bool,
    pub printed_numbers: bool,
    pub any_case: bool,
    pub other_lists: bool,
    pub other_edges: bool,
    pub named_edges: bool,
    pub steps_alone: bool,
    pub all_orders: bool,
    pub order_from_edges: bool,
    pub no_free_match: bool,
    pub structural_ties: bool,
    pub translated_edges: bool,
    pub implied_ends: bool,
    pub steps_only: bool,
    pub both_scores: bool,
}

impl Switches {
    /// All deviations on or off.
    pub fn all(on: bool) -> Self {
        Self {
            clean_reply: on,
            last_answer: on,
            no_heading: on,
            loose_numbering: on,
            first_listing: on,
            printed_numbers: on,
            any_case: on,
            other_lists: on,
            other_edges: on,
            named_edges: on,
            steps_alone: on,
            all_orders: on,
            order_from_edges: on,
            no_free_match: on,
            structural_ties: on,
            translated_edges: on,
            implied_ends: on,
            steps_only: on,
            both_scores: on,
        }
    }
}

impl From<Scoring> for Switches {
    fn from(scoring: Scoring) -> Self {
        switches(scoring, "worfbench", Self::all(false), DEVIATIONS)
    }
}

/// Every deviation from WorfBench's scorer, in the order in which a reply meets them.
pub const DEVIATIONS: &[Deviation<Switches>] = &[
    Deviation {
        name: "clean_reply",
        about: "the reference reads thoughts, and what templates leave behind, as part of the answer; they are left out, \
                and full-width signs are read as the usual ones",
        set: |s, on| s.clean_reply = on,
    },
    Deviation {
        name: "last_answer",
        about: "the reference reads two workflows of one reply as one; the last one with steps and edges counts",
        set: |s, on| s.last_answer = on,
    },
    Deviation {
        name: "no_heading",
        about: "the reference gives 0 to a reply without the word \"Node\"; steps and edges suffice",
        set: |s, on| s.no_heading = on,
    },
    Deviation {
        name: "loose_numbering",
        about: "the prompt asks for \"1.step\", which the reference cannot read: it needs a space, and takes \"12: x\" \
                anywhere in a line for a step; steps are lines that begin with a number and \":\", \".\" or \")\"",
        set: |s, on| s.loose_numbering = on,
    },
    Deviation {
        name: "first_listing",
        about: "the reference reads a second listing of the same numbers as further steps; the first one counts",
        set: |s, on| s.first_listing = on,
    },
    Deviation {
        name: "printed_numbers",
        about: "the reference takes edge (2,3) from the second to the third line whatever their numbers; edges mean \
                the printed numbers",
        set: |s, on| s.printed_numbers = on,
    },
    Deviation {
        name: "any_case",
        about: "the reference ignores edges to \"start\" and \"End\"; their case does not matter",
        set: |s, on| s.any_case = on,
    },
    Deviation {
        name: "other_lists",
        about: "the reference reads numbered steps only; bullets, lists in one line, letters, \"1 - step\", and JSON or \
                Python values with nodes and edges are read too, and \"(after 1)\" as an edge",
        set: |s, on| s.other_lists = on,
    },
    Deviation {
        name: "other_edges",
        about: "the reference reads edges like (1,2) only; \"1 -> 2\", \"[1, 2]\", \"1 to 2\" and \"2 depends on 1\" are \
                read where there is none of that form",
        set: |s, on| s.other_edges = on,
    },
    Deviation {
        name: "named_edges",
        about: "the reference reads numbers in edges only; the steps' texts may stand in their place",
        set: |s, on| s.named_edges = on,
    },
    Deviation {
        name: "steps_alone",
        about: "the reference gives 0 to right steps without edges; they count as steps that nothing binds",
        set: |s, on| s.steps_alone = on,
    },
    Deviation {
        name: "all_orders",
        about: "the reference compares with 20 orders of the gold steps, and from 8 steps on with one order that \
                includes START and END, so that a perfect reply of 8 steps scores 0.889; all orders that the gold \
                edges allow count, at any size",
        set: |s, on| s.all_orders = on,
    },
    Deviation {
        name: "order_from_edges",
        about: "the reference takes the steps in the order listed even where the reply's own edges say otherwise; \
                the edges decide, the listing only where they leave it open",
        set: |s, on| s.order_from_edges = on,
    },
    Deviation {
        name: "no_free_match",
        about: "the reference credits one match in the node score where nothing matches, and stops with an error \
                where there are no steps; both are 0",
        set: |s, on| s.no_free_match = on,
    },
    Deviation {
        name: "structural_ties",
        about: "steps of the same text are matched by the order of exploration in the reference, which can cross a \
                perfect reply; they are matched by their place in the graph",
        set: |s, on| s.structural_ties = on,
    },
    Deviation {
        name: "translated_edges",
        about: "the reference compares the edges of the reply and of the gold by raw index; they are compared through \
                the matching of the steps",
        set: |s, on| s.translated_edges = on,
    },
    Deviation {
        name: "implied_ends",
        about: "the reference loses steps that no edge ties to START or END; a step without an edge in begins at \
                START, one without an edge out leads to END",
        set: |s, on| s.implied_ends = on,
    },
    Deviation {
        name: "steps_only",
        about: "the reference counts START and END, which always match, as found nodes of the graph; only steps count",
        set: |s, on| s.steps_only = on,
    },
    Deviation {
        name: "both_scores",
        about: "the headline of the reference's runs is the node F1 alone; it is the mean of node F1 and graph F1",
        set: |s, on| s.both_scores = on,
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
