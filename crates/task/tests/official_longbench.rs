//! LongBench's own files: found, filled in, dealt round, shortened, and refused where they are broken.

use std::error::Error;
use std::fs;
use std::path::Path;

use record::{Role, Sample};
use serde_json::json;
use task::long_context::longbench::{LongBench, SETS};
use task::{BadRows, Source, Task, TaskError, Tokens};

/// One token a character.
struct Chars;

impl Tokens for Chars {
    fn encode(&self, text: &str) -> Vec<u32> {
        text.chars().map(u32::from).collect()
    }

    fn decode(&self, ids: &[u32]) -> String {
        ids.iter().filter_map(|&id| char::from_u32(id)).collect()
    }
}

fn load(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<task::Drawn, TaskError> {
    LongBench.samples(&Source::folder(folder, bad_rows), &Chars, limit)
}

fn samples(folder: &Path, limit: Option<usize>) -> Result<Vec<Sample>, TaskError> {
    load(folder, BadRows::Refuse, limit).map(|drawn| drawn.held().0)
}

fn says(folder: &Path) -> String {
    load(folder, BadRows::Refuse, None).err().map_or_else(String::new, |error| error.to_string())
}

fn row(k: usize) -> String {
    let row = json!({"input": format!("what {{context}} {k}"), "context": "long {input}", "answers": ["Oslo"], "length": 4000 * k,
                     "all_classes": null, "dataset": "x", "language": "en", "_id": "1"});
    format!("{row}\n")
}

/// A folder with the rows of some sets and prompts of all.
fn folder(sets: &[&str]) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let prompts: serde_json::Map<String, serde_json::Value> =
        SETS.iter().map(|set| (set.name.to_owned(), json!("{context}|{input}:"))).collect();
    fs::create_dir(folder.path().join("config"))?;
    fs::write(folder.path().join("config/dataset2prompt.json"), serde_json::to_vec(&prompts)?)?;
    fs::write(folder.path().join("config/dataset2maxlen.json"), r#"{"qasper": 7}"#)?;
    fs::create_dir(folder.path().join("data"))?;
    for set in sets {
        fs::write(folder.path().join(format!("data/{set}.jsonl")), (0..3).map(row).collect::<String>())?;
    }
    Ok(folder)
}

#[test]
fn sets_are_dealt_round_and_asked_in_their_own_way() -> Result<(), Box<dyn Error>> {
    let folder = folder(&["lcc", "qasper", "qasper_e"])?;
    let all = samples(folder.path(), None)?;
    let ids: Vec<&str> = all.iter().map(|sample| sample.id.as_str()).collect();
    assert_eq!(ids, ["qasper-0001", "lcc-0001", "qasper-0002", "lcc-0002", "qasper-0003", "lcc-0003"]);
    assert_eq!(samples(folder.path(), Some(3))?[..], all[..3]);
    assert_eq!((all[0].messages[0].role, all[1].messages[0].role), (Role::User, Role::Raw));
    assert_eq!(all[0].messages[0].content, "long {input}|what {context} 0:");
    assert_eq!((all[0].max_tokens, all[1].max_tokens), (7, 64));
    let buckets: Vec<_> = all.iter().step_by(2).map(|sample| sample.tags["bucket"].clone()).collect();
    assert_eq!(buckets, ["0-4k", "4-8k", "8k+"]);
    fs::write(folder.path().join("longbench.json"), r#"{"sets": ["qasper_e"], "max_length": 8}"#)?;
    let even = samples(folder.path(), None)?;
    assert_eq!((even.len(), even[0].tags["set"].as_str()), (3, Some("qasper_e")));
    assert_eq!(even[0].messages[0].content, "long} 0:");
    Ok(())
}

#[test]
fn rows_may_lie_in_another_folder_than_the_prompts() -> Result<(), Box<dyn Error>> {
    let (whole, prompts, rows) = (folder(&["qasper", "lcc"])?, folder(&[])?, tempfile::tempdir()?);
    fs::rename(whole.path().join("data"), rows.path().join("data"))?;
    let apart = |rows: &Path| Source::Official {
        folder: prompts.path().to_owned(),
        rows: Some(rows.to_owned()),
        bad_rows: BadRows::Refuse,
    };
    let found = LongBench.samples(&apart(rows.path()), &Chars, None)?.held().0;
    fs::rename(rows.path().join("data"), whole.path().join("data"))?;
    assert_eq!((found.len(), found), (6, samples(whole.path(), None)?));
    let said = LongBench.samples(&apart(rows.path()), &Chars, None).err().map(|error| error.to_string());
    assert!(said.is_some_and(|said| said.contains(&rows.path().display().to_string())));
    Ok(())
}

#[test]
fn rows_that_cannot_be_used_are_refused_or_left_out() -> Result<(), Box<dyn Error>> {
    let folder = folder(&["qasper"])?;
    let path = folder.path().join("data/qasper.jsonl");
    for (bad, problem) in [
        (&b"{\"input\": \"\", \"context\": \"\", \"answers\": []}"[..], "no answers"),
        (b"{\"input\": \"\", \"context\": \"\"}", "no answers"),
        (b"{\"input\": \"\", \"context\": \"\", \"answers\": \"a\"}", "no answers"),
        (b"{\"input\": \"\", \"context\": 3, \"answers\": [\"a\"]}", "no text \"context\""),
        (b"{\"input\": \"\xff\", \"context\": \"\", \"answers\": [\"a\"]}", "no UTF-8"),
        (b"{\"input\": ", "no JSON"),
        (&b"[".repeat(100_000), "no JSON"),
    ] {
        let mut bytes = b"\xEF\xBB\xBF".to_vec();
        bytes.extend_from_slice(row(0).as_bytes());
        bytes.extend_from_slice(bad);
        fs::write(&path, bytes)?;
        let said = says(folder.path());
        assert!(said.contains("qasper.jsonl line 2") && said.contains(problem), "{said}");
        let drawn = load(folder.path(), BadRows::Skip, None)?;
        assert_eq!((drawn.samples.count(), drawn.skipped.len()), (1, 1));
    }
    Ok(())
}

#[test]
fn what_is_missing_is_named_with_its_source() -> Result<(), Box<dyn Error>> {
    let folder = folder(&[])?;
    assert!(says(folder.path()).contains("THUDM/LongBench"));
    fs::write(folder.path().join("data.zip"), b"PK\x03\x04 cut off")?;
    assert!(says(folder.path()).contains("data.zip the list of files"));
    fs::remove_file(folder.path().join("data.zip"))?;
    for (settings, problem) in [
        (r#"{"sets": ["nothing"]}"#, "no set \"nothing\""),
        (r#"{"max_length": 0}"#, "at least 1"),
        (r#"{"model": "gpt"}"#, "no length of \"gpt\""),
        (r#"{"maximum": 3}"#, "unknown field"),
        (r#"{"generated": {"lengths": [10]}}"#, "generated.lengths"),
    ] {
        fs::write(folder.path().join("longbench.json"), settings)?;
        assert!(says(folder.path()).contains(problem), "{}", says(folder.path()));
    }
    fs::remove_file(folder.path().join("longbench.json"))?;
    fs::remove_file(folder.path().join("config/dataset2prompt.json"))?;
    assert!(says(folder.path()).contains("LongBench/config"));
    Ok(())
}

#[test]
fn rows_that_no_reply_can_win_are_refused_or_left_out() -> Result<(), Box<dyn Error>> {
    let folder = folder(&[])?;
    let row = |answer: &str, classes: serde_json::Value| {
        json!({"input": "", "context": "", "answers": [answer], "all_classes": classes}).to_string()
    };
    for (set, right, wrong, problem) in [
        ("passage_retrieval_zh", row("段落7", json!(null)), row("七", json!(null)), "段落7"),
        ("passage_count", row("7", json!(null)), row("seven", json!(null)), "no number"),
        ("trec", row("Food", json!(["Food"])), row("Food", json!(null)), "all_classes"),
        ("qasper", row("no", json!(null)), row("the", json!(null)), "articles"),
    ] {
        let path = folder.path().join(format!("data/{set}.jsonl"));
        // The last line counts with a newline or without.
        fs::write(&path, format!("{right}\r\n{wrong}"))?;
        let said = says(folder.path());
        assert!(said.contains(&format!("{set}.jsonl line 2: no reply can win")) && said.contains(problem), "{said}");
        let drawn = load(folder.path(), BadRows::Skip, None)?;
        assert_eq!((drawn.samples.count(), drawn.skipped.len()), (1, 1), "{:?}", drawn.skipped);
        fs::remove_file(path)?;
    }
    Ok(())
}
