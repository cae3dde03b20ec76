//! Scoring by an embedder: embedded once, kept in the run, said in every record; and what happens where it is gone.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Checked, json as json_of, refused, run, succeeds};
use task::{Asking, Source, Split, TASKS, Words};

fn encoder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures/encoders").join(name)
}

/// Workflow samples, answered by `dense` as they should be, and by `off` with the words of each step turned around.
fn write_replies(folder: &Path) -> Checked<()> {
    let task = TASKS.iter().find(|task| task.name() == "worfbench").ok_or("no such task")?;
    let samples = task
        .samples(&Source::Generated { seed: 0, split: Split::Test, asking: Asking::BARE }, &Words, Some(12))?
        .samples;
    let mut lines = Vec::new();
    for sample in samples {
        let answer = task::workflow::twin::answer(&sample);
        let turned = |line: &str| match line.split_once(": ") {
            Some((number, step)) => {
                format!("{number}: {}", step.split(' ').rev().collect::<Vec<_>>().join(" "))
            }
            None => line.to_owned(),
        };
        let off: Vec<String> = answer.lines().map(turned).collect();
        lines.push(json!({"variant": "dense", "sample": sample.id, "text": answer}).to_string());
        lines.push(json!({"variant": "off", "sample": sample.id, "text": off.join("\n")}).to_string());
    }
    Ok(fs::write(folder.join("replies.jsonl"), lines.join("\n") + "\n")?)
}

fn ask(folder: &Path, embedder: &Path) -> Checked<Value> {
    let embedder = embedder.display().to_string();
    let ask = ["evaluate", "--replies", "replies.jsonl", "--tasks", "workflow", "--limit", "12", "--json"];
    json_of(folder, &[&ask[..], &["--output_path", "out", "--embedder", &embedder]].concat())
}

fn scores(folder: &Path) -> Checked<Vec<u8>> {
    Ok(fs::read(folder.join("out/off/scores/worfbench.jsonl"))?)
}

fn judge(folder: &Path) -> Checked<String> {
    let record: Value = serde_json::from_slice(&fs::read(folder.join("out/run.json"))?)?;
    Ok(record["tasks"][0]["judge"].as_str().unwrap_or_default().to_owned())
}

fn cache(folder: &Path) -> Checked<PathBuf> {
    let entry = fs::read_dir(folder.join("out/embeddings"))?.next().ok_or("no cache")??;
    Ok(entry.path())
}

#[test]
fn texts_are_embedded_once_and_a_broken_cache_is_made_anew() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    write_replies(here)?;
    let result = ask(here, &encoder("mpnet"))?;
    assert_eq!(result["analysis"]["summaries"][0]["mean"], 1.0);
    assert!(judge(here)?.starts_with("mpnet@") && judge(here)?.len() == "mpnet@".len() + 12, "{}", judge(here)?);
    let (first, kept) = (scores(here)?, fs::read(cache(here)?)?);
    let said = |args: &[&str]| -> Checked<String> { Ok(String::from_utf8(run(here, args)?.stderr)?) };
    assert!(!said(&["score", "out"])?.contains("embedded"));
    assert_eq!(scores(here)?, first);
    for damage in [&kept[..0], &kept[..kept.len() / 2], &[&kept[..kept.len() - 1], b"?"].concat()] {
        fs::write(cache(here)?, damage)?;
        let said = said(&["score", "out"])?;
        assert!(said.contains("is made anew") && said.contains("embedded"), "{said}");
        assert_eq!((scores(here)?, fs::read(cache(here)?)?), (first.clone(), kept.clone()));
    }
    Ok(())
}

#[test]
fn an_embedder_may_be_changed_and_is_missed_only_where_it_is_needed() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    write_replies(here)?;
    let own = here.join("own");
    fs::create_dir_all(own.join("1_Pooling"))?;
    for file in ["config.json", "modules.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        fs::copy(encoder("bert").join(file), own.join(file))?;
    }
    ask(here, &own)?;
    let first = scores(here)?;
    assert!(judge(here)?.starts_with("own@"));
    fs::rename(&own, here.join("elsewhere"))?;
    // What is kept needs no embedder; what is not names the one that is missing.
    succeeds(here, &["score", "out"])?;
    assert_eq!(scores(here)?, first);
    let kept = cache(here)?;
    let embedded = fs::read(&kept)?;
    fs::remove_file(&kept)?;
    let said = refused(here, &["score", "out"])?;
    assert!(said.contains("own") && said.contains("hf download"), "{said}");
    // Another one under the same name is not taken for it.
    fs::rename(here.join("elsewhere"), &own)?;
    fs::write(own.join("sentence_bert_config.json"), "{\"max_seq_length\": 20}")?;
    let said = refused(here, &["score", "out"])?;
    assert!(said.contains("is no longer what this run began with"), "{said}");
    fs::write(&kept, embedded)?;

    succeeds(here, &["score", "out", "--embedder", "lexical"])?;
    assert_eq!(judge(here)?, "lexical");
    assert_ne!(scores(here)?, first);
    succeeds(here, &["score", "out", "--embedder", &encoder("mpnet").display().to_string()])?;
    assert!(judge(here)?.starts_with("mpnet@"));
    let report =
        json_of(here, &["analyze", "out", "--json"]).and_then(|_| json_of(here, &["report", "out", "--json"]))?;
    assert!(report.to_string().contains("mpnet@"), "{report}");
    Ok(())
}

#[test]
fn a_name_that_is_no_folder_is_looked_for_on_the_hub_and_the_cure_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(folder.path())?;
    let ask = ["evaluate", "--replies", "replies.jsonl", "--tasks", "workflow", "--limit", "12"];
    for (flags, says) in [
        (["--embedder", "owner/no-such-model"], "hf download owner/no-such-model --local-dir"),
        (["--embedder_zh", "owner/no-such-model"], "HF_HUB_OFFLINE is set"),
        (["--embedder", "no-such-folder"], "no-such-folder"),
        (["--model_name", "owner/no-such-model@v1"], "owner/no-such-model@v1 cannot be had from the hub"),
        (["--calibration", "hub:owner/data/../x.jsonl"], "may not leave the data set"),
        (["--calibration", "hub:owner/data/x.jsonl"], "hf download owner/data"),
    ] {
        let said = refused(folder.path(), &[&ask[..], &flags].concat())?;
        assert!(said.contains(says), "{flags:?}: {said}");
    }
    assert!(!folder.path().join("runs").exists());
    Ok(())
}
