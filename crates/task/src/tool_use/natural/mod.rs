//! Calls, arguments and values in other forms than the one that is asked for.
//!
//! ```text
//! {"name": "bank.pay", "arguments": {"to": "Ida"}}        **Action:** bank.pay
//! bank.pay(to="Ida", amount=5)                             **Arguments:** to = Ida, amount = 5
//! Use bank.pay with to = Ida and amount = "5".
//! ```

mod arguments;
mod call;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use arguments::key;
pub(super) use arguments::{arguments, as_arguments, values};
use call::ARGS;
pub(super) use call::{Stated, from_value, full_name, in_words, offered};

use crate::pattern;
use crate::python::{Value, strip};

/// Longer replies are read in the asked form only.
pub(super) const MOST_BYTES: usize = 1 << 17;
/// Values, calls and arguments that are looked for.
const MOST: usize = 200;

static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)^[ \t>*_#`-]*(thoughts?|reasoning|actions?|tools?|function|call|tool call|next call|name|tool name|action input|input|args|arguments?|parameters?|params|end)(?: \d+)?[ \t*_`]*[:：=][ \t*_`]*",
    )
});

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
