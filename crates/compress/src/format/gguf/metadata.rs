//! What llama.cpp must know of a model beside its tensors.

use model::gguf::architecture;
use model::{Checkpoint, Config, RopeScaling};
use serde_json::Value;

use super::vocabulary;
use crate::{CompressError, Scheme};

/// A file's metadata, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// Number of keys.
    pub count: u64,
    /// Keys with their values.
    pub bytes: Vec<u8>,
    /// The head is the embedding, and not stored.
    pub tied: bool,
}

/// A text with its length.
pub(super) fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

impl Metadata {
    fn add(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.count += 1;
        self.bytes.extend(text(key));
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(value);
    }

    /// Adds a whole number.
    pub fn whole(&mut self, key: &str, value: u32) {
        self.add(key, 4, &value.to_le_bytes());
    }

    /// Adds a number.
    pub fn number(&mut self, key: &str, value: f32) {
        self.add(key, 6, &value.to_le_bytes());
    }

    /// Adds a truth value.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.add(key, 7, &[u8::from(value)]);
    }

    /// Adds a text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.add(key, 8, &text(value));
    }

    /// Adds a list of texts.
    pub fn texts<'a>(&mut self, key: &str, values: impl ExactSizeIterator<Item = &'a str>) {
        let mut bytes = list(8, values.len());
        values.for_each(|value| bytes.extend(text(value)));
        self.add(key, 9, &bytes);
    }

    /// Adds a list of whole numbers.
    pub fn wholes(&mut self, key: &str, values: impl ExactSizeIterator<Item = i32>) {
        let mut bytes = list(5, values.len());
        values.for_each(|value| bytes.extend(value.to_le_bytes()));
        self.add(key, 9, &bytes);
    }
}

/// What comes before the values of a list.
fn list(kind: u32, count: usize) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend((count as u64).to_le_bytes());
    bytes
}

/// The metadata of a checkpoint whose linears are quantized by a scheme, or not at all.
pub(crate) fn metadata(checkpoint: &Checkpoint, scheme: Option<&Scheme>) -> Result<Metadata, CompressError> {
    let config = checkpoint.config();
    let refused = |what: String| {
        let cure = "choose --format compressed-tensors".to_owned();
        CompressError::Format { format: "gguf", what, cure }
    };
    let name =
        architecture(&config.model_type).ok_or_else(|| refused(format!("the architecture `{}`", config.model_type)))?;
    if config.rope.scaling != RopeScaling::None || config.rope.dim != config.head_dim {
        return Err(refused(format!("rotary positions of another kind ({:?})", config.rope)));
    }
    let mut all = Metadata { tied: config.tie_embeddings, ..Metadata::default() };
    all.text("general.architecture", name);
    all.text("general.type", "model");
    let folder = checkpoint.folder().and_then(|folder| folder.file_name());
    all.text("general.name", &folder.map_or("model".into(), |name| name.to_string_lossy()));
    all.whole("general.alignment", 32);
    all.whole("general.file_type", file_type(checkpoint.config_json(), scheme));
    all.whole("general.quantization_version", 2);
    decoder(&mut all, name, config);
    vocabulary::add(&mut all, checkpoint)?;
    Ok(all)
}

/// The decoder's settings.
fn decoder(all: &mut Metadata, name: &str, config: &Config) {
    let key = |field: &str| format!("{name}.{field}");
    for (field, value) in [
        ("block_count", config.layers),
        ("context_length", config.max_positions),
        ("embedding_length", config.hidden_size),
        ("feed_forward_length", config.intermediate_size),
        ("attention.head_count", config.heads),
        ("attention.head_count_kv", config.kv_heads),
        ("attention.key_length", config.head_dim),
        ("attention.value_length", config.head_dim),
        ("rope.dimension_count", config.head_dim),
        ("vocab_size", config.vocab_size),
    ] {
        // Sizes are below 2^31: `Fields::count` sees to it.
        all.whole(&key(field), value as u32);
    }
    all.number(&key("attention.layer_norm_rms_epsilon"), config.norm_eps);
    all.number(&key("rope.freq_base"), config.rope.theta as f32);
}

/// llama.cpp's number of what most weights are, which it only prints.
fn file_type(config: &Value, scheme: Option<&Scheme>) -> u32 {
    let dense = config.get("dtype").or_else(|| config.get("torch_dtype")).and_then(Value::as_str);
    match scheme.map(|scheme| (scheme.grid.bits, scheme.grid.symmetric)) {
        Some((8, _)) => 7,
        Some((_, true)) => 2,
        Some((_, false)) => 3,
        None if dense == Some("float32") => 0,
        None if dense == Some("float16") => 1,
        None => 32,
    }
}
