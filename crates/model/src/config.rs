//! `config.json`: what a decoder needs to know, read and checked field by field.

mod defaults;
mod experts;
mod fields;
mod foreign;
mod heads;
mod windows;
mod wrapped;

use std::path::Path;

use serde_json::Value;

pub use defaults::Defaults;
pub use experts::{ExpertGroups, Experts, Scoring, sparse_blocks};
pub use fields::Fields;
use heads::HeadSizes;
pub use heads::Latent;
pub use windows::Windows;
pub(crate) use wrapped::unwrapped;

use crate::arch::Owner;
use crate::decoder::rope::{RopeScaling, RopeSettings};
use crate::{Gating, GroupKind, ModelError, Part, arch};

/// The settings of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `model_type`, a name in [`arch::ARCHITECTURES`].
    pub model_type: String,
    /// Rows of the embedding: token ids are below it.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated product of a block without experts.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Width of a query or key head.
    pub head_dim: usize,
    /// Width of a value head.
    pub value_dim: usize,
    /// What queries, keys and values are made of, where that is not the stream.
    pub latent: Option<Latent>,
    /// Added to the mean square in RMSNorm.
    pub norm_eps: f32,
    /// The rotary positions.
    pub rope: RopeSettings,
    /// Those of blocks that have others.
    pub local_rope: Option<RopeSettings>,
    /// What embeddings are multiplied by.
    pub embedding_scale: f32,
    /// What becomes of what the head gives.
    pub logits: LogitSettings,
    /// What each block has of its own, first to last.
    pub blocks: Vec<BlockSettings>,
    /// Tokens that the model was made to look at; [`Config::longest`] says where it ends.
    pub max_positions: usize,
    /// The output head is the embedding.
    pub tie_embeddings: bool,
    /// Queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// The attention's output has a bias.
    pub output_bias: bool,
    /// Gate, up and down have a bias.
    pub mlp_bias: bool,
    /// The experts of blocks that have some; `None` in a dense model.
    pub experts: Option<Experts>,
    /// Token ids that end a text.
    pub eos: Vec<u32>,
    /// Bits of a key or value in the cache, 4 or 8, where they are rounded.
    pub kv_bits: Option<u8>,
    /// How quantized weights are stored; `Null` where they are not.
    pub quantization: Value,
}

/// What a block has of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockSettings {
    /// Keys that a query sees, itself included and counted back from it; `None` where it sees all.
    pub window: Option<usize>,
    /// How queries and keys are turned.
    pub positions: Positions,
    /// What products of queries and keys are multiplied by.
    pub score_scale: f32,
    /// Scores become `cap * tanh(score / cap)`.
    pub score_cap: Option<f32>,
    /// What becomes of gate and up.
    pub gating: Gating,
    /// What attention and the feed-forward part give counts so much in the residual stream.
    pub residual: f32,
    /// The block has experts.
    pub sparse: bool,
}

impl Default for BlockSettings {
    fn default() -> Self {
        let (positions, gating) = (Positions::default(), Gating::default());
        Self { window: None, positions, score_scale: 1.0, score_cap: None, gating, residual: 1.0, sparse: false }
    }
}

/// How a block turns its queries and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Positions {
    /// As [`Config::rope`] says.
    #[default]
    Global,
    /// As [`Config::local_rope`] says.
    Local,
    /// Not at all: the block does not tell positions apart.
    None,
}

/// What becomes of the numbers that the output head gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogitSettings {
    /// They are multiplied by it.
    pub scale: f32,
    /// Then they become `cap * tanh(number / cap)`.
    pub cap: Option<f32>,
}

impl Config {
    /// Reads the settings that all architectures name alike: gated SiLU, no biases, no experts.
    ///
    /// # Errors
    /// A senseless field, a setting that is not implemented.
    pub fn plain(fields: &Fields<'_>, defaults: &Defaults, windows: Windows) -> Result<Self, ModelError> {
        let activation = if fields.get("hidden_act").is_some() { fields.text("hidden_act")? } else { "silu" };
        if !["silu", "swish"].contains(&activation) {
            return Err(fields.unsupported(
                format!("activation `{activation}`"),
                "use a checkpoint with gated SiLU, as all of this architecture have",
            ));
        }
        Self::with_any_activation(fields, defaults, windows)
    }

