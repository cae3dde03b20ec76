//! Reading and writing records: JSON and JSON lines, never half a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::JsonlWriter;
use crate::text::{NotText, read_text, unmarked};

/// A record file that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The operating system refused (missing file, full disk, no permission).
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, `create`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text is not the record that was expected.
    #[error("{} line {line} is not what it should be: {source}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// The file holds no text.
    #[error("{} cannot be read: {source}", path.display())]
    Text {
        /// Which file.
        path: PathBuf,
        /// Why it holds none.
        source: NotText,
    },
}

impl RecordError {
    /// An [`RecordError::Io`] for `path`.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

/// Reads one JSON value.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, RecordError> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|source| RecordError::Parse {
        path: path.to_owned(),
        line: source.line(),
        source,
    })
}

/// Reads a JSON lines file. The last line counts with a newline or without.
pub fn read_jsonl<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, RecordError> {
    lines(path, read_text(path)?.as_bytes())
}

/// Reads a JSON lines file that a process of ours may have been killed over: a last line without a newline is a torn
/// write and is dropped.
pub fn read_torn_jsonl<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, RecordError> {
    let bytes = fs::read(path).map_err(|source| RecordError::io("read", path, source))?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    lines(path, &bytes[..whole])
}

fn lines<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<Vec<T>, RecordError> {
    unmarked(bytes)
        .map_err(|source| RecordError::Text { path: path.to_owned(), source })?
        .split(|&byte| byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|source| RecordError::Parse {
                path: path.to_owned(),
                line: index + 1,
                source,
            })
        })
        .collect()
}

/// Where a file lies until it is whole.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Writes a whole file beside its place, syncs it, and renames it there: readers see the old or the new one.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    let fail = |source| RecordError::io("write", path, source);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let beside = beside(path);
    let mut file = File::create(&beside).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&beside, path).map_err(fail)
}

/// Writes one JSON value, indented, atomically.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), RecordError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| RecordError::Parse {
        path: path.to_owned(),
        line: 0,
        source,
    })?;
    text.push(b'\n');
    write_atomic(path, &text)
}

/// Writes all values as JSON lines, atomically.
pub fn write_jsonl<T: Serialize>(path: &Path, values: &[T]) -> Result<(), RecordError> {
    let mut file = JsonlWriter::create(path)?;
    values.iter().try_for_each(|value| file.push(value))?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_without_newline_is_torn_in_files_of_ours_only() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a/b.jsonl");
        write_jsonl(&path, &[[1], [2]])?;
        let mut bytes = fs::read(&path)?;
        bytes.extend([b'x'; 9000]);
        fs::write(&path, bytes)?;
        assert_eq!(read_torn_jsonl::<Vec<u8>>(&path)?, [[1], [2]]);
        assert!(read_jsonl::<Vec<u8>>(&path).is_err());
        fs::write(&path, "\u{FEFF}[1]\r\n[2]")?;
        assert_eq!(read_jsonl::<Vec<u8>>(&path)?, [[1], [2]]);
        Ok(())
    }

    #[test]
    fn a_broken_line_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.jsonl");
        fs::write(&path, "1\n\nx\n")?;
        let error = read_jsonl::<u8>(&path).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("line 3"), "{error}");
        Ok(())
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_with_the_path() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let error = write_json(folder.path(), &1).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("cannot write"), "{error}");
        Ok(())
    }
}
