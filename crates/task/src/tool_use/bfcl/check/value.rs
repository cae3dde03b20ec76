//! Values against those that are accepted.

use crate::python::Value;

/// Stands for an exception of the reference.
pub(super) const CRASH: &str = "crash";

type Found = Result<(), &'static str>;

/// Whether the value is one of those, as Python compares.
pub(super) fn accepts(accepted: &[Value], value: &Value) -> bool {
    accepted.iter().any(|other| other == value)
}

/// A text without blanks and `, . / - _ * ^`, in lower case, with double quotes for single ones.
///
/// ```
/// assert_eq!(task::tool_use::bfcl::normalized("It's  U.S._A"), "it\"susa");
/// ```
pub fn normalized(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !matches!(c, ' ' | ',' | '.' | '/' | '-' | '_' | '*' | '^')).collect();
    kept.to_lowercase().replace('\'', "\"")
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::from(normalized(&String::from_utf8_lossy(text)).as_str()),
        value => value.clone(),
    }
}

/// Texts normalized at every depth.
fn deep(value: &Value) -> Value {
    match value {
        Value::List(items) | Value::Tuple(items) => Value::List(items.iter().map(deep).collect()),
        Value::Dict(pairs) => Value::Dict(pairs.iter().map(|(key, value)| (key.clone(), deep(value))).collect()),
        value => plain(value),
    }
}

pub(super) fn string(value: &Value, accepted: &[Value]) -> Found {
    let value = plain(value);
    let texts = accepted.iter().filter(|other| matches!(other, Value::Text(_)));
    if texts.map(plain).any(|other| other == value) { Ok(()) } else { Err("value_error:string") }
}

/// The elements of what Python iterates over; `None` for what it does not.
fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) => Some(items.clone()),
        Value::Text(text) => Some(
            String::from_utf8_lossy(text).chars().map(|c| Value::from(c.encode_utf8(&mut [0; 4]) as &str)).collect(),
        ),
        _ => None,
    }
}

pub(super) fn list(value: &Value, accepted: &[Value], nested: bool) -> Found {
    let Value::List(items) = value else { return Err(CRASH) };
    let norm = if nested { deep } else { plain };
    let items: Vec<Value> = items.iter().map(norm).collect();
    let mut found = false;
    for other in accepted {
        let other: Vec<Value> = elements(other).ok_or(CRASH)?.iter().map(norm).collect();
        found |= other == items;
    }
    if found { Ok(()) } else { Err("value_error:list/tuple") }
}

/// The rule for a dictionary: each accepted one says for each key which values are; the last one's mistake is told.
pub(super) fn dictionary(value: &Value, accepted: &[Value], nested: bool) -> Found {
    let mut last = Err("dict_checker:unclear");
    for other in accepted.iter().filter(|other| **other != Value::from("")) {
        last = one_dictionary(value, other, nested);
        if last.is_ok() || last == Err(CRASH) {
            break;
        }
    }
    last
}

fn one_dictionary(value: &Value, accepted: &Value, nested: bool) -> Found {
    let (Value::Dict(pairs), Value::Dict(accepted)) = (value, accepted) else { return Err(CRASH) };
    let mut found = Ok(());
    for (key, value) in pairs {
        let Some((_, values)) = accepted.iter().find(|(other, _)| other == key) else {
            found = Err("value_error:dict_key");
            break;
        };
        let values = match values {
            // The reference takes the one accepted text for its letters.
            Value::Text(_) if nested => vec![values.clone()],
            values => elements(values).ok_or(CRASH)?,
        };
        let fits = match nested {
            true => values.iter().any(|other| fits_deeply(value, other)),
            false => accepts(&values.iter().map(plain).collect::<Vec<_>>(), &plain(value)),
        };
        if !fits {
            found = Err("value_error:dict_value");
            break;
        }
    }
    let optional = |values: &Value| match values {
        // The empty text is part of every text.
        Value::Text(_) => true,
        Value::List(values) => values.contains(&Value::from("")),
        _ => false,
    };
    for (key, values) in accepted {
        if !pairs.iter().any(|(other, _)| other == key) && !optional(values) {
            found = Err("value_error:dict_key");
            break;
        }
    }
    found
}

/// Whether a nested value fits: equal after normalizing, or a dictionary under the rule of the outside.
fn fits_deeply(value: &Value, accepted: &Value) -> bool {
    deep(value) == deep(accepted)
        || matches!(accepted, Value::Dict(pairs) if pairs.iter().all(|(_, values)| matches!(values, Value::List(_))))
            && one_dictionary(value, accepted, true).is_ok()
}

/// The rule for a list of dictionaries, each by the one at its place.
pub(super) fn dictionaries(value: &Value, accepted: &[Value], nested: bool) -> Found {
    let Value::List(items) = value else { return Err(CRASH) };
    let mut last = Err("list_dict_checker:unclear");
    for other in accepted {
        let others = elements(other).ok_or(CRASH)?;
        if others.len() != items.len() {
            last = Err("value_error:list_dict_count");
            continue;
        }
        let mut all = items.iter().zip(&others).map(|(item, other)| match item {
            Value::Dict(_) => dictionary(item, std::slice::from_ref(other), nested),
            _ => Err(CRASH),
        });
        match all.find(Result::is_err) {
            None => return Ok(()),
            Some(Err(CRASH)) => return Err(CRASH),
            Some(wrong) => last = wrong,
        }
    }
    last
}
