//! What a request wants: OpenAI's fields, as far as they mean something here. One that would change the reply and is not
//! understood is refused by name.

use generate::Sampling;
use record::Message;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The body of a request for a reply.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Of `completions`.
    #[serde(default)]
    pub prompt: Option<String>,
    #[serde(default)]
    pub tools: Option<Vec<Value>>,
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
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Some(Vec<String>),
}

/// Other fields, with the value that changes nothing; `None`: any.
const OTHERS: [(&str, Option<f64>); 18] = [
    ("n", Some(1.0)),
    ("best_of", Some(1.0)),
    ("min_p", Some(0.0)),
    ("presence_penalty", Some(0.0)),
    ("frequency_penalty", Some(0.0)),
    ("repetition_penalty", Some(1.0)),
    ("repeat_penalty", Some(1.0)),
    ("stream", Some(0.0)),
    ("logprobs", Some(0.0)),
    ("top_logprobs", Some(0.0)),
    ("echo", Some(0.0)),
    ("parallel_tool_calls", None),
    ("stream_options", None),
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
        for (name, value) in &wanted.others {
            let number = value.as_f64().or_else(|| value.as_bool().map(|on| f64::from(u8::from(on))));
            let known = OTHERS.iter().find(|(other, _)| other == name);
            let fine = match known {
                Some((_, None)) => true,
                Some((_, usual)) => number == *usual,
                // The two by which clients say that they want nothing special.
                None => matches!((name.as_str(), value.as_str()), ("tool_choice", Some("auto"))),
            };
            let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
            if !fine && !empty {
                return Err(format!("this server has no `{name}` other than the usual"));
            }
        }
        Ok(wanted)
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
        let usual = Sampling { temperature: 0.7, top_p: 0.9, top_k: 20 };
        assert_eq!(wanted.sampling(usual)?, Sampling { temperature: 0.5, top_p: 0.9, top_k: 0 });
        for (name, value) in [
            ("stream", json!(true)),
            ("n", json!(2)),
            ("logprobs", json!(true)),
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
}
