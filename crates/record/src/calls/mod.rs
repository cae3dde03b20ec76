//! Calls of tools in what a model says, in the forms that chat templates teach.
//!
//! | family | form |
//! |---|---|
//! | Hermes, Qwen | `<tool_call>{"name": "f", "arguments": {..}}</tool_call>` |
//! | Qwen3-coder | `<tool_call><function=f><parameter=a>1</parameter></function></tool_call>` |
//! | Llama 3 | `<\|python_tag\|>{"name": "f", "parameters": {..}}; {..}` |
//! | Llama 3.2 and 4 | `[f(a=1), g()]` |
//! | Mistral | `[TOOL_CALLS][{"name": "f", "arguments": {..}}]`, `[TOOL_CALLS]f[ARGS]{..}` |
//! | DeepSeek | `<｜tool▁call▁begin｜>function<｜tool▁sep｜>f` and JSON in a code block |
//! | gpt-oss | `<\|channel\|>commentary to=functions.f <\|message\|>{..}<\|call\|>` |

mod object;
mod python;
mod served;
mod tagged;

use serde_json::Value;

use crate::ToolCall;

pub use served::ServedCalls;

/// The form in which calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallForm {
    /// JSON between tags.
    Hermes,
    /// Functions and parameters as tags.
    QwenXml,
    /// JSON, alone.
    Json,
    /// Python, alone.
    Pythonic,
    /// JSON after Mistral's mark.
    Mistral,
    /// JSON between DeepSeek's marks.
    DeepSeek,
    /// A message to a function.
    Harmony,
}

/// What a reply calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    /// The form.
    pub form: CallForm,
    /// The calls in order. Arguments that are no JSON are the text that stands for them.
    pub calls: Vec<ToolCall>,
    /// What is said beside them.
    pub said: String,
}

/// The calls of a reply; `None` where it makes none. `tools` are those that it was offered: they say which arguments are
/// texts in forms that do not, and which names are functions in forms that look like other text.
///
/// ```
/// use record::{calls, CallForm};
/// let found = calls("Sure. <tool_call>{\"name\": \"ls\", \"arguments\": {\"a\": true}}</tool_call>", &[]).unwrap();
/// assert_eq!((found.form, found.said.as_str()), (CallForm::Hermes, "Sure."));
/// assert_eq!(found.calls[0].arguments.to_string(), r#"{"a":true}"#);
/// assert_eq!(calls("I cannot do that.", &[]), None);
/// ```
pub fn calls(reply: &str, tools: &[Value]) -> Option<Calls> {
    let tried = [tagged::deepseek(reply), tagged::harmony(reply), tagged::mistral(reply), tagged::hermes(reply, tools)];
    let found = tried.into_iter().flatten().next();
    found.or_else(|| object::alone(reply)).or_else(|| python::alone(reply, tools))
}

/// The schema of a tool's parameters, by its name.
fn schema<'t>(tools: &'t [Value], name: &str) -> Option<&'t Value> {
    let function = |tool: &'t Value| tool.get("function").unwrap_or(tool);
    let found = tools.iter().map(function).find(|function| function["name"] == name)?;
    found.get("parameters")
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: None, name: name.trim().to_owned(), arguments }
}

/// The value of a JSON text, or the text.
fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|_| Value::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(reply: &str) -> Vec<(String, String)> {
        let tools = [json!({"type": "function", "function": {"name": "f", "parameters": {"properties":
            {"s": {"type": "string"}, "n": {"type": "integer"}}}}})];
        let calls = calls(reply, &tools).map(|found| found.calls).unwrap_or_default();
        calls.into_iter().map(|call| (call.name, call.arguments.to_string())).collect()
    }

    #[test]
    fn every_family_is_read() {
        let one = [("f".to_owned(), r#"{"s":"1","n":2}"#.to_owned())];
        for reply in [
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"s\": \"1\", \"n\": 2}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"s\": \"1\", \"n\": 2}}",
            "<tool_call>\n<function=f>\n<parameter=s>\n1\n</parameter>\n<parameter=n>\n2\n</parameter>\n</function>\n</tool_call>",
            "<function=f>\n<parameter=s>\n1\n</parameter>\n<parameter=n>\n2\n</parameter>\n</function>",
            "<|python_tag|>{\"name\": \"f\", \"parameters\": {\"s\": \"1\", \"n\": 2}}",
            "{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \"{\\\"s\\\": \\\"1\\\", \\\"n\\\": 2}\"}}",
            "[f(s='1', n=2)]",
            "<|python_start|>[f(s=\"1\", n=2)]<|python_end|>",
            "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"s\": \"1\", \"n\": 2}}]",
            "[TOOL_CALLS]f[ARGS]{\"s\": \"1\", \"n\": 2}",
            "[{\"name\": \"f\", \"arguments\": {\"s\": \"1\", \"n\": 2}}]",
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"s\": \"1\", \"n\": 2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "<｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"s\": \"1\", \"n\": 2}<｜tool▁call▁end｜>",
            "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"s\": \"1\", \"n\": 2}<|call|>",
            "commentary to=functions.f json{\"s\": \"1\", \"n\": 2}",
        ] {
            assert_eq!(found(reply), one, "{reply}");
        }
    }

    #[test]
    fn several_calls_stay_in_order() {
        for reply in [
            "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>",
            "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}",
            "[f(), g()]",
            "[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g[ARGS]{}",
            "to=functions.f json{} to=functions.g json{}",
        ] {
            let names: Vec<String> = found(reply).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["f", "g"], "{reply}");
        }
    }

    #[test]
    fn words_are_no_calls_and_broken_arguments_are_text() {
        for reply in ["", "No.", "[see below]", "{\"answer\": 3}", "I would call f(s=1) here.", "[1, 2]", "f", "[]"] {
            assert_eq!(found(reply), [], "{reply}");
        }
        let broken = found("<tool_call>{\"name\": \"f\", \"arguments\": {\"s\": </tool_call>");
        assert_eq!(broken.len(), 1);
        assert!(broken[0].1.starts_with('"'), "{broken:?}");
        for piece in ["<tool_call>", "[f(", "{\"name\":", "[TOOL_CALLS]", "to=functions.", "<function="] {
            let _ = calls(&piece.repeat((1 << 20) / piece.len()), &[]);
        }
    }
}
