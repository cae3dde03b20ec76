//! One call against one expected call.

use serde_json::Value as Json;

use super::types::{Kind, type_of};
use super::value::{self, accepts};
use super::{Expected, Manner, Wrong, java, javascript};
use crate::python::{Value, text};
use crate::tool_use::bfcl::decode::{Called, Language, position};

/// Checks one call; the first mistake decides.
pub(super) fn check(given: &Called, function: &Json, expected: &Expected, manner: &Manner) -> Result<(), Wrong> {
    let unclear = || Wrong::crash("simple_function_checker:unclear");
    let name = function["name"].as_str().unwrap_or_default();
    let name = if manner.underscores { name.replace('.', "_") } else { name.to_owned() };
    if given.name != name {
        return Err(Wrong::new("simple_function_checker:wrong_func_name"));
    }
    let Value::Dict(arguments) = &given.arguments else { return Err(unclear()) };
    let properties = function["parameters"]["properties"].as_object().ok_or_else(unclear)?;
    let arguments = bound(arguments, properties);
    let has = |name: &str| arguments.iter().any(|(key, _)| is(key, name));
    for required in function["parameters"]["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        if !has(required) {
            return Err(Wrong::of("simple_function_checker:missing_required", &Value::from(required)));
        }
    }
    let accepted = |key: &Value| expected.1.iter().find(|(name, _)| is(key, name)).map(|(_, values)| values);
    for (key, value) in &arguments {
        let property = properties.get(&text(key)).filter(|_| matches!(key, Value::Text(_)));
        let (Some(property), Some(accepted)) = (property, accepted(key)) else {
            return Err(Wrong::of("simple_function_checker:unexpected_param", key));
        };
        argument(value, property, accepted, manner).map_err(|wrong| Wrong { parameter: Some(text(key)), ..wrong })?;
    }
    let optional = |values: &[Value]| values.contains(&Value::from(""));
    match expected.1.iter().find(|(name, values)| !has(name) && !optional(values)) {
        Some((name, _)) => Err(Wrong::of("simple_function_checker:missing_optional", &Value::from(name.as_str()))),
        None => Ok(()),
    }
}

fn is(key: &Value, name: &str) -> bool {
    matches!(key, Value::Text(text) if text == name.as_bytes())
}

/// The arguments with those by position under the names of the document.
fn bound(arguments: &[(Value, Value)], properties: &serde_json::Map<String, Json>) -> Vec<(Value, Value)> {
    let mut arguments = arguments.to_vec();
    for (index, name) in properties.keys().enumerate() {
        let place = position(index);
        let Some(found) = arguments.iter_mut().find(|(key, _)| *key == place) else { break };
        found.0 = Value::from(name.as_str());
    }
    arguments
}

fn argument(value: &Value, property: &Json, accepted: &[Value], manner: &Manner) -> Result<(), Wrong> {
    let unknown = || Wrong::crash("simple_function_checker:unclear");
    let language = manner.language;
    let word = property["type"].as_str().ok_or_else(unknown)?;
    let expected = Kind::named(word, language).ok_or_else(unknown)?;
    let element = if Kind::has_elements(word, language) {
        Some(property["items"]["type"].as_str().ok_or_else(unknown)?)
    } else {
        None
    };
    let free = language == Language::Java && manner.switches.java_elements && element == Some("any");
    let elements = match element {
        Some(_) if free => None,
        Some(word) => Some(Kind::named(word, language).ok_or_else(unknown)?),
        None => None,
    };
    let value = converted(value, word, element, manner)?;
    let variable = type_of(&value, accepted, expected, elements).map_err(Wrong::new)?;
    let strict = manner.switches.nested_values;
    let made = match (variable, expected, elements) {
        (false, Kind::Dict, _) => value::dictionary(&value, accepted, strict),
        (false, Kind::List, Some(Kind::Dict)) => value::dictionaries(&value, accepted, strict),
        (false, Kind::Text, _) => value::string(&value, accepted),
        (false, Kind::List, _) => value::list(&value, accepted, strict),
        _ if accepts(accepted, &value) => Ok(()),
        _ => Err("value_error:others"),
    };
    made.map_err(|kind| match kind {
        value::CRASH => Wrong::crash("type_error:nested"),
        kind => Wrong::new(kind),
    })
}

/// The value as the language's type has it: a tuple for a list, a whole number for a float, a text of Java by its form.
fn converted(value: &Value, word: &str, element: Option<&str>, manner: &Manner) -> Result<Value, Wrong> {
    let text = |kind: &'static str| match value {
        Value::Text(text) => Ok(String::from_utf8_lossy(text)),
        _ => Err(Wrong::new(kind)),
    };
    match (manner.language, value) {
        (Language::Java, _) => {
            let made = java::converted(&text("type_error:java")?, word, element, manner.switches);
            made.ok_or_else(|| Wrong::crash("type_error:java"))
        }
        (Language::JavaScript, _) => {
            let made = javascript::converted(&text("type_error:js")?, word, element);
            made.ok_or_else(|| Wrong::crash("type_error:js"))
        }
        (Language::Python, Value::Tuple(items)) if word == "tuple" => Ok(Value::List(items.clone())),
        (Language::Python, Value::Int(_)) if word == "float" => {
            let float = value.float().filter(|float| float.is_finite());
            float.map(Value::Float).ok_or_else(|| Wrong::crash("type_error:simple"))
        }
        (Language::Python, value) => Ok(value.clone()),
    }
}
