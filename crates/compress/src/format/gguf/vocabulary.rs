//! The tokenizer, as llama.cpp reads a byte-level BPE.

use std::collections::HashMap;

use model::gguf::{LLAMA3_SPLIT, QWEN2_SPLIT, STOP_TOKENS};
use model::{Checkpoint, ModelError};
use serde_json::Value;

use super::metadata::Metadata;
use crate::CompressError;

/// Types of tokens.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

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
    all.text("tokenizer.ggml.model", "gpt2");
    all.text("tokenizer.ggml.pre", pre_tokenizer(&tokenizer)?);
    let (texts, types) = tokens(&tokenizer, checkpoint.config().vocab_size)?;
    all.texts("tokenizer.ggml.tokens", texts.iter().map(String::as_str));
    all.wholes("tokenizer.ggml.token_type", types.into_iter());
    let merges = merges(&tokenizer)?;
    all.texts("tokenizer.ggml.merges", merges.iter().map(String::as_str));
    special(all, checkpoint, &settings)?;
    let template = files.iter().find(|(name, _)| name == "chat_template.jinja");
    if let Some(template) = template.and_then(|(_, bytes)| record::text(bytes).ok()).or_else(|| template_of(&settings))
    {
        all.text("tokenizer.chat_template", template);
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
fn refused(what: impl Into<String>) -> CompressError {
    let cure = "choose --format compressed-tensors, or convert with llama.cpp's own script".to_owned();
    CompressError::Format { format: "gguf", what: what.into(), cure }
}

/// What llama.cpp calls the way in which texts are cut into words.
fn pre_tokenizer(tokenizer: &Value) -> Result<&'static str, CompressError> {
    let pre = &tokenizer["pre_tokenizer"];
    let words = match pre["type"].as_str() {
        Some("ByteLevel") if pre["use_regex"] != false && pre["add_prefix_space"] != true => Some("gpt-2"),
        Some("Sequence") => match pre["pretokenizers"].as_array().map(Vec::as_slice) {
            Some([split, bytes]) if bytes["type"] == "ByteLevel" && bytes["use_regex"] == false => {
                match split["pattern"]["Regex"].as_str() {
                    Some(QWEN2_SPLIT) => Some("qwen2"),
                    Some(LLAMA3_SPLIT) => Some("llama-bpe"),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    };
    let words = words.ok_or_else(|| refused(format!("a tokenizer that cuts texts by {pre}")))?;
    let normalizer = tokenizer["normalizer"]["type"].as_str();
    if normalizer != (words == "qwen2").then_some("NFC") {
        return Err(refused(format!("a tokenizer with normalizer {normalizer:?} that cuts texts as `{words}`")));
    }
    let model = &tokenizer["model"];
    let whole_words = model["ignore_merges"] == true;
    if model["type"].as_str().is_some_and(|kind| kind != "BPE")
        || model["byte_fallback"] == true
        || whole_words != (words == "llama-bpe")
    {
        return Err(refused("a tokenizer other than byte-level BPE"));
    }
    Ok(words)
}

/// The text and type of every id below `count`.
fn tokens(tokenizer: &Value, count: usize) -> Result<(Vec<String>, Vec<i32>), CompressError> {
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
        set(id.as_u64(), text, NORMAL)?;
    }
    for token in tokenizer["added_tokens"].as_array().map_or(&[][..], Vec::as_slice) {
        let text = token["content"].as_str().unwrap_or("");
        if token["lstrip"] == true || token["rstrip"] == true || token["single_word"] == true {
            return Err(refused(format!("token `{text}`, which takes spaces with it")));
        }
        set(token["id"].as_u64(), text, if token["special"] == true { CONTROL } else { USER_DEFINED })?;
    }
    let mut ids = HashMap::new();
    for (id, text) in texts.iter().enumerate() {
        if let Some(other) = ids.insert(text, id) {
            return Err(refused(format!("token `{text}` twice, as {other} and {id}")));
        }
    }
    Ok((texts, types))
}

/// Pairs of tokens in the order in which they are merged: `left right`.
fn merges(tokenizer: &Value) -> Result<Vec<String>, CompressError> {
    let all = tokenizer["model"]["merges"].as_array().ok_or_else(|| refused("a tokenizer without merges"))?;
    let one = |merge: &Value| {
        let parts = match merge {
            Value::String(text) => Some(text.clone()),
            Value::Array(two) => match two.as_slice() {
                [Value::String(left), Value::String(right)] => Some(format!("{left} {right}")),
                _ => None,
            },
            _ => None,
        };
        parts.filter(|text| text.matches(' ').count() == 1).ok_or_else(|| refused(format!("the merge {merge}")))
    };
    all.iter().map(one).collect()
}

/// Adds the tokens that begin, end and fill.
fn special(all: &mut Metadata, checkpoint: &Checkpoint, settings: &Value) -> Result<(), CompressError> {
    let tokenizer = checkpoint.tokenizer()?;
    let named = |name: &str| {
        let value = &settings[name];
        value.as_str().or_else(|| value["content"].as_str()).and_then(|text| tokenizer.token_id(text))
    };
    let begin = named("bos_token");
    for (key, id) in [("bos", begin), ("padding", named("pad_token")), ("unknown", named("unk_token"))] {
        if let Some(id) = id {
            all.whole(&format!("tokenizer.ggml.{key}_token_id"), id);
        }
    }
    let adds = match tokenizer.encode("", true)?.as_slice() {
        [] => false,
        [id] if Some(*id) == begin => true,
        other => return Err(refused(format!("a tokenizer that puts the tokens {other:?} around a text"))),
    };
    all.flag("tokenizer.ggml.add_bos_token", adds);
    let ends = tokenizer.eos();
    if let Some(end) = named("eos_token").or(ends.first().copied()) {
        all.whole("tokenizer.ggml.eos_token_id", end);
    }
    if let Some(other) = ends.iter().find(|&&id| Some(id) != named("eos_token")).filter(|_| ends.len() > 1) {
        all.whole("tokenizer.ggml.eot_token_id", *other);
        all.wholes(STOP_TOKENS, ends.iter().map(|&id| id as i32).collect::<Vec<_>>().into_iter());
    }
    Ok(())
}

/// The chat template of `tokenizer_config.json`.
fn template_of(settings: &Value) -> Option<&str> {
    match &settings["chat_template"] {
        Value::Array(named) => named.iter().find(|one| one["name"] == "default")?["template"].as_str(),
        value => value.as_str(),
    }
}
