//! What a request wants: OpenAI's fields, as far as they mean something here. One that would change the reply and is not
//! understood is refused by name.

use generate::Sampling;
use record::Message;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Alternatives to a token that are told at most.
const MOST_ALTERNATIVES: usize = 20;
/// Texts that are completed at once at most.
const MOST_PROMPTS: usize = 64;

/// The body of a request for a reply.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Of `completions`.
    #[serde(default)]
    prompt: Option<Prompts>,
    #[serde(default)]
    tools: Option<Vec<Value>>,
    #[serde(default)]
    tool_choice: Option<Value>,
    #[serde(default)]
    pub chat_template_kwargs: Option<Map<String, Value>>,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default)]
    max_completion_tokens: Option<usize>,
    #[serde(default)]
    temperature: Option<f32>,
    #[serde(default)]
    top_p: Option<f32>,
    #[serde(default)]
    top_k: Option<i64>,
    #[serde(default)]
    stop: Option<Stop>,
    #[serde(default)]
    pub seed: Option<u64>,
    #[serde(default)]
    pub model: Option<String>,
    /// Of a conversation whether, of a text with how many alternatives.
    #[serde(default)]
    logprobs: Option<Value>,
    #[serde(default)]
    top_logprobs: Option<usize>,
    /// Whether the prompt is repeated before the reply.
    #[serde(default)]
    echo: Option<bool>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Some(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Prompts {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    Several(Vec<Vec<u32>>),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// A text that is to be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prompt {
    Text(String),
    Tokens(Vec<u32>),
}

/// Other fields, with the value that changes nothing; `None`: any.
const OTHERS: [(&str, Option<f64>); 13] = [
    ("n", Some(1.0)),
    ("best_of", Some(1.0)),
    ("min_p", Some(0.0)),
    ("presence_penalty", Some(0.0)),
    ("frequency_penalty", Some(0.0)),
    ("repetition_penalty", Some(1.0)),
    ("repeat_penalty", Some(1.0)),
    ("parallel_tool_calls", None),
    ("user", None),
    ("metadata", None),
    ("store", None),
    ("service_tier", None),
    ("extra_body", None),
];

impl Wanted {
    /// Reads a body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let mut wanted: Self = serde_json::from_slice(body).map_err(|error| format!("the body: {error}"))?;
        // Clients send arguments as texts, chat templates want them as they are.
        for call in wanted.messages.iter_mut().flat_map(|message| &mut message.tool_calls) {
            if let Some(arguments) = call.arguments.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                call.arguments = arguments;
            }
        }
        let unusual = |name: &str| format!("this server has no `{name}` other than the usual");
        for (name, value) in &wanted.others {
            let number = value.as_f64().or_else(|| value.as_bool().map(|on| f64::from(u8::from(on))));
            let fine = match OTHERS.iter().find(|(other, _)| other == name) {
                Some((_, None)) => true,
                Some((_, usual)) => number == *usual,
                None => false,
            };
            let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
            if !fine && !empty {
                return Err(unusual(name));
            }
        }
        if !matches!(wanted.tool_choice.as_ref().map(|choice| choice.as_str()), None | Some(Some("auto" | "none"))) {
            return Err(unusual("tool_choice"));
        }
        Ok(wanted)
    }

    /// The texts to be gone on with.
    ///
    /// # Errors
    /// None, or too many.
    pub fn prompts(&self) -> Result<Vec<Prompt>, String> {
        let prompts: Vec<Prompt> = match self.prompt.clone() {
            None => Vec::new(),
            Some(Prompts::Text(text)) => vec![Prompt::Text(text)],
            Some(Prompts::Texts(texts)) => texts.into_iter().map(Prompt::Text).collect(),
            Some(Prompts::Tokens(tokens)) => vec![Prompt::Tokens(tokens)],
            Some(Prompts::Several(several)) => several.into_iter().map(Prompt::Tokens).collect(),
        };
        match prompts.len() {
            0 => Err("there is no `prompt`".to_owned()),
            1..=MOST_PROMPTS => Ok(prompts),
            many => Err(format!("`prompt` has {many} texts; this server takes {MOST_PROMPTS} at once")),
        }
    }

    /// The tools that the model is shown.
    pub fn tools(&self) -> &[Value] {
        self.tools.as_deref().unwrap_or_default()
    }

    /// Whether calls of tools are taken off the reply.
    pub fn wants_calls(&self) -> bool {
        !self.tools().is_empty() && self.tool_choice.as_ref().and_then(Value::as_str) != Some("none")
    }

    /// With how many alternatives it shall be said how likely the tokens were; `None`: it shall not.
    ///
    /// # Errors
    /// More than this server tells.
    pub fn alternatives(&self, chat: bool) -> Result<Option<usize>, String> {
        let asked = match &self.logprobs {
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(self.top_logprobs.unwrap_or(0)),
            Some(Value::Number(number)) if !chat => number.as_u64().map(|count| count as usize),
            Some(_) => return Err("`logprobs` is neither a truth value nor, of a text, a number".to_owned()),
        };
        match asked {
            Some(count) if count > MOST_ALTERNATIVES => {
                Err(format!("this server tells {MOST_ALTERNATIVES} alternatives at most, not {count}"))
            }
            asked => Ok(asked),
        }
    }

    /// Whether the prompt is repeated.
    pub fn echo(&self) -> bool {
        self.echo == Some(true)
    }

    /// Whether the reply is sent as it comes, and whether its count of tokens at its end.
    ///
    /// # Errors
    /// What cannot be sent piece by piece.
    pub fn streamed(&self, chat: bool) -> Result<Option<bool>, String> {
        if self.stream != Some(true) {
            return Ok(None);
        }
        if self.alternatives(chat)?.is_some() || self.echo() {
            return Err("this server has no `stream` together with `logprobs` or `echo`".to_owned());
        }
        Ok(Some(self.stream_options.as_ref().and_then(|options| options.include_usage) == Some(true)))
    }

    /// How tokens are drawn; what is not said is as the checkpoint recommends.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn sampling(&self, usual: Sampling) -> Result<Sampling, String> {
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(usual.temperature),
            top_p: self.top_p.unwrap_or(usual.top_p),
            top_k: self.top_k.map_or(usual.top_k, |top_k| usize::try_from(top_k).unwrap_or(0)),
        };
        sampling.check().map_err(|error| error.to_string())?;
        Ok(sampling)
    }

    /// The most tokens of the reply, where it is said.
    pub fn most(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// Texts that end the reply.
    pub fn stop(&self) -> Vec<String> {
        let all = match &self.stop {
            None => Vec::new(),
            Some(Stop::One(text)) => vec![text.clone()],
            Some(Stop::Some(texts)) => texts.clone(),
        };
        all.into_iter().filter(|text| !text.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Value) -> Result<Wanted, String> {
        Wanted::read(body.to_string().as_bytes())
    }

    #[test]
    fn fields_that_change_nothing_are_taken_and_others_refused_by_name() -> Result<(), String> {
        let wanted = read(&json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5,
            "max_tokens": 3, "max_completion_tokens": 4, "stop": "x", "top_k": -1, "n": 1, "stream": false,
            "repetition_penalty": 1.0, "tool_choice": "auto", "logit_bias": {}, "response_format": null, "logprobs": false}))?;
        assert_eq!((wanted.most(), wanted.stop()), (Some(4), vec!["x".to_owned()]));
        assert_eq!((wanted.alternatives(true)?, wanted.streamed(true)?), (None, None));
        let usual = Sampling { temperature: 0.7, top_p: 0.9, top_k: 20 };
        assert_eq!(wanted.sampling(usual)?, Sampling { temperature: 0.5, top_p: 0.9, top_k: 0 });
        for (name, value) in [
            ("n", json!(2)),
            ("min_p", json!(0.1)),
            ("response_format", json!({"type": "json_object"})),
            ("guided_json", json!("x")),
            ("tool_choice", json!("required")),
        ] {
            let said = read(&json!({"messages": [], name: value})).err().unwrap_or_default();
            assert!(said.contains(&format!("`{name}`")), "{name}: {said}");
        }
        assert!(read(&json!({"messages": [{"role": "nobody"}]})).is_err());
        assert!(read(&json!({"temperature": -1}))?.sampling(usual).is_err());
        Ok(())
    }

    #[test]
    fn prompts_and_probabilities_are_asked_for_in_their_forms() -> Result<(), String> {
        let prompts = |prompt: Value| read(&json!({"prompt": prompt})).and_then(|wanted| wanted.prompts());
        assert_eq!(prompts(json!("a"))?, [Prompt::Text("a".to_owned())]);
        assert_eq!(prompts(json!(["a", "b"]))?.len(), 2);
        assert_eq!(prompts(json!([1, 2]))?, [Prompt::Tokens(vec![1, 2])]);
        assert_eq!(prompts(json!([[1], [2, 3]]))?[1], Prompt::Tokens(vec![2, 3]));
        assert!(prompts(json!([])).is_err() && prompts(Value::Null).is_err() && prompts(json!({"a": 1})).is_err());
        let of = |body: Value, chat| read(&body).and_then(|wanted| wanted.alternatives(chat));
        assert_eq!(of(json!({"logprobs": true, "top_logprobs": 3}), true)?, Some(3));
        assert_eq!(of(json!({"logprobs": 0}), false)?, Some(0));
        assert!(of(json!({"logprobs": 3}), true).is_err() && of(json!({"logprobs": 21}), false).is_err());
        let streamed = |body: Value| read(&body).and_then(|wanted| wanted.streamed(true));
        assert_eq!(streamed(json!({"stream": true}))?, Some(false));
        assert_eq!(streamed(json!({"stream": true, "stream_options": {"include_usage": true}}))?, Some(true));
        assert!(streamed(json!({"stream": true, "logprobs": true})).is_err());
        let calls = |body: Value| read(&body).map(|wanted| wanted.wants_calls());
        assert!(calls(json!({"tools": [{}]}))? && !calls(json!({"tools": [{}], "tool_choice": "none"}))?);
        Ok(())
    }
}
