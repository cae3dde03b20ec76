//! `gate`, `plan` and `compare` on run folders; the runs are made here.

mod support;

use std::fs;
use std::path::Path;

use acbench::Run;
use record::{Capability, ModelSource, Outcome, RunRecord, Score, TaskSource, VariantRecord, VariantSource, run_path};
use serde_json::{Value, json};
use support::{Checked, json as json_of, refused, run, succeeds};

const TASKS: [(&str, Capability); 2] = [("teval_plan", Capability::ToolUse), ("pddl", Capability::RealWorld)];

fn score(index: usize, value: f64, outcome: Outcome) -> Score {
    Score {
        sample: format!("s{index}"),
        outcome,
        value,
        metrics: [("value".to_owned(), value)].into(),
        reason: String::new(),
        fault: None,
        cluster: None,
        tags: Default::default(),
    }
}

/// A run of 200 samples of two tasks: `x` loses nothing of the first, and every fifth of the second; one reply of `x` failed.
fn write(root: &Path) -> Checked<Run> {
    let task = |(name, capability): (&str, Capability)| TaskSource {
        task: name.to_owned(),
        capability,
        source: "generated".to_owned(),
        judge: None,
        samples: 200,
        skipped: Vec::new(),
        digest: format!("digest of {name}"),
    };
    let source = VariantSource::Compressed { method: "rtn".to_owned(), settings: json!({}), calibration: None };
    let record = RunRecord {
        version: "1".to_owned(),
        model: ModelSource { name: "m".to_owned(), digest: "d".to_owned(), context: None },
        variants: vec![VariantRecord::dense(), VariantRecord { name: "x".to_owned(), source }],
        tasks: TASKS.into_iter().map(task).collect(),
        embedders: Default::default(),
        seed: 0,
        scoring: Default::default(),
        epochs: 1,
        activations: Default::default(),
        sampling: Default::default(),
        chat_template: true,
        prompting: Default::default(),
        margin: 0.03,
    };
    record::write_json(&run_path::run(root), &record)?;
    for (task, variant, every) in
        [("teval_plan", "dense", 0), ("teval_plan", "x", 0), ("pddl", "dense", 0), ("pddl", "x", 5)]
    {
        let value = |index: usize| {
            let right = if task == "pddl" { 0.5 } else { 1.0 };
            if every > 0 && index.is_multiple_of(every) { 0.0 } else { right }
        };
        let outcome =
            |index| if variant == "x" && index == 199 { Outcome::failed("too long") } else { Outcome::Finished };
        let scores: Vec<Score> = (0..200).map(|index| score(index, value(index), outcome(index))).collect();
        record::write_jsonl(&run_path::scores(root, variant, task), &scores)?;
    }
    let mut run = Run::open(root)?;
    acbench::analyze(&mut run, None)?;
    Ok(run)
}

fn gate(folder: &Path, budget: &str) -> Checked<(Option<i32>, Value)> {
    fs::write(folder.join("gate.toml"), budget)?;
    let files = ["--junit", "out/j.xml", "--markdown", "out/g.md"];
    let output = run(folder, &[&["gate", "r", "--budget", "gate.toml", "--json"], &files[..]].concat())?;
    let value =
        serde_json::from_slice(&output.stdout).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code(), value))
}

#[test]
fn a_budget_is_kept_or_broken_by_task() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    for (budget, code, broken) in [
        ("", 1, &["pddl"][..]),
        ("[capability.real_world]\nmargin = 20", 0, &[]),
        ("[all]\nverdict = \"any\"", 0, &[]),
        ("[all]\nverdict = \"any\"\nmax_flips = 20", 1, &["pddl"]),
        ("[all]\nverdict = \"any\"\nmax_harmful_flips = 20.2", 0, &[]),
        ("[all]\nverdict = \"any\"\nmax_failed = 0.5", 0, &[]),
        ("[all]\nverdict = \"any\"\nmax_failed = 0.4", 1, &["teval_plan", "pddl"]),
        ("[all]\nverdict = \"any\"\nmin_samples = 200\n[task.pddl]\nmin_samples = 199", 1, &["teval_plan"]),
        ("variants = [\"x\"]\n[all]\nverdict = \"holds\"\n[task.pddl]\nmargin = 30\nverdict = \"holds\"", 0, &[]),
    ] {
        let (got, value) = gate(folder.path(), budget)?;
        let rows = value["rows"].as_array().ok_or("no rows")?;
        let unmet =
            |row: &&Value| row["checks"].as_array().is_some_and(|all| all.iter().any(|check| check["met"] == false));
        let names: Vec<&str> = rows.iter().filter(unmet).filter_map(|row| row["task"].as_str()).collect();
        assert_eq!((got, &names[..], &value["within"]), (Some(code), broken, &json!(code == 0)), "{budget}: {value}");
        let junit = fs::read_to_string(folder.path().join("out/j.xml"))?;
        assert_eq!(junit.matches("<failure").count(), broken.len(), "{junit}");
        assert_eq!(junit.matches("<testcase").count(), 2, "{junit}");
        let page = fs::read_to_string(folder.path().join("out/g.md"))?;
        assert_eq!(page.matches("BROKEN").count(), broken.len(), "{page}");
    }
    Ok(())
}

