//! What the corrected scores of ScienceWorld do otherwise than AgentBoard's, one switch each.

use crate::deviation::deviations;

deviations! {
    "scienceworld", "AgentBoard's score of ScienceWorld";
    grounding_before_the_step: "the reference looks an action up among those that are possible after it, so that going \
        to a room counts as invalid once one is there; it is looked up among those that were possible before",
}
