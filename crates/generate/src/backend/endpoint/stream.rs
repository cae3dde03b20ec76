//! A streamed answer, put together again.
//!
//! Events carry no numbers, so one that is lost or comes twice is seen only where it contradicts another: a reply that ends
//! twice or not at all, a call whose arguments come before its name, more pieces than tokens.

use serde_json::{Map, Value, json};

use super::answer::{THOUGHTS, complaint, excerpt};

/// Pieces beside those of tokens: the beginning, and what was held back until the end.
const MORE_PIECES: u64 = 2;

/// What the events say so far.
#[derive(Default)]
struct Joined {
    /// What is the same in all events: `id`, `model`, `system_fingerprint`.
    same: Map<String, Value>,
    message: Map<String, Value>,
    /// The text of a completion outside any conversation.
    text: Option<String>,
    calls: Vec<Call>,
    logprobs: Vec<Value>,
    usage: Value,
    finish: Option<String>,
    pieces: u64,
}

#[derive(Default)]
struct Call {
    name: String,
    arguments: String,
}

/// The answer that would have come in one piece.
///
/// # Errors
/// What is wrong with the stream, in words.
pub(super) fn joined(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("its stream is no text: {error}"))?;
    let mut all = Joined::default();
    let mut over = false;
    for data in events(text) {
        if over {
            return Err(format!("its stream goes on after its end: {}", excerpt(data.as_bytes())));
        }
        over = data.trim() == "[DONE]";
        if !over {
            let event = serde_json::from_str(&data);
            all.add(&event.map_err(|error| format!("an event is no JSON ({error}): {}", excerpt(data.as_bytes())))?)?;
        }
    }
    all.end()
}

