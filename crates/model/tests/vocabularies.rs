//! Tokenizers of whichever files a folder has: the same tokens as `tokenizer.json` gives, or the real cause.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use model::Checkpoint;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

const TEXTS: [&str; 6] = [
    "The cat's 12 hats,  don't\n\n\tgo!",
    "<|im_start|>user\nhi<|im_end|>",
    "e\u{301} é 中文 🙂 \u{FEFF}x",
    "",
    " \n \n",
    "a<|endoftext|> b",
];

fn pico() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pico")
}

fn json_of(name: &str) -> Checked<Value> {
    Ok(serde_json::from_slice(&fs::read(pico().join(name))?)?)
}

/// The bundled model without its tokenizer's files.
fn folder(settings: &Value) -> Checked<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for name in ["config.json", "model.safetensors"] {
        fs::copy(pico().join(name), folder.path().join(name))?;
    }
    fs::write(folder.path().join("tokenizer_config.json"), settings.to_string())?;
    Ok(folder)
}

/// Writes the vocabulary and the merges of a `tokenizer.json` as two files.
fn write_pair(folder: &Path, tokenizer: &Value) -> Checked<()> {
    fs::write(folder.join("vocab.json"), format!("\u{FEFF}{}", tokenizer["model"]["vocab"]))?;
    let mut text = "#version: 0.2\r\n".to_owned();
    for merge in tokenizer["model"]["merges"].as_array().ok_or("no merges")? {
        let pair: Vec<&str> = match merge {
            Value::String(pair) => pair.split(' ').collect(),
            pair => pair.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        };
        text.push_str(&format!("{}\r\n", pair.join(" ")));
    }
    Ok(fs::write(folder.join("merges.txt"), text)?)
}

/// The added tokens of a `tokenizer.json` as `tokenizer_config.json` lists them.
fn added(tokenizer: &Value) -> Value {
    let all = tokenizer["added_tokens"].as_array().into_iter().flatten();
    Value::Object(all.map(|token| (token["id"].to_string(), token.clone())).collect())
}

fn ids(folder: &Path) -> Checked<Vec<(Vec<u32>, String)>> {
    let checkpoint = Checkpoint::open(folder)?;
    let tokenizer = checkpoint.tokenizer()?;
    let one = |text: &&str| {
        let ids = tokenizer.encode(text, true)?;
        let text = tokenizer.decode(&ids)?;
        Ok((ids, text))
    };
    TEXTS.iter().map(one).collect()
}

fn complaint(folder: &Path) -> Checked<String> {
    Ok(Checkpoint::open(folder)?.tokenizer().err().ok_or("it loads")?.to_string())
}

