//! The tokenizer's files, as a folder has them: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`.

use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::parse::{File, Value};
use super::pieces;
use super::split::Words;
use crate::{Bytes, ModelError};

/// The key of all tokens that end a reply. llama.cpp knows no such list and guesses.
pub const STOP_TOKENS: &str = "acbench.eos_token_ids";
/// The key that says whether texts are brought into Unicode's composed form, `NFC` or `none`; llama.cpp never does.
pub const NORMALIZER: &str = "acbench.normalizer";

/// Types of tokens. Control and user-defined ones stand for a piece of text by themselves; control tokens are left out
/// when ids become text.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// Control tokens by which models end a turn or a text. A file names one end token, and models end with others as well.
const ENDS: &[&str] = &[
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|return|>",
    "<|call|>",
    "<EOT>",
    "_<EOT>",
    "<｜end▁of▁sentence｜>",
    "<end_of_utterance>",
];

/// A model that has all of these ends its replies with them, and each message of one with [`MESSAGE_END`] (gpt-oss).
const HARMONY: [&str; 2] = ["<|return|>", "<|call|>"];
const MESSAGE_END: &str = "<|end|>";

/// The files; none where the file has no tokenizer.
pub(super) fn files(file: &File<'_>) -> Result<Vec<(String, Bytes)>, ModelError> {
    let Some(kind) = Vocabulary::kind(file)? else { return Ok(Vec::new()) };
    let tokens = Tokens::read(file)?;
    let tokenizer = match kind {
        Vocabulary::Bytes => tokens.byte_level()?,
        Vocabulary::Pieces => tokens.sentence_piece()?,
    };
    let all = [
        ("tokenizer.json", tokenizer),
        ("tokenizer_config.json", tokens.settings(kind).to_string().into_bytes()),
        ("generation_config.json", json!({"eos_token_id": stop_tokens(file)}).to_string().into_bytes()),
    ];
    Ok(all.into_iter().map(|(name, content)| (name.to_owned(), Bytes::from(content))).collect())
}

/// Which kind of tokenizer a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vocabulary {
    /// Byte-level BPE.
    Bytes,
    /// SentencePiece.
    Pieces,
}

impl Vocabulary {
    fn kind(file: &File<'_>) -> Result<Option<Self>, ModelError> {
        match file.metadata.get("tokenizer.ggml.model") {
            None | Some(Value::Text("none" | "no_vocab")) => Ok(None),
            Some(Value::Text("gpt2")) => Ok(Some(Self::Bytes)),
            Some(Value::Text("llama")) => Ok(Some(Self::Pieces)),
            Some(Value::Text(other)) => {
                let cure = "byte-level BPE (`gpt2`) and SentencePiece (`llama`) can be read; of other models, give the \
                            Hugging Face folder";
                Err(file.unsupported(format!("the tokenizer `{other}`"), cure))
            }
            Some(_) => Err(file.damaged("`tokenizer.ggml.model` is no text")),
        }
    }
}

/// The vocabulary.
struct Tokens<'a, 'f> {
    file: &'a File<'f>,
    texts: &'a [&'f str],
    types: &'a [i64],
    /// The id of each token that can be found in a text.
    ids: HashMap<&'f str, usize>,
}

/// The content of `tokenizer.json`, less what is always the same.
#[derive(Serialize)]
struct TokenizerJson<'a> {
    version: &'static str,
    truncation: Option<()>,
    padding: Option<()>,
    added_tokens: Vec<Json>,
    normalizer: Json,
    pre_tokenizer: Json,
    post_processor: Json,
    decoder: Json,
    model: Bpe<'a>,
}

#[derive(Serialize)]
struct Bpe<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    dropout: Option<f32>,
    unk_token: Option<&'a str>,
    continuing_subword_prefix: Option<&'a str>,
    end_of_word_suffix: Option<&'a str>,
    fuse_unk: bool,
    byte_fallback: bool,
    ignore_merges: bool,
    #[serde(serialize_with = "by_id")]
    vocab: &'a HashMap<&'a str, usize>,
    merges: Vec<(&'a str, &'a str)>,
}

