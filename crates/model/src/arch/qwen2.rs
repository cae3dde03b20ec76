//! Qwen2 and Qwen2.5 (Yang et al. 2024): RMSNorm, rotary positions, grouped queries with q/k/v biases, gated SiLU.

use serde_json::Value;

use super::{Architecture, BlockNames, OuterNames};
use crate::config::Fields;
use crate::{Config, GroupKind, ModelError};

/// `model_type: qwen2`
pub const QWEN2: Architecture = Architecture {
    model_type: "qwen2",
    config,
    outer: OuterNames {
        embed: "model.embed_tokens.weight",
        block: "model.layers.",
        norm: "model.norm.weight",
        head: "lm_head",
    },
    inner: BlockNames {
        attention_norm: "input_layernorm.weight",
        mlp_norm: "post_attention_layernorm.weight",
        groups: [
            (GroupKind::Qkv, &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
            (GroupKind::Output, &["self_attn.o_proj"]),
            (GroupKind::GateUp, &["mlp.gate_proj", "mlp.up_proj"]),
            (GroupKind::Down, &["mlp.down_proj"]),
        ],
    },
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let activation = fields.get("hidden_act").and_then(Value::as_str).unwrap_or("silu");
    if activation != "silu" {
        return Err(fields.unsupported(format!("activation `{activation}`"), "Qwen2 checkpoints use `silu`"));
    }
    if fields.flag_or("use_sliding_window", false)? {
        return Err(fields.unsupported(
            "a sliding window (`use_sliding_window`)".to_owned(),
            "set it to false to evaluate with full attention",
        ));
    }
    let (hidden_size, heads) = (fields.count("hidden_size")?, fields.count("num_attention_heads")?);
    if fields.get("head_dim").is_none() && !hidden_size.is_multiple_of(heads) {
        return Err(fields.bad(format!("hidden_size {hidden_size} is not a multiple of num_attention_heads {heads}")));
    }
    Ok(Config {
        model_type: "qwen2".to_owned(),
        vocab_size: fields.count("vocab_size")?,
        hidden_size,
        intermediate_size: fields.count("intermediate_size")?,
        layers: fields.count("num_hidden_layers")?,
        heads,
        kv_heads: fields.count_or("num_key_value_heads", heads)?,
        head_dim: fields.count_or("head_dim", hidden_size / heads)?,
        norm_eps: fields.number_or("rms_norm_eps", 1e-6)? as f32,
        rope_theta: fields.rope_theta()?,
        max_positions: fields.count("max_position_embeddings")?,
        tie_embeddings: fields.flag_or("tie_word_embeddings", false)?,
        qkv_bias: true,
        output_bias: false,
        mlp_bias: false,
        eos: fields.ids("eos_token_id")?,
        kv_bits: fields.kv_bits()?,
        quantization: fields
            .get("quantization_config")
            .or_else(|| fields.get("compression_config"))
            .cloned()
            .unwrap_or(Value::Null),
    })
}
