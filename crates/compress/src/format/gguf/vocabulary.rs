//! The tokenizer, as llama.cpp reads it: byte-level BPE, or SentencePiece pieces with scores.

use std::collections::{HashMap, HashSet};

use model::gguf::{NORMALIZER, STOP_TOKENS, Words};
use model::{Checkpoint, ModelError, Tokenizer};
use serde_json::Value;

use super::metadata::Metadata;
use super::pieces;
use crate::CompressError;

/// Types of tokens.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

/// Adds the checkpoint's tokenizer; that there is none, where it has no `tokenizer.json`.
pub(super) fn add(all: &mut Metadata, checkpoint: &Checkpoint) -> Result<(), CompressError> {
    let files = checkpoint.files()?;
    let json =
        |name: &str| files.iter().find(|(other, _)| other == name).map(|(_, bytes)| parse(checkpoint, name, bytes));
    let Some(tokenizer) = json("tokenizer.json").transpose()? else {
        all.text("tokenizer.ggml.model", "none");
        return Ok(());
    };
    let settings = json("tokenizer_config.json").transpose()?.unwrap_or_default();
    let model = &tokenizer["model"];
    if model["type"].as_str().is_some_and(|kind| kind != "BPE") {
        return Err(refused(format!("a tokenizer of type {}", model["type"])));
    }
    // Byte-level words have a token for every byte: a fallback changes nothing there.
    let pieced = model["byte_fallback"] == true && Words::of(&tokenizer).is_none();
    let (texts, types) = tokens(&tokenizer, checkpoint.config().vocab_size, pieced)?;
    let merges = merges(&tokenizer)?;
    if pieced {
        pieces::add(all, &tokenizer, &texts, &merges)?;
    } else {
        words(all, &tokenizer)?;
    }
    all.texts("tokenizer.ggml.tokens", texts.iter().map(String::as_str));
    all.wholes("tokenizer.ggml.token_type", types.into_iter());
    let merges: Vec<String> = merges.iter().map(|(left, right)| format!("{left} {right}")).collect();
    all.texts("tokenizer.ggml.merges", merges.iter().map(String::as_str));
    special(all, checkpoint.tokenizer()?, &settings)?;
    let template = files.iter().find(|(name, _)| name == "chat_template.jinja");
    match template.and_then(|(_, bytes)| record::text(bytes).ok()) {
        Some(template) => all.text("tokenizer.chat_template", template),
        None => templates(all, &settings["chat_template"]),
    }
    Ok(())
}

fn parse(checkpoint: &Checkpoint, name: &str, bytes: &[u8]) -> Result<Value, CompressError> {
    record::json(bytes).map_err(|error| {
        let (path, why) = (checkpoint.path(name), format!("it is not JSON: {error}"));
        ModelError::Damaged { path, why, cure: "copy it again from the model's original download" }.into()
    })
}

/// The error that llama.cpp has no such tokenizer.
pub(super) fn refused(what: impl Into<String>) -> CompressError {
    let cure = "choose --format compressed-tensors, or convert with llama.cpp's own script".to_owned();
    CompressError::Format { format: "gguf", what: what.into(), cure }
}

/// The steps of a normalizer.
pub(super) fn normalizers(tokenizer: &Value) -> Vec<&Value> {
    match &tokenizer["normalizer"] {
        Value::Null => Vec::new(),
        value if value["type"] == "Sequence" => value["normalizers"].as_array().into_iter().flatten().collect(),
        value => vec![value],
    }
}

/// Adds how a byte-level tokenizer cuts texts into words.
fn words(all: &mut Metadata, tokenizer: &Value) -> Result<(), CompressError> {
    let (words, name) = Words::of(tokenizer)
        .ok_or_else(|| refused(format!("a tokenizer that cuts texts by {}", tokenizer["pre_tokenizer"])))?;
    let composed = match normalizers(tokenizer)[..] {
        [] => false,
        [one] if one["type"] == "NFC" => true,
        _ => return Err(refused(format!("a tokenizer with the normalizer {}", tokenizer["normalizer"]))),
    };
    all.text("tokenizer.ggml.model", "gpt2");
    all.text("tokenizer.ggml.pre", name);
    if composed != words.composed {
        all.text(NORMALIZER, if composed { "NFC" } else { "none" });
    }
    Ok(())
}

