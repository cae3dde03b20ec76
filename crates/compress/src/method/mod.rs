//! The compression methods: one file each, and one row each in [`METHODS`].

mod awq;
mod column_walk;
mod fp8;
mod gptq;
mod kv_cache;
mod magnitude;
mod rtn;
mod smoothquant;
mod sparsegpt;
mod wanda;

pub use awq::{Awq, Candidate, Scaling, clip, clip_limits};
pub use fp8::Fp8;
pub use gptq::Gptq;
pub use kv_cache::KvCache;
pub use magnitude::Magnitude;
pub use rtn::Rtn;
pub use smoothquant::{SmoothQuant, largest_weights};
pub use sparsegpt::SparseGpt;
pub use wanda::Wanda;

use model::GroupKind;

use crate::group::{LinearGroup, LinearReport};
use crate::overrides::OVERRIDES;
use crate::seen::{Needs, Seen};
use crate::settings::{SettingInfo, Settings};
use crate::{CompressError, Scheme, Sparsity};

/// A compression method: mathematics on the linears of one group.
pub trait Method: Sync {
    /// What it wants to know of the group's inputs.
    fn needs(&self) -> Needs;

    /// Changes the weights of the group; one report for each linear, in their order.
    fn compress(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError>;

    /// Whether it wants to divide the inputs of such groups by scales that go into their weights; `experts` of the block.
    fn folds(&self, _kind: GroupKind, _experts: usize) -> bool {
        false
    }

    /// What to divide the inputs by, `[in]`, given how weights will be rounded at the end.
    fn fold(&self, group: &LinearGroup, _seen: &Seen, _scheme: Option<&Scheme>) -> Result<Vec<f32>, CompressError> {
        Ok(vec![1.0; group.linears.first().map_or(0, |linear| linear.weight.cols)])
    }

    /// How the weights are quantized, for methods that quantize.
    fn scheme(&self) -> Option<Scheme> {
        None
    }

    /// What becomes zero, for methods that prune.
    fn sparsity(&self) -> Option<Sparsity> {
        None
    }

    /// Bits of keys and values in the cache, for methods that round those.
    fn kv_bits(&self) -> Option<u8> {
        None
    }

    /// Whether each group of a block is compressed before the inputs of the next group are collected. Otherwise the
    /// inputs of all groups are those of the dense block (after compressed earlier blocks).
    fn true_sequential(&self) -> bool {
        true
    }
}

/// What a method does to a model; at most one of each kind goes into a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    /// Moves scales between weights and what makes their inputs; rounds too where nothing else of the list does.
    Folds,
    /// Makes weights zero.
    Prunes,
    /// Rounds weights.
    Quantizes,
    /// Rounds the KV cache.
    Caches,
}

/// A row of the method table.
pub struct MethodInfo {
    /// The name on the command line.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its settings, in the order they are shown.
    pub settings: &'static [SettingInfo],
    /// Settings that it has only where no other method of the list rounds weights.
    pub alone: &'static [SettingInfo],
    /// What it does.
    pub kind: MethodKind,
    /// Builds the method.
    pub(crate) build: fn(&Settings) -> Result<Box<dyn Method>, CompressError>,
}

/// All methods, in the order they are listed.
pub const METHODS: &[MethodInfo] = &[
    gptq::INFO,
    awq::INFO,
    smoothquant::INFO,
    fp8::INFO,
    rtn::INFO,
    wanda::INFO,
    sparsegpt::INFO,
    magnitude::INFO,
    kv_cache::INFO,
];

/// The method of that name.
pub fn method(name: &str) -> Result<&'static MethodInfo, CompressError> {
    METHODS.iter().find(|method| method.name == name).ok_or_else(|| {
        let known: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
        CompressError::UnknownMethod { name: name.to_owned(), known: known.join(", ") }
    })
}

impl MethodInfo {
    /// All its settings where it is the only method.
    pub fn all_settings(&self) -> Vec<SettingInfo> {
        let overrides = (self.kind != MethodKind::Caches).then_some(&OVERRIDES);
        self.settings.iter().chain(self.alone).chain(overrides).copied().collect()
    }
}
