//! What the corrected scores do otherwise than the reference, one switch each.

use crate::deviation::{CLEAN_REPLY, deviations};

deviations! {
    "worfbench", "WorfBench's scorer";
    clean_reply: CLEAN_REPLY,
    last_answer: "the reference reads two workflows of one reply as one; the last one with steps and edges counts",
    no_heading: "the reference gives 0 to a reply without the word \"Node\"; steps and edges suffice",
    loose_numbering: "the prompt asks for \"1.step\", which the reference cannot read: it needs a space, and takes \
        \"12: x\" anywhere in a line for a step; steps are lines that begin with a number and \":\", \".\" or \")\"",
    first_listing: "the reference reads a second listing of the same numbers as further steps; the first one counts",
    printed_numbers: "the reference takes edge (2,3) from the second to the third line whatever their numbers; \
        edges mean the printed numbers",
    any_case: "the reference ignores edges to \"start\" and \"End\"; their case does not matter",
    other_lists: "the reference reads numbered steps only; bullets, lists in one line, letters, \"1 - step\", and \
        JSON or Python values with nodes and edges are read too, and \"(after 1)\" as an edge",
    other_edges: "the reference reads edges like (1,2) only; \"1 -> 2\", \"[1, 2]\", \"1 to 2\" and \"2 depends on \
        1\" are read where there is none of that form",
    named_edges: "the reference reads numbers in edges only; the steps' texts may stand in their place",
    steps_alone: "the reference gives 0 to right steps without edges; they count as steps that nothing binds",
    all_orders: "the reference compares with 20 orders of the gold steps, and from 8 steps on with one order that \
        includes START and END, so that a perfect reply of 8 steps scores 0.889; all orders that the gold edges \
        allow count, at any size",
    order_from_edges: "the reference takes the steps in the order listed even where the reply's own edges say \
        otherwise; the edges decide, the listing only where they leave it open",
    no_free_match: "the reference credits one match in the node score where nothing matches, and stops with an \
        error where there are no steps; both are 0",
    structural_ties: "steps of the same text are matched by the order of exploration in the reference, which can \
        cross a perfect reply; they are matched by their place in the graph",
    translated_edges: "the reference compares the edges of the reply and of the gold by raw index; they are \
        compared through the matching of the steps",
    implied_ends: "the reference loses steps that no edge ties to START or END; a step without an edge in begins at \
        START, one without an edge out leads to END",
    steps_only: "the reference counts START and END, which always match, as found nodes of the graph; only steps \
        count",
    both_scores: "the headline of the reference's runs is the node F1 alone; it is the mean of node F1 and graph F1",
}
