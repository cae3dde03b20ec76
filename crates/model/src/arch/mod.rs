//! The table of architectures: one file each maps `config.json` and weight names to the decoder.

mod qwen2;

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
    /// Linears that share an input, in the order in which they run.
    pub groups: [(GroupKind, &'static [&'static str]); 4],
}

/// Every architecture that can be run.
pub const ARCHITECTURES: &[&Architecture] = &[&qwen2::QWEN2];

/// The architecture of a `model_type`.
pub fn find(model_type: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.iter().find(|architecture| architecture.model_type == model_type).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_groups_run_in_order() {
        for (at, architecture) in ARCHITECTURES.iter().enumerate() {
            assert!(ARCHITECTURES[..at].iter().all(|other| other.model_type != architecture.model_type));
            assert_eq!(architecture.inner.groups.map(|(kind, _)| kind), GroupKind::ALL);
        }
    }
}
