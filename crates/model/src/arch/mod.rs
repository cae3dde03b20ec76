//! The table of architectures: one file each maps `config.json` and weight names to the decoder.

mod deepseek;
mod gemma;
mod gpt_oss;
mod granite;
mod internlm2;
mod linears;
mod llama;
mod minicpm3;
mod mixtral;
mod olmo2;
mod phi3;
mod qwen2;
mod qwen2_moe;
mod qwen3;
mod smollm3;

use std::path::Path;

pub(crate) use linears::groups;
pub use linears::{LinearShape, kept_linears, linears};

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
    /// Weight names inside a block of this number, after [`OuterNames::block`] and the number.
    pub inner: fn(&Config, usize) -> &'static BlockNames,
    /// Weights of norms are stored less one.
    pub norms_less_one: bool,
    /// Experts lie in one tensor each for all of them: what is read of them is in `checkpoint/stacked.rs`.
    pub stacked_experts: bool,
    /// What names have before them, or after `model.`, where the decoder is a part of a larger model.
    pub inside: Option<&'static str>,
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
#[derive(Clone, Copy)]
pub struct BlockNames {
    /// The norm before attention, where there is one.
    pub attention_norm: Option<&'static str>,
    /// The norm of what attention gives, where there is one.
    pub attention_post_norm: Option<&'static str>,
    /// The norm before the feed-forward part, where there is one.
    pub mlp_norm: Option<&'static str>,
    /// The norm of what that gives, where there is one.
    pub mlp_post_norm: Option<&'static str>,
    /// The norms of queries and of keys, where there are some.
    pub head_norms: Option<HeadNormNames>,
    /// The norms of the queries' latent and of that of keys and values, where there are such.
    pub latent_norms: [Option<&'static str>; 2],
    /// Scores of nothing, one a head, where there are some.
    pub sinks: Option<&'static str>,
    /// What chooses experts, in blocks that have them.
    pub router: Option<RouterNames>,
    /// Linears that share an input, in the order in which they run. Those of experts come last.
    pub groups: &'static [GroupNames],
}

/// The norms of queries and of keys.
#[derive(Clone, Copy)]
pub struct HeadNormNames {
    /// The one and the other.
    pub names: [&'static str; 2],
    /// Whether they are over all heads together, and not over each.
    pub whole: bool,
}

/// What chooses experts.
#[derive(Clone, Copy)]
pub struct RouterNames {
    /// The linear that scores them, without `.weight`.
    pub gate: &'static str,
    /// What is added to scores where experts are chosen.
    pub correction: Option<&'static str>,
    /// How much the expert that sees every row counts, without `.weight`.
    pub shared_gate: Option<&'static str>,
}

impl RouterNames {
    /// A linear and nothing else.
    const fn plain(gate: &'static str) -> Self {
        Self { gate, correction: None, shared_gate: None }
    }
}

/// Whose linears they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Owner {
    /// The block's.
    Block,
    /// Each expert's; `{expert}` stands for its number.
    Expert,
    /// Those of the expert that sees every row.
    Shared,
}

/// Linears that share an input.
pub struct GroupNames {
    /// What they compute.
    pub kind: GroupKind,
    /// Whose they are.
    pub owner: Owner,
    /// The linears, in the order of their parts.
    pub linears: &'static [LinearName],
}

/// A linear of a block.
pub struct LinearName {
    /// Its name; `{expert}` stands for an expert's number.
    pub name: &'static str,
    /// What its rows compute: several parts where they are in one tensor.
    pub parts: &'static [Part],
    /// How several parts lie in it.
    pub cut: Cut,
}

/// How several parts lie in one tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// One after another.
    Stacked,
    /// An equal share of each for every key head, head after head.
    ByKeyHead,
    /// An equal share of each for every query head, head after head.
    ByHead,
    /// A row of each by turns.
    Alternating,
}

