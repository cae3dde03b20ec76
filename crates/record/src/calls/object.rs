//! Calls as JSON objects.

use serde_json::Value;

use super::{CallForm, Calls, call};
use crate::ToolCall;

/// Marks around JSON that stands alone.
const MARKS: [&str; 4] = ["<|python_tag|>", "<|eom_id|>", "<|eot_id|>", "</s>"];

/// The call that an object makes: `name`, and `arguments` or `parameters`, perhaps in `function`.
pub(super) fn of(object: &Value) -> Option<ToolCall> {
    let object = object.get("function").filter(|inner| inner.is_object()).unwrap_or(object);
    let name = object.get("name").or_else(|| object.get("function"))?.as_str()?;
    let arguments = object.get("arguments").or_else(|| object.get("parameters"))?;
    // Some templates write the arguments as a text of JSON.
    let arguments = match arguments {
        Value::String(text) => super::json_or_text(text),
        other => other.clone(),
    };
    Some(call(name, arguments))
}

/// The calls of JSON that has them: an object, or a list of objects.
pub(super) fn all(value: &Value) -> Option<Vec<ToolCall>> {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(of).collect(),
        Value::Array(_) => None,
        value => of(value).map(|one| vec![one]),
    }
}

/// The values at the beginning of a text, one after another with `;` or white space between them, and what follows.
pub(super) fn values(text: &str) -> (Vec<Value>, &str) {
    let (mut found, mut rest) = (Vec::new(), text);
    loop {
        let trimmed = rest.trim_start_matches([';', ' ', '\n', '\r', '\t', ',']);
        let mut stream = serde_json::Deserializer::from_str(trimmed).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) if !value.is_number() => {
                rest = &trimmed[stream.byte_offset()..];
                found.push(value);
            }
            _ => return (found, rest),
        }
    }
}

/// A reply that is nothing but JSON.
pub(super) fn alone(reply: &str) -> Option<Calls> {
    let mut text = reply.trim();
    for mark in MARKS {
        text = text.strip_prefix(mark).unwrap_or(text).trim();
        text = text.strip_suffix(mark).unwrap_or(text).trim();
    }
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let (found, rest) = values(text);
    let calls = found.iter().map(all).collect::<Option<Vec<_>>>()?.concat();
    let whole = !calls.is_empty() && rest.trim().is_empty();
    whole.then(|| Calls { form: CallForm::Json, calls, said: String::new() })
}
