//! A conversation as a chat template takes it: roles that the template refuses or leaves out become ones that it shows.

use std::borrow::Cow;
use std::collections::BTreeSet;

use record::{Message, Role, ToolCall};

use crate::{Chat, ChatTemplate, ModelError};

/// What stands for a message when a template is asked whether it shows it.
const MARKER: &str = "acbmarker7";

/// What was done to a conversation so that the chat template shows all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// System messages were put before the next user message, an empty line between them.
    SystemFolded,
    /// Messages of [`Role::Function`] were shown as a user's, as T-Eval does.
    FunctionAsUser,
    /// Results of tools were shown as a user's.
    ToolAsUser,
}

impl Change {
    /// One line for the reader.
    pub fn text(self) -> &'static str {
        match self {
            Change::SystemFolded => {
                "the chat template takes no such system message: its text stands before the user's next message"
            }
            Change::FunctionAsUser => "messages of the role `function` are shown as the user's, as T-Eval does",
            Change::ToolAsUser => "the chat template takes no tool results: they are shown as the user's messages",
        }
    }
}

/// A conversation as one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// Whether the tokenizer puts its own tokens around it: a chat template has written them already.
    pub surround: bool,
    /// What was changed in the conversation.
    pub changes: BTreeSet<Change>,
}

/// Renders a conversation, all of it.
///
/// # Errors
/// Those of [`ChatTemplate::render`]; [`ModelError::LeftOut`] where a message is nowhere in the text.
pub(crate) fn render(template: &ChatTemplate, conversation: &Chat<'_>) -> Result<Prompt, ModelError> {
    let (messages, mut changes) = fit(template, conversation);
    let fitted = Chat { messages: &messages, ..*conversation };
    let text = match complete(template, &fitted) {
        Ok(text) => text,
        Err(error) => {
            // A system message in the middle, which some templates take only at the beginning.
            let Some(folded) = fold_systems(&messages, 1) else { return Err(error) };
            let folded = Chat { messages: &folded, ..*conversation };
            let Ok(text) = complete(template, &folded) else { return Err(error) };
            changes.insert(Change::SystemFolded);
            text
        }
    };
    Ok(Prompt { text, surround: false, changes })
}

/// The messages in roles that the template shows.
fn fit<'a>(template: &ChatTemplate, conversation: &Chat<'a>) -> (Cow<'a, [Message]>, BTreeSet<Change>) {
    let mut messages = Cow::Borrowed(conversation.messages);
    let mut changes = BTreeSet::new();
    let has = |role: Role| conversation.messages.iter().any(|message| message.role == role);
    let mut show_as_user = |role: Role, change: Change, messages: &mut Cow<'a, [Message]>| {
        changes.insert(change);
        for message in messages.to_mut().iter_mut().filter(|message| message.role == role) {
            *message = Message::user(std::mem::take(&mut message.content));
        }
    };
    if has(Role::Function) {
        show_as_user(Role::Function, Change::FunctionAsUser, &mut messages);
    }
    if has(Role::Tool) && !shows(template, conversation, &tool_probe()) {
        show_as_user(Role::Tool, Change::ToolAsUser, &mut messages);
    }
    let system = [Message::system(MARKER), Message::user("x")];
    if has(Role::System)
        && !shows(template, conversation, &system)
        && renders(template, conversation, &system[1..])
        && let Some(folded) = fold_systems(&messages, 0)
    {
        changes.insert(Change::SystemFolded);
        messages = Cow::Owned(folded);
    }
    (messages, changes)
}

/// A conversation whose last message is the result of a tool.
fn tool_probe() -> [Message; 3] {
    let id = Some("abcdefgh1".to_owned());
    let mut call = Message::assistant("");
    call.tool_calls.push(ToolCall { id: id.clone(), name: "f".to_owned(), arguments: serde_json::json!({"a": 1}) });
    let mut result = Message::new(Role::Tool, MARKER);
    (result.tool_call_id, result.name) = (id, Some("f".to_owned()));
    [Message::user("x"), call, result]
}

/// What the template makes of other messages, all else being the same.
fn text_of(template: &ChatTemplate, like: &Chat<'_>, messages: &[Message]) -> Option<String> {
    template.render(&Chat { messages, ..*like }, true).ok()
}

fn renders(template: &ChatTemplate, like: &Chat<'_>, messages: &[Message]) -> bool {
    text_of(template, like, messages).is_some()
}

/// Whether the marker in some messages shows in the text.
fn shows(template: &ChatTemplate, like: &Chat<'_>, messages: &[Message]) -> bool {
    text_of(template, like, messages).is_some_and(|text| text.contains(MARKER))
}

/// The messages with the system's from index `from` on put before the next user message, or as a user's where none
/// follows; `None` where there is no such system message.
fn fold_systems(messages: &[Message], from: usize) -> Option<Vec<Message>> {
    let folds = |index: usize, message: &Message| index >= from && message.role == Role::System;
    if !messages.iter().enumerate().any(|(index, message)| folds(index, message)) {
        return None;
    }
    let (mut all, mut waiting) = (Vec::new(), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        if folds(index, message) {
            waiting.push(message.content.as_str());
        } else if message.role == Role::User && !waiting.is_empty() {
            waiting.push(&message.content);
            all.push(Message { content: waiting.join("\n\n"), ..message.clone() });
            waiting.clear();
        } else {
            all.push(message.clone());
        }
    }
    if !waiting.is_empty() {
        all.push(Message::user(waiting.join("\n\n")));
    }
    Some(all)
}

/// Renders a conversation and makes sure that every message is in the text.
///
/// A template may leave out what an earlier message thought; whether it leaves out the message, a marker in its place
/// tells.
fn complete(template: &ChatTemplate, conversation: &Chat<'_>) -> Result<String, ModelError> {
    let text = template.render(conversation, true)?;
    for (index, message) in conversation.messages.iter().enumerate() {
        let lost = |mark: fn(&mut Message)| {
            let mut marked = conversation.messages.to_vec();
            mark(&mut marked[index]);
            text_of(template, conversation, &marked).is_some_and(|text| !text.contains(MARKER))
        };
        let said = text.contains(message.content.trim());
        let called = message.tool_calls.iter().all(|call| text.contains(&call.name));
        if (!said && lost(|message| message.content = MARKER.to_owned()))
            || (!called && lost(|message| message.tool_calls.iter_mut().for_each(|call| call.name = MARKER.to_owned())))
        {
            let (path, role) = (template.path().to_owned(), message.role.as_str());
            return Err(ModelError::LeftOut { path, index, role });
        }
    }
    Ok(text)
}

#[cfg(test)]
#[path = "fitted_tests.rs"]
mod tests;
