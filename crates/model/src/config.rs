//! `config.json`: what a decoder needs to know, read and checked field by field.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::rope::Stretch;
use crate::{ModelError, arch};

const CURE: &str = "restore config.json from the model's original download";

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
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// How the rotary frequencies are stretched to a longer context; `None` where they are not.
    pub rope_stretch: Option<Stretch>,
    /// Tokens that the model can look at.
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
    /// Reads the number of experts from the first field of `names` that is there.
    ///
    /// # Errors
    /// A missing or senseless field; more experts for a token than there are.
    pub fn read(fields: &Fields<'_>, names: &[&str], normalize: bool) -> Result<Self, ModelError> {
        let name = names.iter().find(|name| fields.get(name).is_some()).unwrap_or(&names[0]);
        let (count, top_k) = (fields.count(name)?, fields.count("num_experts_per_tok")?);
        if top_k > count {
            return Err(fields.bad(format!("num_experts_per_tok {top_k} is more than {name} {count}")));
        }
        Ok(Self { count, top_k, normalize })
    }
}

impl Config {
    /// Reads the settings that all architectures name alike: no biases, one feed-forward part, full attention.
    ///
    /// # Errors
    /// A missing or senseless field, a setting that is not implemented.
    pub fn plain(fields: &Fields<'_>) -> Result<Self, ModelError> {
        let activation = fields.get("hidden_act").and_then(Value::as_str).unwrap_or("silu");
        if activation != "silu" {
            return Err(fields.unsupported(
                format!("activation `{activation}`"),
                "use a checkpoint with gated SiLU, as all of the known architectures have",
            ));
        }
        let (hidden_size, heads) = (fields.count("hidden_size")?, fields.count("num_attention_heads")?);
        if fields.get("head_dim").is_none() && !hidden_size.is_multiple_of(heads) {
            return Err(
                fields.bad(format!("hidden_size {hidden_size} is not a multiple of num_attention_heads {heads}"))
            );
        }
        let (rope_theta, rope_stretch) = fields.rope()?;
        Ok(Self {
            model_type: fields.text("model_type")?.to_owned(),
            vocab_size: fields.count("vocab_size")?,
            hidden_size,
            intermediate_size: fields.count("intermediate_size")?,
            layers: fields.count("num_hidden_layers")?,
            heads,
            kv_heads: fields.count_or("num_key_value_heads", heads)?,
            head_dim: fields.count_or("head_dim", hidden_size / heads)?,
            norm_eps: fields.number_or("rms_norm_eps", 1e-6)? as f32,
            rope_theta,
            rope_stretch,
            max_positions: fields.count("max_position_embeddings")?,
            tie_embeddings: fields.flag_or("tie_word_embeddings", false)?,
            qkv_bias: false,
            output_bias: false,
            mlp_bias: false,
            experts: None,
            kv_bits: fields.kv_bits()?,
            eos: fields.ids("eos_token_id")?,
            quantization: fields
                .get("quantization_config")
                .or_else(|| fields.get("compression_config"))
                .cloned()
                .unwrap_or(Value::Null),
        })
    }

    /// Reads the settings from the parsed `config.json` at `path`.
    ///
    /// # Errors
    /// An unknown architecture, a missing or senseless field, a setting that is not implemented.
    pub fn from_json(value: &Value, path: &Path) -> Result<Self, ModelError> {
        let fields = Fields::new(value, path)?;
        let name = fields.text("model_type")?;
        let known = || arch::ARCHITECTURES.iter().map(|a| a.model_type).collect();
        let architecture = arch::find(name).ok_or_else(|| ModelError::Architecture {
            path: path.to_owned(),
            name: name.to_owned(),
            known: known(),
        })?;
        let config = (architecture.config)(&fields)?;
        config.check(&fields)?;
        Ok(config)
    }

