//! Where the files of a checkpoint lie: in a folder, or embedded in the binary.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Bytes, ModelError};

/// What to do about a file that is absent or damaged.
pub(crate) const DOWNLOAD: &str = "copy it again from the model's original download";

/// The files of one checkpoint.
#[derive(Debug, Clone)]
pub(crate) enum Files {
    /// A folder in Hugging Face layout.
    Folder(PathBuf),
    /// Name and content of each file.
    Embedded(&'static [(&'static str, &'static [u8])]),
    /// Made from the metadata of one GGUF file: its path, and name and content of each.
    Gguf(PathBuf, Vec<(String, Bytes)>),
}

/// How a folder's GGUF files end.
const GGUF: &str = "gguf";

/// The one GGUF file of a folder, or the file itself; `None` where there is none.
pub(crate) fn find_gguf(path: &Path) -> Result<Option<PathBuf>, ModelError> {
    let is_gguf = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case(GGUF)) && path.is_file();
    if !path.is_dir() {
        return Ok(is_gguf(path).then(|| path.to_owned()));
    }
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let entries = std::fs::read_dir(path).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
    let mut found: Vec<PathBuf> = entries.iter().map(|entry| entry.path()).filter(|path| is_gguf(path)).collect();
    found.sort();
    match found.len() {
        0 | 1 => Ok(found.pop()),
        count => Err(ModelError::Unsupported {
            path: path.to_owned(),
            what: format!("one of {count} GGUF files"),
            cure: format!("name the file itself, {} for instance", found[0].display()),
        }),
    }
}

impl Files {
    /// How the file is called in messages.
    pub fn path(&self, name: &str) -> PathBuf {
        match self {
            Files::Folder(folder) => folder.join(name),
            Files::Embedded(_) => Path::new("pico").join(name),
            Files::Gguf(path, _) => path.join(name),
        }
    }

    /// The folder, where there is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Files::Folder(folder) => Some(folder),
            Files::Embedded(_) | Files::Gguf(..) => None,
        }
    }

    /// The file's content; `None` where there is no such file.
    pub fn find(&self, name: &str) -> Result<Option<Bytes>, ModelError> {
        match self {
            Files::Folder(folder) => {
                let path = folder.join(name);
                match path.try_exists() {
                    Ok(true) if path.is_dir() => Err(damaged(&path, "it is a folder", DOWNLOAD)),
                    Ok(true) => Bytes::map(&path).map(Some),
                    Ok(false) => Ok(None),
                    Err(source) => Err(ModelError::Io { path, source }),
                }
            }
            Files::Embedded(all) => {
                Ok(all.iter().find(|(other, _)| *other == name).map(|&(_, bytes)| Bytes::from(bytes)))
            }
            Files::Gguf(_, all) => Ok(all.iter().find(|(other, _)| other == name).map(|(_, bytes)| bytes.clone())),
        }
    }

    /// The file's content, or the error that it is missing.
    pub fn read(&self, name: &str, cure: &'static str) -> Result<Bytes, ModelError> {
        self.find(name)?.ok_or_else(|| ModelError::Missing { path: self.path(name), cure })
    }

    /// A JSON file that must be there.
    pub fn json(&self, name: &str, cure: &'static str) -> Result<Value, ModelError> {
        let bytes = self.read(name, cure)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| damaged(&self.path(name), format!("it is not JSON: {error}"), cure))
    }

    /// A text file; `None` where there is no such file.
    pub fn text(&self, name: &str) -> Result<Option<String>, ModelError> {
        let Some(bytes) = self.find(name)? else { return Ok(None) };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(error) => Err(damaged(&self.path(name), format!("it is not UTF-8 text: {error}"), DOWNLOAD)),
        }
    }
}

/// What a model in a folder is called: the folder's name; of a snapshot in the hub's cache
/// (`models--owner--name/snapshots/commit`), the repository's.
///
/// ```
/// assert_eq!(model::label("hub/models--sentence-transformers--all-mpnet-base-v2/snapshots/0a1b".as_ref()), "all-mpnet-base-v2");
/// assert_eq!(model::label("models/MiniLM".as_ref()), "MiniLM");
/// ```
pub fn label(folder: &Path) -> String {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let text = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let repository = folder.parent().filter(|parent| text(parent) == "snapshots").and_then(Path::parent).map(text);
    match repository.as_deref().and_then(|repository| repository.strip_prefix("models--")) {
        Some(repository) => repository.rsplit("--").next().unwrap_or(repository).to_owned(),
        None => text(&folder),
    }
}

/// The error that the file at `path` is damaged.
pub(crate) fn damaged(path: &Path, why: impl Into<String>, cure: &'static str) -> ModelError {
    ModelError::Damaged { path: path.to_owned(), why: why.into(), cure }
}
