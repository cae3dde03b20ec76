//! gpt-oss (OpenAI 2025): biases everywhere, a score of nothing in each softmax, windows by turns, and experts whose gate and
//! up lie row by row in one tensor and are cut at a limit.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, Cut, DENSE, OUTPUT, Owner, QKV, RouterNames, linear, owned};
use crate::config::{Defaults, Experts, Fields, Windows};
use crate::decoder::rope::growth;
use crate::{Config, Gating, GroupKind, ModelError, Part, RopeScaling, Yarn};

/// `model_type: gpt_oss`
pub const GPT_OSS: Architecture = Architecture {
    model_type: "gpt_oss",
    own: &["swiglu_limit"],
    config,
    inner: |_, _| &NAMES,
    stacked_experts: true,
    ..LLAMA
};

const NAMES: BlockNames = BlockNames {
    sinks: Some("self_attn.sinks"),
    router: Some(RouterNames::plain("mlp.router")),
    groups: &[
        QKV,
        OUTPUT,
        owned(
            Owner::Expert,
            GroupKind::GateUp,
            &[linear("mlp.experts.{expert}.gate_up_proj", &[Part::Gate, Part::Up]).cut(Cut::Alternating)],
        ),
        owned(Owner::Expert, GroupKind::Down, &[linear("mlp.experts.{expert}.down_proj", &[Part::Down])]),
    ],
    ..DENSE
};

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults {
    vocab_size: 201_088,
    hidden_size: 2880,
    intermediate_size: 2880,
    layers: 36,
    heads: 64,
    kv_heads: Some(8),
    head_dim: Some(64),
    positions: 131_072,
    norm_eps: 1e-5,
    rope_theta: 150_000.0,
    eos: None,
    ..Defaults::LLAMA
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let mut plain = Config::plain(fields, &DEFAULTS, Windows::Alternating(128))?;
    if !fields.has("rope_scaling") && !fields.has("rope_parameters") {
        let attention_factor = growth(32.0, 1.0) as f32;
        let (factor, original, beta_fast, beta_slow) = (32.0, 4096, 32.0, 1.0);
        let yarn = Yarn { factor, original, beta_fast, beta_slow, truncate: false, attention_factor };
        plain.rope.scaling = RopeScaling::Yarn(yarn);
    }
    let bias = fields.flag_or("attention_bias", true)?;
    // A softmax over those that are chosen is one over all, divided by their sum.
    let experts = Experts { normalize: true, width: plain.intermediate_size, ..Experts::new(128, 4) };
    let experts = experts.read(fields, &["num_local_experts", "num_experts"])?;
    let (limit, alpha) = (fields.number_or("swiglu_limit", 7.0)?, fields.number_or("swiglu_alpha", 1.702)?);
    if !(limit > 0.0 && alpha > 0.0 && limit < 1e9 && alpha < 1e6) {
        return Err(fields.bad(format!("swiglu_limit {limit} or swiglu_alpha {alpha} is out of range")));
    }
    let gating = Gating::Clamped { limit: limit as f32, alpha: alpha as f32 };
    let sparse = vec![true; plain.layers];
    let changed = plain.with_experts(experts, &sparse).with_blocks(|block| block.gating = gating);
    Ok(Config { qkv_bias: bias, output_bias: bias, mlp_bias: true, ..changed })
}
