//! What the corrected scores of T-Eval do otherwise than the reference, one switch each.

use record::Scoring;

use crate::Deviation;
use crate::deviation::switches;

/// Which deviations from T-Eval are on. All off are the paper's numbers, all on the corrected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in DEVIATIONS")]
pub struct Switches {
    pub clean_reply: bool,
    pub any_form: bool,
    pub same_values: bool,
    pub call_alone: bool,
    pub literal_markers: bool,
    pub last_marker: bool,
    pub json_arguments: bool,
    pub closed_fence: bool,
    pub first_value: bool,
    pub extra_arguments: bool,
    pub missing_is_not_empty: bool,
    pub whole_share: bool,
    pub whole_names: bool,
    pub exact_names: bool,
    pub line_arguments: bool,
    pub common_order: bool,
    pub no_free_match: bool,
    pub listed_tools: bool,
    pub equal_values: bool,
    pub whole_thought: bool,
    pub last_tool: bool,
    pub plan_arguments: bool,
    pub stated_letter: bool,
    pub stated_choice: bool,
}

impl Switches {
    /// All deviations on or off.
    pub fn all(on: bool) -> Self {
        Self {
            clean_reply: on,
            any_form: on,
            same_values: on,
            call_alone: on,
            literal_markers: on,
            last_marker: on,
            json_arguments: on,
            closed_fence: on,
            first_value: on,
            extra_arguments: on,
            missing_is_not_empty: on,
            whole_share: on,
            whole_names: on,
            exact_names: on,
            line_arguments: on,
            common_order: on,
            no_free_match: on,
            listed_tools: on,
            equal_values: on,
            whole_thought: on,
            last_tool: on,
            plan_arguments: on,
            stated_letter: on,
            stated_choice: on,
        }
    }
}

impl From<Scoring> for Switches {
    fn from(scoring: Scoring) -> Self {
        switches(scoring, "teval", Self::all(false), DEVIATIONS)
    }
}