    fn check(&self, fields: &Fields<'_>) -> Result<(), ModelError> {
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(fields.bad(format!(
                "num_attention_heads {} is not a multiple of num_key_value_heads {}",
                self.heads, self.kv_heads
            )));
        }
        if self.head_dim > MOST_HEAD {
            return Err(fields.bad(format!("head size {} is above {MOST_HEAD}", self.head_dim)));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(fields.bad(format!("head size {} is odd", self.head_dim)));
        }
        if !(self.norm_eps >= 0.0 && self.norm_eps < 1.0 && self.rope_theta > 0.0 && self.rope_theta.is_finite()) {
            return Err(fields.bad("rms_norm_eps or rope_theta is out of range".to_owned()));
        }
        Ok(())
    }
}

/// The fields of a JSON object, with errors that name the file and the field.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: PathBuf,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which was read from `path`.
    ///
    /// # Errors
    /// Where `value` is not an object.
    pub fn new(value: &'a Value, path: &Path) -> Result<Self, ModelError> {
        let Some(map) = value.as_object() else {
            return Err(ModelError::Damaged { path: path.to_owned(), why: "it is not an object".into(), cure: CURE });
        };
        Ok(Self { map, path: path.to_owned() })
    }

    /// A field; `None` where it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// The error that the file is wrong, and why.
    pub fn bad(&self, why: String) -> ModelError {
        ModelError::Damaged { path: self.path.clone(), why, cure: CURE }
    }

    /// The error that the file asks for something that is not there.
    pub fn unsupported(&self, what: String, cure: &str) -> ModelError {
        ModelError::Unsupported { path: self.path.clone(), what, cure: cure.to_owned() }
    }

    /// A whole number from 1 to 2^31 - 1 that must be there.
    ///
    /// # Errors
    /// Where it is absent or something else.
    pub fn count(&self, name: &str) -> Result<usize, ModelError> {
        match self.get(name) {
            None => Err(self.bad(format!("field `{name}` is missing"))),
            Some(value) => value
                .as_u64()
                .filter(|&n| n > 0 && n < 1 << 31)
                .map(|n| n as usize)
                .ok_or_else(|| self.bad(format!("field `{name}` should be a positive whole number and is {value}"))),
        }
    }

    /// [`Fields::count`] with a value for where it is absent.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn count_or(&self, name: &str, default: usize) -> Result<usize, ModelError> {
        if self.get(name).is_none() { Ok(default) } else { self.count(name) }
    }

    /// A number.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn number_or(&self, name: &str, default: f64) -> Result<f64, ModelError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => {
                value.as_f64().ok_or_else(|| self.bad(format!("field `{name}` should be a number and is {value}")))
            }
        }
    }

    /// A truth value.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool, ModelError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.bad(format!("field `{name}` should be true or false and is {value}"))),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// Where it is absent or something else.
    pub fn text(&self, name: &str) -> Result<&'a str, ModelError> {
        match self.get(name) {
            None => Err(self.bad(format!("field `{name}` is missing"))),
            Some(value) => {
                value.as_str().ok_or_else(|| self.bad(format!("field `{name}` should be a text and is {value}")))
            }
        }
    }

    /// One token id or a list of them; empty where the field is absent.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn ids(&self, name: &str) -> Result<Vec<u32>, ModelError> {
        let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let ids = match self.get(name) {
            None => Some(Vec::new()),
            Some(Value::Array(all)) => all.iter().map(one).collect(),
            Some(value) => one(value).map(|id| vec![id]),
        };
        ids.ok_or_else(|| self.bad(format!("field `{name}` should be a token id or a list of them")))
    }

    /// Bits of a cached key or value, from `kv_cache_scheme` of the quantization.
    ///
    /// # Errors
    /// A scheme other than whole numbers of 4 or 8 bits with a grid of their own for each token.
    pub fn kv_bits(&self) -> Result<Option<u8>, ModelError> {
        let quantization = self.get("quantization_config").or_else(|| self.get("compression_config"));
        let Some(scheme) = quantization.and_then(|value| value.get("kv_cache_scheme")).filter(|value| !value.is_null())
        else {
            return Ok(None);
        };
        let whole = scheme.get("type").and_then(Value::as_str) == Some("int");
        let dynamic = scheme.get("dynamic").and_then(Value::as_bool) == Some(true);
        let tokens = scheme.get("strategy").and_then(Value::as_str) == Some("token");
        match scheme.get("num_bits").and_then(Value::as_u64) {
            Some(bits @ (4 | 8)) if whole && dynamic && tokens => Ok(Some(bits as u8)),
            _ => Err(self.unsupported(
                format!("the `kv_cache_scheme` {scheme}"),
                "remove it to evaluate with an exact cache; 4- or 8-bit dynamic integers by token are implemented",
            )),
        }
    }

    /// The error that a sliding window is asked for, where `use_sliding_window` is true.
    ///
    /// # Errors
    /// That one; or where the field is no truth value.
    pub fn no_sliding_window(&self) -> Result<(), ModelError> {
        if self.flag_or("use_sliding_window", false)? {
            return Err(self.unsupported(
                "a sliding window (`use_sliding_window`)".to_owned(),
                "set it to false to evaluate with full attention",
            ));
        }
        Ok(())
    }

    /// The base of the rotary frequencies and how they are stretched, from `rope_theta` and `rope_scaling` or the newer
    /// `rope_parameters`.
    ///
    /// # Errors
    /// Where the positions are scaled in a way that is not implemented.
    pub fn rope(&self) -> Result<(f64, Option<Stretch>), ModelError> {
        let (mut theta, mut stretch) = (self.number_or("rope_theta", 10_000.0)?, None);
        let mut share = self.number_or("partial_rotary_factor", 1.0)?;
        for name in ["rope_scaling", "rope_parameters"] {
            let Some(value) = self.get(name) else { continue };
            let inner = Fields::new(value, &self.path).map_err(|_| self.bad(format!("field `{name}` is no object")))?;
            let kind = inner.get("rope_type").or_else(|| inner.get("type"));
            match kind.and_then(Value::as_str).unwrap_or("default") {
                "default" => {}
                "llama3" => stretch = Some(Stretch::read(&inner)?),
                kind => {
                    return Err(self.unsupported(
                        format!("rope scaling `{kind}`"),
                        "remove the scaling to evaluate at the model's original context length",
                    ));
                }
            }
            theta = inner.number_or("rope_theta", theta)?;
            share = inner.number_or("partial_rotary_factor", share)?;
        }
        if share != 1.0 {
            return Err(self.unsupported(
                format!("heads that turn in part (`partial_rotary_factor` {share})"),
                "use a checkpoint whose heads turn as a whole",
            ));
        }
        Ok((theta, stretch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tiny() -> Value {
        json!({"model_type": "qwen2", "vocab_size": 16, "hidden_size": 8, "intermediate_size": 8,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
            "max_position_embeddings": 32, "eos_token_id": [2, 3], "rope_parameters": {"rope_theta": 5e5}})
    }

    fn read(value: &Value) -> Result<Config, ModelError> {
        Config::from_json(value, Path::new("config.json"))
    }

    #[test]
    fn a_config_is_read() {
        let config = read(&tiny()).unwrap();
        assert_eq!((config.head_dim, config.rope_theta, config.qkv_bias), (4, 5e5, true));
        assert_eq!(config.eos, [2, 3]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (field, value, says) in [
            ("model_type", json!("mamba"), "`mamba` is not known; known ones are: qwen2, llama"),
            ("hidden_size", json!(-1), "`hidden_size` should be a positive whole number and is -1"),
            ("hidden_size", json!(null), "`hidden_size` is missing"),
            ("num_key_value_heads", json!(3), "not a multiple"),
            ("use_sliding_window", json!(true), "sliding window"),
            ("rope_scaling", json!({"rope_type": "yarn"}), "rope scaling `yarn`"),
            ("hidden_act", json!("gelu"), "activation `gelu`"),
            ("eos_token_id", json!("x"), "`eos_token_id`"),
        ] {
            let mut config = tiny();
            config[field] = value;
            let error = read(&config).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("config.json"), "{error}");
        }
        assert!(read(&json!([1])).is_err());
    }
}
