//! `config.json`: what a decoder needs to know, read and checked field by field.

mod defaults;
mod fields;
mod foreign;
mod windows;

use std::path::Path;

use serde_json::Value;

pub use defaults::Defaults;
pub use fields::Fields;
pub use windows::Windows;

use crate::decoder::rope::{RopeScaling, RopeSettings};
use crate::{GroupKind, ModelError, Part, arch};

/// The widest head: tables of its rotations are made before any weight is looked at.
const MOST_HEAD: usize = 1 << 16;

/// The settings of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `model_type`, a name in [`arch::ARCHITECTURES`].
    pub model_type: String,
    /// Rows of the embedding: token ids are below it.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated product; of one expert's, where there are several.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Added to the mean square in RMSNorm.
    pub norm_eps: f32,
    /// The rotary positions.
    pub rope: RopeSettings,
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
    /// The experts of a block; `None` in a dense model.
    pub experts: Option<Experts>,
    /// Token ids that end a text.
    pub eos: Vec<u32>,
    /// Bits of a key or value in the cache, 4 or 8, where they are rounded.
    pub kv_bits: Option<u8>,
    /// How quantized weights are stored; `Null` where they are not.
    pub quantization: Value,
}

/// What a block has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockSettings {
    /// Keys that a query sees, itself included and counted back from it; `None` where it sees all.
    pub window: Option<usize>,
    /// Queries and keys are not turned: the block does not tell positions apart.
    pub no_rope: bool,
}

/// How many experts a block has, and how a router chooses from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Experts {
    /// How many there are.
    pub count: usize,
    /// How many see a row, from 1 to `count`.
    pub top_k: usize,
    /// Whether the weights of the chosen are made to sum to 1.
    pub normalize: bool,
}

impl Experts {
    /// Reads the number of experts from the first field of `names` that is there; `default` where none is: how many there
    /// are, and how many see a row.
    ///
    /// # Errors
    /// A senseless field; more experts for a token than there are.
    pub fn read(
        fields: &Fields<'_>,
        names: &[&str],
        default: (usize, usize),
        normalize: bool,
    ) -> Result<Self, ModelError> {
        let name = names.iter().find(|name| fields.get(name).is_some()).unwrap_or(&names[0]);
        let (count, top_k) = (fields.count_or(name, default.0)?, fields.count_or("num_experts_per_tok", default.1)?);
        if top_k > count {
            return Err(fields.bad(format!("num_experts_per_tok {top_k} is more than {name} {count}")));
        }
        Ok(Self { count, top_k, normalize })
    }
}

impl Config {
    /// Reads the settings that all architectures name alike: no biases, one feed-forward part.
    ///
    /// # Errors
    /// A senseless field, a setting that is not implemented.
    pub fn plain(fields: &Fields<'_>, defaults: &Defaults, windows: Windows) -> Result<Self, ModelError> {
        let activation = if fields.get("hidden_act").is_some() { fields.text("hidden_act")? } else { "silu" };
        if !["silu", "swish"].contains(&activation) {
            return Err(fields.unsupported(
                format!("activation `{activation}`"),
                "use a checkpoint with gated SiLU, as all of the known architectures have",
            ));
        }
        let hidden_size = fields.count_or("hidden_size", defaults.hidden_size)?;
        let heads = fields.count_or("num_attention_heads", defaults.heads)?;
        let head_dim = match (fields.get("head_dim"), defaults.head_dim) {
            (None, None) if !hidden_size.is_multiple_of(heads) => {
                let why = format!("hidden_size {hidden_size} is not a multiple of num_attention_heads {heads}");
                return Err(fields.bad(why));
            }
            (_, default) => fields.count_or("head_dim", default.unwrap_or(hidden_size / heads))?,
        };
        check_head(fields, head_dim)?;
        // An absent field has a default; `null` is as many as there are query heads.
        let kv_heads = if fields.has("num_key_value_heads") { heads } else { defaults.kv_heads.unwrap_or(heads) };
        let layers = fields.count_or("num_hidden_layers", defaults.layers)?;
        let positions = fields.count_or("max_position_embeddings", defaults.positions)?;
        let rope = RopeSettings::read(fields, head_dim, positions, defaults.rope_theta)?;
        Ok(Self {
            model_type: fields.text("model_type")?.to_owned(),
            vocab_size: fields.count_or("vocab_size", defaults.vocab_size)?,
            hidden_size,
            intermediate_size: fields.count_or("intermediate_size", defaults.intermediate_size)?,
            layers,
            heads,
            kv_heads: fields.count_or("num_key_value_heads", kv_heads)?,
            head_dim,
            norm_eps: fields.number_or("rms_norm_eps", defaults.norm_eps)? as f32,
            max_positions: rope.context(positions),
            rope,
            blocks: windows.read(fields, layers)?,
            tie_embeddings: fields.flag_or("tie_word_embeddings", false)?,
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

    /// Output channels of a part, and the fields that say so.
    pub(crate) fn outputs(&self, part: Part) -> (usize, &'static str) {
        match part {
            Part::Query => (self.heads * self.head_dim, "num_attention_heads x head_dim"),
            Part::Key | Part::Value => (self.kv_heads * self.head_dim, "num_key_value_heads x head_dim"),
            Part::Output | Part::Down => (self.hidden_size, "hidden_size"),
            Part::Gate | Part::Up => (self.intermediate_size, "intermediate_size"),
        }
    }

    /// Input channels of a group's linears, and the fields that say so.
    pub(crate) fn inputs(&self, kind: GroupKind) -> (usize, &'static str) {
        match kind {
            GroupKind::Qkv | GroupKind::GateUp => (self.hidden_size, "hidden_size"),
            GroupKind::Output => self.outputs(Part::Query),
            GroupKind::Down => self.outputs(Part::Gate),
        }
    }

    /// Whether the linears of a group have a bias.
    pub(crate) fn has_bias(&self, kind: GroupKind) -> bool {
        match kind {
            GroupKind::Qkv => self.qkv_bias,
            GroupKind::Output => self.output_bias,
            GroupKind::GateUp | GroupKind::Down => self.mlp_bias,
        }
    }

    /// Tokens of the longest sequence that can be run. With `dynamic` rope there is no end.
    pub fn longest(&self) -> usize {
        match self.rope.scaling {
            RopeScaling::Dynamic { .. } => usize::MAX >> 1,
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

fn check_head(fields: &Fields<'_>, dim: usize) -> Result<(), ModelError> {
    if dim > MOST_HEAD {
        return Err(fields.bad(format!("head size {dim} is above {MOST_HEAD}")));
    }
    if !dim.is_multiple_of(2) {
        return Err(fields.bad(format!("head size {dim} is odd")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
