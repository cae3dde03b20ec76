//! What T-Eval cuts off a reply before it looks at it.

use crate::python::strip;

/// Texts that begin what a model says in another's name: the reply ends before the first of each.
const ENDS: [&str; 8] =
    ["<eoa>", "<TOKENS_UNUSED_1>", "<|im_end|>", "\nuser", "\nassistant", "\nUSER", "[INST]", "<|user|>"];

/// Cuts a reply at special tokens and at made-up turns, then takes off a code fence around it.
///
/// ```
/// assert_eq!(task::tool_use::clean("```json\n{\"a\": 1}\n```<|im_end|>"), "{\"a\": 1}");
/// ```
pub fn clean(reply: &str) -> &str {
    clean_at(reply, &ENDS)
}

fn clean_at<'t>(reply: &'t str, ends: &[&str]) -> &'t str {
    let cut = ends.iter().fold(reply, |text, end| text.split_once(end).map_or(text, |(before, _)| before));
    let text = strip(cut);
    let text = text.strip_prefix("```json").unwrap_or(text);
    strip(text.trim_matches('`'))
}

/// The reply up to a line that has nothing but the name of a role: what follows is said in another's name.
///
/// ```
/// assert_eq!(task::tool_use::own_turn("a.b\nuser: Leo\nuser\nThanks"), "a.b\nuser: Leo");
/// ```
pub fn own_turn(reply: &str) -> &str {
    let mut at = 0;
    for line in reply.split_inclusive('\n') {
        if at > 0
            && ["user", "assistant", "system"].contains(&strip(line).trim_end_matches(':').to_lowercase().as_str())
        {
            return strip(&reply[..at]);
        }
        at += line.len();
    }
    strip(reply)
}
