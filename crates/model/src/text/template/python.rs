//! How values print: as Python's `str` and `repr` write them.

use std::sync::LazyLock;

use minijinja::value::{Value, ValueKind};
use regex::Regex;

/// The deepest value that is printed.
const DEPTH: usize = 100;

/// A float as `repr` writes it: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
pub(super) fn float(x: f64) -> String {
    if !x.is_finite() {
        return if x.is_nan() {
            "nan"
        } else if x > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    let digits = format!("{x:e}");
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        exponent @ -4..16 => {
            let plain = format!("{x}");
            if exponent < 0 || plain.contains('.') { plain } else { plain + ".0" }
        }
        exponent => format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
}

/// What `{{ value }}` prints.
pub(super) fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Number if !value.is_integer() => {
            f64::try_from(value.clone()).map_or_else(|_| value.to_string(), float)
        }
        ValueKind::Seq | ValueKind::Map => {
            let mut out = String::new();
            repr(value, 0, &mut out);
            out
        }
        _ => value.to_string(),
    }
}

/// `repr` of a text: what cannot be printed is escaped, and the quotes are those that need no escape.
fn quoted(text: &str, out: &mut String) {
    static UNPRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{C}\p{Z}&&[^ ]]$").ok());
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for letter in text.chars() {
        let hidden = || {
            let alone = |is: &Regex| is.is_match(letter.encode_utf8(&mut [0; 4]));
            letter.is_ascii_control() || (!letter.is_ascii() && UNPRINTABLE.as_ref().is_some_and(alone))
        };
        match (letter, u32::from(letter)) {
            ('\n', _) => out.push_str("\\n"),
            ('\r', _) => out.push_str("\\r"),
            ('\t', _) => out.push_str("\\t"),
            ('\\', _) => out.push_str("\\\\"),
            (letter, _) if letter == quote => out.extend(['\\', letter]),
            (_, code) if hidden() => out.push_str(&match code {
                0..0x100 => format!("\\x{code:02x}"),
                0x100..0x1_0000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            }),
            (letter, _) => out.push(letter),
        }
    }
    out.push(quote);
}

/// `repr(value)`: what a value prints inside a list or a dictionary.
fn repr(value: &Value, depth: usize, out: &mut String) {
    let tuple = value.is_tuple();
    match value.kind() {
        _ if depth > DEPTH => out.push_str("..."),
        ValueKind::Map if value.as_object().is_some_and(|object| object.enumerator_len().is_some()) => {
            out.push('{');
            for (at, key) in value.try_iter().into_iter().flatten().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                repr(&key, depth + 1, out);
                out.push_str(": ");
                repr(&value.get_item(&key).unwrap_or_default(), depth + 1, out);
            }
            out.push('}');
        }
        ValueKind::Seq => {
            out.push(if tuple { '(' } else { '[' });
            let items: Vec<Value> = value.try_iter().into_iter().flatten().collect();
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                repr(item, depth + 1, out);
            }
            out.push_str(match (tuple, items.len()) {
                (true, 1) => ",)",
                (true, _) => ")",
                (false, _) => "]",
            });
        }
        ValueKind::Undefined => out.push_str("Undefined"),
        ValueKind::Number => out.push_str(&text(value)),
        ValueKind::String => quoted(value.as_str().unwrap_or_default(), out),
        _ => out.push_str(&format!("{value:?}")),
    }
}
