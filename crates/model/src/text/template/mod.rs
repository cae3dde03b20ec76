//! Chat templates: Jinja as `transformers` runs it.

mod filters;
mod json;
mod markup;
mod methods;
mod python;
mod source;
mod syntax;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use crate::ModelError;
use crate::text::chat::Chat;

pub(crate) use source::Templates;

/// Instructions of the template engine per rendering: hundreds of messages take thousands, a loop takes all. A text
/// that is made costs one for 64 bytes.
const FUEL: u64 = 5_000_000;
/// The longest template that is read, in bytes: published ones have up to 20,000.
const LONGEST: usize = 1 << 22;
/// What the error of [`raise_exception`] begins with.
const REFUSES: &str = "it refuses this conversation: ";

/// A compiled chat template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    specials: BTreeMap<String, String>,
    path: PathBuf,
    words: HashSet<String>,
    source: String,
}

impl std::fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChatTemplate({})", self.path.display())
    }
}

impl ChatTemplate {
    /// Compiles the template that the file at `path` holds. `specials`: `bos_token` and the like.
    ///
    /// # Errors
    /// [`ModelError::Template`] where it is no template.
    pub fn new(path: PathBuf, source: &str, specials: BTreeMap<String, String>) -> Result<Self, ModelError> {
        let failed = |why: String| ModelError::Template { path: path.clone(), why };
        if source.len() > LONGEST {
            return Err(failed(format!("it has {} bytes, more than {LONGEST}", source.len())));
        }
        let mut environment = environment().map_err(|error| failed(explain(&error)))?;
        environment.add_template_owned("chat", syntax::prepare(source)).map_err(|error| failed(explain(&error)))?;
        let words = source.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect();
        Ok(Self { environment, specials, path, words, source: source.to_owned() })
    }

    /// The file that holds it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is the same text.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.source == other.source
    }

    /// Whether its text has a word.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether it prints the date.
    pub(crate) fn is_dated(&self) -> bool {
        self.mentions("strftime_now")
    }

    /// A conversation as one text.
    ///
    /// # Errors
    /// [`ModelError::Refused`] with the template's own words where it refuses the conversation,
    /// [`ModelError::Template`] where it fails or runs for too long.
    pub fn render(&self, conversation: &Chat<'_>, add_generation_prompt: bool) -> Result<String, ModelError> {
        let mut variables: BTreeMap<String, Value> =
            self.specials.iter().map(|(name, token)| (name.clone(), Value::from(token.clone()))).collect();
        variables.extend(conversation.variables());
        variables.insert("add_generation_prompt".to_owned(), Value::from(add_generation_prompt));
        let clock = conversation.clock;
        variables.insert("strftime_now".to_owned(), Value::from_function(move |format: String| clock.format(&format)));
        let render = || self.environment.get_template("chat")?.render(Value::from(variables));
        render().map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &Error) -> ModelError {
        let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(one) = inner {
            let detail = one.downcast_ref::<Error>().and_then(Error::detail);
            if let Some(words) = detail.and_then(|detail| detail.strip_prefix(REFUSES)) {
                return ModelError::Refused { path: self.path.clone(), words: words.to_owned() };
            }
            inner = one.source();
        }
        ModelError::Template { path: self.path.clone(), why: explain(error) }
    }
}

/// The engine as `transformers` sets it up.
fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(methods::method);
    environment.set_formatter(|out, _, value| {
        write!(out, "{}", python::text(value)).map_err(|_| Error::new(ErrorKind::WriteFailure, "the text is too long"))
    });
    environment.add_function("raise_exception", raise_exception);
    filters::add(&mut environment);
    Ok(environment)
}

fn explain(error: &Error) -> String {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    if error.kind() == ErrorKind::OutOfFuel {
        return format!(
            "it ran for more than {FUEL} instructions{line}: it loops; take the template of the original model"
        );
    }
    format!("{error}{line}")
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, format!("{REFUSES}{message}")))
}

#[cfg(test)]
mod tests;
