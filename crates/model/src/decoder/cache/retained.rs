//! Finished sequences, kept for prompts that begin alike.

use super::{SequenceCache, bytes_together};
use crate::decoder::rope::Stage;

/// Finished sequences, the longest unused first, within a bound of bytes.
#[derive(Debug)]
pub(crate) struct Retained {
    all: Vec<SequenceCache>,
    limit: usize,
}

/// A kept sequence that differs from a prompt only in this many last tokens was its earlier turn, and is used up.
const TURN_TAIL: usize = 32;
/// The most sequences that are kept, however small.
const MOST_KEPT: usize = 64;

impl Retained {
    pub fn new(limit: usize) -> Self {
        Self { all: Vec::new(), limit }
    }

    /// The index and length of the longest common beginning with `prompt`, which is turned as `stage` says.
    pub fn find(&self, prompt: &[u32], stage: Stage) -> Option<(usize, usize)> {
        let lengths = self.all.iter().map(|cache| cache.common_prefix(prompt, stage)).enumerate();
        lengths.max_by_key(|&(_, length)| length)
    }

    /// The first `len` tokens of a kept sequence, with room for `capacity`.
    pub fn reuse(&mut self, index: usize, len: usize, capacity: usize) -> SequenceCache {
        let kept = self.all.remove(index);
        let fork = kept.fork(len, capacity);
        if kept.tokens.len() > len + TURN_TAIL {
            self.all.push(kept);
        }
        fork
    }

    /// Keeps a finished sequence; those that it contains, and the longest unused beyond the limit, are dropped.
    pub fn keep(&mut self, cache: SequenceCache) {
        if cache.tokens.is_empty() || bytes_together(std::iter::once(&cache)) > self.limit {
            return;
        }
        self.all.retain(|other| cache.common_prefix(&other.tokens, other.stage) < other.tokens.len());
        self.all.push(cache);
        while self.all.len() > MOST_KEPT || bytes_together(self.all.iter()) > self.limit {
            self.all.remove(0);
        }
    }
}
