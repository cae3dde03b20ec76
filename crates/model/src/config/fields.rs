//! The fields of `config.json`, with errors that name the file and the field.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::ModelError;

const CURE: &str = "restore config.json from the model's original download";

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

    /// Whether the field is there, be it `null`.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether there are no fields at all.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The fields of an object inside; `None` where it is absent or `null`.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn inner(&self, name: &str) -> Result<Option<Fields<'a>>, ModelError> {
        match self.get(name).map(Value::as_object) {
            None => Ok(None),
            Some(Some(map)) => Ok(Some(Fields { map, path: self.path.clone() })),
            Some(None) => Err(self.bad(format!("field `{name}` is no object"))),
        }
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
}
