//! What is asked of a model: samples, and the turns of an episode.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Asset, Message, Role};

/// The four capabilities of an agent that ACBench measures, in the paper's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Decompose a goal into a graph of steps.
    Workflow,
    /// Choose a tool and fill in its arguments.
    ToolUse,
    /// Find and use facts in a long text.
    LongContext,
    /// Act in an environment over many turns.
    RealWorld,
}

impl Capability {
    /// All four, in the paper's order.
    pub const ALL: [Capability; 4] =
        [Capability::Workflow, Capability::ToolUse, Capability::LongContext, Capability::RealWorld];

    /// The name on the command line: `workflow`, `tool_use`, `long_context`, `real_world`.
    pub fn as_str(self) -> &'static str {
        match self {
            Capability::Workflow => "workflow",
            Capability::ToolUse => "tool_use",
            Capability::LongContext => "long_context",
            Capability::RealWorld => "real_world",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One item of a task: all that is needed to ask it and to judge the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Unique within its task, stable over runs: `gripper-0007`.
    pub id: String,
    /// The task's name.
    pub task: String,
    /// The opening messages. An episode may build its own prompts from `input` instead.
    pub messages: Vec<Message>,
    /// How many messages after the system's are worked examples, and no part of the question.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub examples: usize,
    /// The tools that the model may call, each as a chat template wants it: `{"type": "function", "function": {..}}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    /// What an environment needs to open the episode; `null` for single-turn tasks.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// What it shares with other samples and an environment needs beside `input`: their contents lie in files of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<Asset>,
    /// The right answer, in the task's own form. Never shown to the model.
    pub gold: Value,
    /// The most tokens that one reply may have.
    pub max_tokens: usize,
    /// Texts that end a reply (the text itself is cut off).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Items that share a source are one cluster for statistics; absent: the item stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What results may be split by: `length`, `depth`, `game`, `format`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Value>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Sample {
    /// Itself as the `epoch`-th of several times that it is asked, from 1 on: `gripper-0007#2`. All of them are of one
    /// cluster, its own where it has one.
    pub fn repeated(&self, epoch: usize) -> Self {
        let cluster = self.cluster.clone().unwrap_or_else(|| self.id.clone());
        Self { id: format!("{}#{epoch}", self.id), cluster: Some(cluster), ..self.clone() }
    }

    /// The item that a repeated sample's id is of: `gripper-0007`.
    pub fn item(id: &str) -> &str {
        id.rsplit_once('#').map_or(id, |(item, _)| item)
    }

    /// Its asset of a name.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name == name)
    }

    /// The opening messages without the worked examples: what is asked.
    pub fn question(&self) -> Vec<Message> {
        let first = self.messages.iter().take_while(|message| message.role == Role::System).count();
        let examples = first..first + self.examples;
        let own = self.messages.iter().enumerate().filter(|(at, _)| !examples.contains(at));
        own.map(|(_, message)| message.clone()).collect()
    }
}

/// One request to a model: the whole conversation so far and the limits of the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The conversation, complete.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<Value>,
    /// The most tokens that the reply may have.
    pub max_tokens: usize,
    /// Texts that end the reply.
    pub stop: Vec<String>,
}

/// What an episode wants next.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Ask the model this.
    Ask(Ask),
    /// The episode is over; the value is what the scorer needs of it (`null` for single-turn tasks).
    Done(Value),
}
