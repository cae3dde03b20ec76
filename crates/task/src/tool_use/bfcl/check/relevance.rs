//! Whether to call at all.

use super::super::Switches;
use super::super::decode::Decoded;
use super::Wrong;

/// What is wanted of an entry without expected calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relevance {
    /// No call.
    None,
    /// Any call.
    Any,
}

impl Relevance {
    /// What a category wants; `None` for those with expected calls.
    pub fn of(category: &str) -> Option<Self> {
        match category {
            "irrelevance" | "live_irrelevance" => Some(Relevance::None),
            "live_relevance" => Some(Relevance::Any),
            _ => None,
        }
    }
}

/// Checks whether a reply calls where it should. `said` is its text.
///
/// # Errors
/// A call where none is due, or none where one is.
pub fn relevance(decoded: &Decoded, said: &str, wanted: Relevance, switches: &Switches) -> Result<(), Wrong> {
    let calls = decoded.calls().is_some_and(|calls| !calls.is_empty());
    match (wanted, calls) {
        (Relevance::None, true) => Err(Wrong::new("irrelevance_error:decoder_success")),
        (Relevance::Any, false) => Err(Wrong::new("relevance_error:decoder_failed")),
        (Relevance::None, false) if switches.read_abstention && Abstention::of(decoded, said) != Abstention::Said => {
            Err(Wrong::new("irrelevance_error:unread"))
        }
        _ => Ok(()),
    }
}

/// What a reply without a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tool_use::bfcl) enum Abstention {
    /// Words, or an empty list of calls.
    Said,
    /// Nothing.
    Empty,
    /// The same over and over.
    Degenerate,
    /// What looks like a call and cannot be read.
    BrokenCall,
}

impl Abstention {
    /// Judges a reply that has no call.
    pub(in crate::tool_use::bfcl) fn of(decoded: &Decoded, said: &str) -> Self {
        let words: Vec<&str> = said.split_whitespace().collect();
        if matches!(decoded, Decoded::Calls(calls) if calls.is_empty()) && !words.is_empty() {
            return Abstention::Said;
        }
        if !said.contains(char::is_alphabetic) {
            return Abstention::Empty;
        }
        let different: std::collections::HashSet<&str> = words.iter().copied().collect();
        if words.len() >= 40 && different.len() * 5 < words.len() || words.len() < 3 && said.len() > 200 {
            return Abstention::Degenerate;
        }
        let called = said.match_indices('(').any(|(at, _)| {
            let name = said[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            name && said[at..].split(')').next().is_some_and(|inside| inside.contains('='))
        });
        let tagged = ["<tool_call", "[TOOL_CALLS]", "<|python_tag|>", "\"arguments\"", "\"parameters\"", "<function="]
            .iter()
            .any(|mark| said.contains(mark));
        if called || tagged { Abstention::BrokenCall } else { Abstention::Said }
    }
}
