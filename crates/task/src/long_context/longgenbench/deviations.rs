//! What the corrected scores of LongGenBench do otherwise than the reference, one switch each.

use crate::deviation::{CLEAN_REPLY, deviations};

deviations! {
    "longgenbench", "the scorer of LongGenBench's SCOPE form";
    clean_reply: CLEAN_REPLY,
    by_number: "the reference takes the n-th answer it finds for the n-th question, so that a skipped one shifts \
        all later ones, and reads GSM8K's beyond the next heading, MMLU's on one line only; an answer belongs to \
        the question whose number it bears and ends at the next heading",
    whole_numbers: "the reference reads 1,200 as 1 and neither signs nor decimals, in answers and gold; the value \
        is compared",
    any_mark: "the reference misses $18, **18** and a letter without parentheses; marks around an answer do not \
        matter",
    any_heading: "the reference reads answers after \"Answer_9:\" only; \"**Answer_9**\" or \"### Answer 9\" \
        without colon are read too, and numbered lines where there is no such heading at all",
    any_number: "the reference reads plain digits; 9,500, 9 500, $9{,}500, 3/4 and \\frac{3}{4} are read by their \
        value",
    last_said: "the reference reads the first \"answer is\" and nothing else; the last one counts, of two answers \
        with one number too, and where there is none the last number or lone letter of the answer",
}
