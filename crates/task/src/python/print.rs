//! Values as Python prints them.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use super::Value;
use super::int::int_text;
use crate::pattern;

/// The longest excerpt of a value in a reason, in characters.
const SHOWN: usize = 80;

/// A value as Python's `repr` prints it, cut to what a reason has room for.
pub(crate) fn show(value: &Value) -> String {
    use fmt::Write as _;
    let mut excerpt = Excerpt { text: String::new(), left: SHOWN };
    if write!(excerpt, "{value}").is_err() {
        excerpt.text.push('…');
    }
    excerpt.text
}

/// `str` of the value: a text as it is, anything else as `repr` prints it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => other.to_string(),
    }
}

/// What a reason has room for of [`text`].
pub(crate) fn excerpt(value: &Value) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN)]).chars().take(SHOWN).collect(),
        other => show(other),
    }
}

/// Takes so many characters and then refuses, so that a value of a megabyte is not printed for its first line.
struct Excerpt {
    text: String,
    left: usize,
}

impl fmt::Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

/// `repr` of the value.
///
/// ```
/// use task::python::literal_value;
/// let text = literal_value(r#"{"a": (1, ), 'b': "it's", "c": [None, 1e100]}"#).map(|value| value.to_string());
/// assert_eq!(text.as_deref(), Some(r#"{'a': (1,), 'b': "it's", 'c': [None, 1e+100]}"#));
/// ```
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Int(int) => f.write_str(&int_text(int)),
            Value::Float(float) => f.write_str(&float_text(*float, true)),
            Value::Complex(real, imaginary) => complex(f, *real, *imaginary),
            Value::Text(text) => quoted(f, &code_points(text), false),
            Value::Bytes(bytes) => {
                f.write_str("b")?;
                quoted(f, &bytes.iter().map(|&byte| u32::from(byte)).collect::<Vec<_>>(), true)
            }
            Value::List(items) => sequence(f, "[", items, "]"),
            Value::Tuple(items) if items.len() == 1 => sequence(f, "(", items, ",)"),
            Value::Tuple(items) => sequence(f, "(", items, ")"),
            Value::Set(items) if items.is_empty() => f.write_str("set()"),
            Value::Set(items) => sequence(f, "{", items, "}"),
            Value::Dict(pairs) => {
                f.write_str("{")?;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Value::Ellipsis => f.write_str("Ellipsis"),
        }
    }
}

fn sequence(f: &mut fmt::Formatter<'_>, open: &str, items: &[Value], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (index, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
    }
    f.write_str(close)
}

/// The shortest digits that read back the same; an exponent below 1e-4 and from 1e16 on.
fn float_text(value: f64, fraction: bool) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        let text = value.to_string();
        return if fraction && !text.contains('.') { text + ".0" } else { text };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn complex(f: &mut fmt::Formatter<'_>, real: f64, imaginary: f64) -> fmt::Result {
    let text = float_text(imaginary, false);
    if real == 0.0 && real.is_sign_positive() {
        return write!(f, "{text}j");
    }
    let sign = if text.starts_with('-') { "" } else { "+" };
    write!(f, "({}{sign}{text}j)", float_text(real, false))
}

/// Code points of a [`Value::Text`]; lone surrogates are three bytes that Rust's decoder refuses.
fn code_points(text: &[u8]) -> Vec<u32> {
    let mut all = Vec::new();
    for chunk in text.utf8_chunks() {
        all.extend(chunk.valid().chars().map(u32::from));
        all.extend(chunk.invalid().iter().map(|&byte| 0x8000_0000 | u32::from(byte)));
    }
    // Three refused bytes in a row are one surrogate.
    let mut joined = Vec::with_capacity(all.len());
    let mut rest = all.as_slice();
    while let Some((&first, tail)) = rest.split_first() {
        if let ([a, b, c, after @ ..], true) = (rest, first & 0x8000_0000 != 0) {
            joined.push((a & 0xF) << 12 | (b & 0x3F) << 6 | (c & 0x3F));
            rest = after;
        } else {
            joined.push(first);
            rest = tail;
        }
    }
    joined
}

/// Whether Python prints a character beyond ASCII as it is: all but controls, formats, unassigned ones and spaces.
fn printable(c: char) -> bool {
    static HIDDEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[\p{C}\p{Z}]$"));
    !c.is_ascii() && !HIDDEN.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Single quotes, unless the text has one and no double quote.
fn quoted(f: &mut fmt::Formatter<'_>, codes: &[u32], bytes: bool) -> fmt::Result {
    use fmt::Write as _;
    let has = |quote: char| codes.contains(&u32::from(quote));
    let quote = if has('\'') && !has('"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for &code in codes {
        match char::from_u32(code) {
            Some('\n') => f.write_str("\\n")?,
            Some('\r') => f.write_str("\\r")?,
            Some('\t') => f.write_str("\\t")?,
            Some(c) if c == quote || c == '\\' => write!(f, "\\{c}")?,
            Some(c) if c.is_ascii() && !c.is_ascii_control() => f.write_char(c)?,
            Some(c) if !bytes && printable(c) => f.write_char(c)?,
            _ if code < 0x100 => write!(f, "\\x{code:02x}")?,
            _ if code < 0x10000 => write!(f, "\\u{code:04x}")?,
            _ => write!(f, "\\U{code:08x}")?,
        }
    }
    f.write_char(quote)
}

#[cfg(test)]
mod tests {
    use super::super::literal_value;
    use super::*;

    #[test]
    fn values_print_as_in_python() {
        let all = [
            "1e-05",
            "0.0001",
            "1e+16",
            "1234567890123456.0",
            "-0.0",
            "inf",
            "1j",
            "\"it's\"",
            "'it\\'s \"'",
            "'\\xa0\\u200b\\U000e0001é😀\\x7f'",
            "b'\\xff\\n'",
            "set()",
            "(1,)",
            "{'a': ()}",
            "Ellipsis",
        ];
        for text in all {
            let source = text.replace("inf", "1e999").replace("Ellipsis", "...");
            assert_eq!(literal_value(&source).map(|value| value.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn an_excerpt_is_short() {
        let long = Value::List(vec![Value::from("é"); 1 << 16]);
        assert_eq!(show(&long).chars().count(), SHOWN + 1);
        assert_eq!(show(&Value::from("é")), "'é'");
    }
}
