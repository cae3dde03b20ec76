//! The named tensors of a folder's safetensors files, or of one file: mapped, not read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::files::{DOWNLOAD, Files, damaged};
use crate::format::gguf;
use crate::{Bytes, ModelError};

pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";
const NO_WEIGHTS: &str = "a checkpoint has model.safetensors, or model.safetensors.index.json with its shards; \
     download them, or convert the model with transformers' save_pretrained(safe_serialization=True)";

/// All tensors by name, and the files that hold them.
#[derive(Debug, Default)]
pub(crate) struct Tensors {
    shards: Vec<(PathBuf, Bytes)>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
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
    /// Reads the headers of `model.safetensors`, or of the shards that an index names.
    pub fn read(files: &Files) -> Result<Self, ModelError> {
        let mut tensors = Self::default();
        match files.find(INDEX)? {
            Some(_) if files.find(WEIGHTS)?.is_none() => tensors.read_sharded(files)?,
            _ => tensors.add_shard(files.path(WEIGHTS), files.read(WEIGHTS, NO_WEIGHTS)?, |_| true)?,
        }
        Ok(tensors)
    }

    /// The tensors of one GGUF file.
    pub fn of_file(path: PathBuf, bytes: Bytes, placed: Vec<gguf::Placed>) -> Self {
        let entry = |one: gguf::Placed| {
            let gguf::Placed { name, dtype, shape, range, pairs } = one;
            (name, Entry { shard: 0, dtype, shape, range, pairs })
        };
        Self { shards: vec![(path, bytes)], entries: placed.into_iter().map(entry).collect() }
    }

    fn read_sharded(&mut self, files: &Files) -> Result<(), ModelError> {
        let path = files.path(INDEX);
        let index = files.json(INDEX, DOWNLOAD)?;
        let Some(map) = index.get("weight_map").and_then(Value::as_object) else {
            return Err(damaged(&path, "it has no `weight_map`", DOWNLOAD));
        };
        let mut by_shard: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (tensor, shard) in map {
            let Some(shard) = shard.as_str().filter(|shard| is_plain_name(shard)) else {
                let why = format!("tensor `{tensor}` should lie in a file beside it and lies in {shard}");
                return Err(damaged(&path, why, DOWNLOAD));
            };
            by_shard.entry(shard).or_default().push(tensor);
        }
        for (shard, tensors) in by_shard {
            let bytes = files.read(shard, "it is a shard that model.safetensors.index.json names; download it")?;
            self.add_shard(files.path(shard), bytes, |name| tensors.contains(&name))?;
            if let Some(absent) = tensors.iter().find(|name| !self.entries.contains_key(**name)) {
                return Err(ModelError::NoTensor { name: (*absent).to_owned(), path: files.path(shard) });
            }
        }
        Ok(())
    }

    fn add_shard(&mut self, path: PathBuf, bytes: Bytes, wanted: impl Fn(&str) -> bool) -> Result<(), ModelError> {
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let why = format!("it is not a whole safetensors file of {} bytes ({error})", bytes.len());
            damaged(&path, why, "download it again and compare its size and checksum")
        })?;
        let data = header + 8;
        for (name, info) in metadata.tensors() {
            if wanted(&name) {
                let range = data + info.data_offsets.0..data + info.data_offsets.1;
                let (shard, shape) = (self.shards.len(), info.shape.clone());
                let entry = Entry { shard, dtype: info.dtype, shape, range, pairs: None };
                self.entries.insert(name, entry);
            }
        }
        self.shards.push((path, bytes));
        Ok(())
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
        let none = || ModelError::NoTensor {
            name: name.to_owned(),
            path: self.shards.first().map_or_else(|| PathBuf::from(WEIGHTS), |(path, _)| path.clone()),
        };
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

/// Whether an index may name this file: a plain name, so that nothing outside the folder is read.
fn is_plain_name(name: &str) -> bool {
    !name.contains(['/', '\\']) && Path::new(name).file_name().is_some_and(|file| file == name)
}