impl LinearName {
    const fn cut(self, cut: Cut) -> Self {
        Self { cut, ..self }
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
    attention_norm: Some("input_layernorm.weight"),
    attention_post_norm: None,
    mlp_norm: Some("post_attention_layernorm.weight"),
    mlp_post_norm: None,
    head_norms: None,
    latent_norms: [None, None],
    sinks: None,
    router: None,
    groups: &[QKV, OUTPUT, GATE_UP, DOWN],
};

const QKV: GroupNames = group(
    GroupKind::Qkv,
    &[
        linear("self_attn.q_proj", &[Part::Query]),
        linear("self_attn.k_proj", &[Part::Key]),
        linear("self_attn.v_proj", &[Part::Value]),
    ],
);
const OUTPUT: GroupNames = group(GroupKind::Output, &[linear("self_attn.o_proj", &[Part::Output])]);
const GATE_UP: GroupNames =
    group(GroupKind::GateUp, &[linear("mlp.gate_proj", &[Part::Gate]), linear("mlp.up_proj", &[Part::Up])]);
const DOWN: GroupNames = group(GroupKind::Down, &[linear("mlp.down_proj", &[Part::Down])]);
const EXPERTS_GATE_UP: GroupNames = owned(
    Owner::Expert,
    GroupKind::GateUp,
    &[linear("mlp.experts.{expert}.gate_proj", &[Part::Gate]), linear("mlp.experts.{expert}.up_proj", &[Part::Up])],
);
const EXPERTS_DOWN: GroupNames =
    owned(Owner::Expert, GroupKind::Down, &[linear("mlp.experts.{expert}.down_proj", &[Part::Down])]);

const fn linear(name: &'static str, parts: &'static [Part]) -> LinearName {
    LinearName { name, parts, cut: Cut::Stacked }
}

const fn group(kind: GroupKind, linears: &'static [LinearName]) -> GroupNames {
    owned(Owner::Block, kind, linears)
}

const fn owned(owner: Owner, kind: GroupKind, linears: &'static [LinearName]) -> GroupNames {
    GroupNames { kind, owner, linears }
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
    &gemma::GEMMA,
    &gemma::GEMMA2,
    &gemma::GEMMA3,
    &olmo2::OLMO2,
    &granite::GRANITE,
    &internlm2::INTERNLM2,
    &minicpm3::MINICPM3,
    &qwen2_moe::QWEN2_MOE,
    &deepseek::DEEPSEEK_V2,
    &deepseek::DEEPSEEK_V3,
    &gpt_oss::GPT_OSS,
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

    /// The least that a `config.json` of any architecture has, with two blocks of which the first is dense.
    fn config(model_type: &str) -> Config {
        let value = serde_json::json!({
            "model_type": model_type, "num_hidden_layers": 2, "first_k_dense_replace": 1, "mlp_only_layers": [0],
        });
        Config::from_json(&value, Path::new("config.json")).unwrap_or_else(|error| panic!("{model_type}: {error}"))
    }

    #[test]
    fn names_are_unique_and_groups_run_in_order() {
        for (at, architecture) in ARCHITECTURES.iter().enumerate() {
            let name = architecture.model_type;
            assert!(ARCHITECTURES[..at].iter().all(|other| other.model_type != name));
            let config = config(name);
            for layer in 0..2 {
                let names = (architecture.inner)(&config, layer);
                assert_eq!(names.router.is_some(), config.blocks[layer].sparse, "{name}");
                for owner in [Owner::Block, Owner::Expert, Owner::Shared] {
                    let groups = || names.groups.iter().filter(|group| group.owner == owner);
                    assert!(groups().map(|group| group.kind).is_sorted_by(|a, b| a < b), "{name}");
                    let expert = owner == Owner::Expert;
                    assert!(
                        groups().flat_map(|group| group.linears).all(|one| one.name.contains("{expert}") == expert)
                    );
                    if owner != Owner::Block && groups().next().is_some() {
                        assert!(groups().map(|group| &group.kind).eq(GroupKind::MLP), "{name}");
                    }
                }
                assert!(names.groups.is_sorted_by_key(|group| group.owner as usize), "those of experts come last");
                let owner = if names.router.is_some() { Owner::Expert } else { Owner::Block };
                let parts = names.groups.iter().filter(|group| group.owner <= owner).flat_map(|group| group.linears);
                let parts: Vec<Part> = parts.flat_map(|linear| linear.parts).copied().collect();
                for needed in [Part::Query, Part::Key, Part::Value, Part::Output, Part::Gate, Part::Up, Part::Down] {
                    assert_eq!(parts.iter().filter(|part| **part == needed).count(), 1, "{name} {needed:?}");
                }
            }
        }
    }
}
