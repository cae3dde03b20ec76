//! T-Eval's lenient loader: whatever a reply might mean by a value.

use super::{Value, json_value, literal_value};

/// Which part of a reply the loader reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cut {
    /// Read from the first of these on. Where there is none, the reference keeps only the last character.
    pub start: Option<char>,
    /// Read up to the last of these. Where there is none, nothing is left.
    pub end: Option<char>,
    /// Leave out what follows the closing fence of a code block (the reference does not).
    pub closed_fence: bool,
}

/// Reads a reply as a Python literal, else as JSON, else as JSON after turning single quotes into double ones.
/// Of a reply with a code block, only what follows its opening fence.
///
/// ```
/// use task::tool_use::{Cut, load};
/// assert!(load("Here: ```json\n{'a': 1}\n```", Cut::default()).is_some());
/// assert!(load("{'a': true}", Cut::default()).is_some()); // the third way
/// assert!(load("Here: {'a': 1}", Cut::default()).is_none());
/// ```
pub fn load(reply: &str, cut: Cut) -> Option<Value> {
    let mut text = reply;
    if let Some((_, inside)) = text.split_once("```json") {
        text = match inside.split_once("```") {
            Some((block, _)) if cut.closed_fence => block,
            _ => inside.trim_matches('`'),
        };
    }
    if let Some(start) = cut.start {
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        text = &text[text.find(start).unwrap_or(last)..];
    }
    if let Some(end) = cut.end {
        text = text.rfind(end).map_or("", |at| &text[..at + end.len_utf8()]);
    }
    literal_value(text).or_else(|| json_value(text)).or_else(|| json_value(&text.replace('\'', "\"")))
}
