//! What an episode is about: data, the machine that answers calls about it, and what the tools are said to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::super::service::Service;
use super::films::Cinema;
use super::lists::Lists;
use super::papers::Library;
use super::tables::Table;
use super::weather::Climate;
use crate::python::Value;

/// The data of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "world", rename_all = "lowercase")]
pub enum Scene {
    /// Papers and their authors.
    Papers(Library),
    /// Temperatures and rain, day by day.
    Weather(Climate),
    /// Films and people.
    Films(Cinema),
    /// Projects and their tasks.
    Lists(Lists),
    /// A small sheet.
    Tables(Table),
}

/// A service with a state that counts at the end.
pub trait Machine: Service {
    /// Its state; Python's `None` where only answers count.
    fn state(&self) -> Value {
        Value::None
    }
}

/// What a model is told of the tools.
#[derive(Debug, Clone, Copy)]
pub struct Manual {
    /// What they are about.
    pub about: &'static str,
    /// What each does, by its name.
    pub tools: &'static [(&'static str, &'static str)],
}

impl Scene {
    /// A machine with this data.
    pub fn machine(&self) -> Box<dyn Machine> {
        match self {
            Self::Papers(data) => Box::new(data.clone()),
            Self::Weather(data) => Box::new(data.clone()),
            Self::Films(data) => Box::new(data.clone()),
            Self::Lists(data) => Box::new(data.machine()),
            Self::Tables(data) => Box::new(data.machine()),
        }
    }

    /// What is said of it.
    pub fn manual(&self) -> &'static Manual {
        match self {
            Self::Papers(_) => &super::papers::MANUAL,
            Self::Weather(_) => &super::weather::MANUAL,
            Self::Films(_) => &super::films::MANUAL,
            Self::Lists(_) => &super::lists::MANUAL,
            Self::Tables(_) => &super::tables::MANUAL,
        }
    }

    /// Its name in tags and identities.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Papers(_) => "papers",
            Self::Weather(_) => "weather",
            Self::Films(_) => "films",
            Self::Lists(_) => "lists",
            Self::Tables(_) => "tables",
        }
    }
}

/// A call as a reply writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Json>,
}

impl Call {
    /// A call with some arguments.
    pub fn new<const N: usize>(name: &str, arguments: [(&str, Json); N]) -> Self {
        let arguments = arguments.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { name: name.to_owned(), arguments }
    }

    /// The call that gives an answer.
    pub fn finish(answer: Json) -> Self {
        Self::new("finish", [("answer", answer)])
    }

    /// The reply: `{"name": "find_paper", "arguments": {"title": ".."}}`.
    pub fn reply(&self) -> String {
        json!(self).to_string()
    }
}

/// A question or an order, and how it is solved.
#[derive(Debug, Clone, PartialEq)]
pub struct Puzzle {
    /// The data.
    pub scene: Scene,
    /// What is wanted, in plain English.
    pub goal: String,
    /// The calls that solve it; the last one is `finish`.
    pub calls: Vec<Call>,
}

/// How hard a puzzle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// One thing is looked up or changed.
    Easy,
    /// Several have to be put together.
    Hard,
}

impl Level {
    /// `easy` or `hard`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Hard => "hard",
        }
    }
}