/// The data of the events of a stream (the HTML standard, section 9.2.6); an event that is cut off is none.
fn events(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let Some((whole, _)) = text.rsplit_once("\n\n") else { return Vec::new() };
    let data = |event: &str| {
        let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
        let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    whole.split("\n\n").filter_map(data).collect()
}

impl Joined {
    fn add(&mut self, event: &Value) -> Result<(), String> {
        if !event["error"].is_null() {
            return Err(format!("it broke off: {}", complaint(event.to_string().as_bytes())));
        }
        for name in ["id", "model", "system_fingerprint"] {
            let Some(now) = event[name].as_str().filter(|now| !now.is_empty()) else { continue };
            let before = self.same.entry(name).or_insert_with(|| now.into());
            if before != now {
                return Err(format!("its stream holds parts of two answers: {name} {before} and {now:?}"));
            }
        }
        if event["usage"].is_object() {
            self.usage = event["usage"].clone();
        }
        for choice in event["choices"].as_array().into_iter().flatten() {
            if choice["index"].as_u64().is_some_and(|index| index > 0) {
                return Err("its stream holds several replies, and one was asked for".to_owned());
            }
            self.piece(choice)?;
        }
        Ok(())
    }

    fn piece(&mut self, choice: &Value) -> Result<(), String> {
        let delta = &choice["delta"];
        let mut said = false;
        for name in ["content"].into_iter().chain(THOUGHTS) {
            if let Some(text) = delta[name].as_str() {
                let before = self.message.entry(name).or_insert_with(|| "".into());
                *before = (before.as_str().unwrap_or_default().to_owned() + text).into();
                said |= !text.is_empty();
            }
        }
        if let Some(text) = choice["text"].as_str() {
            self.text.get_or_insert_default().push_str(text);
            said |= !text.is_empty();
        }
        self.pieces += u64::from(said);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call)?;
            said = true;
        }
        self.logprobs.extend(choice["logprobs"]["content"].as_array().into_iter().flatten().cloned());
        if self.finish.is_some() && said {
            return Err("its stream goes on after the reply's end".to_owned());
        }
        match (choice["finish_reason"].as_str(), &self.finish) {
            (Some(now), Some(before)) if now != before => Err(format!("its reply ends twice: {before} and {now}")),
            (Some(now), _) => {
                self.finish = Some(now.to_owned());
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// A part of a call: its name first, then its arguments in pieces.
    fn call(&mut self, part: &Value) -> Result<(), String> {
        let function = &part["function"];
        let name = function["name"].as_str().unwrap_or_default();
        // Without a number a name begins the next call.
        let next = if name.is_empty() { self.calls.len().saturating_sub(1) } else { self.calls.len() };
        let index = part["index"].as_u64().map_or(next, |index| usize::try_from(index).unwrap_or(usize::MAX));
        if index == self.calls.len() && !name.is_empty() {
            self.calls.push(Call { name: name.to_owned(), arguments: String::new() });
        }
        let lost = || format!("a part of call {index} comes before its beginning");
        let call = self.calls.get_mut(index).ok_or_else(lost)?;
        if !name.is_empty() && call.name != name {
            return Err(format!("call {index} has two names: {} and {name}", call.name));
        }
        match &function["arguments"] {
            Value::String(text) => call.arguments.push_str(text),
            Value::Null => {}
            other => call.arguments.push_str(&other.to_string()),
        }
        Ok(())
    }

    fn end(mut self) -> Result<Value, String> {
        let finish = self.finish.ok_or("its stream ended before the reply did")?;
        let tokens = self.usage["completion_tokens"].as_u64();
        // A call's tokens come in pieces of their own.
        if let Some(tokens) = tokens.filter(|&tokens| self.calls.is_empty() && self.pieces > tokens + MORE_PIECES) {
            return Err(format!(
                "its stream has {} pieces of {tokens} tokens: some came twice, or are no tokens; without --stream answers come whole",
                self.pieces
            ));
        }
        let calls = self.calls.into_iter().map(
            |Call { name, arguments }| json!({"type": "function", "function": {"name": name, "arguments": arguments}}),
        );
        let calls: Vec<Value> = calls.collect();
        if !calls.is_empty() {
            self.message.insert("tool_calls".to_owned(), calls.into());
        }
        let mut choice = json!({"index": 0, "finish_reason": finish});
        match self.text {
            Some(text) => choice["text"] = text.into(),
            None => choice["message"] = self.message.into(),
        }
        if !self.logprobs.is_empty() {
            choice["logprobs"] = json!({"content": self.logprobs});
        }
        self.same.insert("choices".to_owned(), json!([choice]));
        self.same.insert("usage".to_owned(), self.usage);
        Ok(self.same.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(events: &[Value]) -> String {
        let lines = events.iter().map(|event| format!("data: {event}\n\n"));
        lines.chain(["data: [DONE]\n\n".to_owned()]).collect()
    }

    fn piece(delta: Value) -> Value {
        json!({"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
    }

    fn end(reason: &str) -> Value {
        json!({"id": "x", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    }

    fn usage(tokens: usize) -> Value {
        json!({"id": "x", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": tokens}})
    }

    #[test]
    fn pieces_are_the_answer_that_would_have_come_whole() -> Result<(), String> {
        let call = |part: Value| piece(json!({"tool_calls": [part]}));
        let events = [
            piece(json!({"role": "assistant", "content": ""})),
            piece(json!({"reasoning": "h"})),
            piece(json!({"reasoning": "m", "content": "On "})),
            piece(json!({"content": "it."})),
            call(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}})),
            call(json!({"index": 0, "function": {"arguments": "{\"a\":"}})),
            call(json!({"index": 0, "function": {"arguments": "1}"}})),
            call(json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}})),
            end("tool_calls"),
            usage(9),
        ];
        let expected = json!({"id": "x", "model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 9}, "choices": [
            {"index": 0, "finish_reason": "tool_calls", "message": {"content": "On it.", "reasoning": "hm", "tool_calls": [
                {"type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"type": "function", "function": {"name": "g", "arguments": "{}"}}]}}]});
        assert_eq!(joined(stream(&events).as_bytes())?, expected);
        let other = stream(&events).replace('\n', "\r\n").replace("data: ", ": ping\r\nevent: x\r\ndata:");
        assert_eq!(joined(other.as_bytes())?, expected, "lines, comments and other fields as the standard has them");
        let text = json!({"id": "x", "choices": [{"index": 0, "text": "Once", "finish_reason": "stop"}]});
        assert_eq!(joined(stream(&[text]).as_bytes())?["choices"][0]["text"], "Once");
        Ok(())
    }

    #[test]
    fn a_stream_that_contradicts_itself_is_no_answer() {
        let say = |text: &str| piece(json!({"content": text}));
        let call = |part: Value| piece(json!({"tool_calls": [part]}));
        let cut = stream(&[say("a"), end("stop")]).replace("data: [DONE]\n\n", "data: {\"id");
        assert!(joined(cut.as_bytes()).is_ok(), "what follows the end may be lost");
        let mut mixed = say("b");
        mixed["id"] = "y".into();
        for (events, problem) in [
            (vec![say("a")], "ended before the reply did"),
            (vec![], "ended before the reply did"),
            (vec![end("stop"), say("a")], "goes on after the reply's end"),
            (vec![say("a"), end("stop"), end("length")], "ends twice"),
            (vec![say("a"), mixed, end("stop")], "parts of two answers"),
            (vec![say("a"), json!({"error": {"message": "out of memory"}})], "it broke off: out of memory"),
            ([vec![say("a"); 9], vec![end("stop"), usage(4)]].concat(), "9 pieces of 4 tokens"),
            (vec![call(json!({"index": 0, "function": {"arguments": "{"}})), end("stop")], "before its beginning"),
            (vec![call(json!({"index": 3, "function": {"name": "f"}})), end("stop")], "before its beginning"),
            (vec![json!({"choices": [{"index": 1, "delta": {"content": "a"}}]})], "several replies"),
        ] {
            let told = joined(stream(&events).as_bytes()).err().unwrap_or_default();
            assert!(told.contains(problem), "{told:?} for {problem:?}");
        }
        assert!(joined(b"data: {\"a\n\n").is_err_and(|told| told.contains("no JSON")));
        assert!(joined(b"data: \xff\n\n").is_err_and(|told| told.contains("no text")));
        let after = stream(&[say("a"), end("stop")]) + &stream(&[say("a")]);
        assert!(joined(after.as_bytes()).is_err_and(|told| told.contains("goes on after its end")));
    }

    proptest::proptest! {
        #[test]
        fn no_stream_panics(body: Vec<u8>, text in "(data: [{}\\[\\]\":,a-z0-9]{0,40}\n{1,2}){0,5}") {
            let _ = (joined(&body), joined(text.as_bytes()));
        }
    }
}
