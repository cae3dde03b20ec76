//! Thinking before acting (ReAct, Yao et al. 2023, arXiv 2210.03629): each reply is a thought and then an action.
//!
//! ```text
//! Thought: The book is in the hall, so I go there first.
//! Action: go north
//! ```

use record::{Message, Role, Sample};

/// Under which name a sample's `input` says that it is asked so.
const KEY: &str = "react";
/// Tokens of a thought, beside what the action may have.
const THOUGHT_TOKENS: usize = 160;
/// What some models go on with: they make up what they would see.
const STOP: &str = "\nObservation:";

const HOW: &str = "Before each action you think. A reply has two lines:
Thought: one or two sentences about what to do next, and why
Action: the action, and nothing else";

/// What an agent's reply consists of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Empty where there is none.
    pub thought: String,
    /// On one line.
    pub action: String,
}

/// Asks an episode's agent to think aloud. Worked examples are shown with thoughts that say no more than the action does.
///
/// ```
/// use record::Message;
/// use task::{Asking, Split, real_world};
/// let mut sample = real_world::generate_twin(0, Split::Test, Asking::default(), Some(1)).remove(0);
/// real_world::think_aloud(&mut sample);
/// assert!(sample.messages[0].content.contains("Thought: "));
/// assert!(sample.messages[2].content.contains("\nAction: "));
/// ```
pub fn think_aloud(sample: &mut Sample) {
    let Some(input) = sample.input.as_object_mut() else { return };
    input.insert(KEY.to_owned(), true.into());
    sample.max_tokens += THOUGHT_TOKENS;
    sample.stop.push(STOP.to_owned());
    for message in &mut sample.messages {
        match message.role {
            Role::System => message.content.push_str(&format!("\n\n{HOW}")),
            Role::Assistant => *message = Message::assistant(example(&message.content)),
            _ => {}
        }
    }
}

fn example(action: &str) -> String {
    format!("Thought: To come closer to the goal, I do this next: {action}\nAction: {action}")
}

/// Whether a sample's agent is asked to think aloud.
pub(super) fn is_asked(sample: &Sample) -> bool {
    sample.input[KEY] == true
}

/// How AgentBoard's kind of prompt says it.
pub(super) fn system(message: &str) -> String {
    format!("{message}{HOW}\n")
}

/// What a reply says: the first line that begins with `Action:`, or the line after it, and what stands before. `None` where
/// no line does.
pub(super) fn said(reply: &str) -> Option<Said> {
    let mut before = String::new();
    let mut lines = reply.lines();
    while let Some(line) = lines.next() {
        let Some(action) = labeled(line, "action") else {
            before.push_str(line);
            before.push('\n');
            continue;
        };
        let action =
            if action.is_empty() { lines.find(|line| !line.trim().is_empty()).unwrap_or_default() } else { action };
        let thought = before.trim();
        let thought = labeled(thought, "thought").unwrap_or(thought);
        return Some(Said { thought: thought.to_owned(), action: action.trim().to_owned() });
    }
    None
}

/// What follows a label and its colon, in any case and with marks of emphasis around it: `**Action:** go north`.
fn labeled<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let bare = line.trim_start_matches(['*', '#', '_', ' ', '\t']);
    let head = bare.get(..label.len())?;
    let rest = head.eq_ignore_ascii_case(label).then(|| bare.get(label.len()..))??;
    let rest = rest.trim_start_matches(['*', '_', ' ']).strip_prefix(':')?;
    Some(rest.trim_start_matches(['*', '_']).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(reply: &str) -> Option<(String, String)> {
        said(reply).map(|Said { thought, action }| (thought, action))
    }

    fn some(thought: &str, action: &str) -> Option<(String, String)> {
        Some((thought.to_owned(), action.to_owned()))
    }

    #[test]
    fn a_reply_is_a_thought_and_an_action() {
        assert_eq!(
            parts("Thought: The book is\nin the hall.\nAction: go north"),
            some("The book is\nin the hall.", "go north")
        );
        assert_eq!(
            parts("I need the key.\n**Action:** take key\nObservation: you have it"),
            some("I need the key.", "take key")
        );
        assert_eq!(parts("action:\n\n  look \nmore"), some("", "look"));
        assert_eq!(
            parts("Thought: none\nAction: f with Action Input: {\"a\": 1}"),
            some("none", "f with Action Input: {\"a\": 1}")
        );
        for without in ["go north", "Thought: hm", "", "Actions: many", "Action Input: x", "é"] {
            assert_eq!(parts(without), None, "{without}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_reply_panics(reply in "(action|Thought|:|\n|\\*|é| |x){0,12}") {
            proptest::prop_assert!(said(&reply).is_none_or(|said| !said.action.contains('\n')));
        }
    }
}
