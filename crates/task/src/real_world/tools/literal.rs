//! An action's input: a Python literal, and what Python's `and` and `or` make of one.
//!
//! The reference gives the text to `eval`. Nothing is evaluated here: a literal is read, and where it stands before `and`
//! or `or` (`{} and more`), Python's rule of which side counts is followed without looking at names on the other.

use std::sync::LazyLock;

use num_bigint::BigInt;
use regex::Regex;

use crate::pattern;
use crate::python::{Value, literal_value};

/// The value of an input; `None` for everything but literals and chains of them.
pub(super) fn literal(text: &str) -> Option<Value> {
    if let Some(value) = literal_value(text) {
        return Some(value);
    }
    let (operands, joints) = taken_apart(text)?;
    operands.iter().all(|operand| is_expression(operand)).then_some(())?;
    // `and` binds closer than `or`: a chain of groups.
    let mut at = 0;
    loop {
        let value = literal_value(operands.get(at)?)?;
        let Some(joint) = joints.get(at) else { return Some(value) };
        at = match (joint, truth(&value)) {
            (Joint::And, true) | (Joint::Or, false) => at + 1,
            (Joint::Or, true) => return Some(value),
            // The rest of this group is not looked at.
            (Joint::And, false) => match joints.iter().skip(at).position(|joint| *joint == Joint::Or) {
                Some(next) => at + next + 1,
                None => return Some(value),
            },
        };
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Joint {
    And,
    Or,
}

/// A text cut at every `and` and `or` outside of quotes and brackets; `None` where there is none or a quote stays open.
fn taken_apart(text: &str) -> Option<(Vec<&str>, Vec<Joint>)> {
    let (mut operands, mut joints) = (Vec::new(), Vec::new());
    let (mut from, mut at, mut depth) = (0, 0, 0_usize);
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => at = closing_quote(bytes, at)?,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        let rest = text.get(at..).unwrap_or_default();
        let joint = [("and", Joint::And), ("or", Joint::Or)].into_iter().find(|(word, _)| {
            depth == 0
                && rest.starts_with(word)
                && !word_at(bytes, at.checked_sub(1))
                && !word_at(bytes, Some(at + word.len()))
        });
        match joint {
            Some((word, joint)) => {
                operands.push(text.get(from..at)?);
                joints.push(joint);
                at += word.len();
                from = at;
            }
            None => at += 1,
        }
    }
    operands.push(text.get(from..)?);
    (depth == 0 && !joints.is_empty()).then_some((operands, joints))
}

fn closing_quote(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = bytes.get(open)?;
    let mut at = open + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
}

fn word_at(bytes: &[u8], at: Option<usize>) -> bool {
    at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
}

/// Whether an operand could be one: a literal, or a name with what may follow it. Python refuses anything else before it
/// looks at values.
fn is_expression(text: &str) -> bool {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?:not )*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\([^()]*\)|\[[^\[\]]+\])*$"));
    let text = text.trim();
    literal_value(text).is_some() || NAME.is_match(text)
}

/// Python's `bool` of a value.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(value) => *value,
        Value::Int(value) => *value != BigInt::ZERO,
        Value::Float(value) => *value != 0.0,
        Value::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
        Value::Text(bytes) | Value::Bytes(bytes) => !bytes.is_empty(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => !items.is_empty(),
        Value::Dict(pairs) => !pairs.is_empty(),
        Value::Ellipsis => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Option<String> {
        literal(text).map(|value| value.to_string())
    }

    #[test]
    fn the_side_that_counts_is_the_one_python_takes() {
        // As Python's `eval`, but for operators inside a literal, which are not read.
        let cases = [
            ("{} and more", Some("{}")),
            ("{'a': 1} and {'b': 2}", Some("{'b': 2}")),
            ("{'a': 1} or more", Some("{'a': 1}")),
            ("{} or {'b': 2}", Some("{'b': 2}")),
            ("{} and more or [1]", Some("[1]")),
            ("{} and more and f(x)[0].y", Some("{}")),
            ("{'a': 1} and more", None),
            ("{} and more words", None),
            ("{} and", None),
            ("and {}", None),
            ("{'a': 'x and y'}", Some("{'a': 'x and y'}")),
            ("{'a': True and 1}", None),
            ("{} andmore", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(printed(text).as_deref(), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"( and | or |\{\}|\[1\]|'a'|"|'|\\|\(|\)|x|é){0,12}"#) {
            literal(&text);
        }
    }
}
