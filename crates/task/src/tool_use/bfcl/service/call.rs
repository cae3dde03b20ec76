//! Call texts, evaluated against the instances of an entry.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::builtin::{builtin, is_builtin};
use super::signature::bind;
use super::values::{find, item};
use super::{Answer, Service, Setting, service};
use crate::pattern;
use crate::python::{Call, Expr, Layout, Lookup, Value, dumps, evaluate_with, expression_of, text};

/// Functions whose names are refused before anything else.
const FORBIDDEN: [&str; 8] = ["kill", "exit", "quit", "remove", "unlink", "popen", "Popen", "run"];

/// Before the message of an exception.
const RAISED: &str = "Error during execution: ";

/// The instances of an entry: one of each class that is involved.
pub struct Instances {
    services: Vec<Box<dyn Service>>,
    /// Whether texts inside arguments stay as they are.
    call_positions: bool,
}

impl Instances {
    /// Makes the instances of classes from their scenarios.
    ///
    /// # Errors
    /// A class that is unknown, or a scenario that cannot be loaded.
    pub fn new(classes: &[String], setting: &Setting) -> Result<Self, String> {
        let one = |class: &String| {
            let scenario = setting.scenarios.get(class).map_or_else(|| Value::Dict(Vec::new()), Value::from);
            service(class, &scenario, setting).ok_or_else(|| format!("the class {class} is unknown"))?
        };
        let services = classes.iter().map(one).collect::<Result<_, _>>()?;
        Ok(Self { services, call_positions: setting.switches.call_positions })
    }

    pub(in crate::tool_use::bfcl) fn of(service: Box<dyn Service>, call_positions: bool) -> Self {
        Self { services: vec![service], call_positions }
    }

    /// The result of a call as the text that a model is shown; an exception is a text too.
    pub fn execute(&mut self, call: &str) -> String {
        match self.result(call) {
            Ok(Value::Text(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            Ok(value @ Value::Dict(_)) => dumps(&value, Layout::default()).unwrap_or_else(|| value.to_string()),
            Ok(value) => value.to_string(),
            Err(message) => format!("{RAISED}{message}"),
        }
    }

    /// Whether a result is the text of an exception, or says that something went wrong.
    pub fn refused(result: &str) -> bool {
        result.starts_with(RAISED) || result.starts_with("{\"error\":")
    }

    fn result(&mut self, call: &str) -> Answer {
        let call = if self.call_positions { call.to_owned() } else { closed_up(call) };
        let mut name = call.split('(').next().unwrap_or_default();
        // Methods get their instance's name in front, and then this is what follows its point.
        if let Some((_, after)) = name.split_once('.') {
            name = after.split('.').next().unwrap_or_default();
        }
        if FORBIDDEN.contains(&name) {
            return Err(format!("Function call {name} is not allowed."));
        }
        let made = expression_of(&call).ok_or_else(|| syntax(&call))?;
        evaluate_with(&made, self)
    }

    /// The state of a class: its attributes by name.
    pub fn state(&self, class: &str) -> Vec<(&'static str, Value)> {
        self.services.iter().find(|service| service.class() == class).map(|service| service.state()).unwrap_or_default()
    }

    /// The classes in the order in which they are involved.
    pub fn classes(&self) -> Vec<&'static str> {
        self.services.iter().map(|service| service.class()).collect()
    }
}

impl Lookup for Instances {
    fn call(&mut self, call: &Call) -> Answer {
        let Expr::Name(name) = &call.function else {
            return match &call.function {
                Expr::Attribute(of, name) => {
                    let value = evaluate_with(of, self)?;
                    Err(format!("'{}' object has no attribute '{name}'", value.type_name()))
                }
                other => {
                    let value = evaluate_with(other, self)?;
                    Err(format!("'{}' object is not callable", value.type_name()))
                }
            };
        };
        let known = |service: &dyn Service| service.methods().iter().find(|(method, _)| method == name).copied();
        // Of several classes the later one counts.
        let found = self.services.iter().rposition(|service| known(service.as_ref()).is_some());
        let positional = |made: &mut Self| -> Result<Vec<Value>, String> {
            call.positional.iter().map(|value| evaluate_with(value, made)).collect()
        };
        let Some(at) = found else {
            let unknown = || Err(format!("name '{name}' is not defined"));
            if !is_builtin(name) || !call.named.is_empty() {
                return unknown();
            }
            let given = positional(self)?;
            return builtin(name, &given).unwrap_or_else(unknown);
        };
        let positional = positional(self)?;
        let mut named: Vec<(String, Value)> = Vec::new();
        for (name, value) in &call.named {
            let name = name.clone().ok_or("a dictionary is not unpacked here")?;
            if named.iter().any(|(other, _)| *other == name) {
                return Err(format!("keyword argument repeated: {name} (<string>, line 1)"));
            }
            named.push((name, evaluate_with(value, self)?));
        }
        let service = &mut self.services[at];
        let Some((method, signature)) = known(service.as_ref()) else {
            return Err(format!("name '{name}' is not defined"));
        };
        let given = bind(service.as_ref(), method, signature, positional, named)?;
        service.call(method, &given)
    }

    fn subscript(&mut self, of: &Value, index: &Value) -> Answer {
        match (of, index) {
            (Value::Dict(_), index) => find(of, index).cloned().ok_or_else(|| index.to_string()),
            (Value::List(items) | Value::Tuple(items), index) if index.whole().is_some() => {
                let at = index.whole().and_then(|at| i64::try_from(at).ok()).unwrap_or(i64::MAX);
                let at = if at < 0 { at.saturating_add(items.len() as i64) } else { at };
                let found = usize::try_from(at).ok().and_then(|at| items.get(at));
                found.cloned().ok_or_else(|| format!("{} index out of range", of.type_name()))
            }
            (of, index) => item(of, &text(index)).cloned(),
        }
    }
}

/// Removes the space between a name and the bracket after it, inside texts too, as the reference does.
fn closed_up(call: &str) -> String {
    static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|\W)([a-zA-Z_]\w*)\s+\("));
    if !call.contains(['\n', ' ', '\t']) {
        return call.to_owned();
    }
    let mut text = call.to_owned();
    // A name may be the bound of the one after it.
    for _ in 0..2 {
        text = NAME.replace_all(&text, |found: &Captures| format!("{}{}(", &found[1], &found[2])).into_owned();
    }
    text
}

/// A message for a text that is no Python: that of the most usual case, else its beginning.
fn syntax(call: &str) -> String {
    let (open, close) = (call.matches('(').count(), call.matches(')').count());
    if open > close {
        "'(' was never closed (<string>, line 1)".to_owned()
    } else {
        "invalid syntax (<string>, line 1)".to_owned()
    }
}
