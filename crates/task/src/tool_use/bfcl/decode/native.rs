//! Calls that a model made through its own template.

use super::{Called, Decoded};
use crate::python::json_value;

/// A native call: its name and its arguments as a JSON text.
pub type NativeCall = (String, String);

/// Native calls, read; `None` stands for a reply that is text.
pub fn native(calls: Option<&[NativeCall]>) -> Decoded {
    let Some(calls) = calls else { return Decoded::Failed };
    let read = |(name, arguments): &NativeCall| {
        json_value(arguments).map(|arguments| Called { name: name.clone(), arguments })
    };
    calls.iter().map(read).collect::<Option<Vec<_>>>().map_or(Decoded::Failed, Decoded::Calls)
}
