//! The named tensors of a folder's safetensors files, or of one file: mapped, not read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};

use crate::checkpoint::files::{damaged, not_the_file};
use crate::checkpoint::shards::WEIGHTS;
use crate::format::gguf;
use crate::{Bytes, ModelError};

/// All tensors by name, and the files that hold them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tensors {
    shards: Vec<(PathBuf, Bytes)>,
    entries: BTreeMap<String, Entry>,
    /// Tensors that an index promises and that are not there, and the file that should hold each.
    pub absent: BTreeMap<String, PathBuf>,
    /// What the reader should know of what was read and what was not.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Entry {
    shard: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    range: Range<usize>,
    /// Heads whose rows lie in pairs in a GGUF file.
    pairs: Option<usize>,
}

/// One tensor as it lies in its file.
#[derive(Debug, Clone)]
pub struct TensorView {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub dtype: Dtype,
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
    /// Its values, little-endian and row-major.
    pub bytes: Bytes,
    /// The file that holds it.
    pub file: PathBuf,
}

impl Tensors {
    /// The tensors of one GGUF file.
    pub fn of_file(path: PathBuf, bytes: Bytes, placed: Vec<gguf::Placed>) -> Self {
        let entry = |one: gguf::Placed| {
            let gguf::Placed { name, dtype, shape, range, pairs } = one;
            (name, Entry { shard: 0, dtype, shape, range, pairs })
        };
        let entries = placed.into_iter().map(entry).collect();
        Self { shards: vec![(path, bytes)], entries, ..Self::default() }
    }

    /// Adds the tensors of one safetensors file; they count more than those of files before it.
    pub fn add_shard(&mut self, path: PathBuf, bytes: Bytes) -> Result<(), ModelError> {
        if let Some(error) = not_the_file(&path, &bytes) {
            return Err(error);
        }
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let why = format!("it is not a whole safetensors file of {} bytes ({error})", bytes.len());
            damaged(&path, why, "download it again and compare its size and checksum")
        })?;
        let (data, shard) = (header + 8, self.shards.len());
        self.shards.push((path, bytes));
        for (name, info) in metadata.tensors() {
            let range = data + info.data_offsets.0..data + info.data_offsets.1;
            let entry = Entry { shard, dtype: info.dtype, shape: info.shape.clone(), range, pairs: None };
            if let Some(before) = self.entries.insert(name.clone(), entry) {
                self.note_twin(&name, &before);
            }
        }
        Ok(())
    }

    /// Says that a tensor lies in two files, where it makes a difference.
    fn note_twin(&mut self, name: &str, before: &Entry) {
        let Some(now) = self.entries.get(name) else { return };
        let bytes = |entry: &Entry| self.shards[entry.shard].1.slice(entry.range.clone());
        let same = before.shape == now.shape && bytes(before).as_deref() == bytes(now).as_deref();
        if !same {
            let [before, now] = [before, now].map(|entry| self.shards[entry.shard].0.display());
            self.notes.push(format!("tensor `{name}` lies in {before} and, otherwise, in {now}, which counts"));
        }
    }

    /// Gives a tensor another name, unless there is one of that name.
    pub fn rename(&mut self, name: &str, to: &str) {
        if !self.entries.contains_key(to)
            && let Some(entry) = self.entries.remove(name)
        {
            self.entries.insert(to.to_owned(), entry);
        }
        if let Some(path) = self.absent.remove(name) {
            self.absent.insert(to.to_owned(), path);
        }
    }

    /// Leaves a tensor out.
    pub fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// Whether a module has tensors: `lm_head` where there is `lm_head.weight`.
    pub fn has_module(&self, module: &str) -> bool {
        let start = format!("{module}.");
        self.entries.range(start.clone()..).next().is_some_and(|(name, _)| name.starts_with(&start))
    }

    /// The error that a tensor is in no file, and why.
    pub fn lacking(&self, name: &str, why: String) -> ModelError {
        match self.absent.get(name) {
            Some(shard) if !shard.exists() => {
                let cure = "it is a shard that model.safetensors.index.json names; download it";
                ModelError::Missing { path: shard.clone(), cure }
            }
            Some(shard) => {
                let why = "model.safetensors.index.json says that it lies there; download both from one revision";
                ModelError::NoTensor { name: name.to_owned(), path: shard.clone(), why: why.to_owned() }
            }
            None => {
                let path = self.shards.first().map_or_else(|| PathBuf::from(WEIGHTS), |(path, _)| path.clone());
                ModelError::NoTensor { name: name.to_owned(), path, why }
            }
        }
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// One tensor.
    ///
    /// # Errors
    /// [`ModelError::NoTensor`] where there is none of this name.
    pub fn get(&self, name: &str) -> Result<TensorView, ModelError> {
        let none = || self.lacking(name, "no weight file holds it".to_owned());
        let entry = self.entries.get(name).ok_or_else(none)?;
        let (file, bytes) = &self.shards[entry.shard];
        let bytes = bytes.slice(entry.range.clone()).ok_or_else(none)?;
        let in_halves = |heads| gguf::halves(&bytes, entry.shape.first().copied().unwrap_or(1), heads).into();
        Ok(TensorView {
            name: name.to_owned(),
            dtype: entry.dtype,
            shape: entry.shape.clone(),
            bytes: entry.pairs.map_or_else(|| bytes.clone(), in_halves),
            file: file.clone(),
        })
    }

    /// The files and their bytes.
    pub fn shards(&self) -> &[(PathBuf, Bytes)] {
        &self.shards
    }
}
