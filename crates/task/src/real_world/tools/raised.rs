//! What Python raises where a call cannot be made, as far as agents see it.

use std::fmt;

use crate::python::Value;

/// An exception: what an agent is told of it is `Kind(message)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The exception's class.
    pub kind: &'static str,
    /// `str` of the exception.
    pub message: String,
}

impl Raised {
    /// An exception of a class.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What Python's `repr` prints: `IndexError('list index out of range')`.
    pub fn repr(&self) -> String {
        format!("{}({})", self.kind, Value::from(self.message.as_str()))
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.kind, self.message)
    }
}

/// `value[key]`.
///
/// # Errors
/// What Python 3.11 raises: a key that is not there, or a value that has no such keys.
pub(super) fn subscript<'a>(value: &'a Value, key: &str) -> Result<&'a Value, Raised> {
    let kind = match value {
        Value::Dict(_) => {
            return value.get(key).ok_or_else(|| Raised::new("KeyError", Value::from(key).to_string()));
        }
        Value::List(_) => "list indices must be integers or slices, not str",
        Value::Tuple(_) => "tuple indices must be integers or slices, not str",
        Value::Text(_) => "string indices must be integers, not 'str'",
        Value::Bytes(_) => "byte indices must be integers or slices, not str",
        other => return Err(Raised::new("TypeError", format!("'{}' object is not subscriptable", other.type_name()))),
    };
    Err(Raised::new("TypeError", kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    #[test]
    fn values_are_asked_for_keys_as_in_python() {
        let raised = |text: &str| {
            let value = literal_value(text)?;
            subscript(&value, "a").err().map(|raised| raised.to_string())
        };
        assert_eq!(raised("{'a': 1}"), None);
        assert_eq!(raised("{'b': 1}").as_deref(), Some("KeyError('a')"));
        assert_eq!(raised("[1]").as_deref(), Some("TypeError(list indices must be integers or slices, not str)"));
        assert_eq!(raised("{1}").as_deref(), Some("TypeError('set' object is not subscriptable)"));
        assert_eq!(Raised::new("E", "it's").repr(), "E(\"it's\")");
    }
}
