//! What llama.cpp must know of a model beside its tensors.

use model::gguf::Family;
use model::{Checkpoint, Config, Gating, Positions, RopeScaling};
use serde_json::Value;

use super::{latent, rope, vocabulary};
use crate::{CompressError, Scheme};

/// A file's metadata, ready to be written.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// What the file calls architecture and tensors.
    pub family: &'static Family,
    /// Number of keys.
    pub count: u64,
    /// Keys with their values.
    pub bytes: Vec<u8>,
    /// The head is the embedding, and not stored.
    pub tied: bool,
    /// Query and key heads, where rows of q and k are to lie in pairs.
    pub pairs: Option<[usize; 2]>,
    /// How keys and values of latents are cut apart, where they are.
    pub split: Option<Split>,
    /// Tensors that are settings: name and numbers.
    pub vectors: Vec<(String, Vec<f32>)>,
}

/// The rows of a linear of keys and values: of each head first those of the key, then those of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Split {
    pub heads: usize,
    pub key: usize,
    pub value: usize,
}

/// A text with its length.
pub(super) fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

impl Metadata {
    fn new(family: &'static Family, config: &Config, split: Option<Split>) -> Self {
        let pairs = family.pairs.then_some([config.heads, config.kv_heads]);
        Self { family, count: 0, bytes: Vec::new(), tied: config.tie_embeddings, pairs, split, vectors: Vec::new() }
    }

    /// Whether a tensor of the file is a norm that is one more than the folder's.
    pub fn norms_one_more(&self, name: &str) -> bool {
        self.family.norms_one_more && name.ends_with("_norm.weight")
    }

    fn add(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.count += 1;
        self.bytes.extend(text(key));
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(value);
    }

    /// The heads of a tensor of the file whose rows are to lie in pairs.
    pub fn paired_heads(&self, name: &str) -> Option<usize> {
        let [queries, keys] = self.pairs?;
        match name.rsplit('.').nth(1) {
            Some("attn_q") => Some(queries),
            Some("attn_k") => Some(keys),
            _ => None,
        }
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

    /// Adds a list of numbers.
    pub fn numbers(&mut self, key: &str, values: &[f32]) {
        let mut bytes = list(6, values.len());
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.add(key, 9, &bytes);
    }

    /// Adds a list of truth values.
    pub fn flags(&mut self, key: &str, values: impl ExactSizeIterator<Item = bool>) {
        let mut bytes = list(7, values.len());
        bytes.extend(values.map(u8::from));
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
    let family = Family::of_model(&config.model_type);
    let family = family.ok_or_else(|| refused(format!("the architecture `{}`", config.model_type)))?;
    experts(family, config).map_err(refused)?;
    let mut all = Metadata::new(family, config, latent::split(checkpoint, scheme.is_some()));
    all.text("general.architecture", family.name);
    all.text("general.type", "model");
    let folder = checkpoint.folder().and_then(|folder| folder.file_name());
    all.text("general.name", &folder.map_or("model".into(), |name| name.to_string_lossy()));
    all.whole("general.alignment", 32);
    all.whole("general.file_type", file_type(checkpoint.config_json(), scheme));
    all.whole("general.quantization_version", 2);
    decoder(&mut all, family.name, config);
    // With some scalings more tokens can be looked at than the model's own file says.
    let said = checkpoint.config_json()["max_position_embeddings"].as_u64().and_then(|said| u32::try_from(said).ok());
    all.whole(&format!("{}.context_length", family.name), said.unwrap_or(config.max_positions as u32));
    rope::add(&mut all, family.name, config)?;
    match family.name {
        "gemma" | "gemma2" | "gemma3" => gemma(&mut all, family.name, config).map_err(refused)?,
        "gpt-oss" => gpt_oss(&mut all, config).map_err(refused)?,
        _ => windows(&mut all, family.name, config),
    }
    match family.name {
        "deepseek2" => latent::deepseek(&mut all, checkpoint).map_err(refused)?,
        "minicpm3" => latent::minicpm3(config).map_err(refused)?,
        "granite" => granite(&mut all, config),
        "smollm3" => smollm3(config).map_err(refused)?,
        _ => {}
    }
    vocabulary::add(&mut all, checkpoint)?;
    Ok(all)
}

/// That experts are as llama.cpp has them in an architecture.
fn experts(family: &Family, config: &Config) -> Result<(), String> {
    let Some(experts) = config.experts else { return Ok(()) };
    // llama.cpp knows it by the architecture, and of DeepSeek it is told.
    let normalize = family.name != "qwen2moe";
    if experts.normalize != normalize && family.name != "deepseek2" {
        let are = if normalize { "are not" } else { "are" };
        return Err(format!("experts whose weights {are} made to sum to 1 (`norm_topk_prob`)"));
    }
    let mut later = config.blocks.iter().skip_while(|block| family.name == "deepseek2" && !block.sparse);
    match later.all(|block| block.sparse) {
        true => Ok(()),
        false => Err("blocks without experts beside others".to_owned()),
    }
}

/// The decoder's sizes.
fn decoder(all: &mut Metadata, name: &str, config: &Config) {
    let key = |field: &str| format!("{name}.{field}");
    for (field, value) in [
        ("block_count", config.layers),
        ("embedding_length", config.hidden_size),
        ("feed_forward_length", config.intermediate_size),
        ("attention.head_count", config.heads),
        ("vocab_size", config.vocab_size),
    ] {
        // Sizes are below 2^31: `Fields::count` sees to it.
        all.whole(&key(field), value as u32);
    }
    if config.latent.is_some() {
        latent::heads(all, name, config);
    } else {
        all.whole(&key("attention.head_count_kv"), config.kv_heads as u32);
        all.whole(&key("attention.key_length"), config.head_dim as u32);
        all.whole(&key("attention.value_length"), config.head_dim as u32);
    }
    if let Some(experts) = config.experts {
        all.whole(&key("expert_count"), experts.count as u32);
        all.whole(&key("expert_used_count"), experts.top_k as u32);
        all.whole(&key("expert_feed_forward_length"), experts.width as u32);
        if let Some(shared) = experts.shared.filter(|_| name != "deepseek2") {
            all.whole(&key("expert_shared_feed_forward_length"), shared as u32);
        }
    }
    all.number(&key("attention.layer_norm_rms_epsilon"), config.norm_eps);
}

/// The window over keys, and which blocks have it. llama.cpp looks at all keys in these architectures; what is written here
/// is read by this program.
fn windows(all: &mut Metadata, name: &str, config: &Config) {
    let windows = || config.blocks.iter().map(|block| block.window);
    let Some(window) = windows().flatten().next() else { return };
    all.whole(&format!("{name}.attention.sliding_window"), window as u32);
    if windows().any(|other| other.is_none()) {
        all.flags(
            &format!("{name}.attention.sliding_window_pattern"),
            config.blocks.iter().map(|b| b.window.is_some()),
        );
    }
}

/// Granite's factors.
fn granite(all: &mut Metadata, config: &Config) {
    let own = &config.blocks[0];
    for (field, factor) in [
        ("attention.scale", own.score_scale),
        ("embedding_scale", config.embedding_scale),
        ("residual_scale", own.residual),
        ("logit_scale", 1.0 / config.logits.scale),
    ] {
        all.number(&format!("granite.{field}"), factor);
    }
}

/// What a file cannot say of SmolLM3 must be as llama.cpp takes it.
fn smollm3(config: &Config) -> Result<(), String> {
    let usual = |(layer, block): (usize, &model::BlockSettings)| {
        (block.positions == Positions::None) == (layer + 1).is_multiple_of(4) && block.window.is_none()
    };
    match config.blocks.iter().enumerate().all(usual) {
        true => Ok(()),
        false => Err("a smollm3 with windows, or whose blocks turn by another pattern than three of four".to_owned()),
    }
}

/// The window of gpt-oss; what a file cannot say must be as llama.cpp takes it.
fn gpt_oss(all: &mut Metadata, config: &Config) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("a gpt_oss with {what}"));
    let Some(window) = config.blocks.iter().find_map(|block| block.window) else { return refuse("no windows") };
    let odd = |(layer, block): (usize, &model::BlockSettings)| block.window != (layer % 2 == 0).then_some(window);
    if config.blocks.iter().enumerate().any(odd) {
        return refuse("windows by another pattern");
    }
    if config.blocks[0].gating != (Gating::Clamped { limit: 7.0, alpha: 1.702 }) {
        return refuse("another swiglu_limit than 7 or swiglu_alpha than 1.702");
    }
    if !config.qkv_bias || !config.output_bias {
        return refuse("attention_bias false");
    }
    if config.tie_embeddings {
        return refuse("tie_word_embeddings");
    }
    all.whole("gpt-oss.attention.sliding_window", window as u32);
    Ok(())
}

