//! What a sample of BFCL holds.

use std::collections::BTreeMap;

use record::{Message, Sample};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::decode::{Decoded, Form, Language, decode};
use super::decode::{NativeCall, native};
use super::prompt::Configuration;
use super::{Switches, check::Relevance};
use crate::TaskError;

/// What kind of episode a sample opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// One reply.
    #[default]
    Single,
    /// A conversation with services.
    Talk,
    /// Conversations that fill a memory, and questions about them.
    Memory,
}

/// The `input` of a sample.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Input {
    pub kind: Kind,
    /// `live_simple`
    pub category: String,
    /// Whether the model calls through its own template.
    pub native: bool,
    /// The configuration of format sensitivity, by its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub configuration: String,
    /// The functions' documents, without hints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Json>,
    /// What the user says in each turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Vec<Message>>,
    /// Functions that are added before a turn: what the user says, and the tools.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub added: BTreeMap<usize, (String, Vec<Json>)>,
    /// The services that are involved, and their scenarios.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub scenarios: Json,
    /// Whether results are blown up by the asset of long texts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub long: bool,
    /// The memory: its backend, the system text with `{memory_content}` in it, the text before it, and the one after it
    /// before questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryInput>,
}

/// What a sample of memory holds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct MemoryInput {
    pub backend: String,
    pub before: Option<String>,
    pub frame: String,
    pub answer_form: String,
    /// The conversations, each of some turns.
    pub conversations: Vec<Vec<Vec<Message>>>,
    /// The questions: id and words.
    pub questions: Vec<(String, Vec<Message>)>,
}

impl Input {
    /// Reads a sample's input.
    pub(super) fn read(sample: &Sample) -> Result<Self, TaskError> {
        serde_json::from_value(sample.input.clone()).map_err(|error| TaskError::unusable(sample, error.to_string()))
    }

    /// The calls of a reply, as the category reads them.
    pub(super) fn decoded(&self, reply: &str, tools: &[Json], switches: &Switches) -> Decoded {
        if self.native {
            return native(native_calls(reply, tools).as_deref());
        }
        let configuration = Configuration::parse(&self.configuration).unwrap_or_default();
        let relevance = Relevance::of(&self.category).is_some();
        let language = if relevance { Language::Python } else { Language::of(&self.category) };
        let form = if relevance { Form::Python } else { configuration.form };
        decode(reply, language, form, configuration.tag, switches)
    }
}

/// The native calls of a reply; `None` where it is text.
pub(super) fn native_calls(reply: &str, tools: &[Json]) -> Option<Vec<NativeCall>> {
    let found = record::calls(reply, tools)?;
    let text = |arguments: Json| match arguments {
        // What could not be read stays what it is.
        Json::String(text) => text,
        other => other.to_string(),
    };
    Some(found.calls.into_iter().map(|call| (call.name, text(call.arguments))).collect())
}
