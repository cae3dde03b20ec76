//! Which arguments a call gives to which parameters.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{Given, Service};
use crate::python::{Expr, Value, evaluate, expression};

struct Parameter {
    name: String,
    default: Option<Value>,
}

/// The parameters of the methods that were called, by their texts.
type Known = HashMap<&'static str, &'static [Parameter]>;

fn parameters(text: &'static str) -> &'static [Parameter] {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(text).or_insert_with(|| {
        let Some(Expr::Lambda(all, _)) = expression(&format!("lambda {text}: 0")) else { return &[] };
        let made = all
            .into_iter()
            .map(|one| Parameter { name: one.name, default: one.default.and_then(|value| evaluate(&value).ok()) });
        Box::leak(made.collect::<Vec<_>>().into_boxed_slice())
    })
}

/// Gives arguments to the parameters of a method.
///
/// # Errors
/// Python's messages for arguments that are missing, unknown, given twice or too many.
pub(super) fn bind(
    service: &dyn Service,
    method: &'static str,
    signature: &'static str,
    positional: Vec<Value>,
    named: Vec<(String, Value)>,
) -> Result<Given, String> {
    let parameters = parameters(signature);
    let place = format!("{}.{method}()", service.class());
    let count = positional.len();
    let mut given: Vec<Option<Value>> = positional.into_iter().map(Some).take(parameters.len()).collect();
    given.resize(parameters.len(), None);
    for (name, value) in named {
        let Some(at) = parameters.iter().position(|parameter| parameter.name == name) else {
            return Err(format!("{place} got an unexpected keyword argument '{name}'"));
        };
        if given[at].replace(value).is_some() {
            return Err(format!("{place} got multiple values for argument '{name}'"));
        }
    }
    if count > parameters.len() {
        return Err(too_many(&place, parameters, count));
    }
    let missing =
        parameters.iter().zip(&given).filter(|(parameter, value)| value.is_none() && parameter.default.is_none());
    let missing: Vec<String> = missing.map(|(parameter, _)| format!("'{}'", parameter.name)).collect();
    if !missing.is_empty() {
        let s = if missing.len() > 1 { "s" } else { "" };
        let names = listed(&missing);
        return Err(format!("{place} missing {} required positional argument{s}: {names}", missing.len()));
    }
    let value = |(parameter, value): (&Parameter, Option<Value>)| {
        value.or_else(|| parameter.default.clone()).unwrap_or(Value::None)
    };
    Ok(Given(parameters.iter().zip(given).map(value).collect()))
}

fn too_many(place: &str, parameters: &[Parameter], count: usize) -> String {
    // The instance itself is counted.
    let (most, count) = (parameters.len() + 1, count + 1);
    let least = 1 + parameters.iter().filter(|parameter| parameter.default.is_none()).count();
    let takes = if least < most { format!("from {least} to {most}") } else { most.to_string() };
    let s = if most == 1 { "" } else { "s" };
    format!("{place} takes {takes} positional argument{s} but {count} were given")
}

/// `a`, `a and b`, `a, b, and c`
fn listed(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [all @ .., last] => format!("{}, and {last}", all.join(", ")),
        [] => String::new(),
    }
}
