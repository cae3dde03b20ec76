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
    /// Read the first list or object, of what it seems to be, and no further (the reference does not).
    pub first_value: bool,
}

/// Reads a reply as a Python literal, else as JSON, else as JSON after turning single quotes into double ones.
/// Of a reply with a code block, only what follows its opening fence.
///
/// ```
/// use task::python::{Cut, load};
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
    let first = cut.start.filter(|_| cut.first_value).and_then(|start| first_value(text, start));
    if let Some(value) = first.and_then(read) {
        return Some(value);
    }
    if let Some(start) = cut.start {
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        text = &text[text.find(start).unwrap_or(last)..];
    }
    if let Some(end) = cut.end {
        text = text.rfind(end).map_or("", |at| &text[..at + end.len_utf8()]);
    }
    read(text)
}

/// A Python literal, else JSON, else JSON with double quotes for single ones.
pub(crate) fn read(text: &str) -> Option<Value> {
    literal_value(text).or_else(|| json_value(text)).or_else(|| json_value(&text.replace('\'', "\"")))
}

/// From the first opening bracket that begins a list of objects or an object with a quoted key, to the bracket that
/// closes it. `None` where there is no such bracket or nothing closes it.
fn first_value(text: &str, open: char) -> Option<&str> {
    let inside = |next: char| match open {
        '[' => matches!(next, '{' | ']'),
        _ => matches!(next, '"' | '\'' | '}'),
    };
    let begins = |&(at, _): &(usize, &str)| text[at + 1..].trim_start().chars().next().is_some_and(inside);
    let start = text.match_indices(open).find(begins)?.0;
    closing(text, start, |_| true).map(|end| &text[start..=end])
}

/// The bracket that closes the one at `start`. Quotes count; an apostrophe is one where `opens` says so of the byte
/// before it.
pub(crate) fn closing(text: &str, start: usize, opens: impl Fn(u8) -> bool) -> Option<usize> {
    let (mut depth, mut quote, mut escaped, mut before) = (0_usize, None, false, b' ');
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"') => quote = Some(byte),
            (None, b'\'') if opens(before) => quote = Some(byte),
            (None, b'[' | b'{' | b'(') => depth += 1,
            (None, b']' | b'}' | b')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
        before = byte;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_is_found_among_other_brackets() {
        let list = |text| first_value(text, '[');
        assert_eq!(list("see [1] then [ {\"a\": \"]\"}] or [{}]"), Some("[ {\"a\": \"]\"}]"));
        assert_eq!(list("[1] and [2]"), None);
        assert_eq!(list("[{\"a\": [1, 2"), None);
        assert_eq!(first_value("use {braces} {'a': {}} {}", '{'), Some("{'a': {}}"));
        assert_eq!(first_value("{}", '{'), Some("{}"));
    }
}
