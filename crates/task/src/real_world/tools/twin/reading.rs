//! Finds the call in a reply of a conversation, in whatever form it stands.
//!
//! ```text
//! {"name": "find_paper", "arguments": {"title": "On Maps"}}     the form that the instructions show
//! <tool_call>{"name": "find_paper", "parameters": {..}}</tool_call>, {"function": {"name": .., "arguments": ".."}}
//! find_paper with Action Input: {"title": "On Maps"}
//! find_paper(title="On Maps"), find_paper("On Maps"), find_paper: {"title": "On Maps"}
//! Action: find_paper
//! Action Input: {"title": "On Maps"}
//! ```

use std::sync::LazyLock;

use regex::Regex;

use super::super::service::Function;
use crate::pattern;
use crate::python::{Value, closing, read, text};

/// A call that a reply makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// A tool of the episode.
    pub name: &'static str,
    /// Its arguments, a dictionary.
    pub arguments: Value,
}

/// The longest reply that is searched, in bytes.
const LONGEST: usize = 100_000;
/// Brackets and names in a reply that are tried.
const MOST: usize = 200;

/// The first call of a reply to one of the tools; an object with a tool's name counts before a name with its arguments.
pub fn wanted(tools: &[Function], reply: &str) -> Option<Wanted> {
    let reply = &reply[..reply.floor_char_boundary(LONGEST)];
    objects(reply).find_map(|value| of_object(tools, &value)).or_else(|| of_name(tools, reply))
}

/// Every object of a text that can be read and lies in no other.
fn objects(reply: &str) -> impl Iterator<Item = Value> {
    let mut from = 0;
    let mut tried = 0;
    std::iter::from_fn(move || {
        loop {
            tried += 1;
            let start = from + reply.get(from..)?.find('{')?;
            if tried > MOST {
                return None;
            }
            let value = closing(reply, start, |before| !before.is_ascii_alphanumeric())
                .and_then(|end| Some((end, read(reply.get(start..=end)?)?)));
            match value {
                Some((end, value)) => {
                    from = end + 1;
                    return Some(value);
                }
                None => from = start + 1,
            }
        }
    })
}

fn of_object(tools: &[Function], value: &Value) -> Option<Wanted> {
    let of = |keys: &[&str]| keys.iter().find_map(|key| value.get(key));
    if let Some(Value::Dict(_)) = value.get("function") {
        return of_object(tools, value.get("function")?);
    }
    let name = text(of(&["name", "tool", "function", "action", "tool_name"])?);
    let tool = tools.iter().find(|tool| tool.name == name.trim())?;
    let given = of(&["arguments", "parameters", "args", "action_input", "input", "params"]);
    let arguments = match given {
        Some(Value::Dict(_)) => given.cloned()?,
        Some(Value::Text(_)) => {
            read(&text(given?)).filter(|value| matches!(value, Value::Dict(_))).unwrap_or(nothing())
        }
        _ => nothing(),
    };
    Some(Wanted { name: tool.name, arguments })
}

fn nothing() -> Value {
    Value::Dict(Vec::new())
}

/// What may stand between a name and its arguments.
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^[`*\x22'>\s]*(?:(?:with\s+)?(?:action\s+)?(?:input|arguments?|args|parameters?)|:)?[`*\x22'\s:=]*")
});
/// Where an action is announced.
static LABEL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?im)^[ \t>*_#`-]*(?:action|tool|call)[ \t*_`]*:[ \t*_`]*"));

fn of_name(tools: &[Function], reply: &str) -> Option<Wanted> {
    let announced = LABEL.find_iter(reply).map(|found| &reply[found.end()..]);
    let places: Vec<&str> = announced.chain([reply]).collect();
    let with = places.iter().find_map(|place| named(tools, place).find_map(|(tool, rest)| given(tool, rest)));
    with.or_else(|| {
        // A name that stands alone calls a tool that needs nothing.
        let (tool, rest) = named(tools, places.first()?).next()?;
        let alone = rest.lines().next().is_none_or(|line| line.trim_matches(['`', '.', '*', '"', ' ']).is_empty());
        alone.then(|| Wanted { name: tool.name, arguments: nothing() })
    })
}

/// Every name of a tool in a text, with what follows it.
fn named<'a>(tools: &'a [Function], place: &'a str) -> impl Iterator<Item = (&'a Function, &'a str)> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_][A-Za-z0-9_]*"));
    let known = |word: regex::Match<'a>| {
        let tool = tools.iter().find(|tool| tool.name == word.as_str())?;
        Some((tool, &place[word.end()..]))
    };
    WORD.find_iter(place).filter_map(known).take(MOST)
}

