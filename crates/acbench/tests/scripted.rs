//! The whole flow on replies from a file: what each stage makes of them, and what is refused.

mod support;

use std::fs;
use std::path::Path;

use record::{Capability, Sample};
use serde_json::{Value, json};
use support::{Checked, acbench, json as json_of, refused, run, succeeds};
use task::{Asking, Source, Split, TASKS, Task, Words};

/// Held-out samples of the tool-use and the workflow twin, which do not depend on the model's tokens.
fn samples(count: usize) -> Checked<Vec<(Sample, String)>> {
    let source = Source::Generated { seed: 0, split: Split::Test, asking: Asking::BARE };
    let mut all = Vec::new();
    for task in TASKS {
        let answer: fn(&Sample) -> String = match task.capability() {
            Capability::ToolUse => task::tool_use::twin::answer,
            Capability::Workflow => task::workflow::twin::answer,
            _ => continue,
        };
        let samples = task.samples(&source, &Words, Some(count))?.held().0;
        all.extend(samples.into_iter().map(|sample| (sample.clone(), answer(&sample))));
    }
    Ok(all)
}

/// Replies of `dense`, which is always right, and of `broken`, which says nothing.
fn write_replies(path: &Path, count: usize) -> Checked<()> {
    let mut lines = vec![json!({"variant": "broken", "text": ""}).to_string()];
    for (sample, answer) in samples(count)? {
        lines.push(json!({"sample": sample.id, "text": answer}).to_string());
    }
    Ok(fs::write(path, lines.join("\n") + "\n")?)
}

const ASK: [&str; 10] = [
    "evaluate",
    "--replies",
    "replies.jsonl",
    "--tasks",
    "tool-use,workflow",
    "--limit",
    "40",
    "--output-path",
    "out",
    "--json",
];

#[test]
fn right_answers_score_one_and_a_variant_without_answers_drops() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(&folder.path().join("replies.jsonl"), 40)?;
    let result = json_of(folder.path(), &ASK)?;
    let paired = result["analysis"]["paired"].as_array().ok_or("no comparisons")?;
    let asked = |task: &&&dyn Task| {
        matches!(task.capability(), Capability::ToolUse | Capability::Workflow) && !task.info().named_only
    };
    assert_eq!(paired.len(), TASKS.iter().filter(asked).count());
    for one in paired {
        assert_eq!((&one["dense"], &one["compressed"], &one["verdict"]), (&json!(1.0), &json!(0.0), &json!("drops")));
        assert_eq!(one["n"], 40);
    }
    for file in
        ["run.json", "report/index.html", "report/report.md", "report/results.csv", "broken/scores/worfbench.jsonl"]
    {
        assert!(folder.path().join("out").join(file).is_file(), "{file}");
    }
    // The same command again asks for nothing and finds the same.
    assert_eq!(json_of(folder.path(), &ASK)?, result);
    Ok(())
}

#[test]
fn tokens_that_a_server_did_not_count_are_said_to_be_missing() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(&folder.path().join("replies.jsonl"), 6)?;
    let ask =
        ["evaluate", "--replies", "replies.jsonl", "--tasks", "worfbench", "--limit", "6", "--output-path", "out"];
    succeeds(folder.path(), &ask)?;
    let transcript = folder.path().join("out/broken/transcripts/worfbench.jsonl");
    let mut lines = Vec::new();
    for line in fs::read_to_string(&transcript)?.lines() {
        let mut line: Value = serde_json::from_str(line)?;
        if let Some(reply) = line.get_mut("reply") {
            (reply["prompt_tokens"], reply["completion_tokens"]) = (json!(0), json!(0));
        }
        lines.push(line.to_string());
    }
    fs::write(&transcript, lines.join("\n") + "\n")?;
    succeeds(folder.path(), &["analyze", "out"])?;
    succeeds(folder.path(), &["report", "out"])?;
    let found: Value = serde_json::from_slice(&fs::read(folder.path().join("out/analysis/behavior.json"))?)?;
    assert!(found[0]["dense_tokens"].as_f64().is_some_and(|tokens| tokens > 0.0), "{found}");
    assert_eq!((&found[0]["tokens"], &found[0]["growth"]), (&Value::Null, &Value::Null));
    let page = fs::read_to_string(folder.path().join("out/report/index.html"))?;
    assert!(page.contains("not counted") && page.contains("did not count the tokens of all replies"));
    Ok(())
}

