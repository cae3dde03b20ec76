//! What a server answered.

use record::{Finish, Reply, ServedCalls, Spoken, ToolCall};
use serde_json::Value;

/// A reply, and what the server says of itself beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub reply: Reply,
    /// The model that the server says it is, and its fingerprint of the system.
    pub served: String,
    /// The field in which it gave its thoughts.
    pub thoughts: Option<&'static str>,
}

/// Fields in which servers give thoughts; the first is the one in which they go back to a server that has given none.
pub(super) const THOUGHTS: [&str; 2] = ["reasoning_content", "reasoning"];

/// Reads the body of a successful answer to a request with these tools.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(body: &[u8], tools: &[Value]) -> Result<Answered, String> {
    let answer: Value = serde_json::from_slice(body).map_err(|error| format!("{error}: {}", excerpt(body)))?;
    of(&answer, body, tools)
}

/// [`read`] of the answer that a body holds.
///
/// # Errors
/// As [`read`].
pub(super) fn of(answer: &Value, body: &[u8], tools: &[Value]) -> Result<Answered, String> {
    let choice = answer["choices"].get(0).ok_or_else(|| format!("there is no choice in it: {}", excerpt(body)))?;
    let finish = match choice["finish_reason"].as_str() {
        Some("length") => Finish::Length,
        Some("stop" | "tool_calls" | "function_call") | None => Finish::Stop,
        Some("content_filter") => return Err("the server's filter withheld the reply".to_owned()),
        Some(other) => return Err(format!("the server gave up on it ({other})")),
    };
    let message = &choice["message"];
    let content = match (&message["content"], &choice["text"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        (Value::Null, _) if message.is_object() => String::new(),
        _ => return Err(format!("there is no message in it: {}", excerpt(body))),
    };
    let thoughts = THOUGHTS.into_iter().find(|name| message[name].as_str().is_some_and(|text| !text.is_empty()));
    let count = |name: &str| answer["usage"][name].as_u64().map_or(0, |count| count as usize);
    let given = calls(&message["tool_calls"])?;
    let raw = written(choice).filter(|_| !tools.is_empty());
    let served_calls = raw.as_deref().and_then(|raw| ServedCalls::of(raw, tools, &given));
    let text = match raw.filter(|_| served_calls.as_ref().is_some_and(ServedCalls::agrees)) {
        // Where nothing is lost on the way, the model's own words stand.
        Some(raw) if !given.is_empty() => Spoken::of(&raw).content,
        _ => format!("{content}{}", text_of(&given)),
    };
    let said = Reply::said(text, count("prompt_tokens"), count("completion_tokens"), finish);
    let reply = Reply { served_calls, ..said };
    let told = answer["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().map(|count| count as usize);
    let reply = match thoughts.and_then(|name| message[name].as_str()) {
        Some(thought) => Reply {
            endless: finish == Finish::Length && reply.text.trim().is_empty(),
            reasoning: Some(thought.to_owned()),
            reasoning_tokens: told.unwrap_or(0).min(reply.completion_tokens),
            ..reply
        },
        None => apart(reply, told),
    };
    let served = [&answer["model"], &answer["system_fingerprint"]].map(|value| value.as_str().unwrap_or_default());
    Ok(Answered { reply, served: served.join(" ").trim().to_owned(), thoughts })
}

/// Takes thoughts off the text where the server left them in it; the prompt may have had their opening mark.
fn apart(reply: Reply, told: Option<usize>) -> Reply {
    let closed = reply.text.contains("</think>") && !reply.text.contains("<think>");
    let text = if closed { format!("<think>{}", reply.text) } else { reply.text.clone() };
    // How many tokens a thought took is known only where the server says so.
    Reply { text, ..reply }.apart(|_| told.unwrap_or(0))
}

/// Calls that the server has parsed.
fn calls(parsed: &Value) -> Result<Vec<ToolCall>, String> {
    let call = |call: &Value| {
        let function = &call["function"];
        let name = function["name"].as_str().ok_or("it has a call without a name")?.to_owned();
        let arguments = match &function["arguments"] {
            // What is no JSON stays a text: who reads the call shall see it.
            Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
            other => other.clone(),
        };
        Ok(ToolCall { id: None, name, arguments })
    };
    parsed.as_array().into_iter().flatten().map(call).collect()
}

/// Calls as text again, in the form that most templates have them.
fn text_of(calls: &[ToolCall]) -> String {
    let call = |call: &ToolCall| {
        let call = serde_json::json!({"name": call.name, "arguments": call.arguments});
        format!("<tool_call>\n{call}\n</tool_call>")
    };
    calls.iter().map(call).collect::<Vec<_>>().join("\n")
}

/// What the model wrote, token by token, without what ended it; `None` where the server does not tell.
fn written(choice: &Value) -> Option<String> {
    let tokens = choice["logprobs"]["content"].as_array().filter(|tokens| !tokens.is_empty())?;
    let ends = |token: &&Value| token["token"].as_str().is_some_and(record::ends_turn);
    let end = tokens.len() - tokens.iter().rev().take_while(ends).count();
    let mut bytes = Vec::new();
    for token in &tokens[..end] {
        match token["bytes"].as_array() {
            Some(list) => bytes.extend(list.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok())),
            None => bytes.extend_from_slice(token["token"].as_str()?.as_bytes()),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// How much of an answer is shown in messages, in characters.
const SHOWN: usize = 200;

/// The beginning of a text that should have been something else.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if short.is_empty() { "it is empty".to_owned() } else { format!("{short:?}") }
}

/// What an answer that is no success says is wrong.
pub(super) fn complaint(body: &[u8]) -> String {
    let said = serde_json::from_slice::<Value>(body).ok();
    let message = said.as_ref().and_then(|said| {
        let places = [&said["error"]["message"], &said["message"], &said["detail"], &said["error"]];
        places.into_iter().find_map(|place| place.as_str().map(str::to_owned))
    });
    message.unwrap_or_else(|| excerpt(body))
}

/// How servers say that a prompt is too long for the model.
const TOO_LONG: [&str; 9] = [
    "context length",
    "context_length",
    "context window",
    "context size",
    "max_model_len",
    "maximum model length",
    "too long",
    "longer than the maximum",
    "exceeds the available context",
];

/// Whether a complaint says that the prompt is too long.
pub(super) fn is_too_long(complaint: &str) -> bool {
    let complaint = complaint.to_lowercase();
    TOO_LONG.iter().any(|words| complaint.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(message: Value, finish: &str) -> Result<Reply, String> {
        let answer = json!({"model": "m", "choices": [{"message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 3}}});
        read(answer.to_string().as_bytes(), &[]).map(|answered| answered.reply)
    }

    #[test]
    fn thoughts_are_taken_from_wherever_they_are() -> Result<(), String> {
        for thought in [
            json!({"reasoning": "hm", "content": "yes"}),
            json!({"reasoning_content": "hm", "content": "yes", "reasoning": null}),
            json!({"content": "<think>hm</think>yes"}),
            json!({"content": "hm</think>\n\nyes"}),
        ] {
            let reply = reply(thought, "stop")?;
            assert_eq!((reply.text.trim(), reply.reasoning.as_deref().map(str::trim)), ("yes", Some("hm")));
            assert_eq!((reply.prompt_tokens, reply.completion_tokens, reply.reasoning_tokens), (5, 7, 3));
        }
        assert!(reply(json!({"reasoning": "hm", "content": null}), "length")?.endless);
        assert!(!reply(json!({"content": "hm"}), "length")?.endless);
        Ok(())
    }

    #[test]
    fn parsed_calls_are_text_again() -> Result<(), String> {
        let call = |arguments: Value| json!({"type": "function", "function": {"name": "f", "arguments": arguments}});
        let said = reply(
            json!({"content": null, "tool_calls": [call(json!("{\"a\": 1}")), call(json!("{a"))]}),
            "tool_calls",
        )?;
        let expected = "<tool_call>\n{\"name\":\"f\",\"arguments\":{\"a\":1}}\n</tool_call>\n<tool_call>\n\
                        {\"name\":\"f\",\"arguments\":\"{a\"}\n</tool_call>";
        assert_eq!(said.text, expected);
        Ok(())
    }

    #[test]
    fn what_the_model_wrote_is_held_against_what_the_server_gave() -> Result<(), String> {
        let raw = "On it. <tool_call>{\"name\":\"f\", \"arguments\": {\"a\": 1}}</tool_call>";
        let token = |text: &str| json!({"token": text, "logprob": -0.1, "bytes": text.as_bytes()});
        let (half, rest) = raw.split_at(30);
        let logprobs = json!({"content": [token(half), token(rest), token("<|im_end|>")]});
        let given = json!([{"function": {"name": "f", "arguments": "{\"a\": 1}"}}]);
        let answered = |calls: &Value, tools: &[Value]| {
            let message = json!({"content": "On it.", "tool_calls": calls});
            let body = json!({"choices": [{"message": message, "finish_reason": "stop", "logprobs": logprobs}]});
            read(body.to_string().as_bytes(), tools).map(|answered| answered.reply)
        };
        let tools = [json!({"type": "function", "function": {"name": "f"}})];
        let kept = answered(&given, &tools)?;
        assert_eq!(kept.text, raw, "the model's own words");
        assert!(kept.served_calls.is_some_and(|served| served.agrees() && served.written == 1));
        let lost = answered(&Value::Null, &tools)?;
        assert_eq!(lost.text, "On it.", "what a client gets is what is judged");
        let served = lost.served_calls.unwrap_or_default();
        assert_eq!((served.written, served.kept, served.raw.as_deref()), (1, 0, Some(raw)));
        assert_eq!(answered(&given, &[])?.served_calls, None, "no tools were offered");
        Ok(())
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let bodies: [&[u8]; 6] = [
            b"<html>\n<b>502 Bad Gateway</b>",
            b"",
            b"{\"choices\": []}",
            b"\xff\xfe",
            b"{\"choices\": [{}]}",
            b"{\"choices\": [{\"message\": {\"content\": \"half",
        ];
        for body in bodies {
            assert!(read(body, &[]).is_err(), "{}", String::from_utf8_lossy(body));
        }
        assert!(read(bodies[0], &[]).is_err_and(|problem| problem.contains("<html> <b>502 Bad Gateway</b>")));
        assert!(reply(json!({"content": "x"}), "content_filter").is_err());
        assert_eq!(complaint(b"{\"error\": {\"message\": \"no\"}}"), "no");
        assert_eq!(complaint(b"{\"detail\": \"Not Found\"}"), "Not Found");
        assert!(is_too_long("This model's maximum context length is 4096 tokens.") && !is_too_long("bad stop"));
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>, text in "[{}\\[\\]\":,a-z0-9]{0,60}") {
            let _ = (read(&body, &[]), read(text.as_bytes(), &[]), complaint(&body), excerpt(&body));
        }
    }
}
