//! What variants make of the same text, and which linears are to blame.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{Checked, json, refused, succeeds};

/// A run of the bundled model, rounded to 3 bits, and a text to read.
fn ran(folder: &Path) -> Checked<()> {
    let asked = ["evaluate", "--tasks", "teval_rru", "pddl", "--limit", "2", "--output_path", "out", "--margin", "3"];
    let how = ["--compression_method", "rtn", "--method_args", "bits=3", "group_size=32"];
    succeeds(folder, &[&asked[..], &how].concat())?;
    Ok(fs::write(folder.join("notes.txt"), "Water the roses, then send a letter to Ida. ".repeat(200))?)
}

const PROBE: [&str; 8] = ["probe", "out", "--samples", "2", "--positions", "64", "--text", "notes.txt"];

fn variant<'a>(found: &'a Value, name: &str) -> Checked<&'a Value> {
    let all = found["variants"].as_array().ok_or("no variants")?;
    Ok(all.iter().find(|one| one["variant"] == name).ok_or("no such variant")?)
}

#[test]
fn variants_are_probed_and_blame_writes_a_recipe() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path();
    ran(root)?;
    let said = refused(root, &["blame", "out", "rtn-w3-g32"])?;
    assert!(said.contains("acbench probe out"), "{said}");
    let found = json(root, &[&PROBE[..], &["--json"]].concat())?;
    let (dense, rounded) = (variant(&found, "dense")?, variant(&found, "rtn-w3-g32")?);
    assert!(dense["distance"].is_null() && found["decisions"].as_u64() > Some(4), "{found}");
    let at = rounded["distance"]["at"].as_array().ok_or("no distances")?;
    let names: Vec<&str> = at.iter().filter_map(|at| at["at"].as_str()).collect();
    assert_eq!(names[..3], ["all", "decisions", "elsewhere"]);
    assert!(names.contains(&"tool") && names.contains(&"action"), "{names:?}");
    assert!(at.iter().all(|at| at["kl"].as_f64() > Some(0.0) && at["acceptance"].as_f64() < Some(1.0)), "{at:?}");
    let ranks = rounded["erank"].as_array().ok_or("no ranks")?;
    let of = |name: &str| ranks.iter().find(|rank| rank["of"] == name);
    for name in ["hidden.0", "logits", "model.layers.0.mlp.down_proj"] {
        assert!(of(name).is_some_and(|rank| rank["singular_values"].as_f64() > Some(1.0)), "{name}: {ranks:?}");
    }
    // The embeddings are not compressed.
    assert_eq!(of("hidden.0").and_then(|rank| rank["change"].as_f64()), Some(0.0));
    // What a killed probe has done is not done again, and gives the same.
    let file = root.join("out/rtn-w3-g32/probes/positions.safetensors");
    let before = fs::read(&file)?;
    fs::remove_file(&file)?;
    assert_eq!(json(root, &[&PROBE[..], &["--json"]].concat())?, found);
    assert_eq!(fs::read(&file)?, before);
    // A damaged file is named; the cure is said.
    fs::write(&file, &before[..before.len() / 2])?;
    let said = refused(root, &PROBE)?;
    assert!(said.contains("positions.safetensors") && said.contains("probe again"), "{said}");
    fs::write(&file, before)?;

    let blamed = json(root, &["blame", "out", "rtn-w3-g32", "--write", "spared.toml", "--size", "10", "--json"])?;
    let parts = blamed["parts"].as_array().ok_or("no parts")?;
    let recovered: Vec<f64> = parts.iter().filter_map(|part| part["recovered"].as_f64()).collect();
    assert!(recovered.len() > 8 && recovered.is_sorted_by(|a, b| a >= b) && recovered[0] > 0.0, "{recovered:?}");
    let recipe = fs::read_to_string(root.join("spared.toml"))?;
    assert!(recipe.contains("bits = 3") && recipe.contains("[[overrides]]") && recipe.contains("bits = 8"), "{recipe}");
    let said = refused(root, &["blame", "out", "dense"])?;
    assert!(said.contains("no compressed weights"), "{said}");
    let said = refused(root, &["blame", "out", "rtn-w4"])?;
    assert!(said.contains("dense, rtn-w3-g32"), "{said}");
    let halves = json(root, &["blame", "out", "rtn-w3-g32", "--halving", "--tokens", "300", "--json"])?;
    assert!(halves["parts"].as_array().is_some_and(|parts| parts.len() < recovered.len()), "{halves}");

    succeeds(root, &["analyze", "out"])?;
    succeeds(root, &["report", "out"])?;
    let page = fs::read_to_string(root.join("out/report/index.html"))?;
    for shown in ["What changed inside", "KL at decisions", "layer by layer", "comes from"] {
        assert!(page.contains(shown), "{shown}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_probed_says_why() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path();
    fs::write(root.join("replies.jsonl"), "{\"text\": \"look\"}\n")?;
    let asked = ["evaluate", "--tasks", "pddl", "--limit", "1", "--output_path", "out", "--replies", "replies.jsonl"];
    succeeds(root, &asked)?;
    let said = refused(root, &["probe", "out"])?;
    assert!(said.contains("cannot be probed") && said.contains("replies"), "{said}");
    assert!(refused(root, &["probe", "nowhere"])?.contains("nowhere"));
    assert!(refused(root, &["probe", "out", "--positions", "1"])?.contains("positions"));
    Ok(())
}
