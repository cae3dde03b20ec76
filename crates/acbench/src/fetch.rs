//! How official data is fetched.

use crate::{Error, lookup};

/// The commands that fetch BFCL, which is on the package index, and ask it.
const BFCL: &str = "\
pip download --no-deps bfcl-eval==2026.3.23 -d bfcl
acbench evaluate --tasks bfcl --data bfcl=bfcl
";

/// How the official data of a task, or of a benchmark of several, is fetched: commands where there are any, else what is
/// to be taken from where.
///
/// # Errors
/// A name that no task has.
pub fn fetch(name: &str) -> Result<String, Error> {
    let tasks = lookup::tasks(&[name.to_owned()])?;
    if tasks.iter().all(|task| task.name().starts_with("bfcl_")) {
        return Ok(BFCL.to_owned());
    }
    let mut lines: Vec<String> =
        tasks.iter().flat_map(|task| task.info().official).map(|files| format!("{files}\n")).collect();
    lines.dedup();
    Ok(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_or_sources_are_said() -> Result<(), Error> {
        assert_eq!(fetch("bfcl")?.lines().count(), 2);
        assert_eq!(fetch("bfcl")?, fetch("bfcl_live")?);
        assert!(fetch("worfbench")?.contains("license"));
        assert!(fetch("bfcll").is_err());
        Ok(())
    }
}
