//! Qwen2-MoE and Qwen1.5-MoE (Yang et al. 2024): Qwen2 with experts, and one more that sees every row.

use super::llama::LLAMA;
use super::{
    Architecture, BlockNames, DENSE, EXPERTS_DOWN, EXPERTS_GATE_UP, OUTPUT, Owner, QKV, RouterNames, linear, owned,
};
use crate::config::{Defaults, Experts, Fields, Windows, sparse_blocks};
use crate::{Config, GroupKind, ModelError, Part};

/// `model_type: qwen2_moe`
pub const QWEN2_MOE: Architecture = Architecture {
    model_type: "qwen2_moe",
    own: &["shared_expert_intermediate_size"],
    config,
    inner: |config, layer| if config.blocks[layer].sparse { &SPARSE } else { &DENSE },
    ..LLAMA
};

const SPARSE: BlockNames = BlockNames {
    router: Some(RouterNames { gate: "mlp.gate", correction: None, shared_gate: Some("mlp.shared_expert_gate") }),
    groups: &[
        QKV,
        OUTPUT,
        EXPERTS_GATE_UP,
        EXPERTS_DOWN,
        owned(
            Owner::Shared,
            GroupKind::GateUp,
            &[linear("mlp.shared_expert.gate_proj", &[Part::Gate]), linear("mlp.shared_expert.up_proj", &[Part::Up])],
        ),
        owned(Owner::Shared, GroupKind::Down, &[linear("mlp.shared_expert.down_proj", &[Part::Down])]),
    ],
    ..DENSE
};

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults {
    hidden_size: 2048,
    intermediate_size: 5632,
    layers: 24,
    heads: 16,
    kv_heads: Some(16),
    ..Defaults::QWEN2
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let normalize = fields.flag_or("norm_topk_prob", false)?;
    let width = fields.count_or("moe_intermediate_size", 1408)?;
    let shared = Some(fields.count_or("shared_expert_intermediate_size", 5632)?);
    let experts = Experts { normalize, width, shared, ..Experts::new(60, 4) };
    let experts = experts.read(fields, &["num_experts", "num_local_experts"])?;
    let qkv_bias = fields.flag_or("qkv_bias", true)?;
    let plain = Config::plain(fields, &DEFAULTS, Windows::SwitchedEven)?;
    let sparse = sparse_blocks(fields, plain.layers)?;
    Ok(Config { qkv_bias, ..plain.with_experts(experts, &sparse) })
}
