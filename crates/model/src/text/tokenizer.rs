//! Text to token ids and back, the chat template, and the tokens that end a reply.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use record::{Message, Role};
use serde_json::{Map, Value};

use crate::checkpoint::files::{Files, damaged};
use crate::config::Fields;
use crate::text::fitted;
use crate::text::template::{ChatTemplate, Templates};
use crate::text::vocabulary;
use crate::{Chat, Clock, Config, ModelError, Prompt, Surround};

const SETTINGS: &str = "tokenizer_config.json";
pub(crate) const GENERATION: &str = "generation_config.json";
const NO_SETTINGS: &str =
    "it holds the chat template and special tokens; copy it from the model's original download, or write {} into it";
pub(crate) const NO_GENERATION: &str =
    "it names the tokens that end a reply; copy it from the model's original download, or write {} into it";

/// A tokenizer with its chat template.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    templates: Templates,
    /// Where the tokenizer's class and settings say it, not `tokenizer.json`.
    surround: Option<Surround>,
    bos: Option<u32>,
    eos: Vec<u32>,
    /// Special tokens that mark thoughts.
    marks: BTreeMap<u32, String>,
    size: usize,
}

impl Tokenizer {
    pub(crate) fn read(files: &Files, config: &Config) -> Result<Self, ModelError> {
        let settings = vocabulary::settings(files, &config.model_type)?;
        let inner = vocabulary::read(files, &settings, &config.model_type)?;
        let largest = inner.get_vocab(true).values().copied().max().unwrap_or(0);
        let settings_path = files.path(SETTINGS);
        let settings = Fields::new(&settings, &settings_path)
            .map_err(|_| damaged(&settings_path, "it is not an object", NO_SETTINGS))?;
        let specials = special_tokens(&settings);
        let templates = Templates::read(files, &settings, &specials)?;
        let known = |name: &str| specials.get(name).filter(|token| inner.token_to_id(token).is_some()).cloned();
        // A GGUF file says itself what stands around a text, and its tokenizer.json is made so.
        let model_type = (!matches!(files, Files::Gguf(..))).then_some(config.model_type.as_str());
        let surround = model_type.and_then(|model_type| Surround::of(&settings, Some(model_type), known));
        let bos = known("bos_token").and_then(|token| inner.token_to_id(&token));
        let size = largest as usize + 1;
        let added = inner.get_added_tokens_decoder().into_iter();
        let marks = added.filter(|(_, token)| token.special && record::is_thought_mark(&token.content));
        let marks = marks.map(|(id, token)| (id, token.content)).collect();
        let mut tokenizer = Self { size, inner, templates, surround, bos, eos: Vec::new(), marks };
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

    /// The ids of a text; `special` adds the tokens that stand around a text, a begin token never twice. Special tokens
    /// that the text itself spells out are recognized either way.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where the tokenizer has no token for a part of it.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>, ModelError> {
        let around = self.surround.as_ref().filter(|_| special);
        let encoding = self.inner.encode_fast(text, special && around.is_none());
        let mut ids = encoding.map_err(|error| ModelError::Tokenize { why: error.to_string() })?.get_ids().to_vec();
        if let Some(Surround { before, after }) = around {
            ids.splice(0..0, before.iter().filter_map(|token| self.token_id(token)));
            ids.extend(after.iter().filter_map(|token| self.token_id(token)));
        }
        if special && self.bos.is_some() && ids.first().copied() == self.bos && ids.get(1).copied() == self.bos {
            ids.remove(0);
        }
        Ok(ids)
    }

