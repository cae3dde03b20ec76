//! Files and folders as people have them: byte-order marks, last lines without newline, arrays of chats, the hub's cache.

mod support;

use std::fs;
use std::path::Path;

use record::CompressionRecord;
use serde_json::json;
use support::{Checked, json as json_of, refused, run, succeeds};

const MARK: &str = "\u{FEFF}";

fn marked(path: &Path) -> Checked<()> {
    let text = fs::read_to_string(path)?;
    Ok(fs::write(path, format!("{MARK}{text}"))?)
}

fn utf16(path: &Path, text: &str) -> Checked<()> {
    let wide: Vec<u8> = format!("{MARK}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(fs::write(path, wide)?)
}

/// The bundled model as a repository of the hub's cache.
fn cached_model(root: &Path) -> Checked<()> {
    let pico = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/pico");
    let inside = root.join("snapshots/00aa");
    fs::create_dir_all(&inside)?;
    for entry in fs::read_dir(pico)? {
        let path = entry?.path();
        fs::copy(&path, inside.join(path.file_name().ok_or("no name")?))?;
    }
    Ok(())
}

#[test]
fn a_mark_and_a_last_line_without_newline_change_no_run() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("replies.jsonl");
    let ask = ["evaluate", "--replies", "replies.jsonl", "--tasks", "needle", "--limit", "2", "--output_path"];
    fs::write(&path, "{\"text\": \"a\"}\n{\"variant\": \"other\", \"text\": \"b\"}\n")?;
    succeeds(folder.path(), &[&ask[..], &["plain"]].concat())?;
    fs::write(&path, format!("{MARK}{{\"text\": \"a\"}}\r\n{{\"variant\": \"other\", \"text\": \"b\"}}"))?;
    succeeds(folder.path(), &[&ask[..], &["marked"]].concat())?;
    let scores = |run: &str| fs::read(folder.path().join(run).join("other/scores/needle.jsonl"));
    assert_eq!(scores("plain")?, scores("marked")?);
    for name in ["run.json", "dense/transcripts/needle.jsonl", "other/scores/needle.jsonl"] {
        marked(&folder.path().join("marked").join(name))?;
    }
    succeeds(folder.path(), &["report", "marked"])?;
    succeeds(folder.path(), &["score", "marked"])?;
    assert_eq!(scores("plain")?, scores("marked")?);
    utf16(&path, "{\"text\": \"a\"}\n")?;
    assert!(refused(folder.path(), &[&ask[..], &["wide"]].concat())?.contains("UTF-16"));
    Ok(())
}

#[test]
fn settings_and_calibration_text_may_be_marked() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let words = "one two three four five six seven ".repeat(40);
    let talk =
        json!([{"conversations": [{"from": "human", "value": words}, {"from": "gpt", "value": "ok"}]}]).to_string();
    let lines =
        json!({"messages": [{"role": "user", "content": words}, {"role": "assistant", "content": "ok"}]}).to_string();
    fs::write(folder.path().join("settings.toml"), format!("{MARK}sequences = 1\nlength = 64\n"))?;
    let mut digests = Vec::new();
    for (name, text) in [("a.json", &talk), ("b.jsonl", &lines)] {
        fs::write(folder.path().join(name), format!("{MARK}{text}"))?;
        let out = format!("of-{name}");
        let ask = ["compress", "--method", "wanda", "--method_config", "settings.toml", "--calibration", name];
        succeeds(folder.path(), &[&ask[..], &["--output_path", &out]].concat())?;
        let made: CompressionRecord = record::read_json(&folder.path().join(&out).join("compress.json"))?;
        assert_eq!(made.calibration.map(|text| (text.sequences, text.length)), Some((1, 64)));
        digests.push(fs::read(folder.path().join(&out).join("model.safetensors"))?);
        utf16(&folder.path().join(name), text)?;
        assert!(refused(folder.path(), &[&ask[..], &["--output_path", "none"]].concat())?.contains("UTF-16"));
    }
    assert!(digests[0] == digests[1], "the same chat in both forms");
    Ok(())
}

