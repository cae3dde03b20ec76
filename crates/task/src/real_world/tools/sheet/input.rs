//! What agents write into cells: numbers as Python's `float` reads them, and what a sheet makes of a text that is typed in.

use super::super::raised::Raised;
use super::format::Format;
use super::formula;
use super::grid::{Content, Grid};
use crate::python::{Value, strip, text};

/// A value for a cell, a number where Python's `float` takes it for one.
///
/// # Errors
/// What `float` raises for a value that is neither number nor text.
pub fn content(value: &Value) -> Result<Content, Raised> {
    match value {
        Value::Bool(value) => Ok(Content::Number(f64::from(u8::from(*value)))),
        Value::Int(_) | Value::Float(_) => {
            let number = text(value).parse::<f64>().unwrap_or(f64::NAN);
            if number.is_finite() {
                Ok(Content::Number(number))
            } else {
                Err(Raised::new("InvalidJSONError", "Out of range float values are not JSON compliant"))
            }
        }
        Value::Text(_) => {
            let text = text(value);
            Ok(match number(&text) {
                Some(number) => Content::Number(number),
                None if text.is_empty() => Content::Empty,
                None => Content::Text(text),
            })
        }
        other => {
            let message = format!("float() argument must be a string or a real number, not '{}'", other.type_name());
            Err(Raised::new("TypeError", message))
        }
    }
}

/// A finite number as Python's `float` reads it.
fn number(text: &str) -> Option<f64> {
    let text = strip(text);
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let underscores = (0..bytes.len()).filter(|at| bytes[*at] == b'_');
    let well = underscores.clone().all(|at| digit(at.checked_sub(1)) && digit(Some(at + 1)));
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' | b'_'));
    if !(well && plain) {
        return None;
    }
    text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite())
}

/// What a sheet makes of a text that is typed in: formulas, shares and truth values. The format is what the cell gets
/// where it has none.
pub fn typed(content: Content, grid: &Grid) -> (Content, Option<Format>) {
    let Content::Text(text) = &content else { return (content, None) };
    if let Some(formula) = text.strip_prefix('=').filter(|formula| !formula.is_empty()) {
        return (formula::value(formula, grid), None);
    }
    if let Some(share) = text.strip_suffix('%').and_then(|share| number(share.trim_end())) {
        let code = if share.fract() == 0.0 { "0%" } else { "0.00%" };
        return (Content::Number(share / 100.0), Some(Format::new(code)));
    }
    match text.to_uppercase().as_str() {
        "TRUE" => (Content::Bool(true), None),
        "FALSE" => (Content::Bool(false), None),
        _ => (content, None),
    }
}

/// Rows of values. A text is a row of its letters, as Python sees it.
///
/// # Errors
/// What Python raises where something else stands for a row.
pub fn rows(values: &Value) -> Result<Vec<Vec<Content>>, Raised> {
    items(values)?.iter().map(|row| items(row)?.iter().map(content).collect()).collect()
}

fn items(value: &Value) -> Result<Vec<Value>, Raised> {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => Ok(items.clone()),
        Value::Text(_) => Ok(text(value).chars().map(|c| Value::from(c.encode_utf8(&mut [0; 4]) as &str)).collect()),
        Value::Dict(pairs) => Ok(pairs.iter().map(|(key, _)| key.clone()).collect()),
        other => Err(Raised::new("TypeError", format!("'{}' object is not iterable", other.type_name()))),
    }
}

/// A whole number as Python's `int` reads it.
///
/// # Errors
/// What `int` raises.
pub fn whole(value: &Value) -> Result<i64, Raised> {
    match value {
        Value::Bool(value) => Ok(i64::from(*value)),
        Value::Float(value) if value.is_finite() => Ok(value.trunc() as i64),
        Value::Int(_) => text(value).parse().map_err(|_| Raised::new("OverflowError", "the number is too large")),
        Value::Text(_) => {
            let told = || Raised::new("ValueError", format!("invalid literal for int() with base 10: {value}"));
            strip(&text(value)).replace('_', "").parse().map_err(|_| told())
        }
        other => {
            let kinds = "int() argument must be a string, a bytes-like object or a real number, not";
            Err(Raised::new("TypeError", format!("{kinds} '{}'", other.type_name())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    #[test]
    fn values_become_what_python_and_a_sheet_make_of_them() {
        let grid = Grid::new("S", Vec::new());
        let shown = |text: &str| {
            let value = literal_value(text)?;
            let (content, format) = typed(content(&value).ok()?, &grid);
            let cell = super::super::grid::Cell { content, format: format.unwrap_or_default(), note: String::new() };
            Some(cell.text())
        };
        for (input, expected) in [
            ("' 1_000.50 '", "1000.5"),
            ("True", "1"),
            ("'20%'", "20%"),
            ("'2.5 %'", "2.50%"),
            ("'=1+1'", "2"),
            ("'='", "="),
            ("'true'", "TRUE"),
            ("'nan'", "nan"),
            ("'_1'", "_1"),
            ("''", ""),
        ] {
            assert_eq!(shown(input).as_deref(), Some(expected), "{input}");
        }
        let raised = |text: &str| literal_value(text).and_then(|value| content(&value).err()).map(|raised| raised.kind);
        assert_eq!(
            (raised("None"), raised("[1]"), raised("1e999")),
            (Some("TypeError"), Some("TypeError"), Some("InvalidJSONError"))
        );
    }

    #[test]
    fn rows_and_indices_are_read_as_in_python() {
        let read = |text: &str| literal_value(text).map(|value| rows(&value).map(|rows| rows.concat().len()));
        assert_eq!(read("[['a', 1], ('b',)]"), Some(Ok(3)));
        assert_eq!(read("['abc']"), Some(Ok(3)));
        assert_eq!(read("[1]"), Some(Err(Raised::new("TypeError", "'int' object is not iterable"))));
        let index = |text: &str| literal_value(text).and_then(|value| whole(&value).ok());
        assert_eq!(
            [index("' 7 '"), index("2.9"), index("True"), index("'x'"), index("None")],
            [Some(7), Some(2), Some(1), None, None]
        );
    }
}