#[test]
fn a_budget_about_what_is_not_there_is_refused_by_name() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    for (budget, says) in [
        ("[task.worfbench]\nmargin = 3", "no task `worfbench`"),
        ("[capability.workflow]\nmargin = 3", "no capability `workflow`"),
        ("variants = [\"y\"]", "no variant `y`"),
        ("variants = [\"dense\"]", "no variant `dense`"),
        ("[all]\nmax_flip = 3", "max_flip"),
        ("[all", "TOML"),
    ] {
        fs::write(folder.path().join("gate.toml"), budget)?;
        let said = refused(folder.path(), &["gate", "r", "--budget", "gate.toml"])?;
        assert!(said.contains(says), "{budget}: {said}");
    }
    assert!(refused(folder.path(), &["gate", "r", "--budget", "none.toml"])?.contains("none.toml"));
    fs::remove_file(run_path::analysis(&folder.path().join("r")))?;
    fs::write(folder.path().join("gate.toml"), "")?;
    assert!(refused(folder.path(), &["gate", "r", "--budget", "gate.toml"])?.contains("paired.json"));
    Ok(())
}

#[test]
fn two_variants_of_a_run_compare_as_the_run_does() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    let analysis: record::Analysis = record::read_json(&run_path::analysis(&folder.path().join("r")))?;
    let found = json_of(folder.path(), &["compare", "r:dense", "r:x", "--json"])?;
    for (paired, compared) in analysis.paired.iter().zip(found["compared"].as_array().ok_or("none")?) {
        let paired = serde_json::to_value(paired)?;
        for field in
            ["n", "left_out", "delta", "interval", "bounds", "p", "flips", "harmful_flips", "verdict", "detectable"]
        {
            assert_eq!(paired[field], compared["paired"][field], "{field}");
        }
        assert_eq!((&paired["p_holm"], &paired["dense"]), (&compared["p_holm"], &compared["paired"]["a"]));
        assert_eq!(compared["errors_wrong"]["n"], 200);
    }
    let said = succeeds(folder.path(), &["compare", "r:dense", "r:x"])?;
    assert!(said.contains("1 item without a score (A 0, B 1) left out; counted as wrong"), "{said}");
    assert!(refused(folder.path(), &["compare", "r", "r:x"])?.contains("r:dense, r:x"));
    assert!(refused(folder.path(), &["compare", "r:dense", "r:y"])?.contains("r:dense, r:x"));
    Ok(())
}

#[test]
fn other_samples_or_another_scoring_are_not_comparable() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    let mut other = write(&folder.path().join("s"))?.record;
    other.tasks[0].digest = "another".to_owned();
    other.version = "2".to_owned();
    record::write_json(&run_path::run(&folder.path().join("s")), &other)?;
    let found: Value = serde_json::from_slice(&run(folder.path(), &["compare", "r:dense", "s:x", "--json"])?.stdout)?;
    assert_eq!(
        (&found["compared"][0]["task"], &found["not_comparable"][0]["name"]),
        (&json!("pddl"), &json!("teval_plan score"))
    );
    assert!(found["warnings"].to_string().contains("ACBench's version: A has 1, B has 2"), "{found}");
    other.scoring = record::Scoring::Paper;
    record::write_json(&run_path::run(&folder.path().join("s")), &other)?;
    let output = run(folder.path(), &["compare", "r:dense", "s:x"])?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout)?.contains("scoring: A has corrected, B has paper"));
    Ok(())
}