#[test]
fn tool_use_has_its_published_columns_and_its_kinds_of_mistake() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(&folder.path().join("replies.jsonl"), 6)?;
    let ask = ["evaluate", "--replies", "replies.jsonl", "--tasks", "tool_use", "--limit", "6", "--json"];
    let analysis = &json_of(folder.path(), &ask)?["analysis"];
    let columns = analysis["columns"].as_array().ok_or("no columns")?;
    for (variant, value) in [("dense", 100.0), ("broken", 0.0)] {
        let mine: Vec<&Value> = columns.iter().filter(|column| column["variant"] == variant).collect();
        assert_eq!(mine.len(), task::tool_use::COLUMNS.len(), "{mine:?}");
        assert!(mine.iter().all(|column| column["value"] == value && column["generated"] == true), "{mine:?}");
    }
    for summary in analysis["summaries"].as_array().ok_or("no summaries")? {
        let all = if summary["variant"] == "broken" { json!({"no_call": 6}) } else { Value::Null };
        assert_eq!(summary["faults"], all, "{summary}");
    }
    Ok(())
}

#[test]
fn the_stages_one_by_one_are_the_evaluation() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    write_replies(&here.join("replies.jsonl"), 40)?;
    let whole = json_of(here, &ASK)?;
    let ask = [
        "generate",
        "--replies",
        "replies.jsonl",
        "--tasks",
        "tool_use",
        "workflow",
        "--limit=40",
        "--output_path=two",
    ];
    succeeds(here, &ask)?;
    succeeds(here, &["score", "two"])?;
    assert_eq!(json_of(here, &["analyze", "two", "--json"])?, whole["analysis"]);
    assert_eq!(json_of(here, &["report", "two", "--json"])?, whole);
    // Judged anew, with another margin and as the reference scorers do.
    succeeds(here, &["score", "two", "--scoring", "paper"])?;
    let again = json_of(here, &["analyze", "two", "--margin", "5", "--json"])?;
    assert_eq!(again["margin"], 0.05);
    let record: Value = serde_json::from_slice(&fs::read(here.join("two/run.json"))?)?;
    assert_eq!((&record["margin"], &record["scoring"]), (&json!(0.05), &json!("paper")));
    Ok(())
}

#[test]
fn a_sample_without_a_reply_is_failed_and_counted_never_a_zero() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let (sample, answer) = samples(3)?.into_iter().find(|(sample, _)| sample.task == "teval_instruct").ok_or("none")?;
    let line = json!({"sample": sample.id, "text": answer}).to_string();
    fs::write(folder.path().join("replies.jsonl"), line + "\n")?;
    let ask = ["evaluate", "--replies", "replies.jsonl", "--tasks", "teval_instruct", "--limit", "3", "--json"];
    let output = run(folder.path(), &ask)?;
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_slice(&output.stdout)?;
    let summary = &result["analysis"]["summaries"][0];
    assert_eq!((&summary["n"], &summary["failed"], &summary["mean"]), (&json!(1), &json!(2), &json!(1.0)));
    Ok(())
}

/// Replies that are right for all tasks that do not count in the model's tokens, games included: `dense` says them, and
/// `thinker` after a thought that holds other answers.
fn write_thoughts(path: &Path, count: usize) -> Checked<()> {
    let thought = "<think>\nIt could be A, or {\"name\": \"x.y\"}, or 1 -> 2. Action: wait.\n</think>\n\n";
    let mut lines = Vec::new();
    let mut add = |sample: &str, turn: usize, text: &str| {
        lines.push(json!({"sample": sample, "turn": turn, "text": text}).to_string());
        let text = format!("{thought}{text}");
        lines.push(json!({"variant": "thinker", "sample": sample, "turn": turn, "text": text}).to_string());
    };
    for (sample, answer) in samples(count)? {
        add(&sample.id, 0, &answer);
    }
    let source = Source::Generated { seed: 0, split: Split::Test, asking: Asking::BARE };
    for sample in task::real_world::Pddl.samples(&source, &Words, Some(count))?.held().0 {
        for (turn, action) in task::real_world::twin::answer(&sample).iter().enumerate() {
            add(&sample.id, turn, action);
        }
    }
    Ok(fs::write(path, lines.join("\n") + "\n")?)
}

