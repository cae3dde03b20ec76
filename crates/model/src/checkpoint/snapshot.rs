//! Folders of the hub's cache: `models--owner--name` is a repository, and one of its `snapshots/` is the model.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::ModelError;

/// The snapshot that a repository of the hub's cache stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its folder.
    pub folder: PathBuf,
    /// Which one it is and why, for the reader.
    pub note: String,
}

/// The snapshot of a folder `models--owner--name` or `datasets--owner--name`: that of `refs/main`, else the only one, else
/// the newest. `None` where the folder is no repository of the hub's cache.
///
/// # Errors
/// A repository without a snapshot, or one that cannot be listed.
pub fn snapshot(folder: &Path) -> Result<Option<Snapshot>, ModelError> {
    let root = match folder.file_name() {
        Some(name) if name == "snapshots" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    let snapshots = root.join("snapshots");
    if !snapshots.is_dir() || root.join("config.json").exists() {
        return Ok(None);
    }
    let main = record::read_text(&root.join("refs").join("main")).map(|commit| commit.trim().to_owned()).ok();
    let named = main.as_deref().filter(|commit| !commit.is_empty() && !commit.contains(['/', '\\', '.']));
    if let Some(folder) = named.map(|commit| snapshots.join(commit)).filter(|folder| folder.is_dir()) {
        return Ok(Some(found(root, folder, "refs/main")));
    }
    let mut all = listed(&snapshots)?;
    let why = match (all.len(), named) {
        (0, _) => {
            let cure = "the download into the hub's cache did not finish; run `hf download` again";
            return Err(ModelError::Missing { path: snapshots, cure });
        }
        (1, _) => "the only one",
        (_, None) => "the newest; it has no refs/main",
        (_, Some(_)) => "the newest; what refs/main names is not there",
    };
    all.sort();
    Ok(all.pop().map(|(_, folder)| found(root, folder, why)))
}

fn found(root: &Path, folder: PathBuf, why: &str) -> Snapshot {
    let commit = folder.file_name().unwrap_or_default().to_string_lossy();
    let note = format!("{} is a repository of the hub's cache: its snapshot {commit} is taken ({why})", root.display());
    Snapshot { folder, note }
}

/// The folders of `snapshots/` with when each was changed.
fn listed(snapshots: &Path) -> Result<Vec<(SystemTime, PathBuf)>, ModelError> {
    let io = |source| ModelError::Io { path: snapshots.to_owned(), source };
    let mut all = Vec::new();
    for entry in fs::read_dir(snapshots).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_dir() {
            let changed = fs::metadata(&path).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            all.push((changed, path));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_stands_for_one_of_its_snapshots() -> Result<(), Box<dyn std::error::Error>> {
        let cache = tempfile::tempdir()?;
        let root = cache.path().join("models--o--m");
        let taken = || snapshot(&root).map(|found| found.map(|found| (found.folder, found.note)));
        assert_eq!(taken()?, None);
        fs::create_dir_all(root.join("snapshots"))?;
        assert!(taken().is_err_and(|error| error.to_string().contains("did not finish")));
        for commit in ["aa", "bb"] {
            fs::create_dir(root.join("snapshots").join(commit))?;
            let (folder, note) = taken()?.ok_or("none")?;
            if commit == "aa" {
                assert!(folder.ends_with("snapshots/aa") && note.contains("the only one"), "{note}");
            }
        }
        fs::File::open(root.join("snapshots/aa"))?
            .set_modified(SystemTime::now() + std::time::Duration::from_secs(9))?;
        assert!(taken()?.is_some_and(|(folder, note)| folder.ends_with("aa") && note.contains("no refs/main")));
        fs::create_dir(root.join("refs"))?;
        fs::write(root.join("refs/main"), "\u{FEFF}bb\n")?;
        assert!(taken()?.is_some_and(|(folder, note)| folder.ends_with("bb") && note.contains("refs/main")));
        assert_eq!(snapshot(&root.join("snapshots"))?, snapshot(&root)?);
        fs::write(root.join("refs/main"), "../../../etc")?;
        assert!(taken()?.is_some_and(|(folder, _)| folder.ends_with("snapshots/aa")));
        assert_eq!(snapshot(&root.join("snapshots/aa"))?, None);
        Ok(())
    }
}
