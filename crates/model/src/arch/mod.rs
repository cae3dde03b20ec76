//! The table of architectures: one file each maps `config.json` and weight names to the decoder.

mod linears;
mod llama;
mod mixtral;
mod phi3;
mod qwen2;
mod qwen3;
mod smollm3;

use std::path::Path;

pub(crate) use linears::groups;
pub use linears::{LinearShape, linears};

use crate::config::Fields;
use crate::{Config, GroupKind, ModelError, Part};

/// How one family of checkpoints describes a decoder.
pub struct Architecture {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    /// Settings of it that other architectures do not have, and refuse.
    pub own: &'static [&'static str],
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
    /// Linears that share an input, in the order in which they run. The groups of experts come last.
    pub groups: &'static [GroupNames],
}

/// Linears that share an input.
pub struct GroupNames {
    /// What they compute.
    pub kind: GroupKind,
    /// The linears, in the order of their parts.
    pub linears: &'static [LinearName],
}

/// A linear of a block.
pub struct LinearName {
    /// Its name; `{expert}` stands for an expert's number.
    pub name: &'static str,
    /// What its rows compute, first to last: several parts where they are in one tensor.
    pub parts: &'static [Part],
}

impl GroupNames {
    /// Whether every expert has linears of its own.
    pub fn of_experts(&self) -> bool {
        self.linears.iter().any(|linear| linear.name.contains("{expert}"))
    }
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
    groups: &[
        QKV,
        OUTPUT,
        gate_up(&[linear("mlp.gate_proj", &[Part::Gate]), linear("mlp.up_proj", &[Part::Up])]),
        DOWN,
    ],
};

const QKV: GroupNames = GroupNames {
    kind: GroupKind::Qkv,
    linears: &[
        linear("self_attn.q_proj", &[Part::Query]),
        linear("self_attn.k_proj", &[Part::Key]),
        linear("self_attn.v_proj", &[Part::Value]),
    ],
};
const OUTPUT: GroupNames =
    GroupNames { kind: GroupKind::Output, linears: &[linear("self_attn.o_proj", &[Part::Output])] };
const DOWN: GroupNames = down(&[linear("mlp.down_proj", &[Part::Down])]);

const fn linear(name: &'static str, parts: &'static [Part]) -> LinearName {
    LinearName { name, parts }
}

const fn gate_up(linears: &'static [LinearName]) -> GroupNames {
    GroupNames { kind: GroupKind::GateUp, linears }
}

const fn down(linears: &'static [LinearName]) -> GroupNames {
    GroupNames { kind: GroupKind::Down, linears }
}

/// Every architecture that can be run.
pub const ARCHITECTURES: &[&Architecture] = &[
    &qwen2::QWEN2,
    &llama::LLAMA,
    &llama::MISTRAL,
    &mixtral::MIXTRAL,
    &qwen3::QWEN3,
    &qwen3::QWEN3_MOE,
    &phi3::PHI3,
    &smollm3::SMOLLM3,
];

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
            let groups = architecture.inner.groups;
            let kinds: Vec<GroupKind> = groups.iter().map(|group| group.kind).collect();
            assert_eq!(kinds, GroupKind::ALL);
            let parts = groups.iter().flat_map(|group| group.linears).flat_map(|linear| linear.parts);
            assert!(parts.eq(&Part::ALL), "{}", architecture.model_type);
            for group in groups {
                let of_experts = group.linears.iter().filter(|linear| linear.name.contains("{expert}")).count();
                let all = architecture.inner.router.is_some() && GroupKind::ALL[2..].contains(&group.kind);
                assert_eq!(of_experts, if all { group.linears.len() } else { 0 });
                let own = |linear: &LinearName| linear.parts.iter().all(|part| part.group() == group.kind);
                assert!(group.linears.iter().all(own));
            }
        }
    }
}
