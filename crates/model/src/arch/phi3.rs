//! Phi-3 and Phi-3.5 mini (Abdin et al. 2024): Llama with queries, keys and values in one tensor, and gate and up in one.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, DENSE, DOWN, OUTPUT, group, linear};
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, GroupKind, ModelError, Part};

/// `model_type: phi3`
pub const PHI3: Architecture = Architecture { model_type: "phi3", config, inner: |_, _| &NAMES, ..LLAMA };

const NAMES: BlockNames = BlockNames {
    groups: &[
        group(GroupKind::Qkv, &[linear("self_attn.qkv_proj", &[Part::Query, Part::Key, Part::Value])]),
        OUTPUT,
        group(GroupKind::GateUp, &[linear("mlp.gate_up_proj", &[Part::Gate, Part::Up])]),
        DOWN,
    ],
    ..DENSE
};

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults {
    vocab_size: 32_064,
    hidden_size: 3072,
    intermediate_size: 8192,
    positions: 4096,
    norm_eps: 1e-5,
    eos: Some(32_000),
    ..Defaults::LLAMA
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    Config::plain(fields, &DEFAULTS, Windows::Everywhere(None))
}
