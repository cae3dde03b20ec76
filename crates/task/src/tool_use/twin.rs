//! The generated twin.

use record::Sample;

use crate::Split;

/// Instances made from a seed.
pub fn generate(_seed: u64, _split: Split, _limit: Option<usize>) -> Vec<Sample> {
    Vec::new()
}
