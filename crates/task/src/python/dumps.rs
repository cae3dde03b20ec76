//! JSON as Python's `json.dumps` writes it.

use std::fmt::Write as _;

use super::Value;

/// How JSON is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Blanks a level; `None`: all on one line.
    pub indent: Option<usize>,
    /// Whether keys are sorted.
    pub sorted: bool,
}

/// The text that `json.dumps` makes of a value, letters beyond ASCII escaped; `None` where Python refuses it.
///
/// ```
/// use task::python::{dumps, Layout, literal_value};
/// let value = literal_value("{'a': (1, 2.0), 3: None, 'é': True}").unwrap();
/// assert_eq!(dumps(&value, Layout::default()).as_deref(), Some(r#"{"a": [1, 2.0], "3": null, "\u00e9": true}"#));
/// ```
pub fn dumps(value: &Value, layout: Layout) -> Option<String> {
    let mut text = String::new();
    write(&mut text, value, layout, 0)?;
    Some(text)
}

fn write(text: &mut String, value: &Value, layout: Layout, depth: usize) -> Option<()> {
    match value {
        Value::None => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Int(_) => text.push_str(&value.to_string()),
        Value::Float(float) => text.push_str(&number(*float)),
        Value::Text(bytes) => quoted(text, bytes),
        Value::List(items) | Value::Tuple(items) => {
            let all = items.iter().map(|item| (None, item)).collect::<Vec<_>>();
            brackets(text, ('[', ']'), &all, (layout, depth))?;
        }
        Value::Dict(pairs) => {
            let mut all =
                pairs.iter().map(|(key, value)| Some((Some(name(key)?), value))).collect::<Option<Vec<_>>>()?;
            if layout.sorted {
                all.sort_by(|a, b| a.0.cmp(&b.0));
            }
            brackets(text, ('{', '}'), &all, (layout, depth))?;
        }
        _ => return None,
    }
    Some(())
}

/// The deepest value that is written.
const MAX_DEPTH: usize = 900;

fn brackets(
    text: &mut String,
    (open, close): (char, char),
    all: &[(Option<Vec<u8>>, &Value)],
    (layout, depth): (Layout, usize),
) -> Option<()> {
    (depth < MAX_DEPTH).then_some(())?;
    text.push(open);
    let line = |text: &mut String, depth: usize| {
        if let Some(indent) = layout.indent {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    for (index, (name, value)) in all.iter().enumerate() {
        if index > 0 {
            text.push_str(if layout.indent.is_some() { "," } else { ", " });
        }
        line(text, depth + 1);
        if let Some(name) = name {
            quoted(text, name);
            text.push_str(": ");
        }
        write(text, value, layout, depth + 1)?;
    }
    if !all.is_empty() {
        line(text, depth);
    }
    text.push(close);
    Some(())
}

fn name(key: &Value) -> Option<Vec<u8>> {
    Some(match key {
        Value::Text(text) => text.clone(),
        Value::None => b"null".to_vec(),
        Value::Bool(value) => if *value { "true" } else { "false" }.into(),
        Value::Int(_) => key.to_string().into_bytes(),
        Value::Float(float) => number(*float).into_bytes(),
        _ => return None,
    })
}

fn number(float: f64) -> String {
    match float {
        _ if float.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        float => Value::Float(float).to_string(),
    }
}

fn quoted(text: &mut String, bytes: &[u8]) {
    text.push('"');
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing into a text cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}