    /// The same, whatever the activation.
    ///
    /// # Errors
    /// A senseless field, a setting that is not implemented.
    pub fn with_any_activation(fields: &Fields<'_>, defaults: &Defaults, windows: Windows) -> Result<Self, ModelError> {
        let hidden_size = fields.count_or("hidden_size", defaults.hidden_size)?;
        let heads = fields.count_or("num_attention_heads", defaults.heads)?;
        let HeadSizes { key: head_dim, value: value_dim, latent } =
            HeadSizes::read(fields, defaults, (hidden_size, heads))?;
        // An absent field has a default; `null` is as many as there are query heads.
        let all = fields.has("num_key_value_heads") || latent.is_some();
        let kv_heads = if all { heads } else { defaults.kv_heads.unwrap_or(heads) };
        let layers = fields.count_or("num_hidden_layers", defaults.layers)?;
        let positions = fields.count_or("max_position_embeddings", defaults.positions)?;
        let turned = latent.map_or(head_dim, |latent| latent.turned);
        let read = if defaults.ropes_by_kind { RopeSettings::read_global } else { RopeSettings::read };
        let rope = read(fields, turned, positions, defaults.rope_theta)?;
        let mut blocks = windows.read(fields, layers)?;
        blocks.iter_mut().for_each(|block| block.score_scale = 1.0 / (head_dim as f32).sqrt());
        Ok(Self {
            model_type: fields.text("model_type")?.to_owned(),
            vocab_size: fields.count_or("vocab_size", defaults.vocab_size)?,
            hidden_size,
            intermediate_size: fields.count_or("intermediate_size", defaults.intermediate_size)?,
            layers,
            heads,
            kv_heads: fields.count_or("num_key_value_heads", kv_heads)?,
            head_dim,
            value_dim,
            latent,
            norm_eps: fields.number_or("rms_norm_eps", defaults.norm_eps)? as f32,
            max_positions: rope.context(positions),
            rope,
            local_rope: None,
            embedding_scale: 1.0,
            logits: LogitSettings { scale: 1.0, cap: None },
            blocks,
            tie_embeddings: fields.flag_or("tie_word_embeddings", defaults.tied)?,
            qkv_bias: false,
            output_bias: false,
            mlp_bias: false,
            experts: None,
            kv_bits: fields.kv_bits()?,
            eos: match defaults.eos {
                Some(eos) if !fields.has("eos_token_id") => vec![eos],
                _ => fields.ids("eos_token_id")?,
            },
            quantization: (fields.get("quantization_config").or_else(|| fields.get("compression_config")))
                .filter(|value| value.as_object().is_none_or(|map| !map.is_empty()))
                .cloned()
                .unwrap_or(Value::Null),
        })
    }

    /// The same with biases where `attention_bias` (queries, keys, values and output) and `mlp_bias` say so.
    ///
    /// # Errors
    /// A senseless field.
    pub fn with_biases(self, fields: &Fields<'_>) -> Result<Self, ModelError> {
        let (attention, mlp_bias) = (fields.flag_or("attention_bias", false)?, fields.flag_or("mlp_bias", false)?);
        Ok(Self { qkv_bias: attention, output_bias: attention, mlp_bias, ..self })
    }

    /// The same after a change to every block.
    pub fn with_blocks(mut self, change: impl Fn(&mut BlockSettings)) -> Self {
        self.blocks.iter_mut().for_each(change);
        self
    }

    /// The same with experts in these blocks.
    pub fn with_experts(mut self, experts: Experts, sparse: &[bool]) -> Self {
        self.experts = Some(experts);
        self.blocks.iter_mut().zip(sparse).for_each(|(block, &sparse)| block.sparse = sparse);
        self
    }

    /// Width of a gated product, and the field that says so.
    fn width(&self, owner: Owner) -> (usize, &'static str) {
        match (owner, self.experts) {
            (Owner::Expert, Some(experts)) => (experts.width, "the experts' intermediate size"),
            (Owner::Shared, Some(experts)) => (experts.shared.unwrap_or(0), "the shared expert's intermediate size"),
            _ => (self.intermediate_size, "intermediate_size"),
        }
    }

