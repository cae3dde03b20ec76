//! Running the real binary.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

pub type Checked<T> = Result<T, Box<dyn Error>>;

/// The binary, in a folder of its own.
pub fn acbench(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acbench"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1").env("HF_HUB_OFFLINE", "1");
    command
}

/// Runs it; the output, whatever the exit code.
pub fn run(folder: &Path, args: &[&str]) -> Checked<Output> {
    Ok(acbench(folder, args).output()?)
}

/// Runs it, which must succeed; its standard output.
#[allow(dead_code, reason = "not every test needs it")]
pub fn succeeds(folder: &Path, args: &[&str]) -> Checked<String> {
    let output = run(folder, args)?;
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs it, which must print JSON.
#[allow(dead_code, reason = "not every test needs it")]
pub fn json(folder: &Path, args: &[&str]) -> Checked<Value> {
    Ok(serde_json::from_str(&succeeds(folder, args)?)?)
}

/// Runs it, which must be refused; its standard error with line breaks and margins folded away.
#[allow(dead_code, reason = "not every test needs it")]
pub fn refused(folder: &Path, args: &[&str]) -> Checked<String> {
    let output = run(folder, args)?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    assert!(!said.contains("panicked"), "{args:?}: {said}");
    Ok(said.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" "))
}