/// What Gemma has; what a file cannot say must be as llama.cpp takes it.
fn gemma(all: &mut Metadata, name: &str, config: &Config) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("a {name} with {what}"));
    let own = &config.blocks[0];
    if config.blocks.iter().any(|block| block.gating != Gating::GeluTanh) {
        return refuse("exact GELU");
    }
    if name == "gemma" {
        return Ok(());
    }
    let scalar = match config.layers {
        46 | 62 => config.hidden_size as f32 / config.heads as f32,
        _ => config.head_dim as f32,
    };
    if (own.score_scale * scalar.sqrt() - 1.0).abs() > 1e-6 {
        return refuse("this query_pre_attn_scalar, which llama.cpp takes from the length of a head");
    }
    // The last of so many blocks has none.
    let period = if name == "gemma2" { 2 } else { 6 };
    let Some(window) = own.window else { return refuse("no windows") };
    let full = |layer: usize| (layer + 1).is_multiple_of(period);
    if config.blocks.iter().enumerate().any(|(layer, block)| block.window != (!full(layer)).then_some(window)) {
        return refuse("windows by another pattern");
    }
    all.whole(&format!("{name}.attention.sliding_window"), window as u32);
    if name == "gemma2" {
        let (Some(scores), Some(logits)) = (own.score_cap, config.logits.cap) else { return refuse("no soft cap") };
        all.number(&format!("{name}.attn_logit_softcapping"), scores);
        all.number(&format!("{name}.final_logit_softcapping"), logits);
    } else if let Some(cap) = config.logits.cap {
        all.number(&format!("{name}.final_logit_softcapping"), cap);
    }
    if let Some(local) = &config.local_rope {
        if local.scaling != RopeScaling::None || local.dim != config.head_dim {
            return refuse("scaled positions in blocks with windows");
        }
        all.number(&format!("{name}.rope.freq_base_swa"), local.theta as f32);
    }
    Ok(())
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
