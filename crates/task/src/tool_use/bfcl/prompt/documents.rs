//! Functions' documents as models are given them.

use serde_json::{Map, Value as Json, json};

use crate::python::{Layout, Value, dumps};
use crate::tool_use::bfcl::decode::Language;

/// Adds the sentence about the language to each description; of Java and JavaScript all parameters become texts, and their
/// descriptions say of which type they were.
pub fn hinted(functions: &[Json], language: Language) -> Vec<Json> {
    let mut functions = functions.to_vec();
    for function in &mut functions {
        let syntax = match language {
            Language::Java => "Java 8 SDK",
            Language::JavaScript => "JavaScript",
            Language::Python => "Python 3",
        };
        extend(function, &format!(" Note that the provided function is in {syntax} syntax."));
        let name = match language {
            Language::Python => continue,
            Language::Java => "Java",
            Language::JavaScript => "JavaScript",
        };
        let properties = function.pointer_mut("/parameters/properties").and_then(Json::as_object_mut);
        properties.into_iter().flatten().for_each(|(_, property)| as_text(property, name));
    }
    functions
}

/// Adds a sentence to a description.
fn extend(document: &mut Json, sentence: &str) {
    let said = document["description"].as_str().unwrap_or_default().to_owned();
    document["description"] = json!(said + sentence);
}

fn as_text(property: &mut Json, name: &str) {
    let kind = property["type"].as_str().unwrap_or_default().to_owned();
    let sentence = match kind.as_str() {
        "any" => format!(" This parameter can be of any type of {name} object in string representation."),
        kind => format!(" This is {name} {kind} type parameter in string representation."),
    };
    extend(property, &sentence);
    let java = name == "Java";
    if java && matches!(kind.as_str(), "ArrayList" | "Array") || !java && kind == "array" {
        let element = property["items"]["type"].as_str().unwrap_or_default().to_owned();
        let sentence = format!(" The list elements are of type {element}; they are not in string representation.");
        extend(property, &sentence);
        property.as_object_mut().map(|fields| fields.shift_remove("items"));
    }
    if !java
        && kind == "dict"
        && let Some(schema) = property.as_object_mut().and_then(|fields| fields.shift_remove("properties"))
    {
        let schema = dumps(&Value::from(&schema), Layout::default()).unwrap_or_default();
        let about = " The dictionary entries have the following schema; they are not in string representation. ";
        extend(property, &format!("{about}{schema}"));
    }
    property["type"] = json!("string");
}

/// Documents as tools of an endpoint of OpenAI's form: names without points, types of JSON Schema.
pub fn tools(functions: &[Json]) -> Vec<Json> {
    functions.iter().map(|function| json!({"type": "function", "function": converted(function)})).collect()
}

/// One document with a name without points and types of JSON Schema.
pub fn converted(function: &Json) -> Json {
    let mut function = function.clone();
    let name = function["name"].as_str().unwrap_or_default().replace('.', "_");
    function["name"] = json!(name);
    function["parameters"]["type"] = json!("object");
    if let Some(properties) = function.pointer_mut("/parameters/properties").and_then(Json::as_object_mut) {
        cast(properties, 0);
    }
    function
}

/// The deepest schema that is converted.
const MAX_DEPTH: usize = 100;

fn schema_type(kind: &str) -> &'static str {
    match kind {
        "integer" | "byte" | "short" | "long" | "Bigint" => "integer",
        "number" | "float" | "double" => "number",
        "boolean" | "bool" => "boolean",
        "array" | "list" | "tuple" | "ArrayList" | "Array" | "Queue" | "Stack" => "array",
        "dict" | "object" | "HashMap" | "Hashtable" => "object",
        _ => "string",
    }
}

fn cast(properties: &mut Map<String, Json>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for (_, property) in properties.iter_mut().filter(|(_, property)| property.is_object()) {
        let kind = property["type"].as_str().unwrap_or("string").to_owned();
        if kind == "float" {
            property["format"] = json!("float");
            extend(property, " This is a float type value.");
        }
        let made = schema_type(&kind);
        property["type"] = json!(made);
        if !matches!(made, "array" | "object") {
            continue;
        }
        if let Some(inner) = property.get_mut("properties").and_then(Json::as_object_mut) {
            cast(inner, depth + 1);
        } else if let Some(items) = property.get_mut("items").filter(|items| items.is_object()) {
            cast_items(items, depth);
        }
    }
}

fn cast_items(items: &mut Json, depth: usize) {
    let retyped = |of: &mut Json| {
        let made = schema_type(of["type"].as_str().unwrap_or("string"));
        of["type"] = json!(made);
        made
    };
    match retyped(items) {
        "array" => {
            if let Some(inner) = items.get_mut("items").filter(|inner| inner.is_object()) {
                retyped(inner);
            }
        }
        "object" => {
            if let Some(inner) = items.get_mut("properties").and_then(Json::as_object_mut) {
                cast(inner, depth + 1);
            }
        }
        _ => {}
    }
}

/// The text that Python's `json.dumps` makes of documents.
pub fn dumped(documents: &[Json]) -> String {
    let all = Value::List(documents.iter().map(Value::from).collect());
    dumps(&all, Layout::default()).unwrap_or_default()
}
