//! The one file that holds a checkpoint's weights, of the kind that the format has.

use std::path::{Path, PathBuf};

use super::gguf::{self, GgufFile, Metadata};
use super::tensor_file::{Plan, TensorFile};
use crate::CompressError;

/// The kinds of files that hold weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Safetensors,
    Gguf,
}

/// An open file with a place for every planned tensor.
#[derive(Debug)]
pub(crate) enum WeightFile {
    Safetensors(TensorFile),
    Gguf(GgufFile),
}

/// What is written before the tensors, and which tensors there are.
pub(crate) struct Contents {
    /// Of a GGUF file.
    pub metadata: Option<Metadata>,
    pub plans: Vec<Plan>,
}

impl Contents {
    /// Where the file is.
    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(if self.metadata.is_some() { gguf::WEIGHTS } else { "model.safetensors" })
    }
}

impl WeightFile {
    /// Creates the file in a folder; see [`TensorFile::create`].
    pub fn create(folder: &Path, contents: Contents) -> Result<Self, CompressError> {
        let path = contents.path(folder);
        match contents.metadata {
            None => TensorFile::create(&path, contents.plans).map(Self::Safetensors),
            Some(metadata) => GgufFile::create(&path, &metadata, contents.plans).map(Self::Gguf),
        }
    }

    /// Opens what an earlier process began; see [`TensorFile::reopen`].
    pub fn reopen(folder: &Path, contents: &Contents) -> Result<Option<Self>, CompressError> {
        let (path, plans) = (contents.path(folder), contents.plans.clone());
        Ok(match &contents.metadata {
            None => TensorFile::reopen(&path, plans)?.map(Self::Safetensors),
            Some(metadata) => GgufFile::reopen(&path, metadata, plans)?.map(Self::Gguf),
        })
    }

    /// Writes one tensor, little-endian and row-major, in its place.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), CompressError> {
        match self {
            Self::Safetensors(file) => file.write(name, bytes),
            Self::Gguf(file) => file.write(name, bytes),
        }
    }

    /// Makes sure that what was written is on disk.
    pub fn flush(&mut self) -> Result<(), CompressError> {
        match self {
            Self::Safetensors(file) => file.flush(),
            Self::Gguf(file) => file.flush(),
        }
    }

    /// Makes sure that everything is written, and on disk.
    pub fn sync(&mut self) -> Result<(), CompressError> {
        match self {
            Self::Safetensors(file) => file.sync(),
            Self::Gguf(file) => file.sync(),
        }
    }
}
