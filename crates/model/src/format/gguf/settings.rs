//! The settings of the decoder, as `config.json` has them.

use serde_json::{Map, Value as Json, json};

use super::names;
use super::parse::{File, Tensor, Value};
use crate::ModelError;

/// Keys after the architecture's name, and fields of `config.json`.
const FIELDS: &[(&str, &str)] = &[
    ("embedding_length", "hidden_size"),
    ("feed_forward_length", "intermediate_size"),
    ("block_count", "num_hidden_layers"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("rope.freq_base", "rope_theta"),
    ("context_length", "max_position_embeddings"),
];

/// The content of `config.json`.
pub(super) fn config(file: &File<'_>) -> Result<Json, ModelError> {
    if let Some(Value::Whole(count)) = file.metadata.get("split.count")
        && *count > 1
    {
        let what = format!("a model split into {count} files");
        return Err(file.unsupported(what, "join them with llama-gguf-split --merge"));
    }
    let name = match file.metadata.get("general.architecture") {
        Some(Value::Text(name)) => *name,
        _ => return Err(file.damaged("it has no text `general.architecture`")),
    };
    let Some(model_type) = names::architecture(name) else {
        let cure = "Qwen2 files can be read; of other models, give the Hugging Face folder";
        return Err(file.unsupported(format!("the GGUF architecture `{name}`"), cure));
    };
    let key = |field: &str| file.metadata.get(format!("{name}.{field}").as_str());
    let mut config = Map::new();
    config.insert("architectures".into(), json!(["Qwen2ForCausalLM"]));
    config.insert("model_type".into(), json!(model_type));
    for (field, called) in FIELDS {
        if let Some(value) = key(field) {
            config.insert((*called).to_owned(), json(value));
        }
    }
    if let Some(Value::Text(kind)) = key("rope.scaling.type")
        && *kind != "none"
    {
        config.insert("rope_scaling".into(), json!({"rope_type": kind}));
    }
    if key("rope.scale_linear").is_some() {
        config.insert("rope_scaling".into(), json!({"rope_type": "linear"}));
    }
    let window = matches!(key("attention.sliding_window"), Some(Value::Whole(size)) if *size > 0);
    config.insert("use_sliding_window".into(), json!(window));
    let tensor = |name: &str| file.tensors.iter().find(|tensor| tensor.name == name);
    let Some(embedding) = tensor("token_embd.weight") else {
        return Err(ModelError::NoTensor {
            name: "token_embd.weight".into(),
            path: file.path.clone(),
            why: "every model has one; the file is cut or no language model".into(),
        });
    };
    check_widths(file, name, embedding)?;
    config.insert("vocab_size".into(), json!(embedding.sizes.get(1).copied().unwrap_or(1)));
    config.insert("tie_word_embeddings".into(), json!(tensor("output.weight").is_none()));
    config.insert("hidden_act".into(), json!("silu"));
    config.insert("eos_token_id".into(), json!(stop_tokens(file)));
    Ok(Json::Object(config))
}

/// That the widths of the residual stream and of a head are those of tensors: tables are made of these sizes before any
/// other tensor is looked at.
fn check_widths(file: &File<'_>, name: &str, embedding: &Tensor<'_>) -> Result<(), ModelError> {
    let whole = |field: &str| match file.metadata.get(format!("{name}.{field}").as_str()) {
        Some(Value::Whole(value)) => Some(*value),
        _ => None,
    };
    let width = embedding.sizes[0];
    if whole("embedding_length") != Some(width as i128) {
        return Err(file.damaged(format!("`{name}.embedding_length` is not {width}, the width of token_embd.weight")));
    }
    let (heads, head) = (whole("attention.head_count").unwrap_or(0), whole("attention.key_length"));
    let all = head.map_or(Some(width as i128), |head| heads.checked_mul(head));
    if let (Some(all), Some(rotated)) = (all, whole("rope.dimension_count"))
        && heads.checked_mul(rotated) != Some(all)
    {
        let what = format!("positions in {rotated} values of a head");
        return Err(file.unsupported(what, "a Qwen2 has them in all values"));
    }
    if head.is_none() {
        return Ok(());
    }
    let queries = file.tensors.iter().find(|tensor| tensor.name == "blk.0.attn_q.weight");
    let rows = queries.and_then(|tensor| tensor.sizes.get(1)).copied().unwrap_or(0);
    let fits = all == Some(rows as i128);
    if fits {
        Ok(())
    } else {
        Err(file.damaged(format!("`{name}.attention.key_length` does not fit blk.0.attn_q.weight")))
    }
}

/// The ids of all tokens that end a reply.
pub(super) fn stop_tokens(file: &File<'_>) -> Vec<i64> {
    if let Some(Value::Wholes(ids)) = file.metadata.get(super::STOP_TOKENS) {
        return ids.clone();
    }
    let mut ids = Vec::new();
    for name in ["eos", "eot", "eom"] {
        if let Some(Value::Whole(id)) = file.metadata.get(format!("tokenizer.ggml.{name}_token_id").as_str())
            && let Ok(id) = i64::try_from(*id)
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids
}

/// A value as JSON; what no setting is becomes an empty list, which no field takes.
fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Whole(whole) => i64::try_from(*whole).map_or(json!([]), |whole| json!(whole)),
        Value::Number(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Text(text) => json!(text),
        Value::Wholes(_) | Value::Numbers | Value::Texts(_) => json!([]),
    }
}
