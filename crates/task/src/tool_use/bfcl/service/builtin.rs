//! Python's own functions, as far as they only look at values.

use num_bigint::BigInt;

use super::Answer;
use super::trading::{to_float, to_int};
use super::values::{iterated, whole};
use crate::python::{Value, add, compared, rounded, text};

/// The functions that are known here.
const NAMES: [&str; 16] = [
    "print", "len", "max", "min", "sum", "any", "all", "bool", "str", "repr", "int", "float", "list", "tuple",
    "sorted", "abs",
];

/// Whether a name is that of such a function.
pub(super) fn is_builtin(name: &str) -> bool {
    NAMES.contains(&name) || name == "round"
}

/// The result of a function of Python's own; `None` for those that are unknown here.
pub(super) fn builtin(name: &str, given: &[Value]) -> Option<Answer> {
    let first = given.first().cloned().unwrap_or(Value::None);
    let items = || if given.len() == 1 { iterated(&first) } else { Ok(given.to_vec()) };
    let bool = |made: Result<bool, String>| made.map(Value::Bool);
    Some(match name {
        "print" => Ok(Value::None),
        "len" => length(&first),
        "max" => items().and_then(|items| extreme(items, ">", "max")),
        "min" => items().and_then(|items| extreme(items, "<", "min")),
        "sum" => iterated(&first).and_then(|items| items.iter().try_fold(whole(0), |sum, value| add(&sum, value))),
        "any" => bool(iterated(&first).map(|items| items.iter().any(Value::truthy))),
        "all" => bool(iterated(&first).map(|items| items.iter().all(Value::truthy))),
        "bool" => bool(Ok(first.truthy())),
        "str" if given.is_empty() => Ok(Value::from("")),
        "str" => Ok(Value::from(text(&first).as_str())),
        "repr" => Ok(Value::from(first.to_string().as_str())),
        "int" if given.is_empty() => Ok(whole(0)),
        "int" => to_int(&first),
        "float" => to_float(&first),
        "list" if given.is_empty() => Ok(Value::List(Vec::new())),
        "list" => iterated(&first).map(Value::List),
        "tuple" if given.is_empty() => Ok(Value::Tuple(Vec::new())),
        "tuple" => iterated(&first).map(Value::Tuple),
        "sorted" => iterated(&first).and_then(sorted).map(Value::List),
        "abs" => match &first {
            Value::Float(float) => Ok(Value::Float(float.abs())),
            value => value
                .whole()
                .map(|int| Value::Int(BigInt::from(int.magnitude().clone())))
                .ok_or_else(|| format!("bad operand type for abs(): '{}'", value.type_name())),
        },
        "round" => {
            let places = given.get(1).and_then(Value::whole).and_then(|places| i32::try_from(places).ok());
            match (&first, places) {
                (Value::Float(_), None) => rounded(&first, 0).and_then(|made| to_int(&made)),
                (_, places) => rounded(&first, places.unwrap_or(0)),
            }
        }
        _ => return None,
    })
}

fn length(of: &Value) -> Answer {
    Ok(whole(match of {
        Value::Text(_) => text(of).chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => items.len(),
        Value::Dict(pairs) => pairs.len(),
        other => return Err(format!("object of type '{}' has no len()", other.type_name())),
    }))
}

fn extreme(items: Vec<Value>, sign: &str, name: &str) -> Answer {
    let mut items = items.into_iter();
    let first = items.next().ok_or_else(|| format!("{name}() arg is an empty sequence"))?;
    items.try_fold(first, |best, value| Ok(if compared(&value, sign, &best)? { value } else { best }))
}

fn sorted(items: Vec<Value>) -> Result<Vec<Value>, String> {
    let mut problem = None;
    let mut items = items;
    items.sort_by(|a, b| match crate::python::order(a, b, "<") {
        Ok(order) => order.unwrap_or(std::cmp::Ordering::Equal),
        Err(why) => {
            problem.get_or_insert(why);
            std::cmp::Ordering::Equal
        }
    });
    problem.map_or(Ok(items), Err)
}
