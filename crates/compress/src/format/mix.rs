//! Which linears of a checkpoint are quantized, and to how many bits.

use std::collections::BTreeMap;

use super::Planned;
use crate::Scheme;

/// How the linears of a checkpoint are quantized: all alike but for their widths.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mix<'a> {
    /// How, where no other width is said.
    pub scheme: Scheme,
    /// Linears by the bits of their weights.
    pub widths: BTreeMap<u8, Vec<&'a str>>,
    /// Linears that are not quantized.
    pub dense: Vec<&'a str>,
    /// The head, then what chooses experts: linears that never are.
    pub kept: &'a [String],
}

impl<'a> Mix<'a> {
    /// What is planned, by linear; none where nothing is quantized. `kept` are linears that are not planned.
    pub fn of(scheme: Option<Scheme>, planned: &'a BTreeMap<String, Planned>, kept: &'a [String]) -> Option<Self> {
        let mut mix = Self { scheme: scheme?, widths: BTreeMap::new(), dense: Vec::new(), kept };
        for (name, planned) in planned {
            match planned.scheme {
                Some(scheme) => mix.widths.entry(scheme.grid.bits).or_default().push(name),
                None => mix.dense.push(name),
            }
        }
        (!mix.widths.is_empty()).then_some(mix)
    }

    /// The widths that are not the scheme's, with the linears that have them.
    pub fn others(&self) -> impl Iterator<Item = (u8, &[&'a str])> {
        let own = self.scheme.grid.bits;
        self.widths.iter().filter(move |(bits, _)| **bits != own).map(|(&bits, names)| (bits, &names[..]))
    }
}