    /// The ids of a text as [`Tokenizer::encode`] gives them, each with the bytes of the text that it stands for; none of
    /// tokens that are put before it. What would be put after it is left out.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_spans(&self, text: &str, special: bool) -> Result<Vec<(u32, Range<usize>)>, ModelError> {
        let encoding =
            self.inner.encode(text, false).map_err(|error| ModelError::Tokenize { why: error.to_string() })?;
        let spans = encoding.get_offsets().iter().map(|&(from, to)| from..to);
        let inside: Vec<_> = encoding.get_ids().iter().copied().zip(spans).collect();
        let mut before = if special { self.surround()?.before } else { Vec::new() };
        let bos = self.bos.filter(|bos| inside.first().is_some_and(|(id, _)| id == bos));
        before.retain(|token| bos.is_none() || self.token_id(token) != bos);
        let before = before.iter().filter_map(|token| self.token_id(token)).map(|id| (id, 0..0));
        Ok(before.chain(inside).collect())
    }

    /// The id with which the chat template ends a reply, or the first of those that end one; `None` where nothing does.
    pub fn end_of_reply(&self) -> Option<u32> {
        let asked = [Message::user("a"), Message::assistant("b")];
        let written = self.render(&asked, false).unwrap_or_default();
        let place = |id: &&u32| {
            let spelled = self.inner.id_to_token(**id)?;
            written.rfind(&spelled)
        };
        self.eos.iter().filter(|id| place(id).is_some()).max_by_key(place).or(self.eos.first()).copied()
    }

    /// The tokens that [`Tokenizer::encode`] puts around a text.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn surround(&self) -> Result<Surround, ModelError> {
        if let Some(surround) = &self.surround {
            return Ok(surround.clone());
        }
        let (plain, whole) = (self.encode("a", false)?, self.encode("a", true)?);
        let begins = whole.windows(plain.len().max(1)).position(|part| part == plain).unwrap_or(0);
        let names = |ids: &[u32]| ids.iter().filter_map(|&id| self.inner.id_to_token(id)).collect();
        let after = whole.get(begins + plain.len()..).unwrap_or_default();
        Ok(Surround { before: names(&whole[..begins]), after: names(after) })
    }

    /// The text of some ids, without special tokens but those that mark thoughts.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where the tokenizer's decoder fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        let decode =
            |ids: &[u32]| self.inner.decode(ids, true).map_err(|error| ModelError::Tokenize { why: error.to_string() });
        if !ids.iter().any(|id| self.marks.contains_key(id)) {
            return decode(ids);
        }
        let mut text = String::new();
        for part in ids.split_inclusive(|id| self.marks.contains_key(id)) {
            match part.split_last().and_then(|(last, before)| Some((before, self.marks.get(last)?))) {
                Some((before, mark)) => text.push_str(&(decode(before)? + mark)),
                None => text.push_str(&decode(part)?),
            }
        }
        Ok(text)
    }

    pub(super) fn inner(&self) -> &tokenizers::Tokenizer {
        &self.inner
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.size
    }

    /// The id of a token by its spelling.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The first of this tokenizer's tokens that another one spells otherwise: its id, its spelling here and there. `None`
    /// where whatever is encoded here can be read there.
    pub fn first_difference(&self, other: &Self) -> Option<(u32, String, Option<String>)> {
        let spelled = |id: u32| self.inner.id_to_token(id).map(|token| (id, token, other.inner.id_to_token(id)));
        (0..self.size as u32).filter_map(spelled).find(|(_, here, there)| there.as_ref() != Some(here))
    }

    /// Whether another tokenizer's chat templates are the same texts.
    pub fn same_templates(&self, other: &Self) -> bool {
        [false, true].into_iter().all(|tools| match (self.templates.choose(tools), other.templates.choose(tools)) {
            (Some(here), Some(there)) => here.same(there),
            (here, there) => here.is_none() && there.is_none(),
        })
    }

    /// The ids that end a reply, sorted.
    pub fn eos(&self) -> &[u32] {
        &self.eos
    }

    /// Whether the checkpoint has a chat template.
    pub fn has_template(&self) -> bool {
        self.templates.choose(false).is_some()
    }

    /// Whether a chat template of the checkpoint reads a variable of this name.
    pub fn reads(&self, name: &str) -> bool {
        [false, true].iter().filter_map(|&tools| self.templates.choose(tools)).any(|template| template.mentions(name))
    }

    /// Whether a chat template of the checkpoint prints the date.
    pub fn is_dated(&self) -> bool {
        [false, true].iter().filter_map(|&tools| self.templates.choose(tools)).any(ChatTemplate::is_dated)
    }

    /// Messages as the one text that the model reads, by the chat template as it is.
    ///
    /// Without a chat template: each message as `role: content` and an empty line, then `assistant:` where
    /// `add_generation_prompt`.
    ///
    /// # Errors
    /// [`ModelError::Template`] where the template fails or runs for too long, [`ModelError::Refused`] where it refuses
    /// the conversation.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, ModelError> {
        match self.templates.choose(false) {
            Some(template) => template.render(&only(messages, &Map::new()), add_generation_prompt),
            None => Ok(render_plain(messages, add_generation_prompt)),
        }
    }

    /// A conversation as the one text that the model goes on with: by the chat template, or plainly where
    /// `use_template` is off or there is none. One [`Role::Raw`] message is read as it is; so is a single user message
    /// where no template is used. What a template refuses or leaves out is shown in another way ([`crate::Change`]).
    ///
    /// # Errors
    /// As [`Tokenizer::render`]; [`ModelError::LeftOut`] where a message would not be in the text.
    pub fn write(&self, conversation: &Chat<'_>, use_template: bool) -> Result<Prompt, ModelError> {
        let plain = |text: String| Prompt { text, surround: true, changes: BTreeSet::new() };
        match conversation.messages {
            [one] if one.role == Role::Raw => return Ok(plain(one.content.clone())),
            [one] if one.role == Role::User && !use_template => return Ok(plain(one.content.clone())),
            _ => {}
        }
        match self.templates.choose(!conversation.tools.is_empty()).filter(|_| use_template) {
            Some(template) => fitted::render(template, conversation),
            None => Ok(plain(render_plain(conversation.messages, true))),
        }
    }

    /// The ids of a conversation.
    ///
    /// # Errors
    /// As [`Tokenizer::write`] and [`Tokenizer::encode`].
    pub fn ask(&self, conversation: &Chat<'_>, use_template: bool) -> Result<Vec<u32>, ModelError> {
        self.ids(&self.write(conversation, use_template)?)
    }

    /// The ids of a conversation that was written.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn ids(&self, prompt: &Prompt) -> Result<Vec<u32>, ModelError> {
        self.encode(&prompt.text, prompt.surround)
    }

    /// The ids of messages, where nothing else is to be said: no tools, no arguments, the present time.
    ///
    /// # Errors
    /// As [`Tokenizer::ask`].
    pub fn prompt(&self, messages: &[Message], use_template: bool) -> Result<Vec<u32>, ModelError> {
        self.ask(&only(messages, &Map::new()), use_template)
    }
}

/// Messages without anything beside them.
fn only<'a>(messages: &'a [Message], none: &'a Map<String, Value>) -> Chat<'a> {
    Chat { messages, tools: &[], args: none, clock: Clock::now() }
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

/// `bos_token`, `eos_token` and the like.
fn special_tokens(settings: &Fields<'_>) -> BTreeMap<String, String> {
    let token = |name: &&str| Some(((*name).to_owned(), vocabulary::spelling(settings.get(name)?)?.to_owned()));
    vocabulary::NAMED.iter().filter_map(token).collect()
}
