//! The benchmark's prompt texts, read from the user's copy.

use crate::TaskError;
use crate::python::{Value, assigned, text};
use crate::tool_use::bfcl::copy::Copy;

const FILE: &str = "constants/default_prompts.py";

/// The texts that prompts are made of.
#[derive(Debug, Clone)]
pub struct Texts {
    styles: Value,
    formats: Value,
    types: Value,
    plain: String,
    markdown: String,
    settings: Value,
    archival: String,
    unified: String,
    pub(super) answer: String,
    pub(super) more_functions: String,
}

impl Texts {
    /// Reads them; `None` where the copy is the data alone.
    ///
    /// # Errors
    /// A file that lacks one of them, or has more than a literal there.
    pub fn read(copy: &Copy) -> Result<Option<Self>, TaskError> {
        let Some(source) = copy.text(FILE)? else { return Ok(None) };
        let value = |name: &str| {
            let problem = match assigned(&source, name) {
                Ok(Some(value)) => return Ok(value),
                Ok(None) => format!("nothing is assigned to {name}"),
                Err(why) => format!("line {}: {}", why.line, why.problem),
            };
            Err(TaskError::Format { path: copy.path(FILE), place: name.to_owned(), problem })
        };
        let words = |name: &str| value(name).map(|value| text(&value));
        Ok(Some(Self {
            styles: value("PROMPT_STYLE_TEMPLATES")?,
            formats: value("OUTPUT_FORMAT_MAPPING")?,
            types: value("PARAM_TYPE_MAPPING")?,
            plain: words("_PLAINTEXT_SYSTEM_PROMPT_TEMPLATE")?,
            markdown: words("_MARKDOWN_SYSTEM_PROMPT_TEMPLATE")?,
            settings: value("MEMORY_AGENT_SETTINGS")?,
            archival: words("MEMORY_BACKEND_INSTRUCTION_CORE_ARCHIVAL")?,
            unified: words("MEMORY_BACKEND_INSTRUCTION_UNIFIED")?,
            answer: words("ADDITIONAL_SYSTEM_PROMPT_FOR_AGENTIC_RESPONSE_FORMAT")?,
            more_functions: words("DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC")?,
        }))
    }

    /// A part of a style: `persona`, `task`, ..
    pub(super) fn part(&self, style: &str, part: &str) -> String {
        self.styles.get(style).and_then(|style| style.get(part)).map(text).unwrap_or_default()
    }

    /// How calls look in a form, and which types it knows.
    pub(super) fn form(&self, form: &str) -> [(&'static str, String); 2] {
        let of = |table: &Value| table.get(form).map(text).unwrap_or_default();
        [("output_format", of(&self.formats)), ("param_types", of(&self.types))]
    }

    /// The frame of a system text.
    pub(super) fn frame(&self, markdown: bool) -> &str {
        if markdown { &self.markdown } else { &self.plain }
    }

    /// What a model is told of its memory, and who it is in a scenario.
    pub(in crate::tool_use::bfcl) fn memory(&self, scenario: &str, unified: bool, content: &str) -> String {
        let setting = self.settings.get(scenario).map(text).unwrap_or_default();
        let frame = if unified { &self.unified } else { &self.archival };
        filled(frame, &[("scenario_setting", setting), ("memory_content", content.to_owned())])
    }
}

/// A text with each `{name}` replaced once.
pub(super) fn filled(frame: &str, values: &[(&str, String)]) -> String {
    let mut made = String::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        made.push_str(before);
        let name = after.split_once('}').map(|(name, _)| &name[1..]);
        match name.and_then(|name| values.iter().find(|(key, _)| *key == name)) {
            Some((key, value)) => {
                made.push_str(value);
                rest = &after[key.len() + 2..];
            }
            None => {
                made.push('{');
                rest = &after[1..];
            }
        }
    }
    made.push_str(rest);
    made
}
