//! Calls written as JSON.

use std::sync::LazyLock;

use regex::Regex;

use super::{Called, Decoded};
use crate::pattern;
use crate::python::{Value, json_value, text};
use crate::tool_use::bfcl::Switches;

static LIST: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)\[\s*\{.*?\}\s*(?:,\s*\{.*?\}\s*)*\]"));

/// The objects of the first list of objects, each with `function` and `parameters`. What is no JSON is an empty list.
pub(super) fn calls(source: &str, switches: &Switches) -> Decoded {
    let list = source.find('[').zip(source.rfind(']')).filter(|(start, end)| start < end);
    let source = list.map_or(source, |(start, end)| &source[start..=end]);
    let source = LIST.find(source).map_or(source, |found| found.as_str());
    let Some(value) = json_value(source) else {
        // The reference takes it for an empty list.
        return if switches.json_unread { Decoded::Failed } else { Decoded::Calls(Vec::new()) };
    };
    let items = match value {
        Value::List(items) => items,
        Value::Dict(_) | Value::Text(_) => Vec::new(),
        _ => return Decoded::Failed,
    };
    let objects = items.iter().filter(|item| matches!(item, Value::Dict(_)));
    let call = |object: &Value| {
        let (name, arguments) = object.get("function").zip(object.get("parameters"))?;
        let hashable = !matches!(name, Value::List(_) | Value::Dict(_));
        hashable.then(|| Called { name: text(name), arguments: arguments.clone() })
    };
    objects.map(call).collect::<Option<Vec<_>>>().map_or(Decoded::Failed, Decoded::Calls)
}
