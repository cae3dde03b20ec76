//! Calls, arguments and values in other forms than the one that is asked for.
//!
//! ```text
//! {"name": "bank.pay", "arguments": {"to": "Ida"}}        **Action:** bank.pay
//! bank.pay(to="Ida", amount=5)                             **Arguments:** to = Ida, amount = 5
//! Use bank.pay with to = Ida and amount = "5".
//! ```

use crate::python::{Value, closing, read, strip, text};
use std::collections::BTreeSet;
use std::sync::LazyLock;

use record::Message;
use regex::Regex;

use crate::pattern;

/// Longer replies are read in the asked form only.
pub(super) const MOST_BYTES: usize = 1 << 17;
/// Values, calls and arguments that are looked for.
const MOST: usize = 200;

/// A call as a reply states it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stated {
    /// Where it begins in the reply, in bytes.
    pub at: usize,
    pub name: String,
    pub args: Option<Vec<(Value, Value)>>,
    pub thought: Option<String>,
}

/// What is named like a tool: words with dots between them.
static TOOL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_][A-Za-z0-9_]+(?:\.[A-Za-z_][A-Za-z0-9_]+)+"));
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)^[ \t>*_#`-]*(thoughts?|reasoning|actions?|tools?|function|call|tool call|next call|name|tool name|action input|input|args|arguments?|parameters?|params|end)(?: \d+)?[ \t*_`]*[:：=][ \t*_`]*",
    )
});
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
const ARGS: [&str; 10] = [
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
pub(super) fn offered(prompt: &[Message]) -> BTreeSet<&str> {
    prompt.iter().flat_map(|message| TOOL.find_iter(&message.content)).map(|found| found.as_str()).collect()
}

/// A tool by its name or by the part after its last dot, where no other offered tool has that part.
pub(super) fn full_name(name: &str, offered: &BTreeSet<&str>) -> String {
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

/// Whether an apostrophe after this byte opens a quote: not inside of a word.
fn outside_word(before: u8) -> bool {
    !before.is_ascii_alphanumeric()
}

/// All values in braces or brackets that can be read, the outermost ones, with their places.
pub(super) fn values(reply: &str) -> Vec<(usize, Value)> {
    if reply.len() > MOST_BYTES {
        return Vec::new();
    }
    let (mut all, mut from, mut tried) = (Vec::new(), 0, 0);
    while let Some(at) = reply[from..].find(['{', '[']).map(|at| from + at) {
        tried += 1;
        if tried > MOST {
            break;
        }
        let value = closing(reply, at, outside_word).and_then(|end| Some((end, lenient(&reply[at..=end])?)));
        from = match value {
            Some((end, value)) => {
                all.push((at, value));
                end + 1
            }
            None => at + 1,
        };
    }
    all
}

/// A value with the small faults that models make: a comma too many, comments, true for True.
fn lenient(text: &str) -> Option<Value> {
    static TRAILING: LazyLock<Regex> = LazyLock::new(|| pattern(r",(\s*[}\]])"));
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)[ \t]//[^\n\x22]*$|[ \t]#[^\n\x22']*$"));
    read(text).or_else(|| {
        let plain = COMMENT.replace_all(text, "");
        read(&TRAILING.replace_all(&plain, "$1"))
    })
}

fn key(value: &Value, names: &[&str]) -> Option<Value> {
    let Value::Dict(pairs) = value else { return None };
    let plain = |name: &Value| text(name).to_lowercase().replace([' ', '-'], "_");
    // The order of the names decides, not that of the object.
    let found = names.iter().find_map(|wanted| pairs.iter().find(|(name, _)| plain(name) == **wanted));
    found.map(|(_, value)| value.clone())
}

/// A call as an object of whatever keys.
pub(super) fn from_value(at: usize, value: &Value, offered: &BTreeSet<&str>) -> Option<Stated> {
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

/// Arguments as an object, or as a text of one or of `name = value`.
pub(super) fn as_arguments(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::Dict(pairs) => Some(pairs.clone()),
        Value::None => Some(Vec::new()),
        Value::List(items) | Value::Tuple(items) if items.is_empty() => Some(Vec::new()),
        // [{"name": "to", "value": "Ida"}]
        Value::List(items) => items
            .iter()
            .map(|item| {
                let pair = key(item, &["name", "argument", "key", "parameter"]).zip(key(item, &["value", "val"]));
                pair.or_else(|| match item {
                    Value::Dict(pairs) if pairs.len() == 1 => pairs.first().cloned(),
                    _ => None,
                })
            })
            .collect(),
        Value::Text(text) => {
            let text = String::from_utf8_lossy(text);
            match lenient(strip(&text)) {
                Some(Value::Dict(pairs)) => Some(pairs),
                _ if strip(&text).is_empty() => Some(Vec::new()),
                _ => arguments(&text),
            }
        }
        _ => None,
    }
}

/// `to="Ida", amount = 5`, `to: Ida`, one a line or in one; `None` where there is no such pair.
pub(super) fn arguments(reply: &str) -> Option<Vec<(Value, Value)>> {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^[\s>*•+–-]*(?:and\s+|with\s+)?(?:the\s+)?(?:argument\s+)?[`*_"']*([A-Za-z_][A-Za-z0-9_]*)[`*_"']*\s*(?:\([a-z]+\)\s*)?(?:=|:|\bis\b|\bset to\b)\s*[*_]*\s*([\s\S]*)$"#,
        )
    });
    if reply.len() > MOST_BYTES {
        return None;
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    for piece in pieces(reply) {
        match (PAIR.captures(piece), pairs.last_mut()) {
            (Some(found), _) => pairs.push((found[1].to_owned(), found[2].to_owned())),
            // "cities: Oslo, Lima": a piece without a name goes on with the value before it.
            (None, Some((_, value))) if !strip(piece).is_empty() => value.push_str(&format!(", {}", strip(piece))),
            (None, _) => {}
        }
        if pairs.len() > MOST {
            return None;
        }
    }
    let value = |text: &str| {
        let bare = strip(text).trim_matches(['`', '*']).trim_end_matches([',', ';']);
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        read(bare).or_else(|| lenient(bare)).unwrap_or_else(|| Value::from(strip(bare.trim_matches(['"', '\'']))))
    };
    let pairs = pairs.iter().map(|(name, text)| (Value::from(name.as_str()), value(text)));
    let pairs: Vec<_> = pairs.collect();
    (!pairs.is_empty()).then_some(pairs)
}