#[test]
fn thoughts_are_kept_and_never_judged() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_thoughts(&folder.path().join("replies.jsonl"), 8)?;
    let tasks = ["--tasks", "tool_use,workflow,real_world", "--limit", "8", "--output_path", "out", "--json"];
    let result = json_of(folder.path(), &[&["evaluate", "--replies", "replies.jsonl"], &tasks[..]].concat())?;
    for paired in result["analysis"]["paired"].as_array().ok_or("no comparisons")? {
        assert_eq!((&paired["dense"], &paired["compressed"]), (&json!(1.0), &json!(1.0)), "{paired}");
    }
    let lines = fs::read_to_string(folder.path().join("out/thinker/transcripts/pddl.jsonl"))?;
    let first: Value = serde_json::from_str(lines.lines().next().ok_or("no lines")?)?;
    assert!(
        first["reply"]["reasoning"].as_str().is_some_and(|thought| thought.starts_with("It could be A")),
        "{first}"
    );
    assert!(first["reply"]["reasoning_tokens"].as_u64().is_some_and(|tokens| tokens > 5), "{first}");
    assert!(!first["reply"]["text"].as_str().unwrap_or("<think>").contains("<think>"), "{first}");
    // Later turns show the thoughts of earlier ones to templates that want them.
    let later: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert!(later.iter().any(|line| line["turn"] == 1 && line["keep"].as_u64() > Some(2)), "{lines}");
    Ok(())
}

#[test]
fn a_thought_that_never_ends_fails_its_sample_only() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let all: Vec<(Sample, String)> =
        samples(3)?.into_iter().filter(|(sample, _)| sample.task == "teval_instruct").collect();
    let mut lines: Vec<String> =
        all.iter().map(|(sample, answer)| json!({"sample": sample.id, "text": answer}).to_string()).collect();
    lines[0] = json!({"sample": all[0].0.id, "text": "<think>on and on"}).to_string();
    fs::write(folder.path().join("replies.jsonl"), lines.join("\n") + "\n")?;
    let ask =
        ["evaluate", "--replies", "replies.jsonl", "--tasks", "teval_instruct", "--limit", "3", "--output_path", "o"];
    let output = run(folder.path(), &ask)?;
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let scores = fs::read_to_string(folder.path().join("o/dense/scores/teval_instruct.jsonl"))?;
    assert!(
        scores.contains("its thought did not end within") && scores.matches("\"finished\"").count() == 2,
        "{scores}"
    );
    assert!(fs::read_to_string(folder.path().join("o/report/index.html"))?.contains("its thought did not end"));
    Ok(())
}

#[test]
fn single_deviations_are_scored_and_recorded() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(&folder.path().join("replies.jsonl"), 40)?;
    succeeds(folder.path(), &ASK)?;
    succeeds(folder.path(), &["score", "out", "--scoring", "paper+teval.first_value+no_heading"])?;
    let record: Value = serde_json::from_slice(&fs::read(folder.path().join("out/run.json"))?)?;
    assert_eq!(record["scoring"], "paper+no_heading+teval.first_value");
    assert!(refused(folder.path(), &["score", "out", "--scoring", "paper+no_headin"])?.contains("no_heading"));
    assert!(refused(folder.path(), &["score", "out", "--scoring", "best"])?.contains("corrected"));
    Ok(())
}

#[test]
fn a_run_made_with_other_settings_is_refused_and_the_difference_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(&folder.path().join("replies.jsonl"), 40)?;
    succeeds(folder.path(), &ASK)?;
    let mut other = ASK.to_vec();
    other.extend(["--margin", "5", "--seed", "9"]);
    let said = refused(folder.path(), &other)?;
    for part in ["seed: the run has 0, asked now is 9", "margin: the run has 0.03, asked now is 0.05", "--output_path"]
    {
        assert!(said.contains(part), "{said}");
    }
    Ok(())
}

