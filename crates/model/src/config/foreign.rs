//! Settings that change what other architectures compute. A file of an architecture that does not have them must not set
//! them: `transformers` would ignore them, other programs would not, and nobody could say which model was evaluated.
//!
//! Keys that are in no such list are names, dates, training settings and the like, and are not looked at.

use serde_json::Value;

use super::Fields;
use crate::ModelError;

/// Factors: 1 changes nothing.
const FACTORS: &[&str] = &[
    "embedding_multiplier",
    "residual_multiplier",
    "logits_scaling",
    "logit_scale",
    "scale_emb",
    "lm_head_multiplier",
    "key_multiplier",
    "rotary_pct",
];

/// Switches, bounds and lists: `false`, 0 and an empty list change nothing.
const SWITCHES: &[&str] = &[
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "clip_qkv",
    "scale_depth",
    "dim_model_base",
    "sliding_window_pattern",
    "rope_local_base_freq",
    "no_rope_layer_interval",
    "rope_interleave",
    "rope_interleaved",
    "kv_lora_rank",
    "use_qk_norm",
    "qk_layernorm",
    "alibi",
    "use_alibi",
    "use_parallel_residual",
    "parallel_attn",
    "swiglu_limit",
    "attention_chunk_size",
    "use_cla",
    "use_bidirectional_attention",
    "n_routed_experts",
    "n_shared_experts",
    "shared_expert_intermediate_size",
    "moe_layer_freq",
];

/// That no setting of another architecture is set to a value that matters; `own` are those that this one has.
///
/// # Errors
/// One is.
pub(super) fn refuse(fields: &Fields<'_>, head_dim: usize, own: &[&str]) -> Result<(), ModelError> {
    let is = |name: &str, neutral: f64| {
        let value = fields.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
        value.is_none_or(|value| (value - neutral).abs() <= 1e-6 * neutral)
    };
    let off = |name: &str| fields.get(name).is_none_or(is_off);
    let ropes = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(|one| one.as_u64() == Some(1)));
    let foreign = |name: &&&str| !own.contains(*name);
    let set = (FACTORS.iter().filter(foreign).find(|name| !is(name, 1.0)))
        .or_else(|| SWITCHES.iter().filter(foreign).find(|name| !off(name)))
        .copied()
        .or_else(|| (!is("attention_multiplier", (head_dim as f64).powf(-0.5))).then_some("attention_multiplier"))
        .or_else(|| (!is("query_pre_attn_scalar", head_dim as f64)).then_some("query_pre_attn_scalar"))
        .or_else(|| fields.get("no_rope_layers").is_some_and(|value| !ropes(value)).then_some("no_rope_layers"))
        .filter(|name| !own.contains(name));
    let Some(name) = set else { return Ok(()) };
    let (value, model) = (fields.get(name).unwrap_or(&Value::Null), fields.text("model_type")?);
    Err(fields.unsupported(
        format!("`{name}` {value}, a setting that architecture `{model}` does not have"),
        "correct model_type where the weights are of another architecture; remove the setting where it was left over",
    ))
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}
