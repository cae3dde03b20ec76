//! The tokenizer of a folder, of whichever files hold it, as transformers puts it together.
//!
//! `tokenizer.json`, else the older `vocab.json` and `merges.txt` of byte-level BPE; to it the added tokens of
//! `tokenizer_config.json` or `added_tokens.json`, and the settings of `special_tokens_map.json` where that counts.

use serde_json::{Map, Value, json};
use tokenizers::{AddedToken, Tokenizer};

use crate::ModelError;
use crate::checkpoint::files::{DOWNLOAD, Files, damaged, not_the_file};
use crate::format::gguf;

const TOKENIZER: &str = "tokenizer.json";
const SETTINGS: &str = "tokenizer_config.json";
const SPECIALS: &str = "special_tokens_map.json";
const ADDED: &str = "added_tokens.json";
const VOCABULARY: &str = "vocab.json";
const MERGES: &str = "merges.txt";
const NO_TOKENIZER: &str = "copy it from the model's original download (a slow tokenizer's files become tokenizer.json by \
     AutoTokenizer.from_pretrained(...).save_pretrained(...))";
const NO_SETTINGS: &str = "it holds the chat template and special tokens; copy it from the model's original download";

/// Other vocabularies that a folder may have, and what each is.
const OTHERS: [(&str, &str); 5] = [
    ("tokenizer.model", "a SentencePiece or tiktoken vocabulary"),
    ("tokenizer.model.v3", "Mistral's own vocabulary"),
    ("tekken.json", "Mistral's own vocabulary"),
    ("qwen.tiktoken", "a tiktoken vocabulary"),
    ("vocab.txt", "a WordPiece vocabulary"),
];

/// Roles that one token has each.
pub(crate) const NAMED: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// The settings of a folder's tokenizer: `tokenizer_config.json` where it is there, and the special tokens that other
/// files name.
///
/// # Errors
/// A file that is no JSON object.
pub(crate) fn settings(files: &Files, model_type: &str) -> Result<Value, ModelError> {
    let mut settings = files.json_or_empty(SETTINGS, NO_SETTINGS)?;
    let not_object = |name: &str| damaged(&files.path(name), "it is not an object", DOWNLOAD);
    let fields = settings.as_object_mut().ok_or_else(|| not_object(SETTINGS))?;
    // A file of the time when tokens were listed here says all of it itself.
    if fields.get("added_tokens_decoder").is_none_or(Value::is_null) {
        let specials = files.json_or_empty(SPECIALS, DOWNLOAD)?;
        fields.extend(specials.as_object().ok_or_else(|| not_object(SPECIALS))?.clone());
    }
    if files.find(TOKENIZER)?.is_none()
        && let Some(class) = Class::of(fields, model_type)
    {
        for name in class.ends_of_text() {
            fields.entry(*name).or_insert_with(|| "<|endoftext|>".into());
        }
    }
    Ok(settings)
}

/// The tokenizer itself, without padding and truncation.
///
/// # Errors
/// No file that holds one, or one that is damaged.
pub(crate) fn read(files: &Files, settings: &Value, model_type: &str) -> Result<Tokenizer, ModelError> {
    let mut tokenizer = match files.find(TOKENIZER)? {
        Some(bytes) => {
            let path = files.path(TOKENIZER);
            if let Some(error) = not_the_file(&path, &bytes) {
                return Err(error);
            }
            let bytes = record::unmarked(&bytes).map_err(|why| damaged(&path, why.problem, NO_TOKENIZER))?;
            parse(bytes).map_err(|why| damaged(&path, format!("it is not a tokenizer: {why}"), NO_TOKENIZER))?
        }
        None => byte_level(files, settings, model_type)?,
    };
    let bad = |why: String| damaged(&files.path(TOKENIZER), why, NO_TOKENIZER);
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|error| bad(error.to_string()))?;
    add_tokens(&mut tokenizer, files, settings)?;
    Ok(tokenizer)
}

fn parse(bytes: &[u8]) -> Result<Tokenizer, String> {
    Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())
}

/// Classes of tokenizers whose two files say all but how texts are cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Gpt2,
    Qwen2,
}

impl Class {
    /// By `tokenizer_class`, else by the architecture.
    fn of(settings: &Map<String, Value>, model_type: &str) -> Option<Self> {
        match settings.get("tokenizer_class").and_then(Value::as_str) {
            Some(name) => match name.trim_end_matches("Fast") {
                "Qwen2Tokenizer" => Some(Self::Qwen2),
                "GPT2Tokenizer" => Some(Self::Gpt2),
                _ => None,
            },
            None => model_type.starts_with("qwen").then_some(Self::Qwen2),
        }
    }

    /// What `<|endoftext|>` is where the settings say nothing.
    fn ends_of_text(self) -> &'static [&'static str] {
        match self {
            Self::Gpt2 => &["bos_token", "eos_token", "unk_token"],
            Self::Qwen2 => &["eos_token", "unk_token", "pad_token"],
        }
    }

    fn normalizer(self) -> Value {
        if self == Self::Qwen2 { json!({"type": "NFC"}) } else { Value::Null }
    }

    fn pre_tokenizer(self, add_prefix_space: bool) -> Value {
        let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true, "use_regex": use_regex});
        let split =
            json!({"type": "Split", "pattern": {"Regex": gguf::QWEN2}, "behavior": "Isolated", "invert": false});
        match self {
            Self::Gpt2 => bytes(true),
            Self::Qwen2 => json!({"type": "Sequence", "pretokenizers": [split, bytes(false)]}),
        }
    }
}

