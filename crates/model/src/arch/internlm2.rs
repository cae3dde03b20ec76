//! InternLM2 and 2.5 (Cai et al. 2024): Llama under other names, with queries, keys and values in one tensor, key head by
//! key head.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, Cut, DENSE, OUTER, OuterNames, group, linear};
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, GroupKind, ModelError, Part};

/// `model_type: internlm2`
pub const INTERNLM2: Architecture = Architecture {
    model_type: "internlm2",
    config,
    outer: OuterNames { embed: "model.tok_embeddings.weight", head: "output", ..OUTER },
    inner: |_, _| &NAMES,
    ..LLAMA
};

const NAMES: BlockNames = BlockNames {
    attention_norm: Some("attention_norm.weight"),
    mlp_norm: Some("ffn_norm.weight"),
    groups: &[
        group(GroupKind::Qkv, &[linear("attention.wqkv", &[Part::Query, Part::Key, Part::Value]).cut(Cut::ByKeyHead)]),
        group(GroupKind::Output, &[linear("attention.wo", &[Part::Output])]),
        group(GroupKind::GateUp, &[linear("feed_forward.w1", &[Part::Gate]), linear("feed_forward.w3", &[Part::Up])]),
        group(GroupKind::Down, &[linear("feed_forward.w2", &[Part::Down])]),
    ],
    ..DENSE
};

/// What its published code takes where a field is absent.
const DEFAULTS: Defaults = Defaults { vocab_size: 103_168, ..Defaults::LLAMA };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let bias = fields.flag_or("bias", true)?;
    let plain = Config::plain(fields, &DEFAULTS, Windows::Never)?;
    Ok(Config { qkv_bias: bias, output_bias: bias, ..plain })
}
