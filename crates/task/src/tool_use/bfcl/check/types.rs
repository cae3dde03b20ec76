//! Types of values, and whether a value has the expected one.

use crate::python::Value;

use crate::tool_use::bfcl::decode::Language;

/// An exact type: `bool` is no `int`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Float,
    Bool,
    List,
    Dict,
    Other(&'static str),
}

impl Kind {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Text(_) => Kind::Text,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Bool(_) => Kind::Bool,
            Value::List(_) => Kind::List,
            Value::Dict(_) => Kind::Dict,
            other => Kind::Other(other.type_name()),
        }
    }

    /// The type that a document's word stands for; `None` for unknown words.
    pub(super) fn named(word: &str, language: Language) -> Option<Self> {
        Some(match (language, word) {
            (Language::Python, "string" | "any") => Kind::Text,
            (Language::Python, "integer") => Kind::Int,
            (Language::Python, "float") => Kind::Float,
            (Language::Python, "boolean") => Kind::Bool,
            (Language::Python, "array" | "tuple") => Kind::List,
            (Language::Python, "dict") => Kind::Dict,
            (Language::Java, "byte" | "short" | "integer" | "long") => Kind::Int,
            (Language::Java, "float" | "double") => Kind::Float,
            (Language::Java, "boolean") => Kind::Bool,
            (Language::Java, "char" | "String" | "any") => Kind::Text,
            (Language::Java, "Array" | "ArrayList" | "Queue" | "Stack") => Kind::List,
            (Language::Java, "HashMap" | "Hashtable") => Kind::Dict,
            (Language::Java, "Set") => Kind::Other("set"),
            (Language::JavaScript, "String" | "any") => Kind::Text,
            (Language::JavaScript, "integer" | "Bigint") => Kind::Int,
            (Language::JavaScript, "float") => Kind::Float,
            (Language::JavaScript, "Boolean") => Kind::Bool,
            (Language::JavaScript, "dict") => Kind::Dict,
            (Language::JavaScript, "array") => Kind::List,
            _ => return None,
        })
    }

    /// Whether documents say of which type the elements are.
    pub(super) fn has_elements(word: &str, language: Language) -> bool {
        match language {
            Language::Python => matches!(word, "array" | "tuple"),
            _ => matches!(word, "Array" | "ArrayList" | "array"),
        }
    }
}

/// Whether the value has the expected type, or that of the accepted values: then it stands for a variable, and the result
/// is true.
///
/// # Errors
/// The kind of mistake.
pub(super) fn type_of(
    value: &Value,
    accepted: &[Value],
    expected: Kind,
    elements: Option<Kind>,
) -> Result<bool, &'static str> {
    let empty = Value::from("");
    let gold = accepted.iter().find(|value| **value != empty).map(Kind::of);
    let variable = gold.is_some_and(|gold| gold != expected);
    let mut nested = false;
    if Kind::of(value) == expected {
        let (Some(elements), Value::List(items)) = (elements, value) else { return Ok(variable) };
        let fits = |accepted: &Value| match accepted {
            Value::List(accepted) => items.iter().all(|item| type_of(item, accepted, elements, None).is_ok()),
            _ => true,
        };
        if accepted.iter().any(fits) {
            return Ok(variable);
        }
        nested = true;
    }
    match gold == Some(Kind::of(value)) {
        true if nested => Err("type_error:nested"),
        true => Ok(true),
        false => Err("type_error:simple"),
    }
}