/// The tokenizer of `vocab.json` and `merges.txt`.
fn byte_level(files: &Files, settings: &Value, model_type: &str) -> Result<Tokenizer, ModelError> {
    let (Some(_), Some(merges)) = (files.find(VOCABULARY)?, files.text(MERGES)?) else {
        return Err(no_tokenizer(files));
    };
    let class = settings.as_object().and_then(|settings| Class::of(settings, model_type));
    let class = class.ok_or_else(|| ModelError::Unsupported {
        path: files.path(SETTINGS),
        what: "a tokenizer of vocab.json and merges.txt of another class than GPT2Tokenizer and Qwen2Tokenizer".into(),
        cure: "make tokenizer.json of it: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)".into(),
    })?;
    let mut pairs = Vec::new();
    for (at, line) in merges.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("#version")) {
        let pair = line.split_once(' ').ok_or_else(|| {
            damaged(&files.path(MERGES), format!("line {} should be two pieces and is {line:?}", at + 1), DOWNLOAD)
        })?;
        pairs.push(json!([pair.0, pair.1]));
    }
    let prefix = settings.get("add_prefix_space").and_then(Value::as_bool).unwrap_or(false);
    let whole = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "post_processor": null,
        "normalizer": class.normalizer(),
        "pre_tokenizer": class.pre_tokenizer(prefix),
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false,
            "vocab": files.json(VOCABULARY, DOWNLOAD)?, "merges": pairs,
        },
    });
    let why = |why: String| damaged(&files.path(VOCABULARY), format!("it does not fit merges.txt: {why}"), DOWNLOAD);
    parse(whole.to_string().as_bytes()).map_err(why)
}

/// The error that a folder has no tokenizer that can be read, and what it has instead.
fn no_tokenizer(files: &Files) -> ModelError {
    let found = OTHERS.iter().find(|(name, _)| files.find(name).is_ok_and(|found| found.is_some()));
    match found {
        None => ModelError::Missing { path: files.path(TOKENIZER), cure: NO_TOKENIZER },
        Some((name, what)) => ModelError::Unsupported {
            path: files.path(name),
            what: format!("{what} to be read without tokenizer.json"),
            cure: "make tokenizer.json of it: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR), or download it \
                   from the model's repository"
                .to_owned(),
        },
    }
}

/// Adds the tokens that the settings list, in the order of their ids, and makes special those that have a role.
fn add_tokens(tokenizer: &mut Tokenizer, files: &Files, settings: &Value) -> Result<(), ModelError> {
    let role = |token: &str| NAMED.iter().any(|name| settings.get(*name).and_then(token_text) == Some(token));
    let mut listed: Vec<(u64, AddedToken)> = Vec::new();
    let decoder = settings.get("added_tokens_decoder").filter(|listed| !listed.is_null());
    match decoder {
        Some(decoder) => {
            let bad = || damaged(&files.path(SETTINGS), "`added_tokens_decoder` is no table of tokens by id", DOWNLOAD);
            for (id, token) in decoder.as_object().ok_or_else(bad)? {
                let text = token_text(token).ok_or_else(bad)?;
                listed.push((id.parse().map_err(|_| bad())?, added_token(text, token, role(text))));
            }
        }
        None => {
            let added = files.json_or_empty(ADDED, DOWNLOAD)?;
            let bad = || damaged(&files.path(ADDED), "it is no table of ids by token", DOWNLOAD);
            for (text, id) in added.as_object().ok_or_else(bad)? {
                listed.push((id.as_u64().ok_or_else(bad)?, added_token(text, &Value::Null, role(text))));
            }
        }
    }
    listed.sort_by_key(|(id, _)| *id);
    let of_tokenizer = |text: &str| tokenizer.get_added_tokens_decoder().values().any(|token| token.content == text);
    let named = NAMED.iter().filter_map(|name| settings.get(*name).and_then(token_text));
    // One that the vocabulary lacks has no embedding either.
    let named = named.filter(|text| tokenizer.token_to_id(text).is_some() && !of_tokenizer(text));
    let named: Vec<AddedToken> = named.map(|text| AddedToken::from(text, true)).collect();
    // Without the list of the settings, the tokenizer's own says how its tokens are found.
    let own = decoder.is_none();
    let listed = listed.into_iter().map(|(_, token)| token).filter(|token| !(own && of_tokenizer(&token.content)));
    let added: Vec<AddedToken> = listed.chain(named).collect();
    let why = |error: tokenizers::Error| damaged(&files.path(SETTINGS), format!("its tokens: {error}"), DOWNLOAD);
    tokenizer.add_tokens(added).map(drop).map_err(why)
}

/// A token is a text, or an object with `content`.
pub(crate) fn spelling(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content").and_then(Value::as_str))
}

fn token_text(token: &Value) -> Option<&str> {
    spelling(token).filter(|text| !text.is_empty())
}

fn added_token(text: &str, token: &Value, role: bool) -> AddedToken {
    let flag = |name: &str| token.get(name).and_then(Value::as_bool);
    let special = flag("special").unwrap_or(false) || role;
    AddedToken::from(text, special)
        .normalized(flag("normalized").unwrap_or(!special))
        .lstrip(flag("lstrip").unwrap_or(false))
        .rstrip(flag("rstrip").unwrap_or(false))
        .single_word(flag("single_word").unwrap_or(false))
}