#[test]
fn repositories_of_the_hub_s_cache_stand_for_their_snapshots() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    cached_model(&folder.path().join("hub/models--acbench--pico"))?;
    let ask = ["generate", "--tasks", "needle", "--limit", "1", "--model_name", "hub/models--acbench--pico"];
    let output = run(folder.path(), &ask)?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success() && said.contains("its snapshot 00aa is taken"), "{said}");
    let runs: Vec<_> = fs::read_dir(folder.path().join("runs"))?.collect::<Result<_, _>>()?;
    assert!(runs.iter().all(|run| run.file_name().to_string_lossy().starts_with("pico-")), "{runs:?}");
    let found = json_of(folder.path(), &["inspect", "hub/models--acbench--pico", "--json"])?;
    assert_eq!(found["digest"], json_of(folder.path(), &["inspect", "--json"])?["digest"]);
    let data = folder.path().join("datasets--o--d/snapshots/00bb");
    fs::create_dir_all(&data)?;
    fs::write(
        data.join("needle.json"),
        r#"{"lengths": [60], "depths": 1, "needle": "It is 7.", "question": "?", "answer": "7"}"#,
    )?;
    fs::write(data.join("a.txt"), "One. Two. ".repeat(40))?;
    fs::write(folder.path().join("replies.jsonl"), "{\"text\": \"7\"}")?;
    let ask = ["evaluate", "--tasks", "needle", "--data", "needle=datasets--o--d", "--replies", "replies.jsonl"];
    let output = run(folder.path(), &[&ask[..], &["--output_path", "out"]].concat())?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success() && said.contains("its snapshot 00bb is taken"), "{said}");
    Ok(())
}

const GAMES: [&str; 7] = ["evaluate", "--replies", "replies.jsonl", "--tasks", "pddl", "--limit", "4"];

/// A run of four games in `out`, in each of which the model only tries to fly.
fn games(folder: &Path) -> Checked<()> {
    fs::write(folder.join("replies.jsonl"), "{\"text\": \"fly\"}\n{\"variant\": \"other\", \"text\": \"fly\"}\n")?;
    succeeds(folder, &[&GAMES[..], &["--output_path", "out"]].concat()).map(drop)
}

#[test]
fn what_samples_share_lies_in_a_run_once_and_is_written_again_where_it_is_gone() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    games(folder.path())?;
    let out = folder.path().join("out");
    let samples = fs::read_to_string(out.join("tasks/pddl.jsonl"))?;
    assert!(samples.contains("\"assets\":[{\"name\":\"rules\"") && !samples.contains("(define (domain"));
    let assets = || -> Checked<Vec<_>> {
        let all = fs::read_dir(out.join("tasks/pddl.assets"))?.map(|entry| Ok(entry?.path()));
        all.collect()
    };
    let (all, said) = (assets()?, fs::read(out.join("dense/transcripts/pddl.jsonl"))?);
    assert_eq!(all.len(), 4);
    for change in [None, Some("other rules")] {
        fs::remove_file(out.join("dense/transcripts/pddl.jsonl"))?;
        for path in &all {
            change.map_or_else(|| fs::remove_file(path), |text| fs::write(path, text))?;
        }
        let why = refused(folder.path(), &["generate", "out"])?;
        let says = if change.is_some() { "no longer what the run began with" } else { "cannot be read from" };
        assert!(why.contains("`rules`") && why.contains(says), "{why}");
        succeeds(folder.path(), &[&GAMES[..], &["--output_path", "out"]].concat())?;
        assert_eq!(fs::read(out.join("dense/transcripts/pddl.jsonl"))?, said);
        assert_eq!(assets()?.len(), 4);
    }
    Ok(())
}

#[test]
fn transcripts_that_others_wrote_are_not_asked_for_again_and_must_be_of_the_run() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    games(folder.path())?;
    let own = folder.path().join("out/dense/transcripts/pddl.jsonl");
    let (shard, scores) = (own.with_extension("").join("1.jsonl"), folder.path().join("out/dense/scores/pddl.jsonl"));
    let (text, scored) = (fs::read_to_string(&own)?, fs::read(&scores)?);
    let of_two = |line: &&str| ["gripper-0000", "barman-0000"].iter().any(|sample| line.contains(sample));
    let (theirs, ours): (Vec<&str>, Vec<&str>) = text.lines().partition(of_two);
    fs::create_dir_all(own.with_extension(""))?;
    // The last newline is missing, and a torn line of another sample follows in the run's own file.
    fs::write(&shard, theirs.join("\n"))?;
    fs::write(&own, format!("{{\"line\": \"reply\", \"sample\": \"{}", &ours[0][..20]))?;
    succeeds(folder.path(), &["generate", "out"])?;
    let asked = fs::read_to_string(&own)?;
    assert!(!asked.is_empty() && !asked.lines().any(|line| of_two(&line)), "{asked}");
    succeeds(folder.path(), &["score", "out"])?;
    assert_eq!(fs::read(&scores)?, scored);
    fs::write(&shard, theirs.join("\n").replace("-0000", "-9999") + "\n")?;
    let why = refused(folder.path(), &["score", "out"])?;
    assert!(why.contains("gripper-0000 has none") && why.contains("take files of other runs out"), "{why}");
    Ok(())
}
