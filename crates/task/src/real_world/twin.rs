//! The generated twin.

/// Samples of the twin made from a seed.
pub fn generate(_seed: u64, _split: crate::Split, _limit: Option<usize>) -> Vec<record::Sample> {
    Vec::new()
}
