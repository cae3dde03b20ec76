//! Values and arguments in whatever form.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST, MOST_BYTES};
use crate::pattern;
use crate::python::{Value, closing, read, strip, text};

/// Whether an apostrophe after this byte opens a quote: not inside of a word.
pub(super) fn outside_word(before: u8) -> bool {
    !before.is_ascii_alphanumeric()
}

/// All values in braces or brackets that can be read, the outermost ones, with their places.
pub(in crate::tool_use) fn values(reply: &str) -> Vec<(usize, Value)> {
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
pub(super) fn lenient(text: &str) -> Option<Value> {
    static TRAILING: LazyLock<Regex> = LazyLock::new(|| pattern(r",(\s*[}\]])"));
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)[ \t]//[^\n\x22]*$|[ \t]#[^\n\x22']*$"));
    read(text).or_else(|| {
        let plain = COMMENT.replace_all(text, "");
        read(&TRAILING.replace_all(&plain, "$1"))
    })
}

pub(super) fn key(value: &Value, names: &[&str]) -> Option<Value> {
    let Value::Dict(pairs) = value else { return None };
    let plain = |name: &Value| text(name).to_lowercase().replace([' ', '-'], "_");
    // The order of the names decides, not that of the object.
    let found = names.iter().find_map(|wanted| pairs.iter().find(|(name, _)| plain(name) == **wanted));
    found.map(|(_, value)| value.clone())
}

/// Arguments as an object, or as a text of one or of `name = value`.
pub(in crate::tool_use) fn as_arguments(value: &Value) -> Option<Vec<(Value, Value)>> {
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
pub(in crate::tool_use) fn arguments(reply: &str) -> Option<Vec<(Value, Value)>> {
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
