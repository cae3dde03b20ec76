//! What becomes of calls on their way through a server, whose parser may lose what the model wrote.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls;
use crate::{Spoken, ToolCall};

/// The calls of one reply, as its model wrote them and as the server gave them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServedCalls {
    /// Calls in the model's text, as this program reads it.
    pub written: usize,
    /// Those of them that the server gave: the same functions with the same arguments, in their order.
    pub kept: usize,
    /// Calls that the server gave.
    pub given: usize,
    /// The model's text, where the server gave something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl ServedCalls {
    /// Compares the text of a model with the calls that its server took from it; `None` where neither has any. `tools` are
    /// those that were offered.
    ///
    /// ```
    /// use record::{ServedCalls, ToolCall};
    /// let raw = "<tool_call>{\"name\": \"ls\", \"arguments\": {\"a\": true}}</tool_call>";
    /// let lost = ServedCalls::of(raw, &[], &[]).unwrap();
    /// assert_eq!((lost.written, lost.kept, lost.raw.as_deref()), (1, 0, Some(raw)));
    /// let call = ToolCall { id: None, name: "ls".into(), arguments: serde_json::json!({"a": true}) };
    /// assert!(ServedCalls::of(raw, &[], &[call]).unwrap().agrees());
    /// assert_eq!(ServedCalls::of("No.", &[], &[]), None);
    /// ```
    pub fn of(raw: &str, tools: &[Value], given: &[ToolCall]) -> Option<Self> {
        let said = Spoken::of(raw).content;
        // In the channels of gpt-oss a call is not what is said.
        let written = calls(&said, tools).or_else(|| calls(raw, tools).filter(|_| raw.contains("to=functions.")));
        let written = written.map(|found| found.calls).unwrap_or_default();
        if written.is_empty() && given.is_empty() {
            return None;
        }
        let kept = in_both(&written, given);
        let (written, given) = (written.len(), given.len());
        let same = written == kept && given == kept;
        Some(Self { written, kept, given, raw: (!same).then(|| raw.to_owned()) })
    }

    /// Whether the server gave what the model wrote, and nothing else.
    pub fn agrees(&self) -> bool {
        self.written == self.kept && self.given == self.kept
    }
}

/// The most calls of a reply that are looked at.
const MOST: usize = 256;

/// The length of the longest sequence of calls that is in both.
fn in_both(written: &[ToolCall], given: &[ToolCall]) -> usize {
    let same = |a: &ToolCall, b: &ToolCall| a.name == b.name && a.arguments == b.arguments;
    let (written, given) = (&written[..written.len().min(MOST)], &given[..given.len().min(MOST)]);
    let mut row = vec![0; given.len() + 1];
    for one in written {
        let mut before = 0;
        for (at, other) in given.iter().enumerate() {
            let here = if same(one, other) { before + 1 } else { row[at + 1].max(row[at]) };
            before = std::mem::replace(&mut row[at + 1], here);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, a: i32) -> ToolCall {
        ToolCall { id: None, name: name.to_owned(), arguments: json!({"a": a}) }
    }

    fn hermes(calls: &[ToolCall]) -> String {
        let one = |call: &ToolCall| {
            format!("<tool_call>\n{}\n</tool_call>", json!({"name": call.name, "arguments": call.arguments}))
        };
        calls.iter().map(one).collect()
    }

    #[test]
    fn lost_added_and_changed_calls_are_counted() -> Result<(), &'static str> {
        let (f, g, h) = (call("f", 1), call("g", 2), call("h", 3));
        let raw = hermes(&[f.clone(), g.clone(), h.clone()]);
        let of = |given: &[ToolCall]| ServedCalls::of(&raw, &[], given).ok_or("no calls");
        let counts = |found: &ServedCalls| (found.written, found.kept, found.given, found.raw.is_some());
        assert_eq!(counts(&of(&[f.clone(), g.clone(), h.clone()])?), (3, 3, 3, false));
        assert_eq!(counts(&of(&[f.clone(), h.clone()])?), (3, 2, 2, true));
        assert_eq!(counts(&of(&[f.clone(), call("g", 9), h.clone()])?), (3, 2, 3, true));
        assert_eq!(counts(&of(&[h, g, f.clone()])?), (3, 1, 3, true));
        let made_up = ServedCalls::of("I cannot.", &[], &[f]).ok_or("no calls")?;
        assert_eq!(counts(&made_up), (0, 0, 1, true));
        Ok(())
    }

    #[test]
    fn a_call_in_a_thought_is_none_and_one_in_a_channel_is() {
        let thought = format!("<think>Shall I {}?</think>No.", hermes(&[call("f", 1)]));
        assert_eq!(ServedCalls::of(&thought, &[], &[]), None);
        let channel = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.f \
                       <|constrain|>json<|message|>{\"a\": 1}<|call|>";
        assert!(ServedCalls::of(channel, &[], &[call("f", 1)]).is_some_and(|found| found.agrees()));
    }
}
