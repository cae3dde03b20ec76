//! What a model is told: functions, how to call them, and what else the benchmark says.

mod describe;
mod documents;
mod texts;

use serde_json::Value as Json;

use super::decode::Form;
use crate::python::Value;

pub use documents::{converted, dumped, hinted, tools};
pub use texts::Texts;
use texts::filled;

/// How functions are described and calls are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Configuration {
    /// The form of calls.
    pub form: Form,
    /// Whether calls stand between tags.
    pub tag: bool,
    /// The form of the documents.
    pub documents: Documents,
    /// Whether the system text is Markdown.
    pub markdown: bool,
    /// Whether its words are those of the second style.
    pub experimental: bool,
}

/// The form of functions' documents in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Documents {
    Python,
    Xml,
    #[default]
    Json,
}

const FORMS: [(Form, &str); 4] = [
    (Form::Python, "python"),
    (Form::Json, "json"),
    (Form::VerboseXml, "verbose_xml"),
    (Form::ConciseXml, "concise_xml"),
];

const DOCUMENTS: [(Documents, &str); 3] =
    [(Documents::Python, "python"), (Documents::Xml, "xml"), (Documents::Json, "json")];

impl Configuration {
    /// The 26 of format sensitivity, in its order.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (form, _) in FORMS {
            for tag in [true, false] {
                for (documents, _) in [DOCUMENTS[0], DOCUMENTS[1], DOCUMENTS[2]] {
                    all.push(Self { form, tag, documents, ..Self::default() });
                }
            }
        }
        all.push(Self { markdown: true, ..Self::default() });
        all.push(Self { experimental: true, ..Self::default() });
        all
    }

    /// Reads `ret_fmt=python&tool_call_tag=False&func_doc_fmt=json&prompt_fmt=plaintext&style=classic`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().into_iter().chain([Self::default()]).find(|one| one.name() == text)
    }

    /// The text that names it.
    pub fn name(&self) -> String {
        let form = FORMS.iter().find(|(form, _)| *form == self.form).map_or("", |(_, name)| name);
        let tag = if self.tag { "True" } else { "False" };
        let frame = if self.markdown { "markdown" } else { "plaintext" };
        let documents = self.document_form();
        let style = self.style();
        format!("ret_fmt={form}&tool_call_tag={tag}&func_doc_fmt={documents}&prompt_fmt={frame}&style={style}")
    }

    fn document_form(&self) -> &'static str {
        DOCUMENTS.iter().find(|(form, _)| *form == self.documents).map_or("", |(_, name)| name)
    }

    fn style(&self) -> &'static str {
        if self.experimental { "experimental" } else { "classic" }
    }

    /// The documents of functions in its form.
    pub fn described(&self, functions: &[Json]) -> String {
        match self.documents {
            Documents::Json => describe::json(functions),
            Documents::Xml => describe::xml(functions),
            Documents::Python => describe::python(functions),
        }
    }

    /// The system text for these functions.
    pub fn system(&self, functions: &[Json], texts: &Texts) -> String {
        let form = FORMS.iter().find(|(form, _)| *form == self.form).map_or("", |(_, name)| name);
        let described = self.described(functions);
        let part = |name: &str| texts.part(self.style(), name);
        let asked = if self.tag { "tool_call_with_tag" } else { "tool_call_no_tag" };
        let available = [("format", self.document_form().to_owned()), ("functions", described)];
        filled(
            texts.frame(self.markdown),
            &[
                ("persona", part("persona")),
                ("task", part("task")),
                ("tool_call_format", filled(&part(asked), &texts.form(form))),
                ("multiturn_behavior", part("multiturn_behavior")),
                ("available_tools", filled(&part("available_tools"), &available)),
            ],
        )
    }
}

/// One text after another, a blank line between them; the second may be absent.
pub fn before(first: String, second: Option<&str>) -> String {
    match second {
        Some(second) => format!("{first}\n\n{second}"),
        None => first,
    }
}

/// What a user says when functions were added: as Python prints them in prompting, and the sentence alone where they are
/// tools.
pub fn more_functions(functions: &[Json], texts: &Texts, native: bool) -> String {
    if native {
        return texts.more_functions.clone();
    }
    let all = Value::List(functions.iter().map(Value::from).collect());
    format!("{all}\n{}", texts.more_functions)
}

/// The system text of a memory: who the model is and what it remembers; before a question also how to answer.
pub fn memory_system(texts: &Texts, (scenario, unified): (&str, bool), content: &str, question: bool) -> String {
    before(texts.memory(scenario, unified, content), question.then_some(texts.answer.as_str()))
}

/// What the benchmark says of the answer's form before a question of memory.
pub fn answer_form(texts: &Texts) -> &str {
    &texts.answer
}

/// Results as the one user message that an endpoint is given in prompting mode.
pub fn results_text(calls: &[String], results: &[String]) -> String {
    let one = |(call, result): (&String, &String)| {
        let pairs = [("role", "tool"), ("name", call), ("content", result)];
        Value::Dict(pairs.into_iter().map(|(key, value)| (Value::from(key), Value::from(value))).collect())
    };
    Value::List(calls.iter().zip(results).map(one).collect()).to_string()
}
