//! What the corrected scores of LongBench do otherwise than the reference, one switch each.

use crate::deviation::{CLEAN_REPLY, deviations};

deviations! {
    "longbench", "LongBench's scorer";
    clean_reply: CLEAN_REPLY,
    unicode_punctuation: "the reference deletes ASCII punctuation, and for Chinese a list without opening title \
        marks; all of Unicode's is deleted",
    plain_f: "the reference's ROUGE adds 1e-8 below the fraction, so that equal texts stay below 1; it is left out",
    deep_rouge: "the reference's ROUGE recurses a frame a word and gives 0 to sentences of about 1,000 words; they \
        are scored",
    every_inner_name: "the reference passes over the name after each class that is part of the right one's name; \
        every such class is left out",
    numbers_by_value: "the reference compares numbers as texts, so that 07 is not 7; their values are compared",
    whole_comments: "the reference passes over a line of code with #, // or a backtick anywhere, and takes an empty \
        line for code; only comments, fences and empty lines are passed over",
    frequent_characters: "the reference begins no match at a character that is frequent in a right line of 200 \
        characters or more; every character counts",
    fine_ratio: "the reference rounds the likeness of lines of code to a hundredth; it is kept",
    question_words: "the reference counts each word of a reply that the answer lacks as wrong, so that \"Mara keeps \
        a vase in Oslo\" is worth a third of \"vase\"; words of the question, and of \"the answer is\", do not count",
    stated_number: "the reference gives the share of a reply's numbers that are right, so that \"7 of 12\" is half \
        right, and reads digits only; the number that the reply states counts, the last one of several, and \
        \"seven\" is 7",
    any_case: "the reference looks for the names of classes letter by letter; their case does not matter",
    all_facts: "the reference compares summaries by common sequences of words, so that another wording is worth \
        less; where the gold lists its facts, their share counts, and a reply of more than twice the words loses as \
        much",
    repeated_heading: "the reference compares the first line of code, also where the reply repeats the line that it \
        goes on after; the line after that is compared",
}
