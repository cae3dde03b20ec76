//! A reply as calls.

mod clean;
mod execute;
mod java;
mod javascript;
mod json;
mod native;
mod python;
mod syntax;
mod xml;

use serde::{Deserialize, Serialize};

use super::Switches;
use crate::python::Value;

pub use execute::{executable, executable_native};
pub use native::{NativeCall, native};
pub(in crate::tool_use::bfcl) use python::position;

/// A call that a reply names.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The function.
    pub name: String,
    /// Its arguments: a dictionary, unless a native call has something else.
    pub arguments: Value,
}

/// What a reply was read as.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// It could not be read.
    Failed,
    /// It was read, and is no list of calls (of Java and JavaScript: no call was found).
    NoCalls,
    /// Its calls in order; perhaps none.
    Calls(Vec<Called>),
}

impl Decoded {
    /// The calls, where all have the form of one: arguments by name.
    pub fn calls(&self) -> Option<&[Called]> {
        match self {
            Decoded::Calls(calls) if calls.iter().all(|call| matches!(call.arguments, Value::Dict(_))) => Some(calls),
            _ => None,
        }
    }
}

/// The language of an entry's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Calls are Python expressions.
    Python,
    /// Calls are Java expressions; every value is a text at first.
    Java,
    /// Calls are JavaScript expressions; every value is a text at first.
    JavaScript,
}

impl Language {
    /// The language of a category.
    pub fn of(category: &str) -> Self {
        match () {
            () if category.contains("javascript") => Language::JavaScript,
            () if category.contains("java") => Language::Java,
            () => Language::Python,
        }
    }
}

/// The form in which a prompt asks for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `[f(a=1)]`, in the language of the functions.
    #[default]
    Python,
    /// `[{"function": "f", "parameters": {"a": 1}}]`
    Json,
    /// `<functions><function name="f"><params><param name="a" value="1" type="integer"/>..`
    VerboseXml,
    /// `<functions><function name="f"><param name="a" type="integer">1</param>..`
    ConciseXml,
}

/// Reads a reply in prompting mode. With `tag` the calls stand between `<TOOLCALL>` and `</TOOLCALL>`.
pub fn decode(reply: &str, language: Language, form: Form, tag: bool, switches: &Switches) -> Decoded {
    let fences = Switches { any_fence: switches.any_fence && !tag && form == Form::Python, ..*switches };
    let text = clean::brackets(reply, language, &fences);
    let inner = if tag { clean::tagged(&text) } else { Some(text.as_ref()) };
    let Some(inner) = inner else { return Decoded::Failed };
    let calls = |calls: Option<Vec<Called>>| calls.map_or(Decoded::Failed, Decoded::Calls);
    match (form, language) {
        (Form::Python, Language::Python) => calls(python::calls(inner, switches)),
        (Form::Python, Language::Java) => java::calls(inner_of(inner), switches),
        (Form::Python, Language::JavaScript) => javascript::calls(inner_of(inner)),
        (Form::Json, _) => json::calls(inner, switches),
        (Form::VerboseXml, _) => calls(xml::calls(inner, true)),
        (Form::ConciseXml, _) => calls(xml::calls(inner, false)),
    }
}

/// Without the first and the last character.
fn inner_of(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}
