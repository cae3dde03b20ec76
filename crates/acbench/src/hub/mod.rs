//! The Hugging Face hub: models, embedders and single files by `owner/name[@revision]`, kept in the hub's usual cache.
//!
//! The environment is that of the hub's own tools: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, `HF_HUB_CACHE`, `HF_HOME`.
//! Nothing that is downloaded is run: of a model only configuration, tokenizer, template and safetensors files are
//! fetched.

#[cfg(feature = "hub")]
mod cache;
#[cfg(feature = "hub")]
mod client;
#[cfg(not(feature = "hub"))]
#[path = "without.rs"]
mod client;
mod id;

use std::path::{Path, PathBuf};

use generate::{Snapshot, snapshot};

use crate::Error;
use crate::event::{Event, Watch};

use client::Hub;
pub use id::HubId;

/// What stands before a file of a data set: `hub:owner/dataset[@revision]/path/in/it.jsonl`.
const FILE: &str = "hub:";

/// The folder of a model: the one that is named where it is there, else that of the hub's repository of this name,
/// which is downloaded unless it is in the cache.
///
/// # Errors
/// A name that is neither; a repository that cannot be had, or has no safetensors.
pub fn model_folder(name: &Path, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
    if name.exists() {
        return inside(name, watch);
    }
    match name.to_str().and_then(HubId::parse) {
        Some(id) => Hub::from_env().model(&id, watch),
        None => Ok(name.to_owned()),
    }
}

/// A file that is named by its path, or as `hub:owner/dataset[@revision]/path`.
///
/// # Errors
/// A name of the hub that is none, or a file that cannot be had.
pub fn file(name: &Path, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
    let Some(text) = name.to_str().and_then(|text| text.strip_prefix(FILE)) else { return Ok(name.to_owned()) };
    match HubId::parse_file(text) {
        Some((id, path)) => dataset_file(&id, &path, watch),
        None => Err(unnamed(&name.display().to_string(), "hub:OWNER/DATASET[@REVISION]/PATH")),
    }
}

/// The folder itself, or the snapshot of a repository in the hub's cache, which is said.
fn inside(folder: &Path, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
    match snapshot(folder)? {
        Some(Snapshot { folder, note }) => {
            watch(Event::Note(note));
            Ok(folder)
        }
        None => Ok(folder.to_owned()),
    }
}

/// English text to calibrate on: WikiText-2 (Merity et al. 2016; CC BY-SA 3.0 and GFDL), raw, in the archive that
/// llama.cpp's scripts take; the data set and its revision, the file, and its SHA-256.
const ENGLISH: (&str, &str, &str) = (
    "ggml-org/ci@927b3642933080f1b0e811e2f916e14c292992f9",
    "wikitext-2-raw-v1.zip",
    "ef7edb566e3e2b2d31b29c1fdb0c89a4cc683597484c3dc2517919c615435a11",
);

/// A file of English text to calibrate on, pinned by revision and digest: out of the cache, else downloaded where the hub
/// answers within two seconds; `None` where it is neither.
pub fn english(watch: &mut Watch<'_>) -> Option<PathBuf> {
    let (id, file, digest) = (HubId::parse(ENGLISH.0)?, ENGLISH.1, ENGLISH.2);
    let hub = Hub::from_env();
    let path = match hub.cached_file(&id, file) {
        Some(path) => path,
        None if hub.answers() => match hub.dataset_file(&id, file, watch) {
            Ok(path) => path,
            Err(error) => {
                watch(Event::Warning(format!("no English text to calibrate on: {error}")));
                return None;
            }
        },
        None => return None,
    };
    if std::fs::read(&path).is_ok_and(|bytes| record::digest(&bytes) == digest) {
        return Some(path);
    }
    watch(Event::Warning(format!("{} is not the text that it should be (SHA-256 {digest})", path.display())));
    None
}

fn unnamed(name: &str, form: &str) -> Error {
    let problem = format!("it should be {form}, and the path may not leave the data set");
    Error::Hub { id: name.trim_start_matches(FILE).to_owned(), tried: name.to_owned(), problem }
}

/// A folder that is named by its path, or as `hub:owner/dataset[@revision][/path]`: of a data set its JSON, CSV, text, PDDL
/// and zip files are downloaded.
///
/// # Errors
/// A name of the hub that is none, or a data set that cannot be had.
pub fn data_folder(name: &str, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
    let Some(text) = name.strip_prefix(FILE) else { return inside(Path::new(name), watch) };
    match HubId::parse_file(text).or_else(|| HubId::parse(text).map(|id| (id, String::new()))) {
        Some((id, path)) => Hub::from_env().dataset_folder(&id, &path, watch),
        None => Err(unnamed(name, "hub:OWNER/DATASET[@REVISION][/PATH]")),
    }
}

/// One file of a data set.
///
/// # Errors
/// A path that leaves the data set, or a file that cannot be had.
pub fn dataset_file(id: &HubId, path: &str, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
    Hub::from_env().dataset_file(id, path, watch)
}
