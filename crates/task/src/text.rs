//! Text files of official data: UTF-8, with or without a byte-order mark.

use std::fs;
use std::path::Path;

use record::NotText;
use serde::de::DeserializeOwned;

use crate::TaskError;

/// The bytes of a file as they are.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, TaskError> {
    fs::read(path).map_err(|source| TaskError::Read { path: path.to_owned(), source })
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, TaskError> {
    record::text(&read_bytes(path)?).map(str::to_owned).map_err(|why| wrong(path, why))
}

/// The JSON value of a file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TaskError> {
    record::json(&read_bytes(path)?).map_err(|why| wrong(path, why))
}

/// The error that a file holds something else.
pub(crate) fn wrong(path: &Path, why: NotText) -> TaskError {
    TaskError::Format { path: path.to_owned(), place: format!("line {}", why.line), problem: why.problem }
}
