//! Keys and values of sequences, preallocated, and those kept for prompts that begin alike.

use crate::Config;

/// Keys and values of one block for one sequence, each `[kv_heads, capacity, head_dim]`.
#[derive(Debug, Clone)]
pub(crate) struct LayerCache {
    keys: Vec<f32>,
    values: Vec<f32>,
    capacity: usize,
    dim: usize,
}

impl LayerCache {
    pub fn new(kv_heads: usize, dim: usize, capacity: usize) -> Self {
        let size = kv_heads * capacity * dim;
        Self { keys: vec![0.0; size], values: vec![0.0; size], capacity, dim }
    }

    /// Writes the keys and values `[kv_heads, dim]` of one position.
    pub fn put(&mut self, position: usize, keys: &[f32], values: &[f32]) {
        let dim = self.dim;
        for (head, (key, value)) in keys.chunks_exact(dim).zip(values.chunks_exact(dim)).enumerate() {
            let at = (head * self.capacity + position) * dim;
            self.keys[at..at + dim].copy_from_slice(key);
            self.values[at..at + dim].copy_from_slice(value);
        }
    }

    /// The first `len` keys of a head, `[len, dim]`.
    pub fn keys(&self, head: usize, len: usize) -> &[f32] {
        let at = head * self.capacity * self.dim;
        &self.keys[at..at + len * self.dim]
    }

    /// The first `len` values of a head, `[len, dim]`.
    pub fn values(&self, head: usize, len: usize) -> &[f32] {
        let at = head * self.capacity * self.dim;
        &self.values[at..at + len * self.dim]
    }

    /// The first `len` positions in a cache of another capacity.
    fn fork(&self, len: usize, capacity: usize) -> Self {
        let kv_heads = self.keys.len() / (self.capacity * self.dim).max(1);
        let mut copy = Self::new(kv_heads, self.dim, capacity);
        for head in 0..kv_heads {
            let at = head * capacity * self.dim;
            copy.keys[at..at + len * self.dim].copy_from_slice(self.keys(head, len));
            copy.values[at..at + len * self.dim].copy_from_slice(self.values(head, len));
        }
        copy
    }
}

/// All keys and values of one sequence, and the tokens that made them.
#[derive(Debug, Clone)]
pub(crate) struct SequenceCache {
    pub layers: Vec<LayerCache>,
    /// The tokens that were run, in order.
    pub tokens: Vec<u32>,
}

impl SequenceCache {
    /// Room for `capacity` tokens.
    pub fn new(config: &Config, capacity: usize) -> Self {
        let layer = || LayerCache::new(config.kv_heads, config.head_dim, capacity);
        Self { layers: (0..config.layers).map(|_| layer()).collect(), tokens: Vec::with_capacity(capacity) }
    }

    /// The first `len` tokens, with room for `capacity`.
    pub fn fork(&self, len: usize, capacity: usize) -> Self {
        let layers = self.layers.iter().map(|layer| layer.fork(len, capacity)).collect();
        let mut tokens = Vec::with_capacity(capacity);
        tokens.extend_from_slice(&self.tokens[..len]);
        Self { layers, tokens }
    }

    /// Bytes of the keys and values.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| 4 * (layer.keys.len() + layer.values.len())).sum()
    }
}

/// How many tokens two sequences begin with alike.
pub(crate) fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Finished sequences, the longest unused first, within a bound of bytes.
#[derive(Debug)]
pub(crate) struct Retained {
    all: Vec<SequenceCache>,
    limit: usize,
}

/// A kept sequence that differs from a prompt only in this many last tokens was its earlier turn, and is used up.
const TURN_TAIL: usize = 32;

impl Retained {
    pub fn new(limit: usize) -> Self {
        Self { all: Vec::new(), limit }
    }

    /// The index and length of the longest common beginning with `prompt`.
    pub fn find(&self, prompt: &[u32]) -> Option<(usize, usize)> {
        let lengths = self.all.iter().map(|cache| common_prefix(&cache.tokens, prompt)).enumerate();
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
    pub fn keep(&mut self, cache: &SequenceCache) {
        let len = cache.tokens.len();
        if len == 0 || cache.bytes() / cache.tokens.capacity().max(1) * len > self.limit {
            return;
        }
        self.all.retain(|other| common_prefix(&other.tokens, &cache.tokens) < other.tokens.len());
        self.all.push(cache.fork(len, len));
        let mut bytes: usize = self.all.iter().map(SequenceCache::bytes).sum();
        while bytes > self.limit && !self.all.is_empty() {
            bytes -= self.all.remove(0).bytes();
        }
    }
}