#[test]
fn what_is_not_known_is_met_with_the_nearest() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for (args, says) in [
        (&["evaluate", "--tasks", "worfbnch"][..], "did you mean `worfbench`"),
        (&["evaluate", "--compression_method", "gtpq"], "did you mean `gptq`"),
        (&["evaluate", "--compression-method", "gptq", "--method-args", "bitz=3"], "bits"),
        (&["evaluate", "--model-name", "Qwen/Qwen2.5-0.5B-Instruct"], "hf download"),
        (&["evaluate", "--margin", "200"], "between 0 and 100"),
        (&["evaluate", "--temperature", "-1"], "temperature"),
        (&["evaluate", "--limit", "0"], "from 1 on"),
        (&["evaluate", "--tasks", "workflow", "--data", "worfbench=/no/such"], "no such folder"),
        (&["evaluate", "--replies", "none.jsonl"], "none.jsonl"),
        (&["report", "nowhere"], "not a run folder"),
        (&["score", "nowhere"], "not a run folder"),
        (&["list", "everything"], "tasks, methods, models"),
        (&["evaluat"], "evaluate"),
    ] {
        let said = refused(folder.path(), args)?;
        assert!(said.contains(says), "{args:?}: {said}");
    }
    assert!(!folder.path().join("runs").exists(), "a refused command leaves nothing");
    Ok(())
}

#[test]
fn lists_and_help_name_every_row_of_the_tables() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for (what, names) in [
        ("tasks", TASKS.iter().map(|task| task.name()).collect::<Vec<_>>()),
        ("methods", compress::METHODS.iter().map(|method| method.name).collect()),
    ] {
        let text = succeeds(folder.path(), &["list", what])?;
        let listed = json_of(folder.path(), &["list", what, "--json"])?;
        let listed: Vec<&str> =
            listed.as_array().ok_or("no list")?.iter().filter_map(|row| row["name"].as_str()).collect();
        assert_eq!(listed, names);
        assert!(names.iter().all(|name| text.contains(name)), "{text}");
    }
    assert!(succeeds(folder.path(), &["list", "models"])?.contains("qwen2"));
    for verb in
        ["evaluate", "compress", "inspect", "generate", "score", "analyze", "report", "compare", "gate", "plan", "list"]
    {
        assert!(succeeds(folder.path(), &["--help"])?.contains(verb));
        assert!(succeeds(folder.path(), &[verb, "--help"])?.contains("Example"), "{verb}");
    }
    Ok(())
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_said_and_the_run_goes_on_once_there_is_room() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write_replies(&folder.path().join("replies.jsonl"), 40)?;
    // A limit on the size of files stands in for the full disk; the signal that comes with it is ignored.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let limited = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_acbench")])
        .args(ASK)
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8(limited.stderr)?;
    assert_eq!(limited.status.code(), Some(2), "{said}");
    assert!(said.contains("disk is full") && !said.contains("panicked"), "{said}");
    let kept = acbench(folder.path(), &ASK).output()?;
    assert!(kept.status.success(), "{}", String::from_utf8_lossy(&kept.stderr));
    Ok(())
}

#[test]
fn a_run_that_goes_on_is_asked_nothing_else() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for other in [
        ["--tasks", "needle"],
        ["--limit", "3"],
        ["--model_name", "model"],
        ["--method_args", "bits=3"],
        ["--seed", "1"],
        ["--embedder", "lexical"],
    ] {
        let said = refused(folder.path(), &[&["generate", "runs/a"], &other[..]].concat())?;
        assert!(said.contains("cannot be used with") && said.contains(other[0]), "{said}");
    }
    let said = refused(folder.path(), &["generate", "runs/a", "--batch_size", "2"])?;
    assert!(!said.contains("cannot be used with") && said.contains("runs/a"), "{said}");
    Ok(())
}
