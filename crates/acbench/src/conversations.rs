//! Conversations and texts as data sets of chats hold them: OpenAI's `messages`, ShareGPT's `conversations`, plain texts
//! and token ids.

use record::Message;
use serde_json::{Map, Value, json};

/// One entry of such a data set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A text.
    Text(String),
    /// A conversation.
    Chat(Vec<Message>),
    /// Token ids.
    Tokens(Vec<u32>),
}

/// Fields that hold a conversation.
const CHATS: [&str; 3] = ["messages", "conversations", "conversation"];

/// How data sets call who speaks, by what a chat template calls them.
const SPEAKERS: [(&str, &[&str]); 4] = [
    ("system", &["system", "developer"]),
    ("user", &["user", "human", "prompter", "question"]),
    ("assistant", &["assistant", "gpt", "chatgpt", "bing", "bard", "model", "bot", "answer", "function_call"]),
    ("tool", &["tool", "observation", "function_response", "ipython"]),
];

/// Reads the entries of a `.json` file: an array of entries.
///
/// # Errors
/// Text that is no such array, or the entry that is none.
pub(crate) fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let Value::Array(all) = whole else {
        return Err("it should be an array of conversations or texts; write one JSON object a line into a .jsonl \
                    file, or plain text into a .txt file"
            .to_owned());
    };
    let one = |(at, value): (usize, &Value)| entry(value).map_err(|problem| format!("entry {}: {problem}", at + 1));
    all.iter().enumerate().map(one).collect()
}

/// Reads one entry: a text, a conversation (an array of messages), or an object with a field that holds either, or
/// `input_ids`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn entry(value: &Value) -> Result<Entry, String> {
    match value {
        Value::String(text) => return Ok(Entry::Text(text.clone())),
        Value::Array(messages) => return chat("it", messages).map(Entry::Chat),
        _ => {}
    }
    if let Some(Value::String(text)) = value.get("text") {
        return Ok(Entry::Text(text.clone()));
    }
    for name in CHATS {
        match value.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(messages)) => return chat(name, messages).map(Entry::Chat),
            Some(_) => return Err(format!("`{name}` is no chat: it is no list of messages")),
        }
    }
    match value.get("input_ids") {
        Some(ids) => token_ids(ids).map(Entry::Tokens),
        None => Err("it has no field `text`, `messages`, `conversations` or `input_ids`".to_owned()),
    }
}

fn chat(field: &str, messages: &[Value]) -> Result<Vec<Message>, String> {
    let one = |(at, value)| message(value).map_err(|problem| format!("`{field}` is no chat: message {at}: {problem}"));
    messages.iter().enumerate().map(one).collect()
}

/// `{"role", "content"}` or `{"from", "value"}`; other fields, as `tool_calls`, stay.
fn message(value: &Value) -> Result<Message, String> {
    let fields = value.as_object().ok_or("it is no object")?;
    let speaker = ["role", "from"].iter().find_map(|name| fields.get(*name)?.as_str()).ok_or("nobody speaks in it")?;
    let known = |(_, names): &&(&str, &[&str])| names.contains(&speaker.to_lowercase().as_str());
    let role = SPEAKERS.iter().find(known).map_or(speaker, |(role, _)| role);
    let content = ["content", "value"].iter().find_map(|name| fields.get(*name)).unwrap_or(&Value::Null);
    let mut whole: Map<String, Value> = fields.clone();
    whole.insert("role".to_owned(), role.into());
    whole.insert("content".to_owned(), json!(said(content).ok_or("its content is no text")?));
    serde_json::from_value(Value::Object(whole)).map_err(|error| error.to_string())
}

/// What a message says: a text, the texts of a list of parts, or nothing.
fn said(content: &Value) -> Option<String> {
    match content {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts.iter().map(|part| part.as_str().or_else(|| part.get("text")?.as_str())).collect(),
        _ => None,
    }
}

fn token_ids(ids: &Value) -> Result<Vec<u32>, String> {
    let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
    let all: Option<Vec<u32>> = ids.as_array().and_then(|ids| ids.iter().map(id).collect());
    all.ok_or_else(|| "`input_ids` is no list of token ids".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_chat_is_the_same_chat() {
        let right = vec![Message::system("s"), Message::user("hi"), Message::assistant("yes")];
        for text in [
            r#"[{"id": "x_0", "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]}]"#,
            r#"[{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]}]"#,
            r#"[[{"role": "system", "content": "s"}, {"role": "Human", "content": [{"type": "text", "text": "hi"}]}, {"role": "model", "content": "yes"}]]"#,
            r#"[{"conversation": [{"from": "system", "value": "s"}, {"from": "user", "value": "hi"}, {"from": "chatgpt", "value": "yes"}], "text": null}]"#,
        ] {
            assert_eq!(entries(text), Ok(vec![Entry::Chat(right.clone())]), "{text}");
        }
        let mixed = r#"["a", {"text": "b"}, {"input_ids": [1, 2]}]"#;
        let some = vec![Entry::Text("a".into()), Entry::Text("b".into()), Entry::Tokens(vec![1, 2])];
        assert_eq!(entries(mixed), Ok(some));
    }

    #[test]
    fn what_is_no_entry_is_named() {
        for (text, says) in [
            ("{}", "an array"),
            ("[", "no JSON"),
            ("[{}]", "entry 1: it has no field"),
            (r#"["a", 3]"#, "entry 2"),
            (r#"[{"conversations": 3}]"#, "`conversations` is no chat"),
            (r#"[{"conversations": [{"value": "x"}]}]"#, "message 0: nobody speaks"),
            (r#"[{"conversations": [{"from": "martian", "value": "x"}]}]"#, "martian"),
            (r#"[{"messages": [{"role": "user", "content": {"a": 1}}]}]"#, "no text"),
            (r#"[{"input_ids": [-1]}]"#, "`input_ids`"),
        ] {
            assert!(entries(text).is_err_and(|problem| problem.contains(says)), "{text}: {:?}", entries(text));
        }
    }
}
