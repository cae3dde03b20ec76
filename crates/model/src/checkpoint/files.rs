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
        let path = self.path(name);
        if let Some(error) = not_the_file(&path, &bytes) {
            return Err(error);
        }
        record::json(&bytes).map_err(|why| damaged(&path, format!("it is not JSON: {why}"), cure))
    }

    /// A JSON file; an empty object where there is no such file.
    pub fn json_or_empty(&self, name: &str, cure: &'static str) -> Result<Value, ModelError> {
        let none = || Value::Object(serde_json::Map::new());
        Ok(if self.find(name)?.is_some() { self.json(name, cure)? } else { none() })
    }

    /// A text file; `None` where there is no such file.
    pub fn text(&self, name: &str) -> Result<Option<String>, ModelError> {
        let Some(bytes) = self.find(name)? else { return Ok(None) };
        match record::text(&bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(why) => Err(damaged(&self.path(name), why.problem, DOWNLOAD)),
        }
    }
}

/// What a model in a folder is called: the folder's name; of a repository or a snapshot in the hub's cache
/// (`models--owner--name/snapshots/commit`), the repository's.
///
/// ```
/// assert_eq!(model::label("hub/models--sentence-transformers--all-mpnet-base-v2/snapshots/0a1b".as_ref()), "all-mpnet-base-v2");
/// assert_eq!(model::label("models--Qwen--Qwen3-8B".as_ref()), "Qwen3-8B");
/// assert_eq!(model::label("models/MiniLM".as_ref()), "MiniLM");
/// ```
pub fn label(folder: &Path) -> String {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let text = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let repository = folder.parent().filter(|parent| text(parent) == "snapshots").and_then(Path::parent).map(text);
    let name = repository.filter(|repository| repository.starts_with("models--")).unwrap_or_else(|| text(&folder));
    match name.strip_prefix("models--") {
        Some(repository) => repository.rsplit("--").next().unwrap_or(repository).to_owned(),
        None => text(&folder),
    }
}

/// The error that a file holds what stands for it and not itself: Git's pointer to it, or a web page.
pub(crate) fn not_the_file(path: &Path, bytes: &[u8]) -> Option<ModelError> {
    if bytes.starts_with(b"version https://git-lfs") {
        let cure = "run `git lfs pull` in its folder, or fetch the repository with `hf download`";
        return Some(damaged(path, "it is Git LFS's pointer to the file, not the file", cure));
    }
    let page = bytes
        .trim_ascii_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"<html") || start.eq_ignore_ascii_case(b"<!doc"));
    page.then(|| damaged(path, "it is a web page, not the file", "download it with `hf download`"))
}

/// The error that the file at `path` is damaged.
pub(crate) fn damaged(path: &Path, why: impl Into<String>, cure: &'static str) -> ModelError {
    ModelError::Damaged { path: path.to_owned(), why: why.into(), cure }
}