/// The arguments that follow a tool's name.
fn given(tool: &Function, rest: &str) -> Option<Wanted> {
    let arguments = match rest.as_bytes().first() {
        Some(b'(') => in_brackets(tool, &rest[1..closing(rest, 0, |before| !before.is_ascii_alphanumeric())?])?,
        _ => {
            let rest = &rest[BETWEEN.find(rest).map_or(0, |found| found.end())..];
            rest.starts_with('{').then_some(())?;
            let end = closing(rest, 0, |before| !before.is_ascii_alphanumeric())?;
            read(&rest[..=end]).filter(|value| matches!(value, Value::Dict(_)))?
        }
    };
    Some(Wanted { name: tool.name, arguments })
}

/// `title="On Maps", year=3`, `"On Maps"` or `{"title": "On Maps"}`.
fn in_brackets(tool: &Function, inside: &str) -> Option<Value> {
    if let Some(value @ Value::Dict(_)) = read(inside.trim()) {
        return Some(value);
    }
    let mut pairs = Vec::new();
    for (place, part) in split(inside).into_iter().filter(|part| !part.trim().is_empty()).enumerate() {
        let key = part.split_once('=').map(|(key, value)| (key.trim(), value));
        let (key, value) =
            match key.filter(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')) {
                Some((key, value)) => (key, value),
                None => (*tool.keys.get(place)?, part),
            };
        pairs.push((Value::from(key), read(value.trim())?));
    }
    Some(Value::Dict(pairs))
}

/// Cuts at every comma outside of quotes and brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b',') if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: &[Function] = &[
        Function { name: "find_paper", keys: &["title"] },
        Function { name: "today", keys: &[] },
        Function { name: "rainfall", keys: &["station", "first", "last"] },
    ];

    fn said(reply: &str) -> Option<String> {
        wanted(TOOLS, reply).map(|wanted| format!("{} {}", wanted.name, wanted.arguments))
    }

    #[test]
    fn a_call_is_read_in_every_usual_form() {
        let replies = [
            r#"{"name": "find_paper", "arguments": {"title": "On (new) Maps"}}"#,
            "Let me use today's tool.\n```json\n{\"name\": \"find_paper\", \"parameters\": {\"title\": \"On (new) Maps\"}}\n```",
            r#"<tool_call>{"name": "find_paper", "arguments": "{\"title\": \"On (new) Maps\"}"}</tool_call>"#,
            r#"[{"type": "function", "function": {"name": "find_paper", "arguments": {"title": "On (new) Maps"}}}]"#,
            "Action: find_paper with Action Input: {'title': 'On (new) Maps'}",
            "Thought: I need today.\nAction: find_paper\nAction Input: {\"title\": \"On (new) Maps\"}\nObservation: x",
            "I'll call `find_paper(title=\"On (new) Maps\")` now.",
            "find_paper('On (new) Maps')",
            "find_paper {\"title\": \"On (new) Maps\"}",
            "**find_paper**: {\"title\": \"On (new) Maps\"}",
            "<function=find_paper>{\"title\": \"On (new) Maps\"}</function>",
            "find_paper({\"title\": \"On (new) Maps\"})",
            "{\"action\": \"find_paper\", \"action_input\": {\"title\": \"On (new) Maps\"}}",
        ];
        for reply in replies {
            assert_eq!(said(reply).as_deref(), Some("find_paper {'title': 'On (new) Maps'}"), "{reply}");
        }
        for reply in ["today", "`today`", "Action: today.", "today()", "{\"name\": \"today\"}", "today {}"] {
            assert_eq!(said(reply).as_deref(), Some("today {}"), "{reply}");
        }
        let three = "rainfall {'station': 'S1', 'first': 'a', 'last': 'b, c'}";
        assert_eq!(said("rainfall(\"S1\", last='b, c', first='a')").map(|text| text.len()), Some(three.len()));
        assert_eq!(said("rainfall('S1', 'a', 'b, c')").as_deref(), Some(three));
    }

    #[test]
    fn what_is_no_call_is_none() {
        for reply in [
            "",
            "The paper is from 1999.",
            "find",
            "I would ask find_paper about it",
            "today it rains",
            "{\"name\": \"fly\"}",
        ] {
            assert_eq!(said(reply), None, "{reply}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_reply_panics(reply in r#"(find_paper|today|\{|\}|\(|\)|"name"|:|"|'|,|=|é|\[|\]|Action|with|\\|\n| ){0,24}"#) {
            wanted(TOOLS, &reply);
        }
    }
}
