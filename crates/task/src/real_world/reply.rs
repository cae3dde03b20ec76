//! Finds the action in a model's reply, as AgentBoard's act-only agent does.

use record::{Decided, Decision};

use crate::decision::{Finder, whole};

/// Which bytes of a reply decide: its action where that can be found, else all of it.
pub(super) fn decided(reply: &str) -> Vec<Decided> {
    let mut finder = Finder::new(reply, 0);
    match finder.find(&stated_action(reply), Decision::Action) {
        true => finder.finish(),
        false => whole(reply, Decision::Action),
    }
}

/// The action that a reply states.
///
/// Replies with "action" in them are searched for a line such as `Action: go north`, `My next action is to go north`
/// or, after `next action:`, the line that follows; all others are taken by their first line.
///
/// ```
/// use task::real_world::stated_action;
/// assert_eq!(stated_action("Sure.\nAction: pick up b1\nDone"), "pick up b1");
/// assert_eq!(stated_action("pick up b1\nThen more"), "pick up b1");
/// ```
pub fn stated_action(reply: &str) -> String {
    let found = if reply.to_lowercase().contains("action") { search(reply) } else { None };
    let found = found.unwrap_or_else(|| reply.to_owned());
    let found = if found.trim().is_empty() { reply.split('\n').next().unwrap_or_default() } else { &found };
    let bare = found.trim().trim_matches(['\'', '/']);
    bare.split('\n').next().unwrap_or_default().to_owned()
}

fn search(reply: &str) -> Option<String> {
    let lines: Vec<&str> = reply.split('\n').collect();
    let mut found = None;
    for (index, line) in lines.iter().enumerate() {
        let lower = line.to_lowercase();
        let colon = line.split_once(':');
        if colon.is_some()
            && line.contains("next action")
            && let Some(next) = lines[index + 1..].iter().find(|next| !next.is_empty())
        {
            found = Some((*next).to_owned());
        }
        if lower.split(':').next().is_some_and(|before| before.ends_with("with action input")) {
            return Some((*line).to_owned());
        }
        if !lower.contains("action") {
            continue;
        }
        if let Some((_, after)) = colon.filter(|(_, after)| !after.is_empty()) {
            return Some(after.to_owned());
        }
        if let Some(after) = line.split("is to").nth(1).filter(|after| !after.is_empty()) {
            return Some(after.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_after_next_action_is_taken_unless_a_later_line_says_more() {
        assert_eq!(stated_action("Here is the next action to take:\n\nopen door"), "open door");
        assert_eq!(stated_action("next action:\nopen door\nAction: close door"), "close door");
        assert_eq!(stated_action("next action:\n"), "next action:");
        assert_eq!(stated_action("Action: '/look'/\nx"), "look");
        assert_eq!(stated_action("  \n action: \nx"), "");
    }

    proptest::proptest! {
        #[test]
        fn no_reply_panics(reply in "(action|next action|is to|:|\n|'|/| |with action input|é|x){0,12}") {
            assert!(!stated_action(&reply).contains('\n'));
        }
    }
}
