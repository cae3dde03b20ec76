//! What a server is asked: the body of a request.

use record::{Message, Role};
use serde_json::{Map, Value, json};

use super::EndpointOptions;
use crate::Request;

/// Fields that not every server knows. One that is refused by name is left out from then on.
pub(super) const EXTRAS: [&str; 10] = [
    "top_k",
    "min_p",
    "repetition_penalty",
    "repeat_penalty",
    "seed",
    "logprobs",
    "chat_template_kwargs",
    "presence_penalty",
    "frequency_penalty",
    "stream_options",
];

/// More than any vocabulary has: some servers take 0 for all tokens, some -1, and each refuses the other.
const ALL: usize = 1 << 20;

/// A request's path and body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// `chat/completions`, or `completions` for a text outside any conversation.
    pub path: &'static str,
    pub body: Map<String, Value>,
}

/// What a server is asked. Every field of the sampling is there, as servers fill gaps from the model's
/// `generation_config.json`; `thoughts` is the field in which the server gave its thoughts.
pub(super) fn asked(request: &Request, options: &EndpointOptions, thoughts: &str) -> Asked {
    let mut body = Map::new();
    let raw = request.messages.iter().find(|message| message.role == Role::Raw);
    let path = match raw {
        Some(text) => {
            body.insert("prompt".to_owned(), text.content.clone().into());
            "completions"
        }
        None => {
            let messages: Vec<Value> = request.messages.iter().map(|message| written(message, thoughts)).collect();
            body.insert("messages".to_owned(), messages.into());
            "chat/completions"
        }
    };
    body.extend(sampling(request, options));
    if raw.is_none() && !request.tools.is_empty() {
        body.insert("tools".to_owned(), request.tools.clone().into());
        // They are the only place where servers tell what the model wrote before they looked for calls in it.
        body.insert("logprobs".to_owned(), true.into());
    }
    if raw.is_none() && !options.template_args.is_empty() {
        body.insert("chat_template_kwargs".to_owned(), options.template_args.clone().into());
    }
    Asked { path, body }
}

fn sampling(request: &Request, options: &EndpointOptions) -> Map<String, Value> {
    let sampling = &options.sampling;
    // Through text, so that 0.7 is sent as 0.7.
    let short = |number: f32| json!(number.to_string().parse::<f64>().unwrap_or(f64::from(number)));
    let top_k = if sampling.top_k > 0 { sampling.top_k } else { ALL };
    let mut fields = Map::from_iter([
        ("max_tokens".to_owned(), json!(request.max_tokens.saturating_add(options.thought_tokens))),
        ("temperature".to_owned(), short(sampling.temperature)),
        ("top_p".to_owned(), short(sampling.top_p)),
        ("top_k".to_owned(), json!(top_k)),
        ("min_p".to_owned(), json!(0.0)),
        ("repetition_penalty".to_owned(), json!(1.0)),
        ("repeat_penalty".to_owned(), json!(1.0)),
        ("presence_penalty".to_owned(), json!(0.0)),
        ("frequency_penalty".to_owned(), json!(0.0)),
        // Servers differ in how large a seed may be.
        ("seed".to_owned(), json!(request.seed >> 33)),
        ("n".to_owned(), json!(1)),
        ("stream".to_owned(), json!(options.stream)),
    ]);
    if options.stream {
        fields.insert("stream_options".to_owned(), json!({"include_usage": true}));
    }
    if !request.stop.is_empty() {
        fields.insert("stop".to_owned(), json!(request.stop));
    }
    fields
}

/// A message as servers take it: arguments of calls are texts, and roles that only benchmarks know are a user's.
fn written(message: &Message, thoughts: &str) -> Value {
    let role = match message.role {
        Role::Function | Role::Raw => Role::User,
        role => role,
    };
    let mut written = json!({"role": role.as_str(), "content": message.content});
    if let Some(thought) = &message.reasoning_content {
        written[thoughts] = json!(thought);
    }
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().enumerate().map(|(index, call)| {
            let id = call.id.clone().unwrap_or_else(|| format!("call_{index}"));
            json!({"id": id, "type": "function", "function": call.function()})
        });
        written["tool_calls"] = calls.collect();
    }
    for (name, value) in [("tool_call_id", &message.tool_call_id), ("name", &message.name)] {
        if let Some(value) = value {
            written[name] = json!(value);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Sampling;
    use record::ToolCall;

    fn request(messages: Vec<Message>) -> Request {
        Request {
            sample: "a".into(),
            turn: 0,
            messages,
            tools: vec![json!({"type": "function"})],
            max_tokens: 8,
            stop: vec!["\n".into()],
            whole_reply: true,
            seed: u64::MAX,
        }
    }

    fn options() -> EndpointOptions {
        let sampling = Sampling { temperature: 0.7, top_p: 0.95, top_k: 0 };
        let template_args = Map::from_iter([("enable_thinking".to_owned(), json!(false))]);
        EndpointOptions { sampling, template_args, thought_tokens: 4, ..EndpointOptions::default() }
    }

    #[test]
    fn every_field_of_the_sampling_is_sent() {
        let Asked { path, body } = asked(&request(vec![Message::user("hi")]), &options(), "reasoning");
        assert_eq!(path, "chat/completions");
        let expected = json!({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 12, "temperature": 0.7,
            "top_p": 0.95, "top_k": 1048576, "min_p": 0.0, "repetition_penalty": 1.0, "repeat_penalty": 1.0,
            "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 0x7fff_ffff, "n": 1, "stream": false, "stop": ["\n"],
            "tools": [{"type": "function"}], "logprobs": true, "chat_template_kwargs": {"enable_thinking": false}});
        assert_eq!(Value::Object(body), expected);
    }

    #[test]
    fn thoughts_and_calls_go_back_in_the_servers_form() {
        let call = ToolCall { id: None, name: "f".into(), arguments: json!({"b": 1}) };
        let message =
            Message { reasoning_content: Some("hm".into()), tool_calls: vec![call], ..Message::assistant("") };
        let written = written(&message, "reasoning");
        let expected = json!({"role": "assistant", "content": "", "reasoning": "hm", "tool_calls": [
            {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1}"}}]});
        assert_eq!(written, expected);
        assert_eq!(super::written(&Message::new(Role::Function, "4"), "reasoning")["role"], "user");
    }

    #[test]
    fn a_text_outside_any_conversation_is_completed() {
        let Asked { path, body } = asked(&request(vec![Message::raw("Once")]), &options(), "reasoning");
        assert_eq!((path, &body["prompt"]), ("completions", &json!("Once")));
        assert!(["messages", "tools", "chat_template_kwargs"].iter().all(|name| !body.contains_key(*name)));
    }
}
