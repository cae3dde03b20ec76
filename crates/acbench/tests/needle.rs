//! The needle test from nothing but settings: generated text, kinds, and lengths beyond the model's context.

mod support;

use std::fs;

use support::{Checked, run};

#[test]
fn a_prompt_beyond_the_context_is_a_failed_sample_and_never_cut() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("grid"))?;
    let settings =
        r#"{"haystack": "generated", "lengths": [256, 400, 4096], "depths": 2, "kinds": ["single", "two_hops"]}"#;
    fs::write(folder.path().join("grid/needle.json"), settings)?;
    let ask = [
        "evaluate",
        "--compression_method",
        "rtn",
        "--tasks",
        "needle",
        "--data",
        "grid",
        "--output_path",
        "out",
        "--json",
    ];
    let output = run(folder.path(), &ask)?;
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(result["run"]["model"]["context"], 2048);
    for summary in result["analysis"]["summaries"].as_array().ok_or("no summaries")? {
        assert_eq!((summary["n"].as_u64(), summary["failed"].as_u64()), (Some(8), Some(4)), "{summary}");
        let splits = &summary["splits"];
        assert!(["length", "depth", "kind"].iter().all(|tag| splits[tag].is_object()), "{splits}");
    }
    let failed = fs::read_to_string(folder.path().join("out/dense/transcripts/needle.jsonl"))?;
    assert!(failed.contains("4096") || failed.contains("2048"), "the reason says how long the prompt was");
    let map = fs::read_to_string(folder.path().join("out/report/needle-dense.svg"))?;
    assert!(map.contains("class=\"limit\"") && map.contains("no sample"));
    assert!(fs::read(folder.path().join("out/report/needle.png"))?.starts_with(b"\x89PNG"));
    Ok(())
}
