//! A checkpoint: configuration, tokenizer and named tensors, read lazily and checked.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::files::{DOWNLOAD, Files, damaged, find_gguf};
use crate::format::gguf;
use crate::{Bytes, Config, ModelError, Tokenizer};

const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const NO_WEIGHTS: &str = "a checkpoint has model.safetensors, or model.safetensors.index.json with its shards; \
     download them, or convert the model with transformers' save_pretrained(safe_serialization=True)";
const CONFIG_CURE: &str = "restore config.json from the model's original download";

/// Files that belong to a checkpoint beside `config.json` and the weights, where they are there.
const COMPANIONS: &[&str] = &[
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "generation_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
];

/// A Hugging Face model folder, the like embedded in the binary, or a GGUF file.
#[derive(Debug)]
pub struct Checkpoint {
    files: Files,
    config: Config,
    config_json: Value,
    shards: Vec<(PathBuf, Bytes)>,
    tensors: BTreeMap<String, Entry>,
    tokenizer: OnceLock<Tokenizer>,
    digest: OnceLock<String>,
}

#[derive(Debug)]
struct Entry {
    shard: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    range: Range<usize>,
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

impl Checkpoint {
    /// Opens a folder in Hugging Face layout, a GGUF file, or a folder whose only weights are one GGUF file. Weights are
    /// mapped, not read.
    ///
    /// # Errors
    /// Where the folder, `config.json` or a weight file is missing or damaged, or the architecture is unknown.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let hugging_face = [WEIGHTS, INDEX].iter().any(|name| folder.join(name).exists());
        if let Some(file) = if hugging_face { None } else { find_gguf(folder)? } {
            return Self::open_gguf(file);
        }
        if !folder.is_dir() {
            let cure = "give a folder that holds config.json, tokenizer.json and model.safetensors, or a .gguf file";
            return Err(ModelError::Missing { path: folder.to_owned(), cure });
        }
        Self::read(Files::Folder(folder.to_owned()))
    }