fn by_id<S: Serializer>(vocab: &HashMap<&str, usize>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut all: Vec<(&str, usize)> = vocab.iter().map(|(text, id)| (*text, *id)).collect();
    all.sort_unstable_by_key(|(_, id)| *id);
    serializer.collect_map(all)
}

impl<'a, 'f> Tokens<'a, 'f> {
    fn read(file: &'a File<'f>) -> Result<Self, ModelError> {
        let texts = texts(file, "tokenizer.ggml.tokens")?;
        let types = match file.metadata.get("tokenizer.ggml.token_type") {
            Some(Value::Wholes(types)) => types.as_slice(),
            _ => return Err(file.damaged("it has no list of numbers `tokenizer.ggml.token_type`")),
        };
        if texts.len() != types.len() {
            let why = format!("it has {} tokens and {} types of tokens", texts.len(), types.len());
            return Err(file.damaged(why));
        }
        let mut ids = HashMap::with_capacity(texts.len());
        for (id, (&text, &kind)) in texts.iter().zip(types).enumerate() {
            // Nothing is found in a text by an empty token; unused ones fill places up.
            if kind == UNUSED || text.is_empty() {
                continue;
            }
            if let Some(other) = ids.insert(text, id) {
                return Err(file.damaged(format!("`tokenizer.ggml.tokens` has `{text}` twice, as {other} and {id}")));
            }
        }
        Ok(Self { file, texts, types, ids })
    }

    /// The id and the token that a key names.
    fn named(&self, name: &str) -> Option<(usize, &'f str)> {
        let Some(Value::Whole(id)) = self.file.metadata.get(format!("tokenizer.ggml.{name}_token_id").as_str()) else {
            return None;
        };
        let id = usize::try_from(*id).ok()?;
        self.texts.get(id).map(|text| (id, *text)).filter(|(_, text)| !text.is_empty())
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        match self.file.metadata.get(format!("tokenizer.ggml.{name}").as_str()) {
            Some(Value::Flag(flag)) => *flag,
            _ => default,
        }
    }

