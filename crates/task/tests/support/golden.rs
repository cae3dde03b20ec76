//! Golden files: a case a line, each put through a check.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// The cases of a golden file that `wanted` chooses, each put through `check`; prints how many pass.
pub fn golden(
    file: &str,
    name: &str,
    wanted: impl Fn(&Value) -> bool,
    check: impl Fn(&Value) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join(file);
    if !path.is_file() {
        println!("golden {name}: skipped, {} is not there", path.display());
        return Ok(());
    }
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let cases: Vec<Value> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    let cases: Vec<&Value> = cases.iter().filter(|case| wanted(case)).collect();
    let failures: Vec<String> =
        cases.iter().filter_map(|case| check(case).err().map(|problem| format!("{problem}: {case}"))).collect();
    println!("golden {name}: {} of {}", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// That both are equal; otherwise both, in words.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<(), Box<dyn Error>> {
    if got == want { Ok(()) } else { Err(format!("{what}: got {got:?}, want {want:?}").into()) }
}
