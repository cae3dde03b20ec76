//! The linears of a decoder's blocks by name and shape, before any of them is read.

use super::{Architecture, GroupNames, find};
use crate::{Config, Group};

/// A linear of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearShape {
    /// The weight's name without `.weight`: `model.layers.0.self_attn.q_proj`.
    pub name: String,
    /// The block, from 0.
    pub block: usize,
    /// The group that shares its input.
    pub group: Group,
    /// `(out, in)`
    pub shape: (usize, usize),
}

/// The linears of all blocks in the order in which they run; none of an architecture that is not known.
pub fn linears(config: &Config) -> impl Iterator<Item = LinearShape> {
    let architecture = find(&config.model_type);
    architecture.into_iter().flat_map(move |architecture| {
        let prefix = architecture.outer.block;
        (0..config.layers).flat_map(move |block| {
            groups(architecture, config).flat_map(move |(names, expert)| of_group(config, prefix, block, names, expert))
        })
    })
}

/// The groups of a block, each with its expert: those outside experts, then those of each expert.
pub(crate) fn groups(
    architecture: &'static Architecture,
    config: &Config,
) -> impl Iterator<Item = (&'static GroupNames, usize)> + use<> {
    let names = architecture.inner.groups;
    let first = names.iter().position(GroupNames::of_experts).unwrap_or(names.len());
    let (shared, own) = names.split_at(first);
    let experts = 0..config.experts.map_or(0, |experts| experts.count);
    let of_experts = experts.flat_map(move |expert| own.iter().map(move |names| (names, expert)));
    shared.iter().map(|names| (names, 0)).chain(of_experts)
}

fn of_group(
    config: &Config,
    prefix: &'static str,
    block: usize,
    names: &'static GroupNames,
    expert: usize,
) -> impl Iterator<Item = LinearShape> {
    let group = Group { kind: names.kind, expert };
    names.linears.iter().map(move |linear| {
        let rows = linear.parts.iter().map(|&part| config.outputs(part).0).sum();
        let name = linear.name.replace("{expert}", &expert.to_string());
        LinearShape {
            name: format!("{prefix}{block}.{name}"),
            block,
            group,
            shape: (rows, config.inputs(names.kind).0),
        }
    })
}
