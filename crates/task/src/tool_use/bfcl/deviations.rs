//! What the corrected scores of BFCL do otherwise than the reference, one switch each.

use crate::deviation::deviations;

deviations! {
    "bfcl", "BFCL's checkers";
    any_fence: "the reference reads a reply only if it is nothing but calls; \"```python\", thoughts or words around \
        the calls lose it. The last code block, or the last list of calls, is read",
    positional_arguments: "the reference drops arguments without a name silently; they are bound in the order of the \
        function's document",
    true_signs: "the reference takes +5 and ~5 for -5 and \"not True\" for -1; signs mean what they say",
    attribute_values: "the reference gives up a whole reply for one value such as Color.RED; the value is its text",
    plain_dictionaries: "multi-turn: the reference takes an argument that is an empty dictionary, or one of \
        dictionaries, for a call and loses the step; it is a dictionary",
    class_bodies: "Java: the reference drops the body of new HashMap<>() {{ put(..); }}, so that the value cannot be \
        right; it stays",
    java_elements: "Java: the reference keeps the quotes of the texts in an array, and all elements of type any as \
        texts; quotes go, and such elements are read by what they are",
    character_offsets: "Java: the reference cuts texts at offsets that count bytes, so that arguments after a letter \
        beyond ASCII are cut wrongly; characters are counted",
    json_unread: "the reference takes broken JSON for an empty list, so that it is a wrong number of calls, where \
        broken Python cannot be read; neither can be read",
    any_matching: "parallel: the reference takes for each expected call the first given one that passes, so that two \
        alike expected calls can miss; any one-to-one match counts",
    nested_values: "the reference compares texts inside nested lists and dictionaries letter by letter, and accepted \
        values inside nested dictionaries never; both as at the outside",
    read_abstention: "irrelevance: the reference takes any reply that cannot be read for abstaining, also an empty \
        one and a broken call; only words without a call abstain",
    call_positions: "multi-turn: the reference changes texts that look like calls, \"my file (v2)\", inside arguments; \
        arguments stay as they are",
    own_draws: "multi-turn: the reference draws all random results of a service from one sequence, so that reading \
        more changes what a later call returns; each method has its own sequence",
    deep_copies: "multi-turn: in the reference a copied or moved folder shares its files with the first one; a copy \
        is a copy",
}
