//! One message of a conversation: who says what, and which tools it calls.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Who speaks in a message of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions that hold for the whole conversation.
    System,
    /// The one who asks, or the environment that observes.
    User,
    /// The model under test.
    Assistant,
    /// The result of a tool call, as chat templates know it.
    Tool,
    /// The result of a tool call in T-Eval's data. That benchmark shows it to a model as a user's turn.
    Function,
    /// Nobody: a text outside any conversation, which the model goes on with as it is, without chat template.
    Raw,
}

impl Role {
    /// The name: `system`, `user`, `assistant`, `tool`, `function`, `raw`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            Role::Function => "function",
            Role::Raw => "raw",
        }
    }
}

/// One message of a conversation. A field that is absent is not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; empty where a message only calls tools.
    #[serde(default, deserialize_with = "text_or_null")]
    pub content: String,
    /// What the model thought before it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// The tools that the model calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list_or_null")]
    pub tool_calls: Vec<ToolCall>,
    /// Which call a message of [`Role::Tool`] answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The tool that answers, or the speaker's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Message {
    /// A message that only says something.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        let (reasoning_content, tool_call_id, name) = (None, None, None);
        Self { role, content: content.into(), reasoning_content, tool_calls: Vec::new(), tool_call_id, name }
    }

    /// A system message.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// A user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// A text that the model goes on with, the only message of its conversation.
    pub fn raw(content: impl Into<String>) -> Self {
        Self::new(Role::Raw, content)
    }

    /// An assistant message.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }
}

/// A call of a tool. Written as chat interfaces write it, `{"id", "type": "function", "function": {"name",
/// "arguments"}}`; read in that form and in the flat one, `{"id", "name", "arguments"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// What the answer refers to.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// Its arguments, in their order: an object, or a text where the source has a text.
    pub arguments: Value,
}

impl ToolCall {
    /// Name and arguments as OpenAI's interface has them: the arguments are a text.
    pub fn function(&self) -> Value {
        let arguments = match &self.arguments {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        serde_json::json!({"name": self.name, "arguments": arguments})
    }
}

#[derive(Serialize, Deserialize)]
struct Called {
    name: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Serialize)]
struct WrittenCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    r#type: &'static str,
    function: Called,
}

impl Serialize for ToolCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let function = Called { name: self.name.clone(), arguments: self.arguments.clone() };
        WrittenCall { id: self.id.as_deref(), r#type: "function", function }.serialize(serializer)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReadCall {
    Nested {
        id: Option<String>,
        function: Called,
    },
    Flat {
        id: Option<String>,
        name: String,
        #[serde(default)]
        arguments: Value,
    },
}

impl<'de> Deserialize<'de> for ToolCall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match ReadCall::deserialize(deserializer)? {
            ReadCall::Nested { id, function: Called { name, arguments } } => Self { id, name, arguments },
            ReadCall::Flat { id, name, arguments } => Self { id, name, arguments },
        })
    }
}

fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn list_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ToolCall>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_message_is_written_as_before_and_old_ones_read() -> Result<(), serde_json::Error> {
        let text = r#"{"role":"user","content":"hi"}"#;
        assert_eq!(serde_json::to_string(&Message::user("hi"))?, text);
        assert_eq!(serde_json::from_str::<Message>(text)?, Message::user("hi"));
        let function = r#"{"role":"function","content":"{}"}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Message>(function)?)?, function);
        Ok(())
    }

    #[test]
    fn tool_calls_are_read_in_both_forms_and_keep_the_order_of_their_arguments() -> Result<(), serde_json::Error> {
        let nested = json!({"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": 2.5}}}]});
        let flat = json!({"role": "assistant", "reasoning_content": "hm", "tool_calls": [
            {"id": "1", "name": "f", "arguments": {"b": 1, "a": 2.5}}]});
        let read: Message = serde_json::from_value(nested.clone())?;
        assert_eq!(read, serde_json::from_value(flat)?);
        assert_eq!(read.tool_calls[0].arguments.to_string(), r#"{"b":1,"a":2.5}"#);
        let mut written = nested;
        written["content"] = json!("");
        assert_eq!(serde_json::to_value(&read)?, written);
        for strange in [json!([3]), json!("x"), json!([{}]), json!([{"function": {"arguments": 1}}])] {
            let message = json!({"role": "assistant", "content": "", "tool_calls": strange});
            assert!(serde_json::from_value::<Message>(message).is_err());
        }
        Ok(())
    }
}
