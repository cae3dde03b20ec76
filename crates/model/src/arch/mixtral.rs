//! Mixtral (Jiang et al. 2024): Mistral with several gated products in a block, of which a router chooses.

use super::{Architecture, BlockNames, DENSE, OUTER, OUTPUT, QKV, down, gate_up, linear};
use crate::config::{Defaults, Experts, Fields, Windows};
use crate::{Config, ModelError, Part};

/// `model_type: mixtral`
pub const MIXTRAL: Architecture = Architecture {
    model_type: "mixtral",
    own: &[],
    config,
    outer: OUTER,
    inner: BlockNames {
        router: Some("block_sparse_moe.gate"),
        groups: &[
            QKV,
            OUTPUT,
            gate_up(&[
                linear("block_sparse_moe.experts.{expert}.w1", &[Part::Gate]),
                linear("block_sparse_moe.experts.{expert}.w3", &[Part::Up]),
            ]),
            down(&[linear("block_sparse_moe.experts.{expert}.w2", &[Part::Down])]),
        ],
        ..DENSE
    },
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let experts = Experts::read(fields, &["num_local_experts", "num_experts"], (8, 2), true)?;
    Ok(Config { experts: Some(experts), ..Config::plain(fields, &Defaults::MIXTRAL, Windows::Everywhere(None))? })
}
