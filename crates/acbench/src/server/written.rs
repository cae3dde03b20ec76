//! Replies in OpenAI's form.

use std::time::SystemTime;

use generate::{ModelReply, TokenLogprob, Tokenizer};
use record::{Calls, Finish, Reply};
use serde_json::{Map, Value, json};

/// A reply as this program has it.
pub(super) fn reply(tokenizer: &Tokenizer, generated: &ModelReply, opened: Option<&str>, chat: bool) -> Reply {
    let count = |text: &str| tokenizer.encode(text, false).map_or(0, |ids| ids.len());
    let text = opened.unwrap_or_default().to_owned() + &generated.text;
    let reply = Reply::said(text, generated.prompt_tokens, generated.tokens.len(), generated.finish);
    if chat { reply.apart(count) } else { reply }
}

/// What an answer says beside its choices; `kind` is `chat.completion`, say.
pub(super) fn envelope(kind: &str, model: &str, choices: Vec<Value>) -> Value {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    json!({"id": format!("acbench-{}", since.as_nanos()), "object": kind, "created": since.as_secs(), "model": model,
        "choices": choices})
}

/// The tokens that replies took; the prompt of each counts.
pub(super) fn usage(replies: &[Reply]) -> Value {
    let sum = |tokens: fn(&Reply) -> usize| replies.iter().map(tokens).sum::<usize>();
    let (prompt, completion) = (sum(|reply| reply.prompt_tokens), sum(|reply| reply.completion_tokens));
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "completion_tokens_details": {"reasoning_tokens": sum(|reply| reply.reasoning_tokens)}})
}

/// Why a reply ended.
pub(super) fn finish(reply: &Reply, calls: Option<&Calls>) -> &'static str {
    match (reply.finish, calls) {
        (Finish::Length, _) => "length",
        (Finish::Stop, Some(_)) => "tool_calls",
        (Finish::Stop, None) => "stop",
    }
}

/// The message of a reply.
pub(super) fn message(reply: &Reply, calls: Option<&Calls>) -> Value {
    let mut message = json!({"role": "assistant", "content": reply.text});
    if let Some(thought) = &reply.reasoning {
        message["reasoning_content"] = json!(thought);
    }
    if let Some(found) = calls {
        message["content"] = if found.said.is_empty() { Value::Null } else { json!(found.said) };
        message["tool_calls"] = tool_calls(found);
    }
    message
}

/// Calls, each with an identifier that nine letters and digits have room for: some templates want no more.
pub(super) fn tool_calls(found: &Calls) -> Value {
    let call = |(index, call): (usize, &record::ToolCall)| {
        let id: String = report::token().chars().take(9).collect();
        json!({"index": index, "id": id, "type": "function", "function": call.function()})
    };
    found.calls.iter().enumerate().map(call).collect()
}

/// How likely the tokens of a message were.
pub(super) fn chat_logprobs(tokenizer: &Tokenizer, tokens: &[TokenLogprob]) -> Value {
    let one = |id: u32, logprob: f32| {
        let bytes = tokenizer.token_bytes(id).unwrap_or_default();
        json!({"token": String::from_utf8_lossy(&bytes), "logprob": finite(logprob), "bytes": bytes})
    };
    let content: Vec<Value> = tokens
        .iter()
        .map(|token| {
            let mut written = one(token.token, token.logprob);
            written["top_logprobs"] = token.top.iter().map(|&(id, logprob)| one(id, logprob)).collect();
            written
        })
        .collect();
    json!({"content": content})
}

