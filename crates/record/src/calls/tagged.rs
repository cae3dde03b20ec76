//! Calls between marks.

use serde_json::{Map, Value};

use super::object::{all, values};
use super::{CallForm, Calls, call, json_or_text, schema};
use crate::ToolCall;

/// What stands between each `open` and the next `close`, or the end, and the text around them.
fn between<'t>(text: &'t str, open: &str, close: &str) -> (Vec<&'t str>, String) {
    let (mut inside, mut said, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, after)) = rest.split_once(open) {
        said.push_str(before);
        let (one, following) = after.split_once(close).unwrap_or((after, ""));
        inside.push(one);
        rest = following;
    }
    said.push_str(rest);
    (inside, said.trim().to_owned())
}

fn made(form: CallForm, calls: Vec<ToolCall>, said: String) -> Option<Calls> {
    (!calls.is_empty()).then_some(Calls { form, calls, said })
}

/// Hermes' tags, with JSON or Qwen3-coder's tags inside; the latter also alone.
pub(super) fn hermes(reply: &str, tools: &[Value]) -> Option<Calls> {
    let (inside, said) = between(reply, "<tool_call>", "</tool_call>");
    if inside.is_empty() {
        return functions(reply, tools).and_then(|calls| {
            let said = reply.split("<function=").next().unwrap_or_default().trim().to_owned();
            made(CallForm::QwenXml, calls, said)
        });
    }
    if let Some(calls) = inside.iter().map(|one| functions(one, tools)).collect::<Option<Vec<_>>>() {
        return made(CallForm::QwenXml, calls.concat(), said);
    }
    let one = |text: &&str| {
        let read = serde_json::from_str::<Value>(text.trim()).ok();
        read.as_ref().and_then(all).unwrap_or_else(|| vec![broken(text)])
    };
    made(CallForm::Hermes, inside.iter().flat_map(one).collect(), said)
}

/// A call whose JSON cannot be read: its name if that is there, and all of it as the arguments.
fn broken(text: &str) -> ToolCall {
    let name = text.split_once("\"name\"").and_then(|(_, after)| after.split('"').nth(1)).unwrap_or_default();
    call(name, Value::from(text.trim()))
}

/// `<function=f><parameter=a>1</parameter></function>`
fn functions(text: &str, tools: &[Value]) -> Option<Vec<ToolCall>> {
    let (inside, _) = between(text, "<function=", "</function>");
    let one = |function: &&str| {
        let (name, body) = function.split_once('>')?;
        let types = schema(tools, name.trim());
        let (parameters, _) = between(body, "<parameter=", "</parameter>");
        let mut arguments = Map::new();
        for parameter in parameters {
            let (key, value) = parameter.split_once('>')?;
            let value = value.strip_prefix('\n').unwrap_or(value);
            let value = value.strip_suffix('\n').unwrap_or(value);
            let is_text = types.is_some_and(|types| types["properties"][key.trim()]["type"] == "string");
            let value = if is_text { Value::from(value) } else { json_or_python(value) };
            arguments.insert(key.trim().to_owned(), value);
        }
        Some(call(name, Value::Object(arguments)))
    };
    let calls = inside.iter().map(one).collect::<Option<Vec<_>>>()?;
    (!calls.is_empty()).then_some(calls)
}

fn json_or_python(text: &str) -> Value {
    match text.trim() {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        text => json_or_text(text),
    }
}

/// Mistral's mark before a list of objects, or before each name with its arguments.
pub(super) fn mistral(reply: &str) -> Option<Calls> {
    let (said, after) = reply.split_once("[TOOL_CALLS]")?;
    let mut calls = Vec::new();
    for part in after.split("[TOOL_CALLS]") {
        let part = part.trim().trim_end_matches("</s>");
        if part.starts_with('[') && !part.starts_with("[ARGS]") || part.starts_with('{') {
            let (found, rest) = values(part);
            let read = found.iter().map(all).collect::<Option<Vec<_>>>().filter(|_| rest.trim().is_empty());
            calls.extend(read.map_or_else(|| vec![broken(part)], |all| all.concat()));
            continue;
        }
        let end = part.find(['[', '{']).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let name = name.split_whitespace().next().unwrap_or_default();
        let arguments = rest.split_once("[ARGS]").map_or(rest, |(_, arguments)| arguments);
        if !name.is_empty() {
            calls.push(call(name, json_or_text(arguments)));
        }
    }
    made(CallForm::Mistral, calls, said.trim().to_owned())
}

/// DeepSeek's marks: `function`, a separator, the name and a code block; or the name, a separator and JSON.
pub(super) fn deepseek(reply: &str) -> Option<Calls> {
    let (inside, said) = between(reply, "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>");
    let one = |text: &&str| {
        let (first, second) = text.split_once("<｜tool▁sep｜>")?;
        if first.trim() != "function" {
            return Some(call(first, json_or_text(second)));
        }
        let (name, block) = second.split_once('\n').unwrap_or((second, ""));
        let block = block.trim().trim_start_matches("```json").trim_matches('`');
        Some(call(name, json_or_text(block)))
    };
    let calls = inside.iter().map(|text| one(text).unwrap_or_else(|| broken(text))).collect();
    let said = said.replace("<｜tool▁calls▁begin｜>", "").replace("<｜tool▁calls▁end｜>", "").trim().to_owned();
    made(CallForm::DeepSeek, calls, said)
}

/// Messages to functions: `to=functions.f`, then JSON.
pub(super) fn harmony(reply: &str) -> Option<Calls> {
    let mut parts = reply.split("to=functions.");
    let said = parts.next().unwrap_or_default();
    let said = said.rsplit_once("<|channel|>").map_or(said, |(said, _)| said);
    let said = said.trim().trim_end_matches("commentary").trim().to_owned();
    let one = |part: &str| {
        let end = part.find(|c: char| c.is_whitespace() || matches!(c, '<' | '{')).unwrap_or(part.len());
        let name = &part[..end];
        let body = part.find('{').map_or("", |at| &part[at..]);
        let (found, _) = values(body);
        let arguments = found.into_iter().next().unwrap_or_else(|| Value::from(body.trim()));
        // A name alone is a mention.
        (!name.is_empty() && !body.is_empty()).then(|| call(name, arguments))
    };
    let calls: Vec<ToolCall> = parts.filter_map(one).collect();
    made(CallForm::Harmony, calls, said)
}
