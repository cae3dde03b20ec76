//! A checkpoint: configuration, tokenizer and named tensors, read lazily and checked.

pub(crate) mod bytes;
pub(crate) mod files;
pub(crate) mod needed;
pub(crate) mod settle;
pub(crate) mod shards;
pub(crate) mod snapshot;
mod stacked;
pub(crate) mod tensors;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::checkpoint::files::{DOWNLOAD, Files, find_gguf};
use crate::checkpoint::shards::{INDEX, WEIGHTS};
use crate::checkpoint::tensors::Tensors;
use crate::config::unwrapped;
use crate::format::gguf;
use crate::snapshot;
use crate::text::template::Templates;
use crate::{Activations, Bytes, Config, ModelError, Snapshot, TensorView, Tokenizer};

const CONFIG: &str = "config.json";
/// Where older quantizers describe a checkpoint whose config.json says nothing: AutoGPTQ, AutoAWQ.
const QUANTIZERS: [&str; 2] = ["quantize_config.json", "quant_config.json"];
const CONFIG_CURE: &str = "restore config.json from the model's original download";

/// Bytes of a weight file that are looked at together for its digest.
const PART: usize = 32 << 20;

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
    /// The file that says how weights are quantized.
    quantizer: &'static str,
    tensors: Tensors,
    tokenizer: OnceLock<Tokenizer>,
    digest: OnceLock<String>,
    activations: Activations,
}

impl Checkpoint {
    /// Opens a folder in Hugging Face layout, a GGUF file, or a folder whose only weights are one GGUF file; of a repository
    /// in the hub's cache, [`snapshot`]. Weights are mapped, not read.
    ///
    /// # Errors
    /// Where the folder, `config.json` or a weight file is missing or damaged, or the architecture is unknown.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        if let Some(Snapshot { folder, note }) = snapshot(folder)? {
            let mut checkpoint = Self::open(&folder)?;
            checkpoint.tensors.notes.insert(0, note);
            return Ok(checkpoint);
        }
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

    /// The same where the weights may be elsewhere, behind a server, say: without them it can say how prompts are written,
    /// and no more.
    ///
    /// # Errors
    /// As [`Checkpoint::open`], but for weights that are missing.
    pub fn open_described(folder: &Path) -> Result<Self, ModelError> {
        let folder = snapshot(folder)?.map_or_else(|| folder.to_owned(), |snapshot| snapshot.folder);
        let weights = [WEIGHTS, INDEX].iter().any(|name| folder.join(name).exists());
        if weights || !folder.join(CONFIG).is_file() || find_gguf(&folder)?.is_some() {
            return Self::open(&folder);
        }
        Self::begin(Files::Folder(folder))
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
        checkpoint.tensors = Tensors::of_file(path, bytes, tensors);
        Ok(checkpoint)
    }

    /// A checkpoint without tensors yet.
    fn begin(files: Files) -> Result<Self, ModelError> {
        let config_json = unwrapped(files.json("config.json", CONFIG_CURE)?);
        let config = Config::from_json(&config_json, &files.path("config.json"))?;
        Ok(Self {
            files,
            config,
            config_json,
            quantizer: CONFIG,
            tensors: Tensors::default(),
            tokenizer: OnceLock::new(),
            digest: OnceLock::new(),
            activations: Activations::Stored,
        })
    }

    fn read(files: Files) -> Result<Self, ModelError> {
        let mut checkpoint = Self::begin(files)?;
        let Self { files, config, config_json, .. } = &mut checkpoint;
        checkpoint.tensors = settle::read(files, config, config_json)?;
        checkpoint.find_quantizer()?;
        Ok(checkpoint)
    }

    /// Reads how weights are quantized from a file of its own, where they are packed and config.json does not say it.
    fn find_quantizer(&mut self) -> Result<(), ModelError> {
        if !self.config.quantization.is_null() || !self.tensor_names().any(|name| name.ends_with(".qweight")) {
            return Ok(());
        }
        for name in QUANTIZERS {
            if self.files.find(name)?.is_some() {
                self.config.quantization = self.files.json(name, DOWNLOAD)?;
                self.quantizer = name;
                break;
            }
        }
        Ok(())
    }

    /// The same checkpoint, to be run with its inputs of linears rounded like this. Nothing else changes, not its digest either.
    #[must_use]
    pub fn with_activations(self, activations: Activations) -> Self {
        Self { activations, ..self }
    }

    /// How inputs of linears are rounded where the files do not say it.
    pub fn activations(&self) -> Activations {
        self.activations
    }

    /// How the file is called in messages that says how weights are quantized.
    pub(crate) fn quantization_path(&self) -> PathBuf {
        self.path(self.quantizer)
    }

    /// The decoder's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the reader should know of what was read and what was not: files that were passed over, a head that is not
    /// what `config.json` says.
    pub fn notes(&self) -> &[String] {
        &self.tensors.notes
    }

    /// `config.json` as it was read, of a larger model what it says of its decoder; where the files hold a head beside a tied embedding, it says that they are not tied.
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
        if self.quantizer != CONFIG {
            add(self.quantizer, &self.files.read(self.quantizer, DOWNLOAD)?);
        }
        for (name, bytes) in self.files()? {
            add(&name, &bytes);
        }
        for (path, bytes) in self.tensors.shards() {
            all.update(format!("{} {}\n", path.file_name().unwrap_or_default().display(), bytes.len()).as_bytes());
            // A file larger than memory is never in memory as a whole.
            for part in bytes.chunks(PART) {
                all.update(part);
                bytes.forget();
            }
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

    /// What there is to say of the GGUF file; `None` where it is none.
    ///
    /// # Errors
    /// Where it cannot be read any more.
    pub fn gguf(&self) -> Result<Option<gguf::Summary>, ModelError> {
        match &self.files {
            Files::Gguf(path, _) => gguf::Summary::read(path).map(Some),
            Files::Folder(_) | Files::Embedded(_) => Ok(None),
        }
    }

    /// How a file of this checkpoint is called in messages.
    pub fn path(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }

    /// The names of all tensors, sorted.
    pub fn tensor_names(&self) -> impl Iterator<Item = &str> {
        self.tensors.names()
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.has(name)
    }

    /// One tensor.
    ///
    /// # Errors
    /// [`ModelError::NoTensor`] where there is none of this name.
    pub fn tensor(&self, name: &str) -> Result<TensorView, ModelError> {
        self.tensors.get(name)
    }

    /// The 4-bit floats that a tensor is stored as, where it is: blocks as a GGUF file holds them.
    pub fn blocks(&self, name: &str) -> Option<TensorView> {
        self.tensors.blocks(name)
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
        for name in Templates::companions() {
            if let Some(bytes) = self.files.find(&name)? {
                all.push((name, bytes));
            }
        }
        Ok(all)
    }

    /// Lets the system take back the memory that mapped weight files have in use: pages that were read count as memory
    /// of this process until then. What is looked at again is read again.
    pub fn forget(&self) {
        self.tensors.shards().iter().for_each(|(_, bytes)| bytes.forget());
    }

    /// Bytes of weights that a loaded model holds beside the files.
    pub(crate) fn held_bytes(&self) -> usize {
        let whole = self.activations == Activations::Int8;
        self.tensor_names().map(|name| self.tensors.held(name, whole)).sum()
    }

    /// Bytes of all weight files.
    pub fn weight_bytes(&self) -> usize {
        self.tensors.shards().iter().map(|(_, bytes)| bytes.len()).sum()
    }
}
