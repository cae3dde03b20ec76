//! Chat templates as people have them: those that refuse a role or a conversation, print a date, or are given arguments.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Checked, refused, run, succeeds};

/// Refuses all roles but user and assistant.
const TWO_ROLES: &str = "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}\
    {{ raise_exception('roles must alternate') }}{% endif %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n\
    {% endfor %}<|im_start|>assistant\n";
/// Prints the date and what it is given.
const DATED: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
    {{ strftime_now('%Y') }}{{ enable_thinking }}<|im_start|>assistant\n";
const PICO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/pico");

/// The bundled model as a folder `m`, with other settings of its tokenizer.
fn model(folder: &Path, changes: &Value) -> Checked<()> {
    let out = folder.join("m");
    fs::create_dir(&out)?;
    for entry in fs::read_dir(PICO)? {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(&path, out.join(path.file_name().ok_or("no name")?))?;
        }
    }
    let path = out.join("tokenizer_config.json");
    let mut settings: Value = serde_json::from_slice(&fs::read(&path)?)?;
    for (name, value) in changes.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    Ok(fs::write(path, settings.to_string())?)
}

const NEEDLE: [&str; 9] =
    ["generate", "--model_name", "m", "--tasks", "needle", "--limit", "4", "--output_path", "out"];

fn prompting(folder: &Path) -> Checked<Value> {
    let record: Value = serde_json::from_slice(&fs::read(folder.join("out/run.json"))?)?;
    Ok(record["prompting"].clone())
}

#[test]
fn a_refused_system_message_is_folded_and_said_once() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    model(folder.path(), &json!({"chat_template": TWO_ROLES}))?;
    let output = run(folder.path(), &NEEDLE)?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("takes no such system message").count(), 1, "{said}");
    let notes = prompting(folder.path())?["notes"].to_string();
    assert!(notes.contains("takes no such system message"), "{notes}");
    // The transcript keeps the conversation as the task has it.
    assert!(fs::read_to_string(folder.path().join("out/dense/transcripts/needle.jsonl"))?.contains("\"system\""));
    Ok(())
}

#[test]
fn a_refused_conversation_is_one_failed_sample() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    model(folder.path(), &json!({}))?;
    succeeds(folder.path(), &NEEDLE)?;
    let samples = fs::read_to_string(folder.path().join("out/tasks/needle.jsonl"))?;
    let first: Value = serde_json::from_str(samples.lines().next().ok_or("no sample")?)?;
    let question = first["messages"].as_array().and_then(|turns| turns.last()).ok_or("no message")?;
    let length = question["content"].as_str().ok_or("no text")?.chars().count();
    let picky = format!(
        "{{% if messages[-1].content|length == {length} %}}{{{{ raise_exception('not this one') }}}}{{% endif %}}\
         {{% for m in messages %}}<|im_start|>{{{{ m.role }}}}\n{{{{ m.content }}}}<|im_end|>\n{{% endfor %}}"
    );
    fs::write(folder.path().join("m/chat_template.jinja"), picky)?;
    let other = tempfile::tempdir()?;
    let target = other.path().join("out").display().to_string();
    let mut ask = NEEDLE.to_vec();
    ask[8] = &target;
    let output = run(folder.path(), &ask)?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("of 4 samples cannot be asked and will fail") && said.contains("not this one"), "{said}");
    let lines = fs::read_to_string(other.path().join("out/dense/transcripts/needle.jsonl"))?;
    assert!(lines.contains("not this one"), "{lines}");
    Ok(())
}

#[test]
fn a_template_that_takes_no_sample_is_an_error_before_anything_is_compressed() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    model(folder.path(), &json!({"chat_template": "{{ raise_exception('never') }}"}))?;
    let ask = ["evaluate", "--model_name", "m", "--tasks", "needle", "--limit", "2", "--compression_method", "rtn"];
    let said = refused(folder.path(), &[&ask[..], &["--output_path", "out"]].concat())?;
    assert!(said.contains("none of the 2 samples can be asked") && said.contains("never"), "{said}");
    assert!(!folder.path().join("out").exists());
    Ok(())
}

#[test]
fn what_a_template_is_given_and_its_date_belong_to_the_run() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    model(folder.path(), &json!({"chat_template": DATED}))?;
    let given = [&NEEDLE[..], &["--template_args", "enable_thinking=false", "nobody_reads=1"]].concat();
    let output = run(folder.path(), &given)?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("do not depend on `nobody_reads`") && !said.contains("on `enable_thinking`"), "{said}");
    let first = prompting(folder.path())?;
    assert_eq!(first["template_args"], json!({"enable_thinking": false, "nobody_reads": 1}));
    let clock = first["clock"].as_str().ok_or("no clock")?;
    assert!(clock.starts_with("20") && clock.len() == 19, "{clock}");
    // The same again resumes, with the recorded time.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    succeeds(folder.path(), &given)?;
    assert_eq!(prompting(folder.path())?["clock"], first["clock"]);
    let said = refused(folder.path(), &[&NEEDLE[..], &["--template_args", "enable_thinking=true"]].concat())?;
    assert!(said.contains("template_args.enable_thinking: the run has false, asked now is true"), "{said}");
    let said = refused(folder.path(), &[&NEEDLE[..], &["--template_args", "messages=[]"]].concat())?;
    assert!(said.contains("`messages` comes from the samples"), "{said}");
    Ok(())
}

#[test]
fn the_bundled_models_run_records_how_its_tasks_were_written() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let ask = ["generate", "--tasks", "needle", "--limit", "1", "--output_path", "out"];
    succeeds(folder.path(), &ask)?;
    let written = json!({"num_fewshot": 0, "max_seq_length": 1024, "max_thinking_tokens": 4096});
    assert_eq!(prompting(folder.path())?, written);
    Ok(())
}

#[test]
fn a_run_keeps_how_its_agents_reply() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let ask = ["generate", "--tasks", "pddl", "--limit", "1", "--num_fewshot", "1", "--output_path", "out"];
    let react = [&ask[..], &["--agent", "react"]].concat();
    succeeds(folder.path(), &react)?;
    assert_eq!(prompting(folder.path())?["agent"], "react");
    let samples = std::fs::read_to_string(folder.path().join("out/tasks/pddl.jsonl"))?;
    assert!(samples.contains("Thought: To come closer"), "{samples}");
    let said = refused(folder.path(), &ask)?;
    assert!(said.contains("agent: the run has react, asked now is"), "{said}");
    let said =
        refused(folder.path(), &["generate", "--tasks", "tool_query", "--calling", "native", "--output_path", "c"])?;
    assert!(said.contains("the chat template has no place for tools"), "{said}");
    Ok(())
}

#[test]
fn prompts_without_a_template_begin_as_transformers_begins_them() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let llama = json!({"tokenizer_class": "LlamaTokenizerFast", "bos_token": "<|endoftext|>"});
    model(folder.path(), &llama)?;
    let ask = [&NEEDLE[..], &["--apply_chat_template", "false"]].concat();
    succeeds(folder.path(), &ask)?;
    assert_eq!(prompting(folder.path())?["before"], json!(["<|endoftext|>"]));
    Ok(())
}
