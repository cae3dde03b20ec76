//! Small things that services do with values.

use std::fmt::Display;

use num_bigint::BigInt;

use super::random::Random;
use crate::python::{Value, text};

/// A dictionary.
pub(in crate::tool_use::bfcl) fn object<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Dict(pairs.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// `{"error": ..}`
pub(in crate::tool_use::bfcl) fn error(problem: impl Display) -> Value {
    said("error", problem)
}

/// A dictionary of one text.
pub(in crate::tool_use::bfcl) fn said(key: &str, words: impl Display) -> Value {
    object([(key, words_of(words))])
}

/// A text.
pub(super) fn words_of(words: impl Display) -> Value {
    Value::from(words.to_string().as_str())
}

/// A whole number.
pub(super) fn whole(number: impl Into<BigInt>) -> Value {
    Value::Int(number.into())
}

/// The value of a key.
pub(in crate::tool_use::bfcl) fn find<'v>(dict: &'v Value, key: &Value) -> Option<&'v Value> {
    let Value::Dict(pairs) = dict else { return None };
    pairs.iter().find(|(other, _)| other == key).map(|(_, value)| value)
}

/// The value of a key, to be changed.
pub(super) fn find_mut<'v>(dict: &'v mut Value, key: &Value) -> Option<&'v mut Value> {
    let Value::Dict(pairs) = dict else { return None };
    pairs.iter_mut().find(|(other, _)| other == key).map(|(_, value)| value)
}

/// The value of a key, or the exception that it is missing.
pub(super) fn item<'v>(dict: &'v Value, key: &str) -> Result<&'v Value, String> {
    match dict {
        Value::Dict(_) => dict.get(key).ok_or_else(|| Value::from(key).to_string()),
        Value::Text(_) => Err("string indices must be integers, not 'str'".to_owned()),
        Value::List(_) | Value::Tuple(_) => {
            Err(format!("{} indices must be integers or slices, not str", dict.type_name()))
        }
        other => Err(format!("'{}' object is not subscriptable", other.type_name())),
    }
}

/// Sets a key: in its place, or at the end.
pub(in crate::tool_use::bfcl) fn set(dict: &mut Value, key: Value, value: Value) {
    if let Some(place) = find_mut(dict, &key) {
        *place = value;
    } else if let Value::Dict(pairs) = dict {
        pairs.push((key, value));
    }
}

/// Removes a key and says whether it was there.
pub(super) fn remove(dict: &mut Value, key: &Value) -> bool {
    let Value::Dict(pairs) = dict else { return false };
    let before = pairs.len();
    pairs.retain(|(other, _)| other != key);
    pairs.len() < before
}

/// The keys of a dictionary.
pub(in crate::tool_use::bfcl) fn keys(dict: &Value) -> Vec<Value> {
    let Value::Dict(pairs) = dict else { return Vec::new() };
    pairs.iter().map(|(key, _)| key.clone()).collect()
}

/// The items of what Python iterates over.
pub(super) fn iterated(value: &Value) -> Result<Vec<Value>, String> {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => Ok(items.clone()),
        Value::Dict(pairs) => Ok(pairs.iter().map(|(key, _)| key.clone()).collect()),
        Value::Text(_) => Ok(text(value).chars().map(words_of).collect()),
        other => Err(format!("'{}' object is not iterable", other.type_name())),
    }
}

/// A text whose method is called, or the exception that the value has no such method.
pub(super) fn text_for(value: &Value, method: &str) -> Result<String, String> {
    match value {
        Value::Text(_) => Ok(text(value)),
        other => Err(format!("'{}' object has no attribute '{method}'", other.type_name())),
    }
}

/// `value in container`
pub(super) fn contains(container: &Value, value: &Value) -> Result<bool, String> {
    match container {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => Ok(items.contains(value)),
        Value::Dict(pairs) => {
            hashable(value)?;
            Ok(pairs.iter().any(|(key, _)| key == value))
        }
        Value::Text(_) => match value {
            Value::Text(_) => Ok(text(container).contains(&text(value))),
            other => Err(format!("'in <string>' requires string as left operand, not {}", other.type_name())),
        },
        other => Err(format!("argument of type '{}' is not iterable", other.type_name())),
    }
}

/// That the value can be a key.
pub(super) fn hashable(value: &Value) -> Result<(), String> {
    match value {
        Value::List(_) | Value::Dict(_) | Value::Set(_) => Err(format!("unhashable type: '{}'", value.type_name())),
        Value::Tuple(items) => items.iter().try_for_each(hashable),
        _ => Ok(()),
    }
}

/// `list.append`
pub(super) fn append(list: &mut Value, value: Value) -> Result<(), String> {
    match list {
        Value::List(items) => {
            items.push(value);
            Ok(())
        }
        other => Err(format!("'{}' object has no attribute 'append'", other.type_name())),
    }
}

/// The scenario's value of a field, or the default.
pub(super) fn field(scenario: &Value, name: &str, default: impl FnOnce() -> Value) -> Value {
    scenario.get(name).cloned().unwrap_or_else(default)
}

/// The random numbers of an instance: one sequence, or one for each method.
#[derive(Debug)]
pub(super) struct Draws {
    seed: u64,
    apart: bool,
    /// The generators by method; made when something is drawn.
    made: Vec<(&'static str, Random)>,
}

impl Draws {
    pub(super) fn new(scenario: &Value, seed: u64, apart: bool) -> Self {
        let own = scenario.get("random_seed").and_then(Value::whole);
        let seed = own.and_then(|own| u64::try_from(own.magnitude()).ok()).unwrap_or(seed);
        Self { seed, apart, made: Vec::new() }
    }

    /// The generator for a method.
    pub(super) fn of(&mut self, method: &'static str) -> &mut Random {
        let name = if self.apart { method } else { "" };
        let known = self.made.iter().position(|(other, _)| *other == name);
        let at = known.unwrap_or_else(|| {
            self.made.push((name, Random::new(self.seed)));
            self.made.len() - 1
        });
        &mut self.made[at].1
    }
}