/// How likely the tokens of a text were. `None` of a token: nothing stands before it.
pub(super) fn text_logprobs(tokenizer: &Tokenizer, tokens: &[(u32, Option<&TokenLogprob>)]) -> Value {
    let text = |id: u32| String::from_utf8_lossy(&tokenizer.token_bytes(id).unwrap_or_default()).into_owned();
    let mut offset = 0;
    let (mut names, mut offsets) = (Vec::new(), Vec::new());
    for (id, _) in tokens {
        let name = text(*id);
        offsets.push(offset);
        offset += name.chars().count();
        names.push(name);
    }
    let logprobs: Vec<Value> =
        tokens.iter().map(|(_, one)| one.map_or(Value::Null, |one| finite(one.logprob))).collect();
    let top = |one: &TokenLogprob| Value::Object(alternatives(one, &text));
    let tops: Vec<Value> = tokens.iter().map(|(_, one)| one.map_or(Value::Null, top)).collect();
    json!({"tokens": names, "token_logprobs": logprobs, "top_logprobs": tops, "text_offset": offsets})
}

/// The alternatives to a token and the token itself, by their texts; of parts of letters that read alike, the likeliest.
fn alternatives(one: &TokenLogprob, text: &dyn Fn(u32) -> String) -> Map<String, Value> {
    let mut all = Map::new();
    for &(id, logprob) in one.top.iter().chain([&(one.token, one.logprob)]) {
        all.entry(text(id)).or_insert(finite(logprob));
    }
    all
}

/// JSON has no infinity.
fn finite(logprob: f32) -> Value {
    json!(logprob.max(-9999.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use generate::{Checkpoint, ModelError};

    #[test]
    fn calls_are_taken_off_the_text_of_a_message() -> Result<(), &'static str> {
        let text = "On it. <tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}</tool_call>";
        let reply = Reply::said(text, 5, 9, Finish::Stop);
        let found = record::calls(text, &[]).ok_or("no calls")?;
        let message = message(&reply, Some(&found));
        assert_eq!(message["content"], "On it.");
        let call = &message["tool_calls"][0];
        assert_eq!(call["function"], json!({"name": "f", "arguments": "{\"a\":1}"}), "arguments are a text");
        assert!(call["id"].as_str().is_some_and(|id| id.len() == 9 && id.chars().all(char::is_alphanumeric)));
        assert_eq!(finish(&reply, Some(&found)), "tool_calls");
        assert_eq!(finish(&Reply { finish: Finish::Length, ..reply.clone() }, Some(&found)), "length");
        let only = record::calls("[f(a=1)]", &[json!({"name": "f"})]).ok_or("no calls")?;
        assert_eq!(super::message(&reply, Some(&only))["content"], Value::Null);
        assert_eq!(usage(&[reply.clone(), reply])["total_tokens"], 28);
        Ok(())
    }

    #[test]
    fn probabilities_have_the_bytes_of_their_tokens_and_no_infinity() -> Result<(), ModelError> {
        let checkpoint = Checkpoint::bundled()?;
        let tokenizer = checkpoint.tokenizer()?;
        let ids = tokenizer.encode("a 🦀", false)?;
        let one = |token| TokenLogprob { token, logprob: f32::NEG_INFINITY, top: vec![(ids[0], -0.5)] };
        let told: Vec<TokenLogprob> = ids.iter().copied().map(one).collect();
        let chat = chat_logprobs(tokenizer, &told);
        let bytes = |token: &Value| token["bytes"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        let all: Vec<Vec<u64>> = chat["content"].as_array().into_iter().flatten().map(bytes).collect();
        let all: Vec<u8> = all.concat().into_iter().filter_map(|byte| u8::try_from(byte).ok()).collect();
        assert_eq!(String::from_utf8_lossy(&all).trim_start(), "a 🦀");
        assert_eq!(chat["content"][0]["logprob"], -9999.0);
        let text = text_logprobs(tokenizer, &[(ids[0], None), (ids[1], Some(&told[1]))]);
        assert_eq!((&text["token_logprobs"][0], &text["token_logprobs"][1]), (&Value::Null, &json!(-9999.0)));
        assert!(text["top_logprobs"][1].as_object().is_some_and(|top| top.len() == 2), "{text}");
        Ok(())
    }
}
