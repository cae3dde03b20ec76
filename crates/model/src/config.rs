//! `config.json`: what a decoder needs to know, read and checked field by field.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::{ModelError, arch};

const CURE: &str = "restore config.json from the model's original download";

/// The settings of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `model_type`, a name in [`arch::ARCHITECTURES`].
    pub model_type: String,
    /// Rows of the embedding: token ids are below it.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated product.
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
    /// Token ids that end a text.
    pub eos: Vec<u32>,
    /// Bits of a key or value in the cache, 4 or 8, where they are rounded.
    pub kv_bits: Option<u8>,
    /// How quantized weights are stored; `Null` where they are not.
    pub quantization: Value,
}

impl Config {
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

    /// The base of the rotary frequencies, from `rope_theta` or the newer `rope_parameters`.
    ///
    /// # Errors
    /// Where the positions are scaled in a way that is not implemented.
    pub fn rope_theta(&self) -> Result<f64, ModelError> {
        let mut theta = self.number_or("rope_theta", 10_000.0)?;
        for name in ["rope_scaling", "rope_parameters"] {
            let Some(value) = self.get(name) else { continue };
            let inner = Fields::new(value, &self.path).map_err(|_| self.bad(format!("field `{name}` is no object")))?;
            let kind = inner.get("rope_type").or_else(|| inner.get("type"));
            let kind = kind.and_then(Value::as_str).unwrap_or("default");
            if kind != "default" {
                return Err(self.unsupported(
                    format!("rope scaling `{kind}`"),
                    "remove the scaling to evaluate at the model's original context length",
                ));
            }
            theta = inner.number_or("rope_theta", theta)?;
        }
        Ok(theta)
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
            ("model_type", json!("mamba"), "`mamba` is not known; known ones are: qwen2"),
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
