//! Qwen3 (Yang et al. 2025), dense and with experts: RMSNorm of each query and key head, no q/k/v biases.

use super::{Architecture, BlockNames, DENSE, OUTER, OUTPUT, QKV, down, gate_up, linear};
use crate::config::{Defaults, Experts, Fields, Windows};
use crate::{Config, ModelError, Part};

/// `model_type: qwen3`
pub const QWEN3: Architecture = Architecture {
    model_type: "qwen3",
    own: &[],
    config,
    outer: OUTER,
    inner: BlockNames { head_norms: HEAD_NORMS, ..DENSE },
};

/// `model_type: qwen3_moe`
pub const QWEN3_MOE: Architecture = Architecture {
    model_type: "qwen3_moe",
    own: &[],
    config: with_experts,
    outer: OUTER,
    inner: BlockNames {
        head_norms: HEAD_NORMS,
        router: Some("mlp.gate"),
        groups: &[
            QKV,
            OUTPUT,
            gate_up(&[
                linear("mlp.experts.{expert}.gate_proj", &[Part::Gate]),
                linear("mlp.experts.{expert}.up_proj", &[Part::Up]),
            ]),
            down(&[linear("mlp.experts.{expert}.down_proj", &[Part::Down])]),
        ],
        ..DENSE
    },
};

const HEAD_NORMS: Option<[&str; 2]> = Some(["self_attn.q_norm.weight", "self_attn.k_norm.weight"]);

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    plain(fields, &Defaults::QWEN3, Windows::SwitchedFrom)
}

fn plain(fields: &Fields<'_>, defaults: &Defaults, windows: Windows) -> Result<Config, ModelError> {
    let bias = fields.flag_or("attention_bias", false)?;
    Ok(Config { qkv_bias: bias, output_bias: bias, ..Config::plain(fields, defaults, windows)? })
}

fn with_experts(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let dense = fields.get("mlp_only_layers").and_then(serde_json::Value::as_array).is_some_and(|all| !all.is_empty());
    if dense || fields.count_or("decoder_sparse_step", 1)? != 1 {
        return Err(fields.unsupported(
            "blocks without experts (`mlp_only_layers` or `decoder_sparse_step`)".to_owned(),
            "use a checkpoint with experts in every block, as Qwen3's own are",
        ));
    }
    let normalize = fields.flag_or("norm_topk_prob", false)?;
    let experts = Experts::read(fields, &["num_experts", "num_local_experts"], (128, 8), normalize)?;
    let intermediate_size = fields.count_or("moe_intermediate_size", 768)?;
    let plain = plain(fields, &Defaults::QWEN3_MOE, Windows::Switched)?;
    Ok(Config { experts: Some(experts), intermediate_size, ..plain })
}
