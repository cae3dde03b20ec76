//! What the corrected scores of the games do otherwise than AgentBoard's, one switch each.

use crate::deviation::deviations;

deviations! {
    "pddl", "AgentBoard's score of a game";
    progress_at_start: "the reference counts goals that hold before the first action only once an action took effect; \
        they count from the start",
}
