//! Models behind servers, from the command line: a run through our own server is the run in one process.
#![cfg(feature = "endpoint")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use support::{Checked, refused, run, succeeds};

/// A server that ends with the test.
struct Serving(Child, String);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// Begins `acbench serve` and waits for its address.
fn serve(folder: &Path, args: &[&str], key: Option<&str>) -> Checked<Serving> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acbench"));
    command.current_dir(folder).arg("serve").args(args).args(["--port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).env_remove("ACBENCH_API_KEY");
    if let Some(key) = key {
        command.env("ACBENCH_API_KEY", key);
    }
    let mut child = command.spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok(Serving(child, line.trim().to_owned()))
}

/// The bundled model's files without its weights.
fn described(folder: &Path) -> Checked<()> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/pico");
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(from)?.flatten() {
        let name = entry.file_name();
        if !name.to_string_lossy().contains("safetensors") {
            std::fs::copy(entry.path(), folder.join(name))?;
        }
    }
    Ok(())
}

fn transcript(folder: &Path, run: &str, variant: &str, task: &str) -> Checked<Vec<Value>> {
    let text = std::fs::read_to_string(folder.join(format!("{run}/{variant}/transcripts/{task}.jsonl")))?;
    let mut lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    lines.sort_by_key(|line| (line["sample"].to_string(), line["turn"].as_u64().unwrap_or(u64::MAX)));
    Ok(lines)
}

const ASK: [&str; 11] = [
    "--tasks",
    "teval_retrieve",
    "pddl",
    "--limit",
    "3",
    "--num_fewshot",
    "0",
    "--max_seq_length",
    "1024",
    "--scoring",
    "corrected",
];

#[test]
fn a_run_through_our_server_is_the_run_in_one_process() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    succeeds(folder.path(), &[&["evaluate"], &ASK[..], &["--output_path", "here"]].concat())?;
    let server = serve(folder.path(), &["--no_key"], None)?;
    let variants = [format!("dense={}", server.1), format!("again={}", server.1)];
    let asked = ["evaluate", "--model_name", "pico", "--variant", &variants[0], &variants[1], "--output_path", "there"];
    let output = run(folder.path(), &[&asked[..], &ASK[..]].concat())?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("again: it answers a fixed question word for word as dense does"), "{said}");
    for task in ["teval_retrieve", "pddl"] {
        let here = transcript(folder.path(), "here", "dense", task)?;
        assert_eq!(here, transcript(folder.path(), "there", "dense", task)?, "{task}");
        assert_eq!(here, transcript(folder.path(), "there", "again", task)?, "{task}");
    }
    let record: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("there/run.json"))?)?;
    assert_eq!(
        (&record["variants"][0]["source"], &record["variants"][0]["model"]),
        (&json!("endpoint"), &json!("pico"))
    );
    let report = std::fs::read_to_string(folder.path().join("there/report/report.md"))?;
    let page = std::fs::read_to_string(folder.path().join("there/report/index.html"))?;
    assert!(page.contains("word for word as dense does"), "the page warns");
    assert!(report.contains("again"));
    // What is done is not asked again, whoever serves.
    drop(server);
    succeeds(folder.path(), &["generate", "there"])?;
    Ok(())
}

#[test]
fn a_server_wants_its_key_and_nobody_writes_it_down() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    let server = serve(folder.path(), &[], Some("s3cret-key"))?;
    let variant = format!("dense={}", server.1);
    let asked = ["generate", "--model_name", "pico", "--variant", &variant, "--output_path", "out"];
    let asked = [&asked[..], &["--tasks", "teval_retrieve", "--limit", "1"]].concat();
    let said = refused(folder.path(), &asked)?;
    assert!(said.contains("401"), "{said}");
    std::fs::write(folder.path().join("key"), "s3cret-key\n")?;
    succeeds(folder.path(), &[&asked[..], &["--api_key_file", "key"]].concat())?;
    let mut folders = vec![folder.path().join("out")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)?.flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => {
                    assert!(!String::from_utf8_lossy(&std::fs::read(&path)?).contains("s3cret"), "{}", path.display())
                }
            }
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_done() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    let ask = |more: &[&str]| {
        refused(folder.path(), &[&["generate", "--tasks", "pddl", "--output_path", "out"], more].concat())
    };
    let said = ask(&["--variant", "dense=http://127.0.0.1:9/v1#m"])?;
    assert!(said.contains("--model_name names its folder"), "{said}");
    let said = ask(&["--model_name", "pico", "--variant", "dense=http://127.0.0.1:9/v1#m"])?;
    assert!(said.contains("http://127.0.0.1:9/v1: "), "{said}");
    let said = ask(&["--model_name", "pico", "--variant", "dense=http://me:s3cret@127.0.0.1:9/v1"])?;
    assert!(said.contains("ACBENCH_API_KEY") && !said.contains("s3cret"), "{said}");
    let said = ask(&["--model_name", "pico", "--variant", "gptq=http://127.0.0.1:9/v1"])?;
    assert!(said.contains("safetensors"), "the dense model needs its weights: {said}");
    assert!(!folder.path().join("out").exists());
    Ok(())
}

#[test]
fn commands_of_other_servers_are_printed() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    succeeds(
        folder.path(),
        &["generate", "--tasks", "teval_retrieve", "--limit", "1", "--compression_method", "rtn", "--output_path", "r"],
    )?;
    let output = succeeds(folder.path(), &["serve", "r", "--print", "vllm"])?;
    assert!(output.contains("# dense: the bundled model") && output.contains("vllm serve /"), "{output}");
    assert!(output.contains("acbench evaluate --model_name pico --variant rtn-"), "{output}");
    assert!(refused(folder.path(), &["serve", "--print", "vllm"])?.contains("run"), "no run");
    Ok(())
}
