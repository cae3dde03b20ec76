//! The linears of a decoder's blocks by name and shape, before any of them is read.

use super::{BlockNames, Cut, GroupNames, LinearName, Owner, find};
use crate::decoder::linear::Place;
use crate::{Config, Group, Rows};

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
            let all = groups((architecture.inner)(config, block), config);
            all.flat_map(move |(names, expert)| of_group(config, prefix, block, names, expert))
        })
    })
}

/// The linears that no method changes, by full name: the head, then what chooses experts in each block.
pub fn kept_linears(config: &Config) -> Vec<String> {
    let Some(architecture) = find(&config.model_type) else { return Vec::new() };
    let outer = &architecture.outer;
    let routers = (0..config.layers).flat_map(|layer| {
        let router = (architecture.inner)(config, layer).router.into_iter();
        let names = router.flat_map(|router| [Some(router.gate), router.shared_gate]).flatten();
        names.map(move |name| format!("{}{layer}.{name}", outer.block))
    });
    std::iter::once(outer.head.to_owned()).chain(routers).collect()
}

/// The groups of a block, each with its expert: those of the block, those of each expert, those of the one that sees every
/// row.
pub(crate) fn groups(
    names: &'static BlockNames,
    config: &Config,
) -> impl Iterator<Item = (&'static GroupNames, usize)> + use<> {
    let of = |owner: Owner| names.groups.iter().filter(move |group| group.owner == owner);
    let experts = config.experts.map_or(0, |experts| experts.count);
    let shared = config.experts.is_some_and(|experts| experts.shared.is_some());
    let of_experts = (0..experts).flat_map(move |expert| of(Owner::Expert).map(move |names| (names, expert)));
    let of_shared = of(Owner::Shared).filter(move |_| shared).map(move |names| (names, experts));
    of(Owner::Block).map(|names| (names, 0)).chain(of_experts).chain(of_shared)
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
        let rows = linear.parts.iter().map(|&part| config.outputs(part, names.owner).0).sum();
        let name = linear.name.replace("{expert}", &expert.to_string());
        LinearShape {
            name: format!("{prefix}{block}.{name}"),
            block,
            group,
            shape: (rows, config.inputs(names.kind, names.owner).0),
        }
    })
}

impl LinearName {
    /// Where the parts of the linear lie, which is number `linear` of its group.
    pub(crate) fn places(&self, config: &Config, owner: Owner, linear: usize) -> Vec<Place> {
        let sizes: Vec<usize> = self.parts.iter().map(|&part| config.outputs(part, owner).0).collect();
        let all: usize = sizes.iter().sum();
        let count = match self.cut {
            Cut::Stacked => 1,
            Cut::ByKeyHead => config.kv_heads,
            Cut::ByHead => config.heads,
            Cut::Alternating => sizes[0],
        }
        .max(1);
        let mut start = 0;
        let place = |(&part, size): (_, usize)| {
            let rows = Rows { start, run: size / count, stride: all / count, count };
            start += rows.run;
            Place { part, linear, rows }
        };
        self.parts.iter().zip(sizes).map(place).collect()
    }
}
