//! The services of the conversations as state machines: what is called is looked up in tables, and nothing is executed.

mod builtin;
mod call;
mod files;
mod files_tree;
mod long;
mod math;
mod math_decimal;
mod memory;
mod message;
mod posting;
mod random;
mod signature;
mod ticket;
mod trading;
mod trading_data;
mod travel;
mod travel_data;
mod values;
mod vehicle;

use crate::python::Value;

use super::Switches;

pub use call::Instances;
pub use long::{ExtensionTexts, Extensions};
pub(in crate::tool_use::bfcl) use memory::{Backend, MemoryService};
pub(in crate::tool_use::bfcl) use values::{error, find, keys, object, said, set};

/// A result, or the message of the exception that Python would raise.
pub(in crate::tool_use::bfcl) type Answer = Result<Value, String>;

/// A service with a state.
pub(in crate::tool_use::bfcl) trait Service: Send {
    /// The name of its class: `TicketAPI`.
    fn class(&self) -> &'static str;

    /// Its methods with their parameters as Python writes them.
    fn methods(&self) -> &'static [(&'static str, &'static str)];

    /// Calls a method with all its parameters in order.
    fn call(&mut self, method: &str, given: &Given) -> Answer;

    /// The attributes that are compared, by name.
    fn state(&self) -> Vec<(&'static str, Value)>;
}

/// The arguments of a call, one for each parameter.
pub(in crate::tool_use::bfcl) struct Given(pub(super) Vec<Value>);

impl std::ops::Index<usize> for Given {
    type Output = Value;

    /// The argument of a parameter; signatures have as many as methods ask for.
    fn index(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::None)
    }
}

impl Given {
    /// That the arguments of these places can be keys.
    ///
    /// # Errors
    /// Python's message for one that cannot.
    pub(super) fn keys(&self, places: &[usize]) -> Result<(), String> {
        places.iter().try_for_each(|place| values::hashable(&self[*place]))
    }
}

/// How instances are made.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The scenario of each class by its name.
    pub scenarios: &'a serde_json::Value,
    /// The texts that blow results up, in entries of long context.
    pub long: Option<&'a Extensions>,
    /// What is done otherwise than in the reference.
    pub switches: &'a Switches,
}

/// The classes and the files of their documents.
pub const CLASSES: [(&str, &str); 8] = [
    ("GorillaFileSystem", "gorilla_file_system"),
    ("MathAPI", "math_api"),
    ("MessageAPI", "message_api"),
    ("TwitterAPI", "posting_api"),
    ("TicketAPI", "ticket_api"),
    ("TradingBot", "trading_bot"),
    ("TravelAPI", "travel_booking"),
    ("VehicleControlAPI", "vehicle_control"),
];

/// A new instance of a class; `None` for unknown ones.
fn service(class: &str, scenario: &Value, setting: &Setting) -> Option<Result<Box<dyn Service>, String>> {
    let long = setting.long;
    Some(Ok(match class {
        "GorillaFileSystem" => match files::Files::new(scenario, long, setting.switches) {
            Ok(files) => Box::new(files),
            Err(problem) => return Some(Err(problem)),
        },
        "MathAPI" => Box::new(math::Math),
        "MessageAPI" => Box::new(message::Messages::new(scenario, setting.switches)),
        "TwitterAPI" => Box::new(posting::Posting::new(scenario)),
        "TicketAPI" => Box::new(ticket::Tickets::new(scenario)),
        "TradingBot" => Box::new(trading::Trading::new(scenario, long, setting.switches)),
        "TravelAPI" => Box::new(travel::Travel::new(scenario, long, setting.switches)),
        "VehicleControlAPI" => Box::new(vehicle::Vehicle::new(scenario, long, setting.switches)),
        other => return super::twin::service(other, scenario).map(Ok),
    }))
}