/// Every deviation from T-Eval's scorers, in the order of its tasks.
pub const DEVIATIONS: &[Deviation<Switches>] = &[
    Deviation {
        name: "clean_reply",
        about: "the reference reads thoughts, and what templates of today leave behind, as part of the answer, and takes \
                an argument `user` on a line of its own for a turn; thoughts are left out, and only a line with nothing \
                but a role ends the reply",
        set: |s, on| s.clean_reply = on,
    },
    Deviation {
        name: "any_form",
        about: "instruct, plan, understand, rru: the reference reads the asked form only; a call with other keys \
                (\"arguments\"), as pay(to=\"Ida\"), under headings like \"**Action:**\", in words or with the last part of \
                the tool's name alone is read too, the last one of several",
        set: |s, on| s.any_form = on,
    },
    Deviation {
        name: "same_values",
        about: "instruct, understand, rru: the reference wants values of the same type; \"5\" is 5, \"the result\" is \
                \"result\", \"Ida\" is a list of Ida, \"Mara and Paul\" a list of both",
        set: |s, on| s.same_values = on,
    },
    Deviation {
        name: "call_alone",
        about: "instruct: the reference gives half of the score to the form, whatever the call; the call alone counts, and \
                `format` says how often it had the form",
        set: |s, on| s.call_alone = on,
    },
    Deviation {
        name: "literal_markers",
        about: "instruct: the reference uses the markers of the string form as a regular expression, so that \"[T]\" \
                only finds a T; markers are what they say",
        set: |s, on| s.literal_markers = on,
    },
    Deviation {
        name: "last_marker",
        about: "instruct: the reference cuts white space off the reply and then misses a last marker that is a line \
                end; such a marker may be missing at the end",
        set: |s, on| s.last_marker = on,
    },
    Deviation {
        name: "json_arguments",
        about: "instruct: the reference reads the arguments of the string form as a Python literal only, so that true \
                and null lose them all; JSON is read too",
        set: |s, on| s.json_arguments = on,
    },
    Deviation {
        name: "closed_fence",
        about: "all JSON forms: the reference cannot read a JSON code block with words after it, though it can with \
                words before it; words after it are left out",
        set: |s, on| s.closed_fence = on,
    },
    Deviation {
        name: "first_value",
        about: "plan, rru: the reference reads from the first bracket to the last, so that \"[1]\", \"{braces}\" or a \
                second answer spoil the first; the first list of objects, or object with a quoted key, is read",
        set: |s, on| s.first_value = on,
    },
    Deviation {
        name: "extra_arguments",
        about: "instruct, rru: the reference does not mind arguments that nobody asked for; each counts as a wrong one",
        set: |s, on| s.extra_arguments = on,
    },
    Deviation {
        name: "missing_is_not_empty",
        about: "instruct: the reference takes a missing argument for an empty text; it is wrong even where the empty \
                text is right",
        set: |s, on| s.missing_is_not_empty = on,
    },
    Deviation {
        name: "whole_share",
        about: "rru: the reference divides the right arguments by their number plus 0.00001, so that nothing is ever \
                quite right; by their number",
        set: |s, on| s.whole_share = on,
    },
    Deviation {
        name: "whole_names",
        about: "plan in lines: the reference finds a tool's name inside a longer one (get_author in get_author_id); \
                only whole names count",
        set: |s, on| s.whole_names = on,
    },
    Deviation {
        name: "exact_names",
        about: "plan: the reference takes a tool of a similar name for the right one; the name must be equal",
        set: |s, on| s.exact_names = on,
    },
    Deviation {
        name: "line_arguments",
        about: "plan in lines: the reference compares the whole line with a dictionary, so that a step without \
                arguments is hardly ever found; the line without the tool's name is compared, and where no arguments \
                are wanted the name suffices",
        set: |s, on| s.line_arguments = on,
    },
    Deviation {
        name: "common_order",
        about: "plan: the reference matches the steps first and looks at their order then, so that equal steps are \
                crossed and a perfect plan that pays twice scores 0.333; the longest common sequence of alike steps \
                counts",
        set: |s, on| s.common_order = on,
    },
    Deviation {
        name: "no_free_match",
        about: "plan: the reference credits one step where none is alike, and stops with an error where there is \
                none but FinishAction; both are 0, or 1 where the right plan is FinishAction alone",
        set: |s, on| s.no_free_match = on,
    },
    Deviation {
        name: "listed_tools",
        about: "retrieve: the reference takes \"version 2.0\", \"e.g\" or letters without a space around the name for \
                another tool; only names count that the prompt offers",
        set: |s, on| s.listed_tools = on,
    },
    Deviation {
        name: "equal_values",
        about: "understand: the reference wants the arguments letter by letter as Python prints them; JSON, spaces and \
                another order of keys are right too",
        set: |s, on| s.equal_values = on,
    },
    Deviation {
        name: "whole_thought",
        about: "reason, rru: the reference compares thoughts by likeness alone, so that a right one in a sentence gets half \
                and a wrong one a third; of a thought of up to three words all must be there, in any form, and then it is \
                right",
        set: |s, on| s.whole_thought = on,
    },
    Deviation {
        name: "last_tool",
        about: "retrieve: the reference takes a reply for wrong that names other tools before the right one; the last one \
                counts, and the last part of a name suffices",
        set: |s, on| s.last_tool = on,
    },
    Deviation {
        name: "plan_arguments",
        about: "plan: the reference compares arguments by likeness, so that a step with wrong values is as good as a right \
                one; a step with the right tool counts three fourths, and the last fourth by the share of its arguments \
                that are right",
        set: |s, on| s.plan_arguments = on,
    },
    Deviation {
        name: "stated_letter",
        about: "review: the reference reads the first letter after the first colon, C of \"B: Correct\" and A of \
                \"Actually\"; a letter that stands alone is read",
        set: |s, on| s.stated_letter = on,
    },
    Deviation {
        name: "stated_choice",
        about: "review: the reference reads letters only; \"(b)\", and the text of a choice without its letter, are read too",
        set: |s, on| s.stated_choice = on,
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
