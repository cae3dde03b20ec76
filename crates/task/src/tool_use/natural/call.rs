//! Calls as objects of whatever keys, and in words.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use record::Message;
use regex::Regex;

use super::arguments::{arguments, as_arguments, key, lenient, outside_word, values};
use super::{MOST, MOST_BYTES};
use crate::pattern;
use crate::python::{Value, closing, strip, text};

/// A call as a reply states it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tool_use) struct Stated {
    /// Where it begins in the reply, in bytes.
    pub at: usize,
    pub name: String,
    pub args: Option<Vec<(Value, Value)>>,
    pub thought: Option<String>,
}

/// What is named like a tool: words with dots between them.
static TOOL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_][A-Za-z0-9_]+(?:\.[A-Za-z_][A-Za-z0-9_]+)+"));

const NAMES: [&str; 12] = [
    "action",
    "name",
    "tool",
    "tool_name",
    "function",
    "function_name",
    "api",
    "api_name",
    "method",
    "call",
    "recipient_name",
    "toolname",
];

pub(super) const ARGS: [&str; 10] = [
    "args",
    "arguments",
    "parameters",
    "params",
    "action_input",
    "input",
    "tool_input",
    "kwargs",
    "argument",
    "tool_args",
];

const THOUGHTS: [&str; 6] = ["thought", "thoughts", "reasoning", "reason", "plan", "explanation"];

/// The tools that a prompt offers.
pub(in crate::tool_use) fn offered(prompt: &[Message]) -> BTreeSet<&str> {
    prompt.iter().flat_map(|message| TOOL.find_iter(&message.content)).map(|found| found.as_str()).collect()
}

/// A tool by its name or by the part after its last dot, where no other offered tool has that part.
pub(in crate::tool_use) fn full_name(name: &str, offered: &BTreeSet<&str>) -> String {
    let name = strip(name).trim_matches(['`', '"', '\'', '*']).trim_end_matches(['.', ':', ',']);
    let name = name.strip_suffix("()").unwrap_or(name);
    if offered.contains(name) {
        return name.to_owned();
    }
    let last = |tool: &str| tool.rsplit('.').next().map(str::to_lowercase);
    let mut fits = offered.iter().filter(|tool| {
        tool.eq_ignore_ascii_case(name) || !name.contains('.') && last(tool).as_deref() == Some(&name.to_lowercase())
    });
    match (fits.next(), fits.next()) {
        (Some(one), None) => (*one).to_owned(),
        _ => name.to_owned(),
    }
}

/// A call as an object of whatever keys.
pub(in crate::tool_use) fn from_value(at: usize, value: &Value, offered: &BTreeSet<&str>) -> Option<Stated> {
    let Value::Dict(pairs) = value else { return None };
    let thought = key(value, &THOUGHTS).map(|thought| text(&thought));
    let stated = |name: &Value, args: Option<Value>| -> Option<Stated> {
        if let Value::Dict(_) = name {
            let inner = from_value(at, name, offered)?;
            let args = args.as_ref().and_then(as_arguments).or(inner.args);
            return Some(Stated { args, thought: thought.clone().or(inner.thought), ..inner });
        }
        let name = text(name);
        let whole = in_words(&name, offered).into_iter().next();
        let args = args.as_ref().and_then(as_arguments);
        match whole.filter(|call| call.args.is_some() && args.is_none()) {
            Some(call) => Some(Stated { at, thought: thought.clone(), ..call }),
            None => Some(Stated { at, name: full_name(&name, offered), args, thought: thought.clone() }),
        }
    };
    if let Some(calls) = key(value, &["tool_calls", "calls"]) {
        if let Value::List(calls) | Value::Tuple(calls) = calls {
            let inner = from_value(at, calls.first()?, offered)?;
            return Some(Stated { thought: thought.or(inner.thought), ..inner });
        }
        return None;
    }
    if let Some(name) = key(value, &NAMES).filter(|name| matches!(name, Value::Text(_) | Value::Dict(_))) {
        let args = key(value, &ARGS);
        // {"name": "Ida"} may be arguments as well as a call.
        let is_tool = || offered.contains(full_name(&text(&name), offered).as_str());
        let only_name = NAMES.iter().filter(|known| key(value, &[**known]).is_some()).eq(["name"].iter());
        if args.is_none() && only_name && !is_tool() {
            return None;
        }
        if args.is_some() || matches!(name, Value::Dict(_)) {
            return stated(&name, args);
        }
        // {"action": "bank.pay", "to": "Ida"}
        let is_other = |name: &Value| {
            let name = text(name).to_lowercase();
            !NAMES.contains(&name.as_str()) && !THOUGHTS.contains(&name.as_str()) && !["id", "type"].contains(&&*name)
        };
        let rest: Vec<_> = pairs.iter().filter(|(name, _)| is_other(name)).cloned().collect();
        return stated(&name, (!rest.is_empty()).then_some(Value::Dict(rest)));
    }
    // {"bank.pay": {"to": "Ida"}}
    let mut named = pairs.iter().filter(|(name, _)| offered.contains(full_name(&text(name), offered).as_str()));
    match (named.next(), named.next()) {
        (Some((name, args)), None) => stated(&name.clone(), Some(args.clone())),
        _ => None,
    }
}

/// Calls in words: `bank.pay(to="Ida")`, `bank.pay with to = Ida`, or the name alone.
pub(in crate::tool_use) fn in_words(reply: &str, offered: &BTreeSet<&str>) -> Vec<Stated> {
    static WITH: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^[`*_]*\s*(?:tool\s+)?(?:with|using|:|,)(?:\s+the)?(?:\s+(?:arguments?|values?|parameters?))?\s*:?\s*",
        )
    });
    static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"));
    if reply.len() > MOST_BYTES {
        return Vec::new();
    }
    let mut all = Vec::new();
    for found in WORD.find_iter(reply) {
        let name = full_name(found.as_str(), offered);
        if !offered.contains(name.as_str()) {
            continue;
        }
        let rest = &reply[found.end()..];
        let opens = rest.trim_start_matches(['`', '*', '_', ' ']);
        let args = if opens.starts_with('(') {
            let start = reply.len() - opens.len();
            let inside = closing(reply, start, outside_word).map(|end| &reply[start + 1..end]);
            inside.and_then(|inside| match strip(inside) {
                "" => Some(Vec::new()),
                inside => lenient(inside).as_ref().and_then(as_arguments).or_else(|| arguments(inside)),
            })
        } else if let Some(with) = WITH.find(rest) {
            let line = rest[with.end()..].lines().next().unwrap_or_default();
            values(line).first().and_then(|(_, value)| as_arguments(value)).or_else(|| arguments(line))
        } else {
            None
        };
        all.push(Stated { at: found.start(), name, args, thought: None });
        if all.len() > MOST {
            break;
        }
    }
    all
}
