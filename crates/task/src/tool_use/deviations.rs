//! What the corrected scores of T-Eval do otherwise than the reference, one switch each.

use crate::deviation::deviations;

deviations! {
    "teval", "T-Eval's scorers";
    clean_reply: "the reference reads thoughts, and what templates of today leave behind, as part of the answer, \
        and takes an argument `user` on a line of its own for a turn; thoughts are left out, and only a line with \
        nothing but a role ends the reply",
    any_form: "instruct, plan, understand, rru: the reference reads the asked form only; a call with other keys \
        (\"arguments\"), as pay(to=\"Ida\"), under headings like \"**Action:**\", in words or with the last part of \
        the tool's name alone is read too, the last one of several",
    same_values: "instruct, understand, rru: the reference wants values of the same type; \"5\" is 5, \"the \
        result\" is \"result\", \"Ida\" is a list of Ida, \"Mara and Paul\" a list of both",
    call_alone: "instruct: the reference gives half of the score to the form, whatever the call; the call alone \
        counts, and `format` says how often it had the form",
    literal_markers: "instruct: the reference uses the markers of the string form as a regular expression, so that \
        \"[T]\" only finds a T; markers are what they say",
    last_marker: "instruct: the reference cuts white space off the reply and then misses a last marker that is a \
        line end; such a marker may be missing at the end",
    json_arguments: "instruct: the reference reads the arguments of the string form as a Python literal only, so \
        that true and null lose them all; JSON is read too",
    closed_fence: "all JSON forms: the reference cannot read a JSON code block with words after it, though it can \
        with words before it; words after it are left out",
    first_value: "plan, rru: the reference reads from the first bracket to the last, so that \"[1]\", \"{braces}\" \
        or a second answer spoil the first; the first list of objects, or object with a quoted key, is read",
    extra_arguments: "instruct, rru: the reference does not mind arguments that nobody asked for; each counts as a \
        wrong one",
    missing_is_not_empty: "instruct: the reference takes a missing argument for an empty text; it is wrong even \
        where the empty text is right",
    whole_share: "rru: the reference divides the right arguments by their number plus 0.00001, so that nothing is \
        ever quite right; by their number",
    whole_names: "plan in lines: the reference finds a tool's name inside a longer one (get_author in \
        get_author_id); only whole names count",
    exact_names: "plan: the reference takes a tool of a similar name for the right one; the name must be equal",
    line_arguments: "plan in lines: the reference compares the whole line with a dictionary, so that a step without \
        arguments is hardly ever found; the line without the tool's name is compared, and where no arguments are \
        wanted the name suffices",
    common_order: "plan: the reference matches the steps first and looks at their order then, so that equal steps \
        are crossed and a perfect plan that pays twice scores 0.333; the longest common sequence of alike steps \
        counts",
    no_free_match: "plan: the reference credits one step where none is alike, and stops with an error where there \
        is none but FinishAction; both are 0, or 1 where the right plan is FinishAction alone",
    listed_tools: "retrieve: the reference takes \"version 2.0\", \"e.g\" or letters without a space around the \
        name for another tool; only names count that the prompt offers",
    equal_values: "understand: the reference wants the arguments letter by letter as Python prints them; JSON, \
        spaces and another order of keys are right too",
    whole_thought: "reason, rru: the reference compares thoughts by likeness alone, so that a right one in a \
        sentence gets half and a wrong one a third; of a thought of up to three words all must be there, in any \
        form, and then it is right",
    last_tool: "retrieve: the reference takes a reply for wrong that names other tools before the right one; the \
        last one counts, and the last part of a name suffices",
    plan_arguments: "plan: the reference compares arguments by likeness, so that a step with wrong values is as \
        good as a right one; a step with the right tool counts three fourths, and the last fourth by the share of \
        its arguments that are right",
    stated_letter: "review: the reference reads the first letter after the first colon, C of \"B: Correct\" and A \
        of \"Actually\"; a letter that stands alone is read",
    stated_choice: "review: the reference reads letters only; \"(b)\", and the text of a choice without its letter, \
        are read too",
}
