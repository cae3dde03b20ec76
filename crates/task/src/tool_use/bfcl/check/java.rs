//! Java texts as values.

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;
use crate::python::{Value, dictionary, float_of, int_of, strip};
use crate::tool_use::bfcl::Switches;

macro_rules! patterns {
    ($($name:ident = $text:expr;)+) => { $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)+ };
}
pub(super) use patterns;

// Python's `$` also holds before a last line end.
patterns! {
    INT = r"^-?\d+\n?$";
    LONG = r"^-?\d+[lL]\n?$";
    FLOAT = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]\n?$";
    DOUBLE = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?\n?$";
    AS_LIST = r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)";
    ADDS = r"(?s)new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}";
    ADD = r"add\((.+?)\)";
    EMPTY_LIST = r"new\s+ArrayList<\w*>\(\)";
    ARRAY = r"new\s+\w+\[\]\s*\{(.*?)\}";
    MAP = r"(?s)new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}";
    PUT = r#"put\("(.*?)",\s*(.*?)\)"#;
    EMPTY_MAP = r"new\s+HashMap<.*?>\s*\(\)";
}

/// A text as a value of the type, or the text where it is none; `None` for types that the reference cannot convert.
pub(super) fn converted(text: &str, kind: &str, element: Option<&str>, switches: &Switches) -> Option<Value> {
    let number = |form: &Regex, ends: &[char], read: fn(&str) -> Option<Value>| {
        let cut = text.strip_suffix('\n').unwrap_or(text).trim_end_matches(ends);
        Some(if form.is_match(text) { read(cut)? } else { Value::from(text) })
    };
    let int = |text: &str| int_of(text).map(Value::Int);
    let float = |text: &str| float_of(text).map(Value::Float);
    match kind {
        "byte" | "short" | "integer" => number(&INT, &[], int),
        "long" => number(&LONG, &['l', 'L'], int),
        "float" => number(&FLOAT, &['f', 'F'], float),
        "double" => number(&DOUBLE, &[], float),
        "boolean" if text == "true" || text == "false" => Some(Value::Bool(text == "true")),
        "boolean" | "char" | "String" | "any" => Some(Value::from(text)),
        "ArrayList" => array_list(text, element, switches),
        "Array" => array(text, element, switches),
        "HashMap" => Some(map(text)),
        _ => None,
    }
}

/// One element of an array or a list.
fn item(text: &str, element: Option<&str>, switches: &Switches) -> Option<Value> {
    match element {
        None => Some(free(text)),
        Some("any") if switches.java_elements => Some(free(text)),
        Some("String" | "char") if switches.java_elements => Some(Value::from(unquoted(text))),
        Some(element) => converted(text, element, None, switches),
    }
}

fn unquoted(text: &str) -> &str {
    let both = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if both('"') || both('\'') { &text[1..text.len() - 1] } else { text }
}

fn inner(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}

fn array_list(text: &str, element: Option<&str>, switches: &Switches) -> Option<Value> {
    let one = |part: &str| match element {
        Some("char" | "String") if !switches.java_elements => Some(Value::from(inner(part))),
        element => item(part, element, switches),
    };
    if let Some(parts) = AS_LIST.captures(text).and_then(|found| found.get(1)) {
        return parts.as_str().split(',').map(strip).map(one).collect::<Option<_>>().map(Value::List);
    }
    if let Some(adds) = ADDS.captures(text).and_then(|found| found.get(1)) {
        let parts = ADD.captures_iter(adds.as_str()).filter_map(|found| found.get(1));
        return parts.map(|part| one(strip(part.as_str()))).collect::<Option<_>>().map(Value::List);
    }
    Some(if EMPTY_LIST.is_match(text) { Value::List(Vec::new()) } else { Value::from(text) })
}

fn array(text: &str, element: Option<&str>, switches: &Switches) -> Option<Value> {
    let Some(parts) = ARRAY.captures(text).and_then(|found| found.get(1)) else { return Some(Value::from(text)) };
    let parts = parts.as_str().split(',').map(strip).filter(|part| !part.is_empty());
    parts.map(|part| item(part, element, switches)).collect::<Option<_>>().map(Value::List)
}

fn map(text: &str) -> Value {
    if let Some(puts) = MAP.captures(text).and_then(|found| found.get(1)) {
        let pair = |found: regex::Captures| (Value::from(&found[1]), free(strip(&found[2])));
        let pairs = PUT.captures_iter(puts.as_str()).map(pair).collect();
        return dictionary(pairs).unwrap_or(Value::None);
    }
    if EMPTY_MAP.is_match(text) { Value::Dict(Vec::new()) } else { Value::from(text) }
}

/// A text as whatever it looks like.
fn free(text: &str) -> Value {
    let cut = text.strip_suffix('\n').unwrap_or(text);
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if text.starts_with('"') && text.ends_with('"') => Value::from(inner(text)),
        _ if LONG.is_match(text) => {
            int_of(cut.trim_end_matches(['l', 'L'])).map_or_else(|| Value::from(text), Value::Int)
        }
        _ if FLOAT.is_match(text) => {
            float_of(cut.trim_end_matches(['f', 'F'])).map_or_else(|| Value::from(text), Value::Float)
        }
        _ => {
            let number = int_of(text).map(Value::Int).or_else(|| float_of(text).map(Value::Float));
            number.unwrap_or_else(|| Value::from(text))
        }
    }
}