#[test]
fn plans_are_connor_s_numbers_and_a_run_s_own() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    let plan = json_of(folder.path(), &["plan", "--margin", "3", "--flips", "10,1", "--samples", "134", "--json"])?;
    // As the specification has it: 870 items for 3 points; 134 can show 7.6.
    assert_eq!(plan["sizes"][0]["needed"], 870);
    assert!((plan["sizes"][0]["detectable"].as_f64().unwrap_or(0.0) - 0.076).abs() < 5e-4, "{plan}");
    // A drop of 3 points flips 3 of 100 at least.
    let three = json_of(folder.path(), &["plan", "--flips", "3", "--json"])?;
    assert_eq!(plan["sizes"][1]["needed"], three["sizes"][0]["needed"]);
    let own = json_of(folder.path(), &["plan", "r", "--json"])?;
    assert_eq!(
        (&own["tasks"][0]["task"], &own["tasks"][0]["n"], &own["tasks"][0]["flips"]),
        (&json!("teval_plan"), &json!(199), &json!(0.0))
    );
    assert!(succeeds(folder.path(), &["plan", "r", "--samples", "50"])?.contains("smallest drop"));
    assert!(refused(folder.path(), &["plan", "--margin", "0"])?.contains("0 points"));
    Ok(())
}

/// Two ready-made checkpoints that a run knows the sizes of: `x` of 2 MB, and `y` of 1 MB that answers as `x` does.
fn sized(root: &Path) -> Checked<()> {
    let mut record = write(root)?.record;
    record.variants = vec![VariantRecord::dense()];
    for (name, bytes) in [("x", 2_000_000), ("y", 1_000_000)] {
        let source = VariantSource::Checkpoint { path: name.into(), digest: "d".to_owned() };
        record.variants.push(VariantRecord { name: name.to_owned(), source });
        let weights = record::CheckpointRecord {
            format: "gguf".to_owned(),
            linears: Default::default(),
            linear_bits: 4.5,
            checkpoint_bits: 4.5,
            sparsity: 0.0,
            bytes,
        };
        record::write_json(&run_path::weights(root, name), &weights)?;
    }
    for (task, _) in TASKS {
        let y = run_path::scores(root, "y", task);
        fs::create_dir_all(y.parent().ok_or("no folder")?)?;
        fs::copy(run_path::scores(root, "x", task), y)?;
    }
    record::write_json(&run_path::run(root), &record)?;
    acbench::analyze(&mut Run::open(root)?, None)?;
    Ok(())
}

#[test]
fn a_variant_is_recommended_or_what_would_change_it() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    sized(&folder.path().join("r"))?;
    let ask = |args: &[&str]| -> Checked<(Option<i32>, Value)> {
        let output = run(folder.path(), &[&["recommend", "r", "--json"], args].concat())?;
        Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
    };
    // Nothing of tool use is lost, 10 points of the other; the smaller one answers alike.
    let (code, found) = ask(&["--fits", "6GB", "--capability", "tool_use=3"])?;
    assert_eq!((code, &found["chosen"]), (Some(0), &json!("y")), "{found}");
    assert_eq!(found["candidates"][1]["dominated_by"], json!([{"by": "y", "sure": false}]));
    assert_eq!(found["candidates"][1]["speed"], Value::Null);
    let (code, found) = ask(&["--fits", "1MB", "--loses", "3", "--capability", "tool_use=3", "real_world=5"])?;
    assert_eq!((code, &found["chosen"], &found["nearest"]), (Some(1), &Value::Null, &json!("y")), "{found}");
    let said = run(folder.path(), &["recommend", "r", "--fits", "1MB", "--capability", "real_world=5"])?;
    let said = String::from_utf8(said.stdout)?;
    assert!(
        said.starts_with("No variant is shown to fit 1.0 MB and lose less than 5 points on real world. y comes"),
        "{said}"
    );
    assert!(said.contains("not measured"), "{said}");
    assert!(refused(folder.path(), &["recommend", "r", "--capability", "tools=3"])?.contains("tool_use"));
    assert!(refused(folder.path(), &["recommend", "r", "--fits", "small"])?.contains("8GB"));
    Ok(())
}
