//! Text to token ids and back, the chat template, and the tokens that end a reply.

use std::collections::BTreeMap;
use std::path::PathBuf;

use record::{Message, Role};
use serde_json::Value;

use crate::config::Fields;
use crate::files::{DOWNLOAD, Files, damaged};
use crate::template::ChatTemplate;
use crate::{Config, ModelError, vocabulary};

const TOKENIZER: &str = "tokenizer.json";
const SETTINGS: &str = "tokenizer_config.json";
const TEMPLATE: &str = "chat_template.jinja";
pub(crate) const GENERATION: &str = "generation_config.json";
const NO_SETTINGS: &str =
    "it holds the chat template and special tokens; copy it from the model's original download, or write {} into it";
pub(crate) const NO_GENERATION: &str =
    "it names the tokens that end a reply; copy it from the model's original download, or write {} into it";

/// A tokenizer with its chat template.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    template: Option<ChatTemplate>,
    eos: Vec<u32>,
    size: usize,
}

impl Tokenizer {
    pub(crate) fn read(files: &Files, config: &Config) -> Result<Self, ModelError> {
        let path = files.path(TOKENIZER);
        let settings = vocabulary::settings(files, &config.model_type)?;
        let inner = vocabulary::read(files, &settings, &config.model_type)?;
        let largest = inner.get_vocab(true).values().copied().max().unwrap_or(0);
        let settings_path = files.path(SETTINGS);
        let settings = Fields::new(&settings, &settings_path)
            .map_err(|_| damaged(&settings_path, "it is not an object", NO_SETTINGS))?;
        let specials = special_tokens(&settings);
        let mut tokenizer = Self { size: largest as usize + 1, inner, template: None, eos: Vec::new() };
        tokenizer.template = find_template(files, &settings)?
            .map(|(path, source)| ChatTemplate::new(path, source, specials.clone()))
            .transpose()?;
        tokenizer.eos = tokenizer.read_eos(files, config, specials.get("eos_token"))?;
        Ok(tokenizer)
    }

    /// Stop ids: of `generation_config.json`, else of `config.json`; and the tokenizer's own end token.
    fn read_eos(&self, files: &Files, config: &Config, own: Option<&String>) -> Result<Vec<u32>, ModelError> {
        let path = files.path(GENERATION);
        let value = files.json_or_empty(GENERATION, NO_GENERATION)?;
        let bad = |why: &str| damaged(&path, why, NO_GENERATION);
        let fields = Fields::new(&value, &path).map_err(|_| bad("it is not an object"))?;
        let mut eos = fields.ids("eos_token_id").map_err(|_| bad("`eos_token_id` should be an id or a list of ids"))?;
        if eos.is_empty() {
            eos.clone_from(&config.eos);
        }
        eos.extend(own.and_then(|token| self.inner.token_to_id(token)));
        eos.sort_unstable();
        eos.dedup();
        Ok(eos)
    }

    /// The ids of a text; `special` adds the tokens that the tokenizer puts around a text. Special tokens that the
    /// text itself spells out are recognized either way.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where the tokenizer has no token for a part of it.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>, ModelError> {
        let encoding = self.inner.encode_fast(text, special);
        encoding.map(|e| e.get_ids().to_vec()).map_err(|error| ModelError::Tokenize { why: error.to_string() })
    }

    /// The text of some ids, without special tokens.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where the tokenizer's decoder fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        self.inner.decode(ids, true).map_err(|error| ModelError::Tokenize { why: error.to_string() })
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.size
    }

    /// The id of a token by its spelling.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The ids that end a reply, sorted.
    pub fn eos(&self) -> &[u32] {
        &self.eos
    }

    /// Whether the checkpoint has a chat template.
    pub fn has_template(&self) -> bool {
        self.template.is_some()
    }

    /// A conversation as the one text that the model reads.
    ///
    /// Without a chat template: each message as `role: content` and an empty line, then `assistant:` where
    /// `add_generation_prompt`.
    ///
    /// # Errors
    /// [`ModelError::Template`] where the template fails, refuses the conversation, or runs for too long.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, ModelError> {
        match &self.template {
            Some(template) => template.render(messages, add_generation_prompt),
            None => Ok(render_plain(messages, add_generation_prompt)),
        }
    }

    /// The ids of a conversation, rendered: by the template, or plainly where `use_template` is off. One
    /// [`Role::Raw`] message is read as it is; so is a single user message where no template is used.
    ///
    /// # Errors
    /// As [`Tokenizer::render`] and [`Tokenizer::encode`].
    pub fn prompt(&self, messages: &[Message], use_template: bool) -> Result<Vec<u32>, ModelError> {
        if let [Message { role: Role::Raw, content }] = messages {
            return self.encode(content, true);
        }
        if use_template && self.has_template() {
            // A template writes its own begin-of-text token.
            return self.encode(&self.render(messages, true)?, false);
        }
        if let (false, [Message { role: Role::User, content, .. }]) = (use_template, messages) {
            return self.encode(content, true);
        }
        self.encode(&render_plain(messages, true), true)
    }
}

fn render_plain(messages: &[Message], add_generation_prompt: bool) -> String {
    let mut text = String::new();
    for message in messages {
        text.push_str(&format!("{}: {}\n\n", message.role.as_str(), message.content));
    }
    if add_generation_prompt {
        text.push_str("assistant:");
    }
    text
}

/// `bos_token`, `eos_token` and the like; a token is a text, or an object with `content`.
fn special_tokens(settings: &Fields<'_>) -> BTreeMap<String, String> {
    ["bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token"]
        .into_iter()
        .filter_map(|name| {
            let value = settings.get(name)?;
            let text = value.as_str().or_else(|| value.get("content").and_then(Value::as_str))?;
            Some((name.to_owned(), text.to_owned()))
        })
        .collect()
}

/// The template and the file that holds it: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json`,
/// which is a text or a list of named ones of which `default` counts.
fn find_template(files: &Files, settings: &Fields<'_>) -> Result<Option<(PathBuf, String)>, ModelError> {
    if let Some(source) = files.text(TEMPLATE)? {
        return Ok(Some((files.path(TEMPLATE), source)));
    }
    let path = files.path(SETTINGS);
    match settings.get("chat_template") {
        None => Ok(None),
        Some(Value::String(source)) => Ok(Some((path, source.clone()))),
        Some(Value::Array(named)) => {
            let default = named.iter().find(|one| one.get("name").and_then(Value::as_str) == Some("default"));
            match default.and_then(|one| one.get("template")).and_then(Value::as_str) {
                Some(source) => Ok(Some((path, source.to_owned()))),
                None => Err(damaged(&path, "none of its chat templates is called `default`", DOWNLOAD)),
            }
        }
        Some(_) => Err(damaged(&path, "`chat_template` is neither a text nor a list", DOWNLOAD)),
    }
}
