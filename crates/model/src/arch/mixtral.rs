//! Mixtral (Jiang et al. 2024): Mistral with several gated products in a block, of which a router chooses.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, DENSE, OUTPUT, Owner, QKV, RouterNames, linear, owned};
use crate::config::{Defaults, Experts, Fields, Windows};
use crate::{Config, GroupKind, ModelError, Part};

/// `model_type: mixtral`
pub const MIXTRAL: Architecture = Architecture { model_type: "mixtral", config, inner: |_, _| &NAMES, ..LLAMA };

const NAMES: BlockNames = BlockNames {
    router: Some(RouterNames::plain("block_sparse_moe.gate")),
    groups: &[
        QKV,
        OUTPUT,
        owned(
            Owner::Expert,
            GroupKind::GateUp,
            &[
                linear("block_sparse_moe.experts.{expert}.w1", &[Part::Gate]),
                linear("block_sparse_moe.experts.{expert}.w3", &[Part::Up]),
            ],
        ),
        owned(Owner::Expert, GroupKind::Down, &[linear("block_sparse_moe.experts.{expert}.w2", &[Part::Down])]),
    ],
    ..DENSE
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let plain = Config::plain(fields, &Defaults::MIXTRAL, Windows::Everywhere(None))?;
    let experts = Experts { normalize: true, width: plain.intermediate_size, ..Experts::new(8, 2) };
    let experts = experts.read(fields, &["num_local_experts", "num_experts"])?;
    let sparse = vec![true; plain.layers];
    Ok(plain.with_experts(experts, &sparse))
}