    fn byte_level(&self) -> Result<Vec<u8>, ModelError> {
        let (words, merges) = (self.words()?, self.merges()?);
        let composed = match self.file.metadata.get(NORMALIZER) {
            Some(Value::Text(kind)) => *kind == "NFC",
            _ => words.composed,
        };
        let model = Bpe { ignore_merges: words.whole_words, merges, ..self.bpe() };
        self.json(TokenizerJson {
            normalizer: if composed { json!({"type": "NFC"}) } else { Json::Null },
            pre_tokenizer: words.pre_tokenizer(),
            post_processor: self.around(words.begins),
            decoder: json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}),
            ..self.plain(model)
        })
    }

    /// Pairs of tokens in the order in which they are merged.
    fn merges(&self) -> Result<Vec<(&'f str, &'f str)>, ModelError> {
        let mut all = Vec::new();
        for &merge in texts(self.file, "tokenizer.ggml.merges")? {
            let Some((left, right)) = merge.split_once(' ').filter(|(_, right)| !right.contains(' ')) else {
                return Err(self.file.damaged(format!("`tokenizer.ggml.merges` has `{merge}`, which is no pair")));
            };
            let made = format!("{left}{right}");
            if let Some(unknown) = [left, right, &made].into_iter().find(|part| !self.ids.contains_key(part)) {
                let why = format!("`tokenizer.ggml.merges` has `{merge}`, and there is no token `{unknown}`");
                return Err(self.file.damaged(why));
            }
            all.push((left, right));
        }
        Ok(all)
    }

    fn sentence_piece(&self) -> Result<Vec<u8>, ModelError> {
        let scores = match self.file.metadata.get("tokenizer.ggml.scores") {
            Some(Value::Numbers(scores)) if scores.len() == self.texts.len() => scores,
            Some(Value::Numbers(scores)) => {
                let why = format!("it has {} tokens and {} scores of tokens", self.texts.len(), scores.len());
                return Err(self.file.damaged(why));
            }
            _ => return Err(self.file.damaged("it has no list of numbers `tokenizer.ggml.scores`")),
        };
        if let Some(long) = self.texts.iter().find(|text| text.len() > pieces::LONGEST) {
            return Err(self.file.damaged(format!("`tokenizer.ggml.tokens` has a piece of {} bytes", long.len())));
        }
        let space_first = self.flag("add_space_prefix", true);
        let unknown = self.named("unknown").or_else(|| self.texts.first().map(|text| (0, *text)));
        let model = Bpe {
            unk_token: unknown.map(|(_, text)| text).filter(|text| self.ids.contains_key(text)),
            fuse_unk: true,
            byte_fallback: true,
            // Files of this program say how pieces are made; llama.cpp goes by the scores.
            merges: match self.file.metadata.contains_key("tokenizer.ggml.merges") {
                true => self.merges()?,
                false => pieces::merges(&self.ids, scores),
            },
            ..self.bpe()
        };
        self.json(TokenizerJson {
            normalizer: pieces::normalizer(space_first),
            post_processor: self.around(true),
            decoder: pieces::decoder(space_first),
            ..self.plain(model)
        })
    }

    fn bpe(&self) -> Bpe<'_> {
        Bpe {
            kind: "BPE",
            dropout: None,
            unk_token: None,
            continuing_subword_prefix: None,
            end_of_word_suffix: None,
            fuse_unk: false,
            byte_fallback: false,
            ignore_merges: false,
            vocab: &self.ids,
            merges: Vec::new(),
        }
    }

    fn plain<'b>(&self, model: Bpe<'b>) -> TokenizerJson<'b> {
        let found = self.texts.iter().zip(self.types).enumerate();
        let added = found.filter(|(_, (text, kind))| [CONTROL, USER_DEFINED].contains(kind) && !text.is_empty());
        let token = |(id, (text, kind)): (usize, (&&str, &i64))| {
            json!({
                "id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": *kind == CONTROL,
            })
        };
        TokenizerJson {
            version: "1.0",
            truncation: None,
            padding: None,
            added_tokens: added.map(token).collect(),
            normalizer: Json::Null,
            pre_tokenizer: Json::Null,
            post_processor: Json::Null,
            decoder: Json::Null,
            model,
        }
    }

    fn json(&self, tokenizer: TokenizerJson<'_>) -> Result<Vec<u8>, ModelError> {
        serde_json::to_vec(&tokenizer).map_err(|error| self.file.damaged(format!("its tokenizer is none: {error}")))
    }

    /// How texts are cut into words before bytes are merged.
    fn words(&self) -> Result<&'static Words, ModelError> {
        let name = match self.file.metadata.get("tokenizer.ggml.pre") {
            Some(Value::Text(name)) => name,
            _ => "default",
        };
        Words::named(name).ok_or_else(|| {
            let known: Vec<&str> = Words::names().collect();
            let cure = format!("known ones are {}; of other models, give the Hugging Face folder", known.join(", "));
            self.file.unsupported(format!("the pre-tokenizer `{name}`"), &cure)
        })
    }

    /// What puts the begin token before a text and the end token after it, where it should.
    fn around(&self, begins: bool) -> Json {
        let begin = self.named("bos").filter(|_| self.flag("add_bos_token", begins));
        let end = self.named("eos").filter(|_| self.flag("add_eos_token", false));
        if begin.is_none() && end.is_none() {
            return Json::Null;
        }
        let special =
            |token: Option<(usize, &str)>| token.map(|(_, text)| json!({"SpecialToken": {"id": text, "type_id": 0}}));
        let one = |id: &str| {
            let text = json!({"Sequence": {"id": id, "type_id": 0}});
            special(begin).into_iter().chain([text]).chain(special(end)).collect::<Vec<Json>>()
        };
        let tokens = begin.into_iter().chain(end);
        let tokens = tokens.map(|(id, text)| (text.to_owned(), json!({"id": text, "ids": [id], "tokens": [text]})));
        let both = [one("A"), one("B")].concat();
        json!({
            "type": "TemplateProcessing",
            "single": one("A"),
            "pair": both,
            "special_tokens": tokens.collect::<Map<String, Json>>(),
        })
    }

    /// The content of `tokenizer_config.json`.
    fn settings(&self, kind: Vocabulary) -> Json {
        let begins = kind == Vocabulary::Pieces || self.words().is_ok_and(|words| words.begins);
        let mut settings = Map::new();
        settings.insert("tokenizer_class".into(), json!("PreTrainedTokenizerFast"));
        settings.insert("clean_up_tokenization_spaces".into(), json!(false));
        let has = |name: &str| self.named(name).is_some();
        settings.insert("add_bos_token".into(), json!(has("bos") && self.flag("add_bos_token", begins)));
        settings.insert("add_eos_token".into(), json!(has("eos") && self.flag("add_eos_token", false)));
        let names = [("bos", "bos_token"), ("eos", "eos_token"), ("padding", "pad_token"), ("unknown", "unk_token")];
        for (name, called) in names {
            if let Some((_, token)) = self.named(name) {
                settings.insert(called.to_owned(), json!(token));
            }
        }
        settings.extend(templates(self.file).map(|templates| ("chat_template".to_owned(), templates)));
        Json::Object(settings)
    }
}

