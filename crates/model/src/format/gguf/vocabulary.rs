//! The tokenizer's files, as a folder has them: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`.

use serde_json::{Map, Value as Json, json};

use super::parse::{File, Value};
use super::settings::stop_tokens;
use crate::{Bytes, ModelError};

/// How Qwen2 cuts a text before it merges bytes; `tokenizer.ggml.pre` is `qwen2`.
pub const QWEN2_SPLIT: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How Llama 3 does; `tokenizer.ggml.pre` is `llama-bpe`.
pub const LLAMA3_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// What llama.cpp does where a file says `default`: one cut after another.
const DEFAULT_SPLITS: &[&str] = &[
    r"[\p{P}\$\+<=>\^~\|]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
    r"\p{N}+",
    r"[0-9][0-9][0-9]",
];

/// Tokens of these types stand for a piece of text by themselves; control tokens are left out when ids become text.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// The files; none where the file has no tokenizer.
pub(super) fn files(file: &File<'_>) -> Result<Vec<(String, Bytes)>, ModelError> {
    match file.metadata.get("tokenizer.ggml.model") {
        None | Some(Value::Text("none" | "no_vocab")) => return Ok(Vec::new()),
        Some(Value::Text("gpt2")) => {}
        Some(other) => {
            let cure = "byte-level BPE (`gpt2`) can be read; of other models, give the Hugging Face folder";
            return Err(file.unsupported(format!("the tokenizer {other:?}"), cure));
        }
    }
    let tokens = Tokens::read(file)?;
    let all = [
        ("tokenizer.json", tokens.tokenizer(file)?),
        ("tokenizer_config.json", tokens.settings(file)),
        ("generation_config.json", json!({"eos_token_id": stop_tokens(file)})),
    ];
    Ok(all.into_iter().map(|(name, value)| (name.to_owned(), Bytes::from(value.to_string().into_bytes()))).collect())
}

/// The vocabulary.
struct Tokens<'a> {
    texts: &'a [&'a str],
    types: &'a [i64],
    merges: &'a [&'a str],
}

impl<'a> Tokens<'a> {
    fn read(file: &'a File<'_>) -> Result<Self, ModelError> {
        let texts = |name: &str| match file.metadata.get(name) {
            Some(Value::Texts(all)) => Ok(all.as_slice()),
            _ => Err(file.damaged(format!("it has no list of texts `{name}`"))),
        };
        let types = match file.metadata.get("tokenizer.ggml.token_type") {
            Some(Value::Wholes(types)) => types.as_slice(),
            _ => return Err(file.damaged("it has no list of numbers `tokenizer.ggml.token_type`")),
        };
        let tokens = Self { texts: texts("tokenizer.ggml.tokens")?, types, merges: texts("tokenizer.ggml.merges")? };
        if tokens.texts.len() != tokens.types.len() {
            let why = format!("it has {} tokens and {} types of tokens", tokens.texts.len(), tokens.types.len());
            return Err(file.damaged(why));
        }
        Ok(tokens)
    }

    /// The token of an id that a key names.
    fn named(&self, file: &File<'_>, name: &str) -> Option<&'a str> {
        let Some(Value::Whole(id)) = file.metadata.get(format!("tokenizer.ggml.{name}_token_id").as_str()) else {
            return None;
        };
        usize::try_from(*id).ok().and_then(|id| self.texts.get(id)).copied()
    }

    fn tokenizer(&self, file: &File<'_>) -> Result<Json, ModelError> {
        let pre = match file.metadata.get("tokenizer.ggml.pre") {
            Some(Value::Text(pre)) => *pre,
            _ => "default",
        };
        let (mut vocabulary, mut added) = (Map::new(), Vec::new());
        for (id, (&text, &kind)) in self.texts.iter().zip(self.types).enumerate() {
            if kind == UNUSED {
                continue;
            }
            if vocabulary.insert(text.to_owned(), json!(id)).is_some() {
                return Err(file.damaged(format!("`tokenizer.ggml.tokens` has token {id}, `{text}`, twice")));
            }
            if kind == CONTROL || kind == USER_DEFINED {
                added.push(json!({
                    "id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": kind == CONTROL,
                }));
            }
        }
        let mut merges = Vec::new();
        for merge in self.merges {
            match merge.split_once(' ') {
                Some((left, right)) if !right.contains(' ') => merges.push(json!([left, right])),
                _ => return Err(file.damaged(format!("`tokenizer.ggml.merges` has `{merge}`, which is no pair"))),
            }
        }
        Ok(json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
            "normalizer": if pre == "qwen2" { json!({"type": "NFC"}) } else { Json::Null },
            "pre_tokenizer": splits(file, pre)?,
            "post_processor": self.first(file),
            "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
            "model": {
                "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
                "ignore_merges": pre == "llama-bpe", "vocab": vocabulary, "merges": merges,
            },
        }))
    }

    /// What puts the begin token before a text, where it should.
    fn first(&self, file: &File<'_>) -> Json {
        let adds = file.metadata.get("tokenizer.ggml.add_bos_token") == Some(&Value::Flag(true));
        let id = match file.metadata.get("tokenizer.ggml.bos_token_id") {
            Some(Value::Whole(id)) => i64::try_from(*id).unwrap_or(0),
            _ => 0,
        };
        let Some(token) = self.named(file, "bos").filter(|_| adds) else { return Json::Null };
        let special = json!({"SpecialToken": {"id": token, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        json!({
            "type": "TemplateProcessing",
            "single": [special, text("A")],
            "pair": [special, text("A"), text("B")],
            "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]}},
        })
    }

    /// The content of `tokenizer_config.json`.
    fn settings(&self, file: &File<'_>) -> Json {
        let mut settings = Map::new();
        let names = [("bos", "bos_token"), ("eos", "eos_token"), ("padding", "pad_token"), ("unknown", "unk_token")];
        for (name, called) in names {
            if let Some(token) = self.named(file, name) {
                settings.insert(called.to_owned(), json!(token));
            }
        }
        if let Some(Value::Text(template)) = file.metadata.get("tokenizer.chat_template") {
            settings.insert("chat_template".to_owned(), json!(template));
        }
        Json::Object(settings)
    }
}

/// How texts are cut into words before bytes are merged.
fn splits(file: &File<'_>, pre: &str) -> Result<Json, ModelError> {
    let patterns = match pre {
        "gpt-2" => {
            return Ok(
                json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}),
            );
        }
        "qwen2" => &[QWEN2_SPLIT],
        "llama-bpe" | "llama3" | "llama-v3" => &[LLAMA3_SPLIT],
        "default" => DEFAULT_SPLITS,
        other => {
            let cure = "`qwen2`, `gpt-2`, `llama-bpe` and `default` can be read; give the Hugging Face folder";
            return Err(file.unsupported(format!("the pre-tokenizer `{other}`"), cure));
        }
    };
    let mut all: Vec<Json> = patterns
        .iter()
        .map(|pattern| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false}))
        .collect();
    all.push(json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}));
    Ok(json!({"type": "Sequence", "pretokenizers": all}))
}
