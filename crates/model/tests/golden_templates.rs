//! Published chat templates beside `transformers`: every case of `golden/templates.jsonl`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use model::{Chat, ChatTemplate, Clock, ModelError};
use record::Message;
use serde_json::{Map, Value};

type Checked<T> = Result<T, Box<dyn Error>>;

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

/// A template as a user's file holds it, with the special tokens of the reference.
fn template(path: &Path) -> Checked<ChatTemplate> {
    let specials = [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")];
    let specials = specials.map(|(name, token)| (name.to_owned(), token.to_owned()));
    Ok(ChatTemplate::new(path.to_owned(), &std::fs::read_to_string(path)?, BTreeMap::from(specials))?)
}

fn render(template: &ChatTemplate, case: &Map<String, Value>) -> Checked<Result<String, ModelError>> {
    let mut args = case.clone();
    args.remove("case");
    let messages: Vec<Message> = serde_json::from_value(args.remove("messages").unwrap_or_default())?;
    let tools = match args.remove("tools") {
        Some(Value::Array(tools)) => tools,
        _ => Vec::new(),
    };
    let prompt = args.remove("add_generation_prompt").is_some_and(|value| value == true);
    let clock = Clock::read("2026-03-14T09:26:53").ok_or("no clock")?;
    Ok(template.render(&Chat { messages: &messages, tools: &tools, args: &args, clock }, prompt))
}

/// What is wrong with a rendering, in one line.
fn complaint(row: &Value, got: &Result<String, ModelError>) -> Option<String> {
    let name = format!("{} {}", row["template"], row["case"]);
    match (row["refused"].as_str(), got) {
        (Some("TemplateError"), Ok(_)) => Some(format!("{name}: should be refused")),
        (Some(_), _) => None,
        (None, Err(error)) => Some(format!("{name}: {error}")),
        (None, Ok(text)) if row["sha256"] == record::digest(text.as_bytes()) => None,
        (None, Ok(text)) => Some(format!("{name}: {} characters of {}: {text:?}", text.chars().count(), row["chars"])),
    }
}

#[test]
fn golden_templates_render_as_transformers_renders_them() -> Checked<()> {
    let folder = golden();
    let Ok(rows) = std::fs::read_to_string(folder.join("templates.jsonl")) else {
        println!("skipped: {} has no templates.jsonl", folder.display());
        return Ok(());
    };
    let cases: Vec<Map<String, Value>> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("templates_cases.json"))?)?;
    let mut templates: BTreeMap<String, ChatTemplate> = BTreeMap::new();
    let (mut count, mut wrong) = (0, Vec::new());
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line)?;
        let name = row["template"].as_str().ok_or("a row without a template")?;
        if !templates.contains_key(name) {
            let path = folder.join(format!("../data/templates/{name}.jinja"));
            templates.insert(name.to_owned(), template(&path)?);
        }
        let case = cases.iter().find(|case| case["case"] == row["case"]).ok_or("a row of no case")?;
        count += 1;
        wrong.extend(complaint(&row, &render(&templates[name], case)?));
    }
    println!("{} of {count} renderings of {} templates", count - wrong.len(), templates.len());
    assert!(wrong.is_empty() && count > 0, "{}", wrong.join("\n"));
    Ok(())
}
