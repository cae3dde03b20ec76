//! Qwen3 (Yang et al. 2025), dense and with experts: RMSNorm of each query and key head, no q/k/v biases.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, DENSE, EXPERTS_DOWN, EXPERTS_GATE_UP, HeadNormNames, OUTPUT, QKV, RouterNames};
use crate::config::{Defaults, Experts, Fields, Windows, sparse_blocks};
use crate::{Config, ModelError};

/// `model_type: qwen3`
pub const QWEN3: Architecture = Architecture { model_type: "qwen3", config, inner: |_, _| &NAMES, ..LLAMA };

/// `model_type: qwen3_moe`
pub const QWEN3_MOE: Architecture = Architecture {
    model_type: "qwen3_moe",
    config: with_experts,
    inner: |config, layer| if config.blocks[layer].sparse { &SPARSE } else { &NAMES },
    ..LLAMA
};

const HEAD_NORMS: HeadNormNames =
    HeadNormNames { names: ["self_attn.q_norm.weight", "self_attn.k_norm.weight"], whole: false };
const NAMES: BlockNames = BlockNames { head_norms: Some(HEAD_NORMS), ..DENSE };
const SPARSE: BlockNames = BlockNames {
    router: Some(RouterNames::plain("mlp.gate")),
    groups: &[QKV, OUTPUT, EXPERTS_GATE_UP, EXPERTS_DOWN],
    ..NAMES
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    plain(fields, &Defaults::QWEN3, Windows::SwitchedFrom)
}

fn plain(fields: &Fields<'_>, defaults: &Defaults, windows: Windows) -> Result<Config, ModelError> {
    let bias = fields.flag_or("attention_bias", false)?;
    Ok(Config { qkv_bias: bias, output_bias: bias, ..Config::plain(fields, defaults, windows)? })
}

fn with_experts(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let normalize = fields.flag_or("norm_topk_prob", false)?;
    let width = fields.count_or("moe_intermediate_size", 768)?;
    let experts = Experts { normalize, width, ..Experts::new(128, 8) };
    let experts = experts.read(fields, &["num_experts", "num_local_experts"])?;
    let plain = plain(fields, &Defaults::QWEN3_MOE, Windows::Switched)?;
    let sparse = sparse_blocks(fields, plain.layers)?;
    Ok(plain.with_experts(experts, &sparse))
}