/// A list of texts that must be there.
fn texts<'a, 'f>(file: &'a File<'f>, key: &str) -> Result<&'a [&'f str], ModelError> {
    match file.metadata.get(key) {
        Some(Value::Texts(all)) => Ok(all.as_slice()),
        _ => Err(file.damaged(format!("it has no list of texts `{key}`"))),
    }
}

/// The chat template; with named ones beside it, a list of all.
fn templates(file: &File<'_>) -> Option<Json> {
    const KEY: &str = "tokenizer.chat_template";
    let text = |key: &str| match file.metadata.get(key) {
        Some(Value::Text(text)) => Some(*text),
        _ => None,
    };
    let mut named: Vec<(&str, &str)> =
        file.metadata.keys().filter_map(|key| Some((key.strip_prefix(KEY)?.strip_prefix('.')?, text(key)?))).collect();
    named.sort_unstable();
    let default = text(KEY);
    if named.is_empty() {
        return default.map(|template| json!(template));
    }
    let all = default.map(|template| ("default", template)).into_iter().chain(named);
    Some(all.map(|(name, template)| json!({"name": name, "template": template})).collect())
}

/// The ids of all tokens that end a reply.
pub(super) fn stop_tokens(file: &File<'_>) -> Vec<i64> {
    if let Some(Value::Wholes(ids)) = file.metadata.get(STOP_TOKENS) {
        return ids.clone();
    }
    let mut ids = Vec::new();
    for name in ["eos", "eot", "eom"] {
        if let Some(Value::Whole(id)) = file.metadata.get(format!("tokenizer.ggml.{name}_token_id").as_str()) {
            ids.extend(i64::try_from(*id));
        }
    }
    if let (Some(Value::Texts(texts)), Some(Value::Wholes(types))) =
        (file.metadata.get("tokenizer.ggml.tokens"), file.metadata.get("tokenizer.ggml.token_type"))
    {
        let harmony = HARMONY.iter().all(|token| texts.contains(token));
        let ends = |text: &str| ENDS.contains(&text) && !(harmony && text == MESSAGE_END);
        let control = texts.iter().zip(types).zip(0..).filter(|((_, kind), _)| **kind == CONTROL);
        ids.extend(control.filter(|((text, _), _)| ends(text)).map(|(_, id)| id));
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}
