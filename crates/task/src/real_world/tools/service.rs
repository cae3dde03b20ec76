//! What answers calls: a machine in memory, by the names of its functions.

use super::raised::{Raised, subscript};
use crate::python::Value;

/// Named arguments in the order in which the function has them.
pub type Named = Vec<(&'static str, Value)>;

/// A function, and the keys of an action's input that it is given, in this order.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// What agents call it.
    pub name: &'static str,
    /// The keys, all of them required.
    pub keys: &'static [&'static str],
}

/// Why a call gave no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The service says why, in words of its own; AgentBoard counts the call as a good one.
    Told(String),
    /// An exception: the agent is shown `ERROR | Kind(message)`.
    Raised(Raised),
}

impl From<Raised> for Refused {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

/// A service. A call changes nothing but its own memory.
pub trait Service: Send {
    /// Its functions but `finish` and `check_valid_actions`.
    fn functions(&self) -> &'static [Function];

    /// Another name of a function that is understood.
    fn alias(&self, name: &str) -> Option<&'static str> {
        let _ = name;
        None
    }

    /// The arguments of a function from an action's input.
    ///
    /// # Errors
    /// What Python raises where a key is missing.
    fn named(&self, function: &Function, input: &Value) -> Result<Named, Raised> {
        function.keys.iter().map(|&key| Ok((key, subscript(input, key)?.clone()))).collect()
    }

    /// Calls a function with its arguments.
    ///
    /// # Errors
    /// Why it gives no result.
    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused>;

    /// What of a result is compared with what was to be found out.
    fn logged(&self, result: &Value) -> Value {
        result.clone()
    }
}

/// One of the arguments; `None` (Python's) where it was not given.
pub(super) fn argument<'a>(arguments: &'a Named, name: &str) -> &'a Value {
    arguments.iter().find(|(key, _)| *key == name).map_or(&Value::None, |(_, value)| value)
}

/// Arguments as Python prints a dictionary of them.
pub(super) fn shown(arguments: &Named) -> String {
    Value::Dict(arguments.iter().map(|(key, value)| (Value::from(*key), value.clone())).collect()).to_string()
}

/// Finds a function by a name that agents use.
pub(super) fn find(service: &dyn Service, name: &str) -> Option<&'static Function> {
    let name = service.alias(name).unwrap_or(name);
    service.functions().iter().find(|function| function.name == name)
}

/// A dictionary of a service's result.
pub(super) fn dict<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Dict(pairs.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}
