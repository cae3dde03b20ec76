//! JavaScript texts as values.

use super::java::patterns;
use crate::pattern;
use crate::python::{Value, dictionary, float_of, int_of, is_space, strip};
use std::sync::LazyLock;

use regex::Regex;

patterns! {
    INT = r"^-?\d+\n?$";
    FLOAT = r"^-?\d+(\.\d+)?\n?$";
    BIG = r"^-?\d+n\n?$";
    ROWS = r"^(?:\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]|\bnew\s+Array\(\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\))";
    ROW = r"\[(.*?)\]";
    ARRAY = r"^(?:\[(.*?)\]|\bnew\s+Array\((.*?)\))";
    DICT = r"^\{(.*?)\}";
}

/// The deepest dictionary in a dictionary that is read.
const MAX_DEPTH: usize = 50;

/// A text as a value of the type, or the text where it is none; `None` for unknown types.
pub(super) fn converted(text: &str, kind: &str, element: Option<&str>) -> Option<Value> {
    let cut = text.strip_suffix('\n').unwrap_or(text);
    let same = || Value::from(text);
    Some(match kind {
        "String" if quoted(text) => Value::from(inner(text)),
        "String" | "any" => same(),
        "integer" if INT.is_match(text) => int_of(cut).map_or_else(same, Value::Int),
        "float" if FLOAT.is_match(text) => float_of(cut).map_or_else(same, Value::Float),
        "Bigint" if BIG.is_match(text) => int_of(cut.trim_end_matches('n')).map_or_else(same, Value::Int),
        "Boolean" if text == "true" || text == "false" => Value::Bool(text == "true"),
        "integer" | "float" | "Bigint" | "Boolean" => same(),
        "dict" => object(strip(text), 0),
        "array" => array(strip(text), element),
        _ => return None,
    })
}

fn quoted(text: &str) -> bool {
    text.starts_with('"') && text.ends_with('"') || text.starts_with('\'') && text.ends_with('\'')
}

fn inner(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}

fn array(text: &str, element: Option<&str>) -> Value {
    if let Some(rows) = ROWS.find(text) {
        let row = |(index, found): (usize, regex::Captures)| {
            let mut row = strip(found.get(1).map_or("", |group| group.as_str()));
            if index == 0 {
                row = row.strip_prefix('[').unwrap_or(row);
            }
            Value::List(row.split(',').map(|part| free(strip(part))).collect())
        };
        return Value::List(ROW.captures_iter(rows.as_str()).enumerate().map(row).collect());
    }
    let Some(found) = ARRAY.captures(text) else { return Value::from(text) };
    let parts = strip(found.get(1).or_else(|| found.get(2)).map_or("", |group| group.as_str()));
    if parts.is_empty() {
        return Value::List(Vec::new());
    }
    let one = |part: &str| match element {
        None => Some(free(part)),
        Some(element) if part.starts_with(['"', '\'']) => converted(part, element, Some("String")),
        Some(element) => converted(part, element, None),
    };
    let all: Option<Vec<Value>> = parts.split(',').map(|part| one(strip(part))).collect();
    all.map_or_else(|| Value::from(text), Value::List)
}

fn object(text: &str, depth: usize) -> Value {
    if text == "{}" {
        return Value::Dict(Vec::new());
    }
    let content = DICT.captures(text).and_then(|found| found.get(1)).filter(|_| depth < MAX_DEPTH);
    let Some(content) = content else { return Value::from(text) };
    let pairs = pairs(content.as_str()).into_iter().map(|(key, value)| {
        let key = strip(key).trim_matches(['\'', '"']);
        let value = strip(value);
        let value = match () {
            () if value.starts_with('[') && value.ends_with(']') => array(value, None),
            () if value.starts_with('{') && value.ends_with('}') => object(value, depth + 1),
            () => free(value.trim_matches(['\'', '"'])),
        };
        (Value::from(key), value)
    });
    dictionary(pairs.collect()).unwrap_or(Value::None)
}

/// `key: value` up to a comma that a further key follows.
fn pairs(content: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = content;
    loop {
        rest = rest.trim_start_matches(':');
        let Some((key, after)) = rest.split_once(':') else { return found };
        let value = after.trim_start_matches(is_space);
        let (end, next) = value_end(value);
        found.push((key, &value[..end]));
        rest = &value[next..];
    }
}

/// Where a value ends, and where what follows its comma begins.
fn value_end(value: &str) -> (usize, usize) {
    for (comma, _) in value.match_indices(',') {
        let after = &value[comma + 1..];
        let blank = after.len() - after.trim_start_matches(is_space).len();
        let starts = after.char_indices().map(|(at, _)| at).chain([after.len()]).filter(|at| *at <= blank);
        for start in starts.collect::<Vec<_>>().into_iter().rev() {
            let key = after[start..].find(',').map_or(&after[start..], |end| &after[start..start + end]);
            if key.char_indices().skip(1).any(|(_, c)| c == ':') {
                return (comma, comma + 1 + start);
            }
        }
    }
    (value.len(), value.len())
}

/// A text as whatever it looks like.
fn free(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if quoted(text) => Value::from(inner(text)),
        _ => {
            let number = int_of(text).map(Value::Int).or_else(|| float_of(text).map(Value::Float));
            number.unwrap_or_else(|| Value::from(text))
        }
    }
}
