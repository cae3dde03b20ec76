//! Filters and tests that Jinja has and the engine lacks or has otherwise.

use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::{json, markup, python};

/// The widest indentation.
const WIDEST: usize = 1 << 10;

/// Adds them all.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("tojson", json::tojson);
    environment.add_filter("indent", indent);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("wordcount", |text: String| text.split_whitespace().count());
    environment.add_filter("forceescape", |value: Value| markup::escape(&python::text(&value)));
    environment.add_filter("string", |value: Value| match value.kind() {
        ValueKind::String => value,
        _ => Value::from(python::text(&value)),
    });
    environment.add_filter(markup::ESCAPED, |value: Value| match value.kind() {
        ValueKind::String if !value.is_safe() => Value::from(markup::escape(value.as_str().unwrap_or_default())),
        _ => value,
    });
    environment.add_function("joiner", |separator: Option<String>| {
        let (used, separator) = (AtomicBool::new(false), separator.unwrap_or_else(|| ", ".to_owned()));
        Value::from_function(move || match used.swap(true, Ordering::Relaxed) {
            true => separator.clone(),
            false => String::new(),
        })
    });
    environment.add_test("sequence", |value: Value| is_iterable(&value));
    environment.add_test("iterable", |value: Value| is_iterable(&value));
}

/// Python has an iterator for all that it can count: dictionaries, texts and what is undefined, but not `None`.
fn is_iterable(value: &Value) -> bool {
    use ValueKind::{Iterable, Map, Seq, String, Undefined};
    matches!(value.kind(), Seq | Map | String | Undefined | Iterable)
}

/// `indent(text, width=4, first=False, blank=False)`
fn indent(state: &State, text: String, given: Rest<Value>, named: Kwargs) -> Result<String, Error> {
    let one =
        |at: usize, name: &str| Ok::<_, Error>(named.get::<Option<Value>>(name)?.or_else(|| given.get(at).cloned()));
    let width = one(0, "width")?.unwrap_or_else(|| Value::from(4));
    let flag = |value: Option<Value>| value.is_some_and(|value| value.is_true());
    let (first, blank) = (flag(one(1, "first")?), flag(one(2, "blank")?));
    named.assert_all_used()?;
    let space = match width.as_str() {
        Some(space) => space.to_owned(),
        None => " ".repeat(usize::try_from(width)?.min(WIDEST)),
    };
    // Jinja adds a line end and splits at all of them: one at the end of the text is kept.
    let lines: Vec<&str> = text.split('\n').collect();
    state.consume_fuel((lines.len() * space.len()) as u64 / 64)?;
    let mut out = if first { space.clone() } else { String::new() };
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
            out.push_str(if line.is_empty() && !blank { "" } else { &space });
        }
        out.push_str(line);
    }
    Ok(out)
}

/// `default(value, default_value='', boolean=False)`
fn default(value: Value, other: Option<Value>, boolean: Option<bool>, named: Kwargs) -> Result<Value, Error> {
    let boolean = named.get::<Option<bool>>("boolean")?.or(boolean) == Some(true);
    let other = named.get::<Option<Value>>("default_value")?.or(other).unwrap_or_else(|| Value::from(""));
    named.assert_all_used()?;
    Ok(if value.is_undefined() || (boolean && !value.is_true()) { other } else { value })
}
