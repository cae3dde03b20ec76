//! Calls as texts to execute.

use super::python::{calls, key_text};
use super::{Called, Language, NativeCall, clean};
use crate::python::{Value, json_value};
use crate::tool_use::bfcl::Switches;

/// The calls of a reply as texts; `None` where it cannot be read as calls, which ends a turn.
///
/// ```
/// use task::tool_use::bfcl::{Switches, decode::executable};
/// let paper = Switches::all(false);
/// assert_eq!(executable("[cd(folder='a'), ls()]", &paper), Some(vec!["cd(folder='a')".into(), "ls()".into()]));
/// assert_eq!(executable("I am done.", &paper), None);
/// ```
pub fn executable(reply: &str, switches: &Switches) -> Option<Vec<String>> {
    let text = clean::brackets(reply, Language::Python, switches);
    calls(&text, switches)?.iter().map(|call| rendered(call, switches)).collect()
}

fn rendered(call: &Called, switches: &Switches) -> Option<String> {
    Some(format!("{}({})", call.name, arguments(&call.arguments, switches)?))
}

fn arguments(of: &Value, switches: &Switches) -> Option<String> {
    let Value::Dict(pairs) = of else { return None };
    let one = |(key, value): &(Value, Value)| {
        let value = nested(value, switches)?;
        Some(if matches!(key, Value::Tuple(_)) { value } else { format!("{}={value}", key_text(key)) })
    };
    Some(pairs.iter().map(one).collect::<Option<Vec<_>>>()?.join(", "))
}

/// An argument: a dictionary of dictionaries is taken for a call, and one without keys for nothing that can be written.
fn nested(value: &Value, switches: &Switches) -> Option<String> {
    let Value::Dict(pairs) = value else { return Some(value.to_string()) };
    if switches.plain_dictionaries {
        return Some(value.to_string());
    }
    if pairs.iter().all(|(_, value)| matches!(value, Value::Dict(_))) {
        let (name, inner) = pairs.first()?;
        return Some(format!("{}({})", key_text(name), arguments(inner, switches)?));
    }
    let pair = |(key, value): &(Value, Value)| Some(format!("'{}': {}", key_text(key), nested(value, switches)?));
    Some(format!("{{{}}}", pairs.iter().map(pair).collect::<Option<Vec<_>>>()?.join(", ")))
}

/// Native calls as texts; `None` where one has no object of arguments.
pub fn executable_native(calls: &[NativeCall]) -> Option<Vec<String>> {
    let one = |(name, given): &NativeCall| {
        let Value::Dict(pairs) = json_value(given)? else { return None };
        let given: Vec<_> = pairs.iter().map(|(key, value)| format!("{}={value}", key_text(key))).collect();
        Some(format!("{name}({})", given.join(",")))
    };
    calls.iter().map(one).collect()
}