    /// A checkpoint whose files are in the binary: name and content of each.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn from_bytes(files: &'static [(&'static str, &'static [u8])]) -> Result<Self, ModelError> {
        Self::read(Files::Embedded(files))
    }

    fn open_gguf(path: PathBuf) -> Result<Self, ModelError> {
        let bytes = Bytes::map(&path)?;
        let gguf::Opened { files, tensors } = gguf::open(&path, &bytes)?;
        let mut checkpoint = Self::begin(Files::Gguf(path.clone(), files))?;
        checkpoint.shards.push((path, bytes));
        for gguf::Placed { name, dtype, shape, range } in tensors {
            checkpoint.tensors.insert(name, Entry { shard: 0, dtype, shape, range });
        }
        Ok(checkpoint)
    }

    /// A checkpoint without tensors yet.
    fn begin(files: Files) -> Result<Self, ModelError> {
        let config_json = files.json("config.json", CONFIG_CURE)?;
        let config = Config::from_json(&config_json, &files.path("config.json"))?;
        Ok(Self {
            files,
            config,
            config_json,
            shards: Vec::new(),
            tensors: BTreeMap::new(),
            tokenizer: OnceLock::new(),
            digest: OnceLock::new(),
        })
    }

    fn read(files: Files) -> Result<Self, ModelError> {
        let mut checkpoint = Self::begin(files)?;
        match checkpoint.files.find(INDEX)? {
            Some(_) if checkpoint.files.find(WEIGHTS)?.is_none() => checkpoint.read_sharded()?,
            _ => {
                let bytes = checkpoint.files.read(WEIGHTS, NO_WEIGHTS)?;
                checkpoint.add_shard(WEIGHTS, bytes, |_| true)?;
            }
        }
        Ok(checkpoint)
    }

    fn read_sharded(&mut self) -> Result<(), ModelError> {
        let path = self.files.path(INDEX);
        let index = self.files.json(INDEX, DOWNLOAD)?;
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
            let bytes = self.files.read(shard, "it is a shard that model.safetensors.index.json names; download it")?;
            self.add_shard(shard, bytes, |name| tensors.contains(&name))?;
            if let Some(absent) = tensors.iter().find(|name| !self.tensors.contains_key(**name)) {
                return Err(ModelError::NoTensor { name: (*absent).to_owned(), path: self.files.path(shard) });
            }
        }
        Ok(())
    }

    fn add_shard(&mut self, name: &str, bytes: Bytes, wanted: impl Fn(&str) -> bool) -> Result<(), ModelError> {
        let path = self.files.path(name);
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let why = format!("it is not a whole safetensors file of {} bytes ({error})", bytes.len());
            damaged(&path, why, "download it again and compare its size and checksum")
        })?;
        let data = header + 8;
        for (name, info) in metadata.tensors() {
            if wanted(&name) {
                let range = data + info.data_offsets.0..data + info.data_offsets.1;
                let entry = Entry { shard: self.shards.len(), dtype: info.dtype, shape: info.shape.clone(), range };
                self.tensors.insert(name, entry);
            }
        }
        self.shards.push((path, bytes));
        Ok(())
    }

    /// The decoder's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// `config.json` as it was read.
    pub fn config_json(&self) -> &Value {
        &self.config_json
    }

    /// The tokenizer with its chat template and stop tokens, read at the first call.
    ///
    /// # Errors
    /// Where `tokenizer.json`, `tokenizer_config.json` or `generation_config.json` is missing or damaged, the chat
    /// template is not one, or the vocabulary does not fit the model.
    pub fn tokenizer(&self) -> Result<&Tokenizer, ModelError> {
        if let Some(tokenizer) = self.tokenizer.get() {
            return Ok(tokenizer);
        }
        let tokenizer = Tokenizer::read(&self.files, &self.config)?;
        Ok(self.tokenizer.get_or_init(|| tokenizer))
    }

    /// SHA-256 over configuration, tokenizer files and weights, 64 hexadecimal digits; computed at the first call.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn digest(&self) -> Result<String, ModelError> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let mut all = record::Digest::default();
        let mut add = |name: &str, bytes: &[u8]| {
            all.update(format!("{name} {}\n", bytes.len()).as_bytes());
            all.update(bytes);
        };
        add("config.json", &self.files.read("config.json", CONFIG_CURE)?);
        for (name, bytes) in self.files()? {
            add(&name, &bytes);
        }
        for (path, bytes) in &self.shards {
            add(&path.file_name().unwrap_or_default().to_string_lossy(), bytes);
            bytes.forget();
        }
        Ok(self.digest.get_or_init(|| all.hex()).clone())
    }

    pub(crate) fn json(&self, name: &str, cure: &'static str) -> Result<Value, ModelError> {
        self.files.json(name, cure)
    }

    /// The folder; `None` for an embedded checkpoint.
    pub fn folder(&self) -> Option<&Path> {
        self.files.folder()
    }

    /// Whether it is a GGUF file.
    pub fn is_gguf(&self) -> bool {
        matches!(self.files, Files::Gguf(..))
    }

    /// How a file of this checkpoint is called in messages.
    pub fn path(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }

    /// The names of all tensors, sorted.
    pub fn tensor_names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// One tensor.
    ///
    /// # Errors
    /// [`ModelError::NoTensor`] where there is none of this name.
    pub fn tensor(&self, name: &str) -> Result<TensorView, ModelError> {
        let none = || ModelError::NoTensor {
            name: name.to_owned(),
            path: self.shards.first().map_or_else(|| self.files.path(WEIGHTS), |(path, _)| path.clone()),
        };
        let entry = self.tensors.get(name).ok_or_else(none)?;
        let (file, bytes) = &self.shards[entry.shard];
        Ok(TensorView {
            name: name.to_owned(),
            dtype: entry.dtype,
            shape: entry.shape.clone(),
            bytes: bytes.slice(entry.range.clone()).ok_or_else(none)?,
            file: file.clone(),
        })
    }

    /// The files beside `config.json` and the weights that a copy of this checkpoint needs: name and content.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub fn files(&self) -> Result<Vec<(String, Bytes)>, ModelError> {
        let mut all = Vec::new();
        for name in COMPANIONS {
            if let Some(bytes) = self.files.find(name)? {
                all.push(((*name).to_owned(), bytes));
            }
        }
        Ok(all)
    }

    /// Lets the system take back the memory that mapped weight files have in use: pages that were read count as memory
    /// of this process until then. What is looked at again is read again.
    pub fn forget(&self) {
        self.shards.iter().for_each(|(_, bytes)| bytes.forget());
    }

    /// Bytes of all weight files.
    pub fn weight_bytes(&self) -> usize {
        self.shards.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// Whether an index may name this file: a plain name, so that nothing outside the folder is read.
fn is_plain_name(name: &str) -> bool {
    !name.contains(['/', '\\']) && Path::new(name).file_name().is_some_and(|file| file == name)
}
