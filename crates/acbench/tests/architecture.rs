//! The arrows between the crates, as `crates/README.md` draws them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::process::Command;

use serde_json::Value;

/// Who may use whom. All may use `record`.
const ARROWS: &[(&str, &[&str])] = &[
    ("record", &[]),
    ("model", &["record"]),
    ("compress", &["record", "model"]),
    ("task", &["record"]),
    ("generate", &["record", "model"]),
    ("analyze", &["record"]),
    ("report", &["record"]),
    ("acbench", &["record", "compress", "generate", "task", "analyze", "report"]),
];

/// Dependencies, dev ones left out, of each package of the workspace.
fn dependencies() -> Result<BTreeMap<String, BTreeSet<String>>, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut all = BTreeMap::new();
    for package in metadata["packages"].as_array().ok_or("no packages")? {
        let name = package["name"].as_str().ok_or("no name")?.to_owned();
        let used = package["dependencies"].as_array().ok_or("no dependencies")?;
        let used = used.iter().filter(|used| used["kind"].as_str() != Some("dev"));
        all.insert(name, used.filter_map(|used| used["name"].as_str().map(str::to_owned)).collect());
    }
    Ok(all)
}

#[test]
fn crates_use_only_what_the_arrows_allow() -> Result<(), Box<dyn Error>> {
    let all = dependencies()?;
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(all.keys().map(String::as_str).collect::<BTreeSet<_>>(), drawn, "the crates of the workspace");
    for (name, allowed) in ARROWS {
        let used: BTreeSet<&str> = all[*name].iter().map(String::as_str).filter(|used| drawn.contains(used)).collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert!(used.is_subset(&allowed), "{name} uses {:?}", used.difference(&allowed));
    }
    Ok(())
}

#[test]
fn tasks_numbers_and_pages_build_without_tensors() -> Result<(), Box<dyn Error>> {
    let all = dependencies()?;
    for name in ["record", "task", "analyze", "report"] {
        for heavy in ["safetensors", "memmap2", "tokenizers", "faer", "half"] {
            assert!(!all[name].contains(heavy), "{name} uses {heavy}");
        }
    }
    Ok(())
}
