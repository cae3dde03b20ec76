//! How the prompts of a run are made beside their messages.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a run's prompts have in common. Runs that did not record it are read as if nothing were to be said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompting {
    /// What the chat template is given, by name: `enable_thinking`, `reasoning_effort`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub template_args: Map<String, Value>,
    /// Worked examples before each question of generated tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_fewshot: Option<usize>,
    /// The most tokens that a long text of generated tasks has, reply included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seq_length: Option<usize>,
    /// Whether the template was told to let the model think; absent where that was left to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<bool>,
    /// Tokens that a thought may have beside the task's own limit; absent: it counts among those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_thinking_tokens: Option<usize>,
    /// The most tokens of a reply, where its task allows more; absent: the task's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_reply_tokens: Option<usize>,
    /// How agents in environments reply.
    #[serde(default, skip_serializing_if = "AgentStyle::is_act")]
    pub agent: AgentStyle,
    /// Whether tools went through the chat template, in some samples.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tools: bool,
    /// The time, UTC, that the chat template prints; absent where it prints none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Tokens that the tokenizer puts before prompts that no template renders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Tokens that it puts after them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// What a reader must know of the prompts: roles shown as others, samples that the template refuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How agents in environments reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentStyle {
    /// With an action.
    #[default]
    Act,
    /// With a thought and an action (ReAct).
    React,
}

impl AgentStyle {
    /// Whether it is [`AgentStyle::Act`].
    pub fn is_act(&self) -> bool {
        *self == Self::Act
    }
}

impl Prompting {
    /// Whether nothing is to be said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
