//! What the corrected scores of LongBench do otherwise than the reference, one switch each.

use record::Scoring;

use crate::Deviation;
use crate::deviation::switches;

/// Which deviations from LongBench are on. All off are the paper's numbers, all on the corrected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in DEVIATIONS")]
pub struct Switches {
    pub clean_reply: bool,
    pub unicode_punctuation: bool,
    pub plain_f: bool,
    pub deep_rouge: bool,
    pub every_inner_name: bool,
    pub numbers_by_value: bool,
    pub whole_comments: bool,
    pub frequent_characters: bool,
    pub fine_ratio: bool,
    pub question_words: bool,
    pub stated_number: bool,
    pub any_case: bool,
    pub all_facts: bool,
    pub repeated_heading: bool,
}

impl Switches {
    /// All deviations on or off.
    pub fn all(on: bool) -> Self {
        Self {
            clean_reply: on,
            unicode_punctuation: on,
            plain_f: on,
            deep_rouge: on,
            every_inner_name: on,
            numbers_by_value: on,
            whole_comments: on,
            frequent_characters: on,
            fine_ratio: on,
            question_words: on,
            stated_number: on,
            any_case: on,
            all_facts: on,
            repeated_heading: on,
        }
    }
}

impl From<Scoring> for Switches {
    fn from(scoring: Scoring) -> Self {
        switches(scoring, "longbench", Self::all(false), DEVIATIONS)
    }
}

/// Every deviation from LongBench's scorer.
pub const DEVIATIONS: &[Deviation<Switches>] = &[
    Deviation {
        name: "clean_reply",
        about: "the reference reads thoughts, and what templates of today leave behind, as part of the answer; they are \
                left out",
        set: |s, on| s.clean_reply = on,
    },
    Deviation {
        name: "unicode_punctuation",
        about: "the reference deletes ASCII punctuation, and for Chinese a list without opening title marks; all of \
                Unicode's is deleted",
        set: |s, on| s.unicode_punctuation = on,
    },
    Deviation {
        name: "plain_f",
        about: "the reference's ROUGE adds 1e-8 below the fraction, so that equal texts stay below 1; it is left out",
        set: |s, on| s.plain_f = on,
    },
    Deviation {
        name: "deep_rouge",
        about: "the reference's ROUGE recurses a frame a word and gives 0 to sentences of about 1,000 words; they are \
                scored",
        set: |s, on| s.deep_rouge = on,
    },
    Deviation {
        name: "every_inner_name",
        about: "the reference passes over the name after each class that is part of the right one's name; every such \
                class is left out",
        set: |s, on| s.every_inner_name = on,
    },
    Deviation {
        name: "numbers_by_value",
        about: "the reference compares numbers as texts, so that 07 is not 7; their values are compared",
        set: |s, on| s.numbers_by_value = on,
    },
    Deviation {
        name: "whole_comments",
        about: "the reference passes over a line of code with #, // or a backtick anywhere, and takes an empty line for \
                code; only comments, fences and empty lines are passed over",
        set: |s, on| s.whole_comments = on,
    },
    Deviation {
        name: "frequent_characters",
        about: "the reference begins no match at a character that is frequent in a right line of 200 characters or more; \
                every character counts",
        set: |s, on| s.frequent_characters = on,
    },
    Deviation {
        name: "fine_ratio",
        about: "the reference rounds the likeness of lines of code to a hundredth; it is kept",
        set: |s, on| s.fine_ratio = on,
    },
    Deviation {
        name: "question_words",
        about: "the reference counts each word of a reply that the answer lacks as wrong, so that \"Mara keeps a vase in \
                Oslo\" is worth a third of \"vase\"; words of the question, and of \"the answer is\", do not count",
        set: |s, on| s.question_words = on,
    },
    Deviation {
        name: "stated_number",
        about: "the reference gives the share of a reply's numbers that are right, so that \"7 of 12\" is half right, and \
                reads digits only; the number that the reply states counts, the last one of several, and \"seven\" is 7",
        set: |s, on| s.stated_number = on,
    },
    Deviation {
        name: "any_case",
        about: "the reference looks for the names of classes letter by letter; their case does not matter",
        set: |s, on| s.any_case = on,
    },
    Deviation {
        name: "all_facts",
        about: "the reference compares summaries by common sequences of words, so that another wording is worth less; where \
                the gold lists its facts, their share counts, and a reply of more than twice the words loses as much",
        set: |s, on| s.all_facts = on,
    },
    Deviation {
        name: "repeated_heading",
        about: "the reference compares the first line of code, also where the reply repeats the line that it goes on after; \
                the line after that is compared",
        set: |s, on| s.repeated_heading = on,
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
