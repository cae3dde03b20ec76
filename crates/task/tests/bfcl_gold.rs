//! The right calls of BFCL's entries of one turn, written as well-formed calls, through its checkers: all are right but
//! those that no reply can win.

#[path = "support/bfcl.rs"]
mod bfcl_cases;

use bfcl_cases::{copy, single_turn};
use serde_json::Value as Json;
use task::python::Value;
use task::tool_use::bfcl::check::{Manner, Wanted, check};
use task::tool_use::bfcl::decode::{Form, Language, decode};
use task::tool_use::bfcl::{Row, Switches, UNREACHABLE};

/// The first accepted value that is not the empty text, with the same choice inside dictionaries.
fn chosen(accepted: &[Value]) -> Option<Value> {
    accepted.iter().find(|value| **value != Value::from("")).map(resolved)
}

fn resolved(value: &Value) -> Value {
    match value {
        Value::Dict(pairs) => {
            let pair = |(key, values): &(Value, Value)| match values {
                Value::List(values) => Some((key.clone(), chosen(values)?)),
                other => Some((key.clone(), other.clone())),
            };
            Value::Dict(pairs.iter().filter_map(pair).collect())
        }
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| if matches!(item, Value::Dict(_)) { resolved(item) } else { item.clone() })
                .collect(),
        ),
        other => other.clone(),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Bool(value) => value.to_string(),
        other => other.to_string(),
    }
}

/// Whether a text can stand as a variable, a member or a call.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || "_.()".contains(c))
}

fn java(value: &Value, kind: &str, element: &str) -> String {
    let quoted = |value: &Value| format!("\"{}\"", words(value));
    let one = |item: &Value| match element {
        "String" | "any" if matches!(item, Value::Text(_)) => quoted(item),
        "char" => format!("'{}'", words(item)),
        "long" => format!("{}L", words(item)),
        _ => words(item),
    };
    match (kind, value) {
        ("String", Value::Text(_)) => quoted(value),
        ("long", Value::Int(_)) => format!("{value}L"),
        ("float", Value::Float(_)) => format!("{value}f"),
        ("Array", Value::List(items)) => {
            format!("new {element}[]{{{}}}", items.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        ("ArrayList", Value::List(items)) => {
            format!("new ArrayList<>(Arrays.asList({}))", items.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        ("HashMap", Value::Dict(pairs)) if !pairs.is_empty() => {
            let put = |(key, value): &(Value, Value)| {
                let value = if matches!(value, Value::Text(_)) { quoted(value) } else { words(value) };
                format!("put({}, {value});", quoted(key))
            };
            format!("new HashMap<>() {{{{ {} }}}}", pairs.iter().map(put).collect::<Vec<_>>().join(" "))
        }
        ("HashMap", _) if matches!(value, Value::Dict(_)) => "new HashMap<>()".to_owned(),
        ("any" | "Array" | "ArrayList", Value::Text(text)) if !is_name(&words(value)) && !text.contains(&b'"') => {
            quoted(value)
        }
        _ => words(value),
    }
}

fn javascript(value: &Value, kind: &str) -> String {
    match (kind, value) {
        ("String", Value::Text(_)) => format!("'{}'", words(value)),
        (_, Value::List(items)) => {
            let inner = |item: &Value| match item {
                Value::Text(_) if words(item).contains('\'') => format!("\"{}\"", words(item)),
                Value::Text(_) => format!("'{}'", words(item)),
                item => javascript(item, ""),
            };
            format!("[{}]", items.iter().map(inner).collect::<Vec<_>>().join(", "))
        }
        (_, Value::Dict(pairs)) => {
            let pair = |(key, value): &(Value, Value)| {
                let value = if matches!(value, Value::Text(_)) {
                    format!("\"{}\"", words(value))
                } else {
                    javascript(value, "")
                };
                format!("'{}': {value}", words(key))
            };
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        ("any", Value::Text(_)) if !is_name(&words(value)) => format!("'{}'", words(value)),
        _ => words(value),
    }
}

fn rendered(wanted: &Wanted, language: Language) -> String {
    let call = |(name, parameters): &(String, Vec<(String, Vec<Value>)>)| {
        let function = wanted.functions.iter().find(|function| function["name"] == *name).unwrap_or(&Json::Null);
        let given = parameters.iter().filter_map(|(name, accepted)| {
            let property = &function["parameters"]["properties"][name];
            let (kind, element) =
                (property["type"].as_str().unwrap_or(""), property["items"]["type"].as_str().unwrap_or(""));
            let required =
                function["parameters"]["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if !required && accepted.contains(&Value::from("")) {
                return None;
            }
            let value = chosen(accepted).unwrap_or_else(|| Value::from(""));
            let value = match language {
                Language::Python => value.to_string(),
                Language::Java => java(&value, kind, element),
                Language::JavaScript => javascript(&value, kind),
            };
            Some(format!("{name}={value}"))
        });
        format!("{name}({})", given.collect::<Vec<_>>().join(", "))
    };
    format!("[{}]", wanted.calls.iter().map(call).collect::<Vec<_>>().join(", "))
}

fn wrong(row: &Row, switches: &Switches) -> Option<String> {
    let category = row.id.rsplit_once('_').map_or("", |(category, _)| category);
    let wanted = Wanted::read(&row.entry["function"], &row.truth).ok()?;
    let language = Language::of(category);
    let reply = rendered(&wanted, language);
    let decoded = decode(&reply, language, Form::Python, false, switches);
    let manner = Manner { category, language, underscores: false, switches };
    check(&decoded, &wanted, &manner).err().map(|wrong| format!("{}: {} in {reply}", row.id, wrong.kind))
}

#[test]
fn right_calls_are_right_but_the_unreachable_ones() {
    let Some(copy) = copy() else { return };
    let rows: Vec<Row> = single_turn(&copy).into_iter().filter(|row| row.truth.is_array()).collect();
    for (mode, switches) in [("paper", Switches::all(false)), ("corrected", Switches::all(true))] {
        let found: Vec<String> = rows.iter().filter_map(|row| wrong(row, &switches)).collect();
        let java = |id: &str| id.starts_with("simple_java_");
        let mut ids: Vec<&str> = found.iter().filter_map(|text| text.split(':').next()).collect();
        ids.sort_unstable();
        let mut known: Vec<&str> = UNREACHABLE.iter().copied().filter(|id| mode == "paper" || !java(id)).collect();
        known.sort_unstable();
        println!("{mode}: {} of {} right", rows.len() - found.len(), rows.len());
        assert_eq!(ids, known, "{mode}: {}", found.join("\n"));
    }
}