/// The text and type of every id below `count`.
fn tokens(tokenizer: &Value, count: usize, pieced: bool) -> Result<(Vec<String>, Vec<i32>), CompressError> {
    let mut texts: Vec<String> = (0..count).map(|id| format!("[PAD{id}]")).collect();
    let mut types = vec![UNUSED; count];
    let mut set = |id: Option<u64>, text: &str, kind: i32| {
        let id = id.and_then(|id| usize::try_from(id).ok()).filter(|&id| id < count);
        let id = id.ok_or_else(|| refused(format!("token `{text}`, which has no id below {count}")))?;
        text.clone_into(&mut texts[id]);
        types[id] = kind;
        Ok::<(), CompressError>(())
    };
    let vocabulary =
        tokenizer["model"]["vocab"].as_object().ok_or_else(|| refused("a tokenizer without a vocabulary"))?;
    for (text, id) in vocabulary {
        set(id.as_u64(), text, if pieced && is_byte(text) { BYTE } else { NORMAL })?;
    }
    let unknown = tokenizer["model"]["unk_token"].as_str();
    for token in tokenizer["added_tokens"].as_array().map_or(&[][..], Vec::as_slice) {
        let text = token["content"].as_str().unwrap_or("");
        if token["lstrip"] == true || token["rstrip"] == true || token["single_word"] == true {
            return Err(refused(format!("token `{text}`, which takes spaces with it")));
        }
        let kind = match token["special"] == true {
            true if pieced && unknown == Some(text) => UNKNOWN,
            true => CONTROL,
            false => USER_DEFINED,
        };
        set(token["id"].as_u64(), text, kind)?;
    }
    let mut ids = HashMap::new();
    for (id, text) in texts.iter().enumerate() {
        if let Some(other) = ids.insert(text, id) {
            return Err(refused(format!("token `{text}` twice, as {other} and {id}")));
        }
    }
    Ok((texts, types))
}

/// Whether a token stands for one byte: `<0x0A>`.
fn is_byte(text: &str) -> bool {
    let digits = text.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Pairs of tokens in the order in which they are merged.
fn merges(tokenizer: &Value) -> Result<Vec<(&str, &str)>, CompressError> {
    let all = tokenizer["model"]["merges"].as_array().ok_or_else(|| refused("a tokenizer without merges"))?;
    all.iter().map(|merge| pair(merge).ok_or_else(|| refused(format!("the merge {merge}")))).collect()
}

fn pair(merge: &Value) -> Option<(&str, &str)> {
    let (left, right) = match merge {
        Value::String(text) => text.split_once(' ')?,
        Value::Array(two) => match two.as_slice() {
            [Value::String(left), Value::String(right)] => (left.as_str(), right.as_str()),
            _ => return None,
        },
        _ => return None,
    };
    (!left.contains(' ') && !right.contains(' ')).then_some((left, right))
}

/// Adds the tokens that begin, end and fill.
fn special(all: &mut Metadata, tokenizer: &Tokenizer, settings: &Value) -> Result<(), CompressError> {
    let named = |name: &str| {
        let value = &settings[name];
        value.as_str().or_else(|| value["content"].as_str()).and_then(|text| tokenizer.token_id(text))
    };
    let ends = tokenizer.eos();
    let end = named("eos_token").or(ends.first().copied());
    let (before, after) = around(tokenizer)?;
    // Files may name the tokens around a text in `tokenizer.json` alone.
    let begins = |id: u32| named("bos_token").is_none_or(|named| named == id);
    let begin = match (&before[..], &after[..]) {
        ([], []) => named("bos_token"),
        ([], &[id]) if Some(id) == end => named("bos_token"),
        (&[id], []) if begins(id) => Some(id),
        (&[id], &[last]) if begins(id) && Some(last) == end => Some(id),
        _ => return Err(refused(format!("a tokenizer that puts the tokens {before:?} and {after:?} around a text"))),
    };
    for (key, id) in [("bos", begin), ("padding", named("pad_token")), ("unknown", named("unk_token"))] {
        if let Some(id) = id {
            all.whole(&format!("tokenizer.ggml.{key}_token_id"), id);
        }
    }
    all.flag("tokenizer.ggml.add_bos_token", !before.is_empty());
    all.flag("tokenizer.ggml.add_eos_token", !after.is_empty());
    if let Some(end) = end {
        all.whole("tokenizer.ggml.eos_token_id", end);
    }
    if let Some(other) = ends.iter().find(|&&id| Some(id) != end) {
        all.whole("tokenizer.ggml.eot_token_id", *other);
    }
    all.wholes(STOP_TOKENS, ends.iter().map(|&id| id as i32).collect::<Vec<_>>().into_iter());
    Ok(())
}

/// The tokens that are put before and after a text.
fn around(tokenizer: &Tokenizer) -> Result<(Vec<u32>, Vec<u32>), CompressError> {
    let (plain, whole) = (tokenizer.encode("a", false)?, tokenizer.encode("a", true)?);
    let before = (0..whole.len()).find(|&at| whole[at..].starts_with(&plain)).unwrap_or(0);
    let after = whole.get(before + plain.len()..).unwrap_or_default();
    Ok((whole[..before].to_vec(), after.to_vec()))
}

/// Adds the chat templates of `tokenizer_config.json`: one, or a list of named ones.
fn templates(all: &mut Metadata, templates: &Value) {
    if let Some(template) = templates.as_str() {
        all.text("tokenizer.chat_template", template);
    }
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for one in templates.as_array().into_iter().flatten() {
        let (Some(name), Some(template)) = (one["name"].as_str(), one["template"].as_str()) else { continue };
        match name {
            _ if !seen.insert(name) => {}
            "default" => all.text("tokenizer.chat_template", template),
            _ => {
                all.text(&format!("tokenizer.chat_template.{name}"), template);
                names.push(name);
            }
        }
    }
    if !names.is_empty() {
        all.texts("tokenizer.chat_templates", names.into_iter());
    }
}