    /// Output channels of a part, and the fields that say so.
    pub(crate) fn outputs(&self, part: Part, owner: Owner) -> (usize, &'static str) {
        let latent = || self.latent.unwrap_or(Latent { queries: None, keys_values: 0, still: 0, turned: 0 });
        match part {
            Part::Query if self.latent.is_some() => {
                (self.heads * self.head_dim, "num_attention_heads x (qk_nope_head_dim + qk_rope_head_dim)")
            }
            Part::Query => (self.heads * self.head_dim, "num_attention_heads x head_dim"),
            Part::Key if self.latent.is_some() => {
                (self.heads * latent().still, "num_attention_heads x qk_nope_head_dim")
            }
            Part::Value if self.latent.is_some() => (self.heads * self.value_dim, "num_attention_heads x v_head_dim"),
            Part::Key | Part::Value => (self.kv_heads * self.head_dim, "num_key_value_heads x head_dim"),
            Part::QueryLatent => (latent().queries.unwrap_or(0), "q_lora_rank"),
            Part::KeyValueLatent => (latent().keys_values, "kv_lora_rank"),
            Part::TurnedKey => (latent().turned, "qk_rope_head_dim"),
            Part::Output | Part::Down => (self.hidden_size, "hidden_size"),
            Part::Gate | Part::Up => self.width(owner),
        }
    }

    /// Input channels of a group's linears, and the fields that say so.
    pub(crate) fn inputs(&self, kind: GroupKind, owner: Owner) -> (usize, &'static str) {
        match kind {
            GroupKind::Qkv | GroupKind::GateUp => (self.hidden_size, "hidden_size"),
            GroupKind::Queries => self.outputs(Part::QueryLatent, owner),
            GroupKind::KeysValues => self.outputs(Part::KeyValueLatent, owner),
            GroupKind::Output if self.latent.is_some() => self.outputs(Part::Value, owner),
            GroupKind::Output => self.outputs(Part::Query, owner),
            GroupKind::Down => self.width(owner),
        }
    }

    /// Whether a linear must have a bias.
    pub(crate) fn has_bias(&self, kind: GroupKind, parts: &[Part]) -> bool {
        match kind {
            // Where queries have no latent, they have no bias either.
            GroupKind::Qkv => self.qkv_bias && !(self.latent.is_some() && parts == [Part::Query]),
            GroupKind::Queries | GroupKind::KeysValues => false,
            GroupKind::Output => self.output_bias,
            GroupKind::GateUp | GroupKind::Down => self.mlp_bias,
        }
    }

    /// Weights of the linears that a token meets: of several experts, those that see it.
    pub fn weights_of_a_token(&self) -> usize {
        let (count, top_k) = self.experts.map_or((1, 1), |experts| (experts.count, experts.top_k));
        let met = |linear: &arch::LinearShape| linear.group.expert < top_k || linear.group.expert >= count;
        arch::linears(self).filter(met).map(|linear| linear.shape.0 * linear.shape.1).sum()
    }

    /// Numbers of the keys and values of a token in all blocks.
    pub fn cached_numbers(&self) -> usize {
        self.layers * self.kv_heads * (self.head_dim + self.value_dim)
    }

    /// Tokens of the longest sequence that can be run. With `dynamic` rope there is no end, nor with LongRoPE whose long
    /// factors are for what lies beyond the context.
    pub fn longest(&self) -> usize {
        match &self.rope.scaling {
            RopeScaling::Dynamic { .. } => usize::MAX >> 1,
            RopeScaling::LongRope(long) if self.max_positions <= long.original => usize::MAX >> 1,
            _ => self.max_positions,
        }
    }

    /// Reads the settings from the parsed `config.json` at `path`.
    ///
    /// # Errors
    /// An unknown architecture, a missing or senseless field, a setting that is not implemented.
    pub fn from_json(value: &Value, path: &Path) -> Result<Self, ModelError> {
        let fields = Fields::new(value, path)?;
        let architecture = arch::named(fields.text("model_type")?, path)?;
        let config = (architecture.config)(&fields)?;
        config.check(&fields, architecture.own)?;
        Ok(config)
    }

    fn check(&self, fields: &Fields<'_>, own: &[&str]) -> Result<(), ModelError> {
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(fields.bad(format!(
                "num_attention_heads {} is not a multiple of num_key_value_heads {}",
                self.heads, self.kv_heads
            )));
        }
        if !(self.norm_eps >= 0.0 && self.norm_eps < 1.0) {
            return Err(fields.bad(format!("rms_norm_eps {} is out of range", self.norm_eps)));
        }
        foreign::refuse(fields, self.head_dim, own)
    }
}

#[cfg(test)]
mod tests;
