//! Gemma, Gemma 2 and Gemma 3 (Gemma Team 2024, 2025): norms of one and the weight, embeddings times the root of their
//! width, GELU; then norms after each part too, soft caps and windows by turns; then two rotations.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, DENSE, HeadNormNames};
use crate::config::{Defaults, Fields, LogitSettings, Positions, Windows};
use crate::{Config, Gating, ModelError, RopeSettings};

/// `model_type: gemma`
pub const GEMMA: Architecture = Architecture { model_type: "gemma", config, norms_less_one: true, ..LLAMA };

/// `model_type: gemma2`
pub const GEMMA2: Architecture = Architecture {
    model_type: "gemma2",
    own: &["query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping"],
    config: config2,
    inner: |_, _| &FOUR_NORMS,
    ..GEMMA
};

/// `model_type: gemma3_text`, and the text part of `gemma3`
pub const GEMMA3: Architecture = Architecture {
    model_type: "gemma3_text",
    own: &[
        "query_pre_attn_scalar",
        // There are such fields, and transformers' attention does not look at this one.
        "attn_logit_softcapping",
        "final_logit_softcapping",
        "sliding_window_pattern",
        "rope_local_base_freq",
    ],
    config: config3,
    inner: |_, _| &HEADS_NORMED,
    inside: Some("language_model."),
    ..GEMMA
};

const FOUR_NORMS: BlockNames = BlockNames {
    attention_post_norm: Some("post_attention_layernorm.weight"),
    mlp_norm: Some("pre_feedforward_layernorm.weight"),
    mlp_post_norm: Some("post_feedforward_layernorm.weight"),
    ..DENSE
};

const HEADS_NORMED: BlockNames = BlockNames {
    head_norms: Some(HeadNormNames { names: ["self_attn.q_norm.weight", "self_attn.k_norm.weight"], whole: false }),
    ..FOUR_NORMS
};

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults {
    vocab_size: 256_000,
    hidden_size: 3072,
    intermediate_size: 24_576,
    layers: 28,
    heads: 16,
    kv_heads: Some(16),
    head_dim: Some(256),
    positions: 8192,
    eos: Some(1),
    tied: true,
    ..Defaults::LLAMA
};
const DEFAULTS2: Defaults =
    Defaults { hidden_size: 2304, intermediate_size: 9216, layers: 26, heads: 8, kv_heads: Some(4), ..DEFAULTS };
const DEFAULTS3: Defaults =
    Defaults { vocab_size: 262_208, positions: 131_072, rope_theta: 1e6, ropes_by_kind: true, ..DEFAULTS2 };
/// Tokens of a window, and what the rotations of blocks with windows start from.
const WINDOW: usize = 4096;
const LOCAL_THETA: f64 = 10_000.0;

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    // The first files say `gelu` and mean its approximation; what `hidden_activation` says then was added later.
    let named = if fields.get("hidden_activation").is_some() { "hidden_activation" } else { "hidden_act" };
    let gating = match gating(fields, named)? {
        Gating::Gelu => Gating::GeluTanh,
        other => other,
    };
    scaled(fields, &DEFAULTS, (Windows::Never, gating))
}

fn config2(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let gating = gating(fields, "hidden_activation")?;
    let plain = scaled(fields, &DEFAULTS2, (Windows::Alternating(WINDOW), gating))?;
    let (score_cap, logit_cap) =
        (cap(fields, "attn_logit_softcapping", 50.0)?, cap(fields, "final_logit_softcapping", 30.0)?);
    let (scale, logits) = (score_scale(fields)?, LogitSettings { cap: logit_cap, ..plain.logits });
    let changed = plain.with_blocks(|block| (block.score_scale, block.score_cap) = (scale, score_cap));
    Ok(Config { logits, ..changed })
}

fn config3(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let gating = gating(fields, "hidden_activation")?;
    let plain = scaled(fields, &DEFAULTS3, (Windows::FullEvery(WINDOW), gating))?;
    // The file states the longer context beside the scaling that is for it.
    let max_positions = fields.count_or("max_position_embeddings", DEFAULTS3.positions)?;
    let local = RopeSettings::read_local(fields, plain.head_dim, max_positions, LOCAL_THETA)?;
    let (scale, logit_cap) = (score_scale(fields)?, optional_cap(fields, "final_logit_softcapping")?);
    let logits = LogitSettings { cap: logit_cap, ..plain.logits };
    let changed = plain.with_blocks(|block| {
        block.score_scale = scale;
        if block.window.is_some() {
            block.positions = Positions::Local;
        }
    });
    Ok(Config { logits, max_positions, local_rope: Some(local), ..changed })
}

/// What all of them have.
fn scaled(
    fields: &Fields<'_>,
    defaults: &Defaults,
    (windows, gating): (Windows, Gating),
) -> Result<Config, ModelError> {
    let plain = Config::with_any_activation(fields, defaults, windows)?.with_biases(fields)?;
    let embedding_scale = (plain.hidden_size as f32).sqrt();
    Ok(Config { mlp_bias: false, embedding_scale, ..plain }.with_blocks(|block| block.gating = gating))
}

fn gating(fields: &Fields<'_>, name: &str) -> Result<Gating, ModelError> {
    match if fields.get(name).is_some() { fields.text(name)? } else { "gelu_pytorch_tanh" } {
        "gelu_pytorch_tanh" => Ok(Gating::GeluTanh),
        "gelu" => Ok(Gating::Gelu),
        other => Err(fields.unsupported(format!("activation `{other}`"), "use a checkpoint with GELU, as Gemma has")),
    }
}

fn score_scale(fields: &Fields<'_>) -> Result<f32, ModelError> {
    let scalar = fields.number_or("query_pre_attn_scalar", 256.0)?;
    if scalar > 0.0 && scalar.is_finite() {
        return Ok(scalar.powf(-0.5) as f32);
    }
    Err(fields.bad(format!("query_pre_attn_scalar {scalar} is out of range")))
}

/// A cap that is there where the field is absent; `null` is none.
fn cap(fields: &Fields<'_>, name: &str, default: f32) -> Result<Option<f32>, ModelError> {
    if fields.has(name) { optional_cap(fields, name) } else { Ok(Some(default)) }
}

fn optional_cap(fields: &Fields<'_>, name: &str) -> Result<Option<f32>, ModelError> {
    let cap = fields.number_or(name, 0.0)?;
    match cap {
        _ if fields.get(name).is_none() => Ok(None),
        cap if cap > 0.0 && cap < 1e9 => Ok(Some(cap as f32)),
        cap => Err(fields.bad(format!("{name} {cap} is out of range"))),
    }
}
