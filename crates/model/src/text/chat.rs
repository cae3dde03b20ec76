//! What is rendered: messages, tools, and whatever else a template may be given.

use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::value::Value;
use record::{Message, ToolCall};
use serde_json::Map;

use crate::text::calendar::{self, strftime};

/// The time that a chat template may print, in UTC. A run keeps one for all its prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    seconds: u64,
}

impl Clock {
    /// The present second.
    pub fn now() -> Self {
        Self::at(SystemTime::now())
    }

    /// A time of the system; 1970 for times before that.
    pub fn at(time: SystemTime) -> Self {
        Self { seconds: time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) }
    }

    /// Reads what [`Clock::text`] writes.
    ///
    /// ```
    /// let text = "2026-03-14T09:26:53";
    /// assert_eq!(model::Clock::read(text).map(|clock| clock.text()).as_deref(), Some(text));
    /// assert_eq!(model::Clock::read("yesterday"), None);
    /// ```
    pub fn read(text: &str) -> Option<Self> {
        calendar::read(text).map(|seconds| Self { seconds })
    }

    /// `2026-03-14T09:26:53`
    pub fn text(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S")
    }

    /// `strftime` of this time.
    pub(crate) fn format(self, format: &str) -> String {
        strftime(format, self.seconds)
    }
}

/// What is rendered into one prompt.
#[derive(Debug, Clone, Copy)]
pub struct Chat<'a> {
    /// The messages.
    pub messages: &'a [Message],
    /// The tools that the model may call.
    pub tools: &'a [serde_json::Value],
    /// What else the template is given, by name: `enable_thinking`, `reasoning_effort`.
    pub args: &'a Map<String, serde_json::Value>,
    /// The time that the template prints.
    pub clock: Clock,
}

impl Chat<'_> {
    /// The variables that a template sees: those of `apply_chat_template`.
    pub(crate) fn variables(&self) -> Vec<(String, Value)> {
        let messages: Vec<Value> = self.messages.iter().map(message).collect();
        let tools = if self.tools.is_empty() { Value::from(()) } else { self.tools.iter().map(json).collect() };
        let mut all = vec![
            ("messages".to_owned(), Value::from(messages)),
            ("tools".to_owned(), tools),
            ("documents".to_owned(), Value::from(())),
        ];
        all.extend(self.args.iter().map(|(name, value)| (name.clone(), json(value))));
        all
    }
}

/// A message as a dictionary; what it does not have is not in it.
fn message(message: &Message) -> Value {
    let text = |name: &'static str, text: Option<&String>| text.map(|text| (name, Value::from(text.as_str())));
    let calls: Value = message.tool_calls.iter().map(call).collect();
    let fields = [
        Some(("role", Value::from(message.role.as_str()))),
        text("content", Some(&message.content)),
        text("reasoning_content", message.reasoning_content.as_ref()),
        (!message.tool_calls.is_empty()).then_some(("tool_calls", calls)),
        text("tool_call_id", message.tool_call_id.as_ref()),
        text("name", message.name.as_ref()),
    ];
    Value::from_pairs(fields.into_iter().flatten())
}

/// A call as chat interfaces write it.
fn call(call: &ToolCall) -> Value {
    let function = [("name", Value::from(call.name.as_str())), ("arguments", json(&call.arguments))];
    let id = call.id.as_ref().map(|id| ("id", Value::from(id.as_str())));
    let rest = [("type", Value::from("function")), ("function", Value::from_pairs(function))];
    Value::from_pairs(id.into_iter().chain(rest))
}

/// A JSON value with its keys in their order.
fn json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            (None, None) => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => items.iter().map(json).collect(),
        serde_json::Value::Object(fields) => {
            Value::from_pairs(fields.iter().map(|(name, value)| (name.as_str(), json(value))))
        }
    }
}
