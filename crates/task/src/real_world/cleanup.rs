//! How AgentBoard cleans ALFWorld's actions before they are played.

/// A command for ALFWorld: without the space around it and a full stop at its end; where it speaks of putting, `in` and
/// `on` become `in/on`: every `in`, or every `on` where there is no `in`.
///
/// ```
/// assert_eq!(task::real_world::household_action("put apple 1 on desk 1."), "put apple 1 in/on desk 1");
/// ```
pub fn household_action(text: &str) -> String {
    let mut action = text.trim().to_owned();
    if action.contains("put") {
        let word = if action.contains(" in ") { " in " } else { " on " };
        action = action.replace(word, " in/on ");
    }
    action.strip_suffix('.').map(str::to_owned).unwrap_or(action)
}
