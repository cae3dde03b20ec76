//! Mixtral (Jiang et al. 2024): Mistral with several gated products in a block, of which a router chooses.

use super::{Architecture, BlockNames, DENSE, OUTER, OUTPUT, QKV};
use crate::config::{Defaults, Experts, Fields, Windows};
use crate::{Config, GroupKind, ModelError};

/// `model_type: mixtral`
pub const MIXTRAL: Architecture = Architecture {
    model_type: "mixtral",
    config,
    outer: OUTER,
    inner: BlockNames {
        router: Some("block_sparse_moe.gate"),
        groups: [
            QKV,
            OUTPUT,
            (GroupKind::GateUp, &["block_sparse_moe.experts.{expert}.w1", "block_sparse_moe.experts.{expert}.w3"]),
            (GroupKind::Down, &["block_sparse_moe.experts.{expert}.w2"]),
        ],
        ..DENSE
    },
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let experts = Experts::read(fields, &["num_local_experts", "num_experts"], (8, 2), true)?;
    Ok(Config { experts: Some(experts), ..Config::plain(fields, &Defaults::MIXTRAL, Windows::Everywhere(None))? })
}
