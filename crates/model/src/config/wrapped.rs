//! Models of several parts, of which one is a decoder: what it would say of itself alone.

use serde_json::{Value, json};

/// A larger model: its `model_type`, the field that holds the decoder's settings, and what the decoder alone is.
struct Wrapped {
    model_type: &'static str,
    field: &'static str,
    inner: &'static str,
    class: &'static str,
}

const WRAPPED: &[Wrapped] =
    &[Wrapped { model_type: "gemma3", field: "text_config", inner: "gemma3_text", class: "Gemma3ForCausalLM" }];

/// Fields that the larger model may state for its decoder.
const SHARED: &[&str] = &[
    "eos_token_id",
    "bos_token_id",
    "pad_token_id",
    "tie_word_embeddings",
    "dtype",
    "torch_dtype",
    "quantization_config",
    "compression_config",
];

/// The `config.json` of the decoder in a larger model; any other as it is.
pub(crate) fn unwrapped(config: Value) -> Value {
    let kind = WRAPPED.iter().find(|kind| config["model_type"] == kind.model_type);
    let Some((kind, text)) = kind.and_then(|kind| Some((kind, config.get(kind.field)?.as_object()?))) else {
        return config;
    };
    let mut inner = text.clone();
    inner.insert("model_type".to_owned(), json!(kind.inner));
    inner.insert("architectures".to_owned(), json!([kind.class]));
    for &field in SHARED {
        if let Some(value) = config.get(field).filter(|_| inner.get(field).is_none_or(Value::is_null)) {
            inner.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(inner)
}
