//! Where a checkpoint's chat templates are: the files, and the names within them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::ChatTemplate;
use crate::ModelError;
use crate::checkpoint::files::{DOWNLOAD, Files, damaged};
use crate::config::Fields;

const FILE: &str = "chat_template.jinja";
const PROCESSOR: &str = "chat_template.json";
const SETTINGS: &str = "tokenizer_config.json";
const DEFAULT: &str = "default";
const TOOL_USE: &str = "tool_use";

/// The template of plain conversations, and that of conversations with tools where it is another.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    default: Option<ChatTemplate>,
    tool_use: Option<ChatTemplate>,
}

/// Text of a template and the file that holds it.
type Found = (PathBuf, String);

impl Templates {
    /// `chat_template.jinja` and `additional_chat_templates/`; else `chat_template` of `tokenizer_config.json`, a text or
    /// a list of named ones; else that of `chat_template.json`.
    pub fn read(files: &Files, settings: &Fields<'_>, specials: &BTreeMap<String, String>) -> Result<Self, ModelError> {
        let file = |name: &str| -> Result<Option<Found>, ModelError> {
            Ok(files.text(name)?.map(|source| (files.path(name), source)))
        };
        let mut default = match file(FILE)? {
            Some(found) => Some(found),
            None => file(&additional(DEFAULT))?,
        };
        let mut tool_use = file(&additional(TOOL_USE))?;
        if default.is_none() && tool_use.is_none() {
            let path = files.path(SETTINGS);
            (default, tool_use) = named(&path, settings.get("chat_template"))?;
        }
        if default.is_none() && tool_use.is_none() && files.find(PROCESSOR)?.is_some() {
            let value = files.json(PROCESSOR, DOWNLOAD)?;
            (default, tool_use) = named(&files.path(PROCESSOR), value.get("chat_template"))?;
        }
        let compile = |found: Option<Found>| {
            found.map(|(path, source)| ChatTemplate::new(path, &source, specials.clone())).transpose()
        };
        Ok(Self { default: compile(default)?, tool_use: compile(tool_use)? })
    }

    /// The files beside `chat_template.jinja` and `tokenizer_config.json` that a copy of the checkpoint needs.
    pub fn companions() -> [String; 3] {
        [PROCESSOR.to_owned(), additional(DEFAULT), additional(TOOL_USE)]
    }

    /// The template of a conversation, with or without tools.
    pub fn choose(&self, tools: bool) -> Option<&ChatTemplate> {
        self.tool_use.as_ref().filter(|_| tools).or(self.default.as_ref())
    }
}

fn additional(name: &str) -> String {
    format!("additional_chat_templates/{name}.jinja")
}

/// The default template and that for tools of a `chat_template` field.
fn named(path: &std::path::Path, field: Option<&Value>) -> Result<(Option<Found>, Option<Found>), ModelError> {
    let found = |source: &str| Some((path.to_owned(), source.to_owned()));
    match field {
        None | Some(Value::Null) => Ok((None, None)),
        Some(Value::String(source)) => Ok((found(source), None)),
        Some(Value::Array(named)) => {
            let one = |name: &str| {
                let template = named.iter().rfind(|one| one.get("name").and_then(Value::as_str) == Some(name))?;
                found(template.get("template").and_then(Value::as_str)?)
            };
            match (one(DEFAULT), one(TOOL_USE)) {
                (None, _) => Err(damaged(path, "none of its chat templates is called `default`", DOWNLOAD)),
                both => Ok(both),
            }
        }
        Some(_) => Err(damaged(path, "`chat_template` is neither a text nor a list", DOWNLOAD)),
    }
}
