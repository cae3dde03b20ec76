//! Native calls: the tools go through the model's chat template, calls are read from what it says in the template's own form,
//! and results are messages of the tools.

use record::{Message, Role, Sample, ToolCall};
use serde_json::{Map, Value, json};

use super::super::service::Function;
use super::{Input, desk};

/// Gives an episode's tools to the chat template instead of describing them. Samples without tools stay as they are.
pub fn call_tools(sample: &mut Sample) {
    let Ok(input) = serde_json::from_value::<Input>(sample.input.clone()) else { return };
    let manual = input.scene.manual();
    let does = |name: &str| manual.tools.iter().find(|(tool, _)| *tool == name).map(|(_, does)| *does);
    sample.tools = desk::tools(&input.scene).iter().map(|tool| schema(tool, does(tool.name))).collect();
    let mut called = None;
    for message in &mut sample.messages {
        match message.role {
            Role::System => message.content = instructions(manual.about),
            Role::Assistant => {
                called = call(&message.content);
                if let Some(call) = &called {
                    *message = Message { tool_calls: vec![call.clone()], ..Message::assistant("") };
                }
            }
            // What follows a call is its result; after the last one of an example the next goal follows.
            Role::User if called.as_ref().is_some_and(|call| call.name != "finish") => {
                if let Some(call) = called.take() {
                    *message = result(&call, std::mem::take(&mut message.content));
                }
            }
            _ => called = None,
        }
    }
}

/// The message that shows the result of a call.
pub fn result(call: &ToolCall, shown: String) -> Message {
    Message { tool_call_id: call.id.clone(), name: Some(call.name.clone()), ..Message::new(Role::Tool, shown) }
}

fn instructions(about: &str) -> String {
    format!(
        "{about} Reach the goal with the tools, one call at a time. You are shown the result of each. Go on until the goal \
         is reached, and then call finish."
    )
}

/// A tool as chat templates want it.
fn schema(tool: &Function, does: Option<&str>) -> Value {
    let ends = if tool.keys.is_empty() { "ends the task, once all is done" } else { "ends the task with the answer" };
    let properties: Map<String, Value> = tool.keys.iter().map(|key| ((*key).to_owned(), json!({}))).collect();
    let parameters = json!({"type": "object", "properties": properties, "required": tool.keys});
    json!({"type": "function",
        "function": {"name": tool.name, "description": does.unwrap_or(ends), "parameters": parameters}})
}

/// The call of an example's reply.
fn call(reply: &str) -> Option<ToolCall> {
    let call: Value = serde_json::from_str(reply).ok()?;
    let name = call["name"].as_str()?.to_owned();
    Some(ToolCall { id: Some("call_0".to_owned()), name, arguments: call["arguments"].clone() })
}

#[cfg(test)]
mod tests {
    use super::super::{OPERATION, QUERY, answer, open};
    use super::*;
    use crate::{Asking, Episode, Split};
    use record::Turn;

    #[test]
    fn calls_in_the_templates_form_solve_what_json_solves() -> Result<(), Box<dyn std::error::Error>> {
        for mut sample in QUERY.generate(4, Split::Test, Asking::BARE, Some(6)) {
            call_tools(&mut sample);
            let mut episode = open(&sample)?;
            let mut turn = episode.next(None);
            for reply in answer(&sample) {
                let Turn::Ask(ask) = turn else { return Err("over too early".into()) };
                assert_eq!(ask.tools, sample.tools);
                if let [.., call, result] = &ask.messages[2..] {
                    assert_eq!((result.role, &result.tool_call_id), (Role::Tool, &call.tool_calls[0].id));
                }
                turn = episode.next(Some(&format!("I look.\n<tool_call>\n{reply}\n</tool_call>")));
            }
            let Turn::Done(record) = turn else { return Err("not over".into()) };
            assert_eq!((&record["won"], &record["read"]), (&json!(true), &record["steps"]));
            let mut silent = open(&sample)?;
            silent.next(None);
            let Turn::Ask(ask) = silent.next(Some("I cannot.")) else { return Err("over".into()) };
            assert_eq!(ask.messages.last().map(|message| message.role), Some(Role::User), "what is no call is told so");
        }
        Ok(())
    }

    #[test]
    fn examples_become_calls_and_results() {
        for twin in [QUERY, OPERATION] {
            for mut sample in twin.generate(3, Split::Test, Asking::default(), Some(6)) {
                let before = sample.messages.clone();
                call_tools(&mut sample);
                assert_eq!(sample.messages.len(), before.len());
                assert!(!sample.messages[0].content.contains("JSON") && sample.tools.len() > 2);
                let goals = |all: &[Message]| {
                    all.iter().filter(|one| one.role == Role::User && one.content.starts_with("Goal: ")).count()
                };
                assert_eq!((goals(&sample.messages), goals(&before)), (3, 3), "two examples and the question");
                for pair in sample.messages.windows(2) {
                    let [call] = &pair[0].tool_calls[..] else { continue };
                    let follows = if call.name == "finish" { Role::User } else { Role::Tool };
                    assert_eq!(pair[1].role, follows, "{}", call.name);
                }
            }
        }
    }
}
