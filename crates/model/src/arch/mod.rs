//! The table of architectures: one file each maps `config.json` and weight names to the decoder.

mod llama;
mod mixtral;
mod qwen2;
mod qwen3;

use std::path::Path;

use crate::config::Fields;
use crate::{Config, GroupKind, ModelError};

/// How one family of checkpoints describes a decoder.
pub struct Architecture {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    /// Reads the settings.
    pub config: fn(&Fields<'_>) -> Result<Config, ModelError>,
    /// Weight names outside the blocks.
    pub outer: OuterNames,
    /// Weight names inside a block, after [`OuterNames::block`] and the block's number.
    pub inner: BlockNames,
}

/// Weight names outside the blocks.
pub struct OuterNames {
    /// The embedding.
    pub embed: &'static str,
    /// What comes before a block's number: `model.layers.`
    pub block: &'static str,
    /// The last norm.
    pub norm: &'static str,
    /// The output head, without `.weight`.
    pub head: &'static str,
}

/// Weight names inside a block.
pub struct BlockNames {
    /// The norm before attention.
    pub attention_norm: &'static str,
    /// The norm before the gated product.
    pub mlp_norm: &'static str,
    /// The norms of each query head and each key head, in architectures that have them.
    pub head_norms: Option<[&'static str; 2]>,
    /// What chooses experts, without `.weight`, in architectures that have them.
    pub router: Option<&'static str>,
    /// Linears that share an input, in the order in which they run; `{expert}` stands for an expert's number.
    pub groups: [(GroupKind, &'static [&'static str]); 4],
}

/// The names outside the blocks that nearly all architectures share.
const OUTER: OuterNames = OuterNames {
    embed: "model.embed_tokens.weight",
    block: "model.layers.",
    norm: "model.norm.weight",
    head: "lm_head",
};

/// The names of a dense block that nearly all architectures share.
const DENSE: BlockNames = BlockNames {
    attention_norm: "input_layernorm.weight",
    mlp_norm: "post_attention_layernorm.weight",
    head_norms: None,
    router: None,
    groups: [
        QKV,
        OUTPUT,
        (GroupKind::GateUp, &["mlp.gate_proj", "mlp.up_proj"]),
        (GroupKind::Down, &["mlp.down_proj"]),
    ],
};

const QKV: (GroupKind, &[&str]) = (GroupKind::Qkv, &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]);
const OUTPUT: (GroupKind, &[&str]) = (GroupKind::Output, &["self_attn.o_proj"]);

/// Every architecture that can be run.
pub const ARCHITECTURES: &[&Architecture] =
    &[&qwen2::QWEN2, &llama::LLAMA, &llama::MISTRAL, &mixtral::MIXTRAL, &qwen3::QWEN3, &qwen3::QWEN3_MOE];

/// The architecture of a `model_type`.
pub fn find(model_type: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.iter().find(|architecture| architecture.model_type == model_type).copied()
}

/// The architecture of the `model_type` that the `config.json` at `path` has.
///
/// # Errors
/// One that is not in the table.
pub fn named(model_type: &str, path: &Path) -> Result<&'static Architecture, ModelError> {
    find(model_type).ok_or_else(|| ModelError::Architecture {
        path: path.to_owned(),
        name: model_type.to_owned(),
        known: ARCHITECTURES.iter().map(|architecture| architecture.model_type).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_groups_run_in_order() {
        for (at, architecture) in ARCHITECTURES.iter().enumerate() {
            assert!(ARCHITECTURES[..at].iter().all(|other| other.model_type != architecture.model_type));
            assert_eq!(architecture.inner.groups.map(|(kind, _)| kind), GroupKind::ALL);
            let [.., (_, gate_up), (_, down)] = architecture.inner.groups;
            for name in gate_up.iter().chain(down) {
                assert_eq!(name.contains("{expert}"), architecture.inner.router.is_some(), "{name}");
            }
        }
    }
}
