//! An action reaches a service: what the agent is shown of it, and what is kept of it.

use super::action::Stated;
use super::raised::{Raised, subscript};
use super::service::{Refused, Service, find, shown};
use crate::python::{Value, text};

/// What came of an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Called {
    /// What the agent is shown.
    pub observation: String,
    /// What is compared with what was to be found out; `None` where no function was called.
    pub logged: Option<Value>,
    /// Whether Python raised: such an action neither counts nor ends anything.
    pub raised: bool,
}

impl Called {
    pub(super) fn raised(raised: &Raised) -> Self {
        Self { observation: format!("ERROR | {raised}"), logged: None, raised: true }
    }

    fn told(observation: String) -> Self {
        Self { observation, logged: None, raised: false }
    }

    /// Whether AgentBoard counts the action as a good one.
    pub(super) fn grounded(&self) -> bool {
        !self.observation.starts_with("ERROR | ")
    }
}

/// The names that agents may use, in AgentBoard's order: those of the service and the two that every tool has.
pub(super) fn names(service: &dyn Service) -> Vec<String> {
    let own = service.functions().iter().map(|function| function.name);
    own.chain(["check_valid_actions", "finish"]).map(str::to_owned).collect()
}

/// Does what an action says; `actions` are the names that are told to who asks for them.
pub(super) fn call(service: &mut dyn Service, stated: &Stated, actions: &[String]) -> Called {
    let (name, input) = match stated.read() {
        Ok(read) => read,
        Err(raised) => return Called::raised(&raised),
    };
    if let Some(function) = find(service, &name) {
        let named = match service.named(function, &input) {
            Ok(named) => named,
            Err(raised) => return Called::raised(&raised),
        };
        return match service.call(function.name, &named) {
            Ok(result) => result_of(service, &result),
            Err(Refused::Raised(raised)) => Called::raised(&raised),
            Err(Refused::Told(why)) => {
                let failed = format!("Calling {} with {} failed", function.name, shown(&named));
                Called { observation: why, logged: Some(Value::from(failed.as_str())), raised: false }
            }
        };
    }
    match name.as_str() {
        "finish" => match subscript(&input, "answer").and_then(sorted) {
            Ok(answer) => result_of(service, &answer),
            Err(raised) => Called::raised(&raised),
        },
        "check_valid_actions" => Called::told(format!("You can use following valid actions: {}", list(actions))),
        _ => Called::told(format!("ERROR | Invalid action: {name}.")),
    }
}

/// Names as Python prints a list of them.
pub(super) fn list(names: &[String]) -> Value {
    Value::List(names.iter().map(|name| Value::from(name.as_str())).collect())
}

fn result_of(service: &dyn Service, result: &Value) -> Called {
    Called { observation: text(result), logged: Some(service.logged(result)), raised: false }
}

/// A list as Python's `sorted` orders it, anything else as it is.
fn sorted(answer: &Value) -> Result<Value, Raised> {
    let Value::List(items) = answer else { return Ok(answer.clone()) };
    let mut items = items.clone();
    let texts = items.iter().all(|item| matches!(item, Value::Text(_)));
    let number = super::progress::number;
    if texts {
        items.sort_by(|a, b| bytes(a).cmp(bytes(b)));
    } else if items.iter().all(|item| number(item).is_some()) {
        items.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(std::cmp::Ordering::Equal));
    } else if items.len() > 1 {
        let kinds = items.iter().map(Value::type_name);
        let [a, b] = [kinds.clone().next(), kinds.clone().find(|kind| Some(*kind) != kinds.clone().next())];
        let (a, b) = (a.unwrap_or_default(), b.or(a).unwrap_or_default());
        return Err(Raised::new("TypeError", format!("'<' not supported between instances of '{b}' and '{a}'")));
    }
    Ok(Value::List(items))
}

fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::Text(bytes) => bytes,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    #[test]
    fn a_list_of_answers_is_sorted_where_python_can() {
        let of = |text: &str| match literal_value(text).as_ref().map(sorted) {
            Some(Ok(value)) => value.to_string(),
            Some(Err(raised)) => raised.to_string(),
            None => "no literal".to_owned(),
        };
        assert_eq!(of("['b', 'B', 'a']"), "['B', 'a', 'b']");
        assert_eq!(of("[3, 1.5, True]"), "[True, 1.5, 3]");
        assert_eq!(of("('b', 'a')"), "('b', 'a')");
        assert_eq!(of("[{}]"), "[{}]");
        assert_eq!(of("['b', 1]"), "TypeError('<' not supported between instances of 'int' and 'str')");
    }
}