#[test]
fn vocab_and_merges_are_the_tokenizer_that_tokenizer_json_is() -> Checked<()> {
    let (tokenizer, mut settings) = (json_of("tokenizer.json")?, json_of("tokenizer_config.json")?);
    settings["tokenizer_class"] = json!("GPT2TokenizerFast");
    settings["added_tokens_decoder"] = added(&tokenizer);
    let listed = folder(&settings)?;
    write_pair(listed.path(), &tokenizer)?;
    assert_eq!(ids(listed.path())?, ids(&pico())?);
    settings["added_tokens_decoder"] = Value::Null;
    settings["unk_token"] = json!("<|im_start|>");
    let by_role = folder(&settings)?;
    write_pair(by_role.path(), &tokenizer)?;
    assert_eq!(ids(by_role.path())?, ids(&pico())?);
    let by_table = folder(&json!({"tokenizer_class": "GPT2Tokenizer", "additional_special_tokens": []}))?;
    write_pair(by_table.path(), &tokenizer)?;
    fs::write(by_table.path().join("added_tokens.json"), r#"{"<|im_end|>": 2, "<|im_start|>": 1}"#)?;
    assert_eq!(
        ids(by_table.path())?.iter().map(|(ids, _)| ids.clone()).collect::<Vec<_>>(),
        ids(&pico())?.iter().map(|(ids, _)| ids.clone()).collect::<Vec<_>>()
    );
    Ok(())
}

#[test]
fn qwen2_s_two_files_are_cut_as_qwen2_cuts() -> Checked<()> {
    let mut tokenizer = json_of("tokenizer.json")?;
    let settings = json!({"added_tokens_decoder": added(&tokenizer)});
    let two = folder(&settings)?;
    write_pair(two.path(), &tokenizer)?;
    let whole = folder(&settings)?;
    let words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    tokenizer["normalizer"] = json!({"type": "NFC"});
    tokenizer["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": words}, "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]});
    fs::write(whole.path().join("tokenizer.json"), tokenizer.to_string())?;
    assert_eq!(ids(two.path())?, ids(whole.path())?);
    assert_ne!(ids(two.path())?, ids(&pico())?);
    Ok(())
}

#[test]
fn tokens_that_only_the_settings_list_are_tokens() -> Checked<()> {
    let mut settings = json_of("tokenizer_config.json")?;
    let token = |content: &str, special: bool| json!({"content": content, "special": special, "lstrip": false, "rstrip": false, "normalized": false, "single_word": false});
    let mut listed = added(&json_of("tokenizer.json")?);
    listed["1918"] = token("<tool>", false);
    settings["added_tokens_decoder"] = listed;
    let folder = folder(&settings)?;
    let mut tokenizer = json_of("tokenizer.json")?;
    let vocab = tokenizer["model"]["vocab"].as_object_mut().ok_or("no vocabulary")?;
    let last: Vec<String> =
        vocab.iter().filter(|(_, id)| id.as_u64() >= Some(1918)).map(|(token, _)| token.clone()).collect();
    vocab.retain(|token, _| !last.contains(token));
    let merges = tokenizer["model"]["merges"].as_array_mut().ok_or("no merges")?;
    merges.retain(|merge| {
        let whole = merge.as_str().map_or_else(
            || merge.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<String>(),
            |pair| pair.replace(' ', ""),
        );
        !last.contains(&whole)
    });
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string())?;
    let checkpoint = Checkpoint::open(folder.path())?;
    let tokenizer = checkpoint.tokenizer()?;
    let id = tokenizer.token_id("<tool>").ok_or("it is no token")?;
    assert_eq!(tokenizer.encode("<tool>", false)?, [id]);
    assert_eq!(tokenizer.decode(&[id])?, "<tool>");
    settings["added_tokens_decoder"] = json!({"x": 3});
    fs::write(folder.path().join("tokenizer_config.json"), settings.to_string())?;
    assert!(complaint(folder.path())?.contains("added_tokens_decoder"));
    Ok(())
}

#[test]
fn other_vocabularies_are_named_with_their_cure() -> Checked<()> {
    for (name, says) in [
        ("tokenizer.model", "SentencePiece"),
        ("tekken.json", "Mistral's own"),
        ("qwen.tiktoken", "tiktoken"),
        ("vocab.txt", "WordPiece"),
        ("vocab.json", "tokenizer.json is missing"),
    ] {
        let folder = folder(&json!({}))?;
        fs::write(folder.path().join(name), "{}")?;
        let said = complaint(folder.path())?;
        assert!(said.contains(says) && said.contains("save_pretrained"), "{name}: {said}");
    }
    let folder = folder(&json!({"tokenizer_class": "BartTokenizer"}))?;
    write_pair(folder.path(), &json_of("tokenizer.json")?)?;
    assert!(complaint(folder.path())?.contains("GPT2Tokenizer"));
    fs::write(folder.path().join("tokenizer_config.json"), "{}")?;
    fs::write(folder.path().join("merges.txt"), "a b\nalone\n")?;
    assert!(complaint(folder.path())?.contains("merges.txt is damaged: line 2"));
    fs::write(folder.path().join("merges.txt"), "zz zzz\n")?;
    assert!(complaint(folder.path())?.contains("does not fit merges.txt"));
    Ok(())
}