/// A text cut at commas, semicolons, line ends and "and", but not inside of quotes and brackets.
fn pieces(text: &str) -> Vec<&str> {
    let (mut all, mut from) = (Vec::new(), 0);
    let (mut depth, mut quote, mut before) = (0_usize, None, ' ');
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), '\n') => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some(c),
            (None, '\'') if !before.is_alphanumeric() => quote = Some(c),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, ',' | ';' | '\n') if depth == 0 => {
                all.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            (None, ' ') if depth == 0 && text[at..].starts_with(" and ") && is_pair(&text[at + 5..]) => {
                all.push(&text[from..at]);
                from = at + 5;
            }
            (None, _) => {}
        }
        before = c;
    }
    all.push(&text[from..]);
    all
}

/// Whether a text begins with a name and a sign that a value follows.
fn is_pair(text: &str) -> bool {
    static BEGINS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"^(?:the\s+)?[`*_"']*[A-Za-z_][A-Za-z0-9_]*[`*_"']*\s*(?:=|:|is\b|set to\b)"#));
    BEGINS.is_match(text)
}

/// Calls in words: `bank.pay(to="Ida")`, `bank.pay with to = Ida`, or the name alone.
pub(super) fn in_words(reply: &str, offered: &BTreeSet<&str>) -> Vec<Stated> {
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

/// A call under headings: `Thought:`, `Action:`, `Args:` and their like.
fn labeled(reply: &str, offered: &BTreeSet<&str>) -> Option<Stated> {
    if reply.len() > MOST_BYTES {
        return None;
    }
    let marks: Vec<(usize, usize, String)> = LABEL
        .captures_iter(reply)
        .filter_map(|found| Some((found.get(0)?.start(), found.get(0)?.end(), found[1].to_lowercase())))
        .collect();
    let marks = without_arguments(marks, reply, offered);
    let ends = marks.iter().skip(1).map(|mark| mark.0).chain([reply.len()]);
    let (mut name, mut args, mut thought, mut place) = (None, None, None, 0);
    for ((at, start, label), end) in marks.iter().zip(ends) {
        let said = strip(&reply[*start..end]);
        match label.as_str() {
            "thought" | "thoughts" | "reasoning" => thought = Some(said.to_owned()),
            "args" | "arguments" | "argument" | "parameters" | "parameter" | "params" | "action input" | "input" => {
                let said = said.strip_suffix("End").or_else(|| said.strip_suffix("END")).unwrap_or(said);
                let of_value = values(said).first().and_then(|(_, value)| as_arguments(value));
                let none = ["", "none", "{}"].contains(&strip(said).to_lowercase().as_str()).then(Vec::new);
                args = of_value.or_else(|| arguments(said)).or(none).or(args);
            }
            "end" => {}
            _ if !said.is_empty() => {
                let line = said.lines().next().unwrap_or_default();
                let call = in_words(line, offered).into_iter().next();
                args = call.as_ref().and_then(|call| call.args.clone()).or(args);
                name = Some(call.map_or_else(|| full_name(line, offered), |call| call.name));
                place = *at;
            }
            _ => {}
        }
    }
    Some(Stated { at: place, name: name?, args, thought })
}

/// Headings without those below `Arguments:` that are arguments' names.
fn without_arguments(
    marks: Vec<(usize, usize, String)>,
    reply: &str,
    offered: &BTreeSet<&str>,
) -> Vec<(usize, usize, String)> {
    let mut inside = false;
    let mut kept = Vec::new();
    for (at, start, label) in marks {
        let line = reply[start..].lines().next().unwrap_or_default();
        let is_argument = matches!(label.as_str(), "name" | "input" | "call" | "function" | "tool name" | "tool")
            && !in_words(line, offered).iter().any(|call| offered.contains(call.name.as_str()));
        if inside && is_argument {
            continue;
        }
        inside = label.starts_with("arg") || label.starts_with("param") || label.ends_with("input");
        kept.push((at, start, label));
    }
    kept
}

/// The call that a reply states, in whatever form: the last one of the most explicit form.
pub(super) fn stated(reply: &str, offered: &BTreeSet<&str>) -> Option<(Stated, usize)> {
    let objects: Vec<Stated> = values(reply).iter().filter_map(|(at, value)| one(*at, value, offered)).collect();
    if let Some(last) = objects.last() {
        return Some((last.clone(), objects.len()));
    }
    if let Some(call) = labeled(reply, offered) {
        return Some((call, 1));
    }
    let calls = in_words(reply, offered);
    let with: Vec<&Stated> = calls.iter().filter(|call| call.args.is_some()).collect();
    // A name beside a brace that nothing closes is the beginning of a call that cannot be read.
    let alone = calls.last().filter(|_| !reply.contains('{'));
    with.last().copied().or(alone).map(|call| (call.clone(), with.len().max(1)))
}

fn one(at: usize, value: &Value, offered: &BTreeSet<&str>) -> Option<Stated> {
    match value {
        Value::List(items) | Value::Tuple(items) => from_value(at, items.last()?, offered),
        value => from_value(at, value, offered),
    }
}

/// The arguments that a reply states, without their tool: the last object, a call, or `name = value`.
pub(super) fn stated_arguments(reply: &str, offered: &BTreeSet<&str>) -> Option<Vec<(Value, Value)>> {
    static VALUE_OF: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[\s,(])([A-Za-z_][A-Za-z0-9_]*)\s*[=:]\s*$"));
    // "city = [..]" is one of several arguments, "arguments: {..}" all of them.
    let is_one = |at: usize| {
        let label = VALUE_OF.captures(&reply[..at]).map(|found| found[1].to_lowercase());
        label.is_some_and(|label| !ARGS.contains(&label.as_str()) && !label.starts_with("arg") && label != "call")
    };
    let mut dicts = values(reply);
    dicts.retain(|(at, value)| matches!(value, Value::Dict(_) | Value::List(_)) && !is_one(*at));
    if let Some((_, value)) = dicts.last() {
        if let Some(call) = one(0, value, offered).filter(|call| call.args.is_some()) {
            return call.args;
        }
        if let Some(inner) = key(value, &ARGS).filter(|inner| matches!(inner, Value::Dict(_))) {
            return as_arguments(&inner);
        }
        return as_arguments(value);
    }
    let calls = in_words(reply, offered);
    if let Some(call) = calls.iter().rev().find(|call| call.args.is_some()) {
        return call.args.clone();
    }
    labeled_arguments(reply).or_else(|| arguments(reply))
}

fn labeled_arguments(reply: &str) -> Option<Vec<(Value, Value)>> {
    let found = LABEL.captures_iter(reply).filter(|found| {
        let label = found[1].to_lowercase();
        label.starts_with("arg") || label.starts_with("param") || label.ends_with("input")
    });
    let start = found.last()?.get(0)?.end();
    arguments(&reply[start..])
}

#[cfg(test)]
mod tests {
    use super::super::same::same;
    use super::*;
    use crate::python::json_value;

    fn offered() -> BTreeSet<&'static str> {
        BTreeSet::from(["bank.pay", "bank.ask", "farm.send_letter"])
    }

    #[test]
    fn a_call_is_found_in_every_form() {
        let wanted = json_value(r#"{"to": "Ida", "amount": 5}"#);
        for reply in [
            r#"{"name": "bank.pay", "arguments": {"to": "Ida", "amount": 5}}"#,
            r#"{"thought": "x", "action": "pay", "action_input": {"to": "Ida", "amount": "5"}}"#,
            r#"{"tool_calls": [{"type": "function", "function": {"name": "bank.pay", "arguments": "{\"to\": \"Ida\", \"amount\": 5}"}}]}"#,
            r#"<tool_call>{"name": "bank.pay", "arguments": {"to": "Ida", "amount": 5,}}</tool_call>"#,
            r#"{"bank.pay": {"to": "Ida", "amount": 5}}"#,
            r#"{"action": "bank.pay", "to": "Ida", "amount": 5}"#,
            r#"{"action": "bank.pay(to='Ida', amount=5)"}"#,
            r#"[{"name": "bank.pay", "parameters": {"to": "Ida", "amount": 5}}]"#,
            r#"bank.pay(to="Ida", amount=5)"#,
            r#"bank.pay(to = Ida, amount = 5)"#,
            r#"I would use `bank.pay({"to": "Ida", "amount": 5})`."#,
            "Thought: pay her\nAction: bank.pay\nArgs: {'to': 'Ida', 'amount': 5}\nEnd",
            "**Thought:** pay her\n**Action:** bank.pay\n**Args:** to=\"Ida\", amount=\"5\"",
            "Tool: bank.pay\nArguments:\n- to: Ida\n- amount: 5\n",
            "Use bank.pay with to = Ida and amount = 5.",
            "Action: bank.pay(to: \"Ida\", amount: 5)",
        ] {
            let found = stated(reply, &offered()).map(|(call, _)| (call.name, call.args));
            let Some((name, Some(args))) = found else { panic!("{reply}: {found:?}") };
            assert_eq!(name, "bank.pay", "{reply}");
            assert!(
                wanted.as_ref().is_some_and(|wanted| same(&Value::Dict(args.clone()), wanted)),
                "{reply}: {args:?}"
            );
        }
        assert_eq!(stated("I cannot do that.", &offered()), None);
    }

    #[test]
    fn megabytes_of_anything_are_read_quickly() {
        for piece in
            ["{", "[", "bank.pay(", "a=", "a: b, ", "Action: ", "'", "\"", "bank.pay with a = 1 and b = 2\n", "{}"]
        {
            for size in [1 << 20, 100_000] {
                let reply = piece.repeat(size / piece.len());
                let began = std::time::Instant::now();
                let _ = (stated(&reply, &offered()), stated_arguments(&reply, &offered()));
                assert!(began.elapsed().as_secs() < 10, "{piece} {:?}", began.elapsed());
            }
        }
    }
}
