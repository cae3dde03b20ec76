//! Functions' documents as text in a prompt: JSON, XML or Python.

use serde_json::Value as Json;

use crate::python::{Layout, Value, dumps};

/// The deepest parameter in a parameter that is described.
const MAX_DEPTH: usize = 100;

/// JSON over several lines.
pub(super) fn json(functions: &[Json]) -> String {
    let all = Value::List(functions.iter().map(Value::from).collect());
    dumps(&all, Layout { indent: Some(4), sorted: false }).unwrap_or_default()
}

fn text<'j>(document: &'j Json, key: &str) -> &'j str {
    document[key].as_str().unwrap_or_default()
}

/// A description with its possible values.
fn about(document: &Json) -> String {
    let values = document.get("enum").map(|values| format!(" Enum values: {}.", Value::from(values)));
    text(document, "description").to_owned() + &values.unwrap_or_default()
}

fn properties(document: &Json) -> Option<&serde_json::Map<String, Json>> {
    document.get("properties").and_then(Json::as_object)
}

/// XML, a block a function.
pub(super) fn xml(functions: &[Json]) -> String {
    let block = |function: &Json| {
        let (name, said) = (text(function, "name"), text(function, "description"));
        let mut made = format!("<function name=\"{name}\">\n  <desc>{said}</desc>\n  <params>\n");
        let parameters = &function["parameters"];
        for (name, parameter) in properties(parameters).into_iter().flatten() {
            xml_parameter(&mut made, name, parameter, (parameters.get("required"), 2));
        }
        made + "  </params>\n</function>\n"
    };
    functions.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn xml_parameter(made: &mut String, name: &str, parameter: &Json, (required, level): (Option<&Json>, usize)) {
    if level > MAX_DEPTH {
        return;
    }
    let indent = "  ".repeat(level);
    let kind = parameter["type"].as_str().unwrap_or("string");
    let inner = parameter["items"]["type"]
        .as_str()
        .or_else(|| parameter.get("additionalProperties").map(|inner| inner["type"].as_str().unwrap_or("string")));
    let kind = inner.map_or_else(|| kind.to_owned(), |inner| format!("{kind}[{inner}]"));
    let needed = required.is_none_or(|all| all.as_array().is_some_and(|all| all.iter().any(|one| one == name)));
    let default = parameter.get("default").map(|default| format!(" default=\"{}\"", Value::from(default)));
    let attributes = format!("name=\"{name}\", type=\"{kind}\", required=\"{needed}\"{}", default.unwrap_or_default());
    made.push_str(&format!("{indent}<param {}>\n", attributes.replace(',', "")));
    made.push_str(&format!("{indent}  <desc>{}</desc>\n", about(parameter)));
    if let Some(inner) = properties(parameter) {
        made.push_str(&format!("{indent}  <params>\n"));
        for (name, child) in inner {
            xml_parameter(made, name, child, (parameter.get("required"), level + 2));
        }
        made.push_str(&format!("{indent}  </params>\n"));
    }
    made.push_str(&format!("{indent}</param>\n"));
}

/// Python, a heading and a documentation text a function.
pub(super) fn python(functions: &[Json]) -> String {
    let mut all = Vec::new();
    for function in functions {
        let quotes = "    \"\"\"\n";
        let (name, said) = (text(function, "name"), text(function, "description"));
        let mut made = format!("# Function: {name}\n{quotes}    {said}\n\n");
        if let Some(parameters) = properties(&function["parameters"]).filter(|all| !all.is_empty()) {
            made.push_str("    Args:\n");
            parameters.iter().for_each(|(name, parameter)| python_parameter(&mut made, name, parameter, 0));
        }
        all.push(made + quotes);
        all.push("\n".to_owned());
    }
    all.join("\n\n")
}

fn python_parameter(made: &mut String, name: &str, parameter: &Json, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let indent = " ".repeat(8 + 4 * depth);
    let default = parameter.get("default").map(|default| format!(", default={}", Value::from(default)));
    let (kind, default) = (python_type(parameter, 0), default.unwrap_or_default());
    made.push_str(&format!("{indent}{name} ({kind}{default}): {}\n", about(parameter)));
    for (name, child) in properties(parameter).into_iter().flatten() {
        python_parameter(made, name, child, depth + 1);
    }
}

fn python_type(document: &Json, depth: usize) -> String {
    let inner = |key: &str| document.get(key).filter(|_| depth < MAX_DEPTH).map(|inner| python_type(inner, depth + 1));
    let kind = document["type"].as_str().unwrap_or("string");
    match kind {
        "string" => "str".to_owned(),
        "number" => "float".to_owned(),
        "integer" => "int".to_owned(),
        "boolean" => "bool".to_owned(),
        "array" | "list" | "tuple" => inner("items").map_or_else(|| kind.to_owned(), |inner| format!("list[{inner}]")),
        "object" | "dict" => {
            inner("additionalProperties").map_or_else(|| "dict".to_owned(), |inner| format!("dict[str, {inner}]"))
        }
        other => other.to_owned(),
    }
}
