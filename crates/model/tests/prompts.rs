//! Prompts of whole folders: where templates lie, which one counts, and which tokens stand around a text.

use std::error::Error;
use std::fs;
use std::path::Path;

use model::{Chat, Checkpoint, Clock, Surround};
use record::Message;
use serde_json::{Map, Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

/// The bundled model as a folder, with other settings of its tokenizer.
fn open(folder: &Path, changes: &Value) -> Checked<Checkpoint> {
    let pico = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pico"));
    for name in ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(pico.join(name), folder.join(name))?;
    }
    let mut settings: Value = serde_json::from_slice(&fs::read(pico.join("tokenizer_config.json"))?)?;
    for (name, value) in changes.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    fs::write(folder.join("tokenizer_config.json"), settings.to_string())?;
    Ok(Checkpoint::open(folder)?)
}

/// What is written for a user's `x`, with or without a tool.
fn written(checkpoint: &Checkpoint, tools: &[Value]) -> Checked<String> {
    let (messages, args) = ([Message::user("x")], Map::new());
    let chat = Chat { messages: &messages, tools, args: &args, clock: Clock::now() };
    Ok(checkpoint.tokenizer()?.write(&chat, true)?.text)
}

#[test]
fn a_template_is_found_wherever_it_lies_and_tools_have_their_own() -> Checked<()> {
    let tool = [json!({"type": "function", "function": {"name": "f"}})];
    let one = |name: &str| format!("{name}:{{{{ messages[0].content }}}}");
    let named = json!([{"name": "tool_use", "template": one("tools")}, {"name": "default", "template": one("list")}]);
    let folder = tempfile::tempdir()?;
    let checkpoint = open(folder.path(), &json!({"chat_template": named}))?;
    assert_eq!((written(&checkpoint, &[])?, written(&checkpoint, &tool)?), ("list:x".into(), "tools:x".into()));

    fs::write(folder.path().join("chat_template.json"), json!({"chat_template": one("json")}).to_string())?;
    let checkpoint = open(folder.path(), &json!({"chat_template": null}))?;
    assert_eq!((written(&checkpoint, &[])?, written(&checkpoint, &tool)?), ("json:x".into(), "json:x".into()));

    fs::write(folder.path().join("chat_template.jinja"), one("file\r\n"))?;
    fs::create_dir(folder.path().join("additional_chat_templates"))?;
    fs::write(folder.path().join("additional_chat_templates/tool_use.jinja"), one("more"))?;
    let checkpoint = open(folder.path(), &json!({"chat_template": "unused"}))?;
    assert_eq!((written(&checkpoint, &[])?, written(&checkpoint, &tool)?), ("file\n:x".into(), "more:x".into()));
    let names: Vec<String> = checkpoint.files()?.into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name == "additional_chat_templates/tool_use.jinja"), "{names:?}");

    let folder = tempfile::tempdir()?;
    let only_tools = json!([{"name": "tool_use", "template": "x"}]);
    let said = open(folder.path(), &json!({"chat_template": only_tools}))?.tokenizer().err().ok_or("it was read")?;
    assert!(said.to_string().contains("called `default`"), "{said}");
    Ok(())
}

#[test]
fn raw_prompts_begin_and_end_as_the_tokenizers_class_says_and_never_begin_twice() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let plain = open(folder.path(), &json!({}))?.tokenizer()?.prompt(&[Message::raw("a map")], true)?;
    let llama = |begin: Value, end: Value| {
        json!({"tokenizer_class": "LlamaTokenizer", "bos_token": "<|endoftext|>",
               "add_bos_token": begin, "add_eos_token": end})
    };
    for (changes, before, after) in [
        (llama(json!(true), json!(true)), true, true),
        (llama(Value::Null, Value::Null), true, false),
        (llama(json!(false), json!(true)), false, true),
        (llama(json!(false), json!(false)), false, false),
        (json!({"bos_token": "<|endoftext|>", "tokenizer_class": "Qwen2Tokenizer"}), false, false),
    ] {
        let checkpoint = open(folder.path(), &changes)?;
        let tokenizer = checkpoint.tokenizer()?;
        let id = |token: &str| tokenizer.token_id(token).ok_or("no such token");
        let (bos, eos) = (id("<|endoftext|>")?, id("<|im_end|>")?);
        let mut expected = plain.clone();
        expected.splice(0..0, before.then_some(bos));
        expected.extend(after.then_some(eos));
        assert_eq!(tokenizer.prompt(&[Message::raw("a map")], true)?, expected, "{changes}");
        let spelled = tokenizer.prompt(&[Message::raw("<|endoftext|>a map")], true)?;
        assert_eq!(spelled.iter().filter(|&&token| token == bos).count(), 1, "{changes}");
        let names = |there: bool, name: &str| if there { vec![name.to_owned()] } else { Vec::new() };
        let around = Surround { before: names(before, "<|endoftext|>"), after: names(after, "<|im_end|>") };
        assert_eq!(tokenizer.surround()?, around);
        // A template writes its own.
        assert_ne!(tokenizer.prompt(&[Message::user("a map")], true)?.first(), Some(&bos));
    }
    Ok(())
}
