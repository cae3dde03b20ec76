//! Keys and values of sequences, preallocated, and those kept for prompts that begin alike.

use std::borrow::Cow;
use std::ops::Range;

use crate::decoder::rope::Stage;
use crate::{Config, kernel};

/// Keys and values of one block for one sequence, `[kv_heads, capacity, width of a head]` each.
#[derive(Debug, Clone)]
pub(crate) struct LayerCache {
    keys: Numbers,
    values: Numbers,
    heads: usize,
    capacity: usize,
    /// Numbers of a key and of a value.
    dims: (usize, usize),
}

/// Vectors as they are, or rounded.
#[derive(Debug, Clone)]
enum Numbers {
    Exact(Vec<f32>),
    /// Each vector `[dim]` as whole numbers of `bits` between its least and its largest value.
    Rounded {
        bits: u8,
        /// 8 bits: one a byte; 4 bits: two, the first in the low half.
        codes: Vec<u8>,
        /// The least value and the step of each vector.
        grids: Vec<(f32, f32)>,
    },
}

impl Numbers {
    fn new(vectors: usize, dim: usize, bits: Option<u8>) -> Self {
        match bits {
            None => Self::Exact(vec![0.0; vectors * dim]),
            Some(bits) => {
                Self::Rounded { bits, codes: vec![0; vectors * bytes_of(dim, bits)], grids: vec![(0.0, 0.0); vectors] }
            }
        }
    }

    fn put(&mut self, vector: usize, numbers: &[f32]) {
        let dim = numbers.len();
        match self {
            Self::Exact(all) => all[vector * dim..(vector + 1) * dim].copy_from_slice(numbers),
            Self::Rounded { bits, codes, grids } => {
                let (low, high) = kernel::extent(numbers);
                let top = f32::from(u8::MAX >> (8 - *bits));
                let step = (high - low) / top;
                grids[vector] = (low, step);
                let width = bytes_of(dim, *bits);
                let codes = &mut codes[vector * width..(vector + 1) * width];
                kernel::round_to_codes(numbers, (low, step), *bits, codes);
            }
        }
    }

    /// Some vectors after one another.
    fn get(&self, vectors: Range<usize>, dim: usize) -> Cow<'_, [f32]> {
        match self {
            Self::Exact(all) => Cow::Borrowed(&all[vectors.start * dim..vectors.end * dim]),
            Self::Rounded { bits, codes, grids } => {
                let width = bytes_of(dim, *bits);
                let mut numbers = vec![0.0; vectors.len() * dim];
                for (vector, numbers) in vectors.zip(numbers.chunks_exact_mut(dim.max(1))) {
                    kernel::widen_codes(&codes[vector * width..(vector + 1) * width], grids[vector], *bits, numbers);
                }
                Cow::Owned(numbers)
            }
        }
    }

    /// Copies vectors from another cache of the same kind.
    fn copy(&mut self, to: usize, from: &Self, vectors: Range<usize>, dim: usize) {
        match (self, from) {
            (Self::Exact(all), Self::Exact(from)) => {
                let part = &from[vectors.start * dim..vectors.end * dim];
                all[to * dim..to * dim + part.len()].copy_from_slice(part);
            }
            (Self::Rounded { bits, codes, grids }, Self::Rounded { codes: from, grids: steps, .. }) => {
                let width = bytes_of(dim, *bits);
                let part = &from[vectors.start * width..vectors.end * width];
                codes[to * width..to * width + part.len()].copy_from_slice(part);
                grids[to..to + vectors.len()].copy_from_slice(&steps[vectors]);
            }
            _ => {}
        }
    }

    fn bits(&self) -> Option<u8> {
        match self {
            Self::Exact(_) => None,
            Self::Rounded { bits, .. } => Some(*bits),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Exact(all) => 4 * all.len(),
            Self::Rounded { codes, grids, .. } => codes.len() + 8 * grids.len(),
        }
    }
}

/// Bytes of a vector.
fn bytes_of(dim: usize, bits: u8) -> usize {
    (dim * usize::from(bits)).div_ceil(8)
}

impl LayerCache {
    /// Room for `capacity` positions of so many heads, whose keys and values have `dims` numbers; `bits` of each number,
    /// where they are rounded: 4 or 8.
    pub fn new(heads: usize, dims: (usize, usize), capacity: usize, bits: Option<u8>) -> Self {
        let numbers = |dim| Numbers::new(heads * capacity, dim, bits);
        Self { keys: numbers(dims.0), values: numbers(dims.1), heads, capacity, dims }
    }

    /// Writes the keys and values `[kv_heads, dim]` of one position.
    pub fn put(&mut self, position: usize, keys: &[f32], values: &[f32]) {
        let (key, value) = self.dims;
        for (head, (key, value)) in keys.chunks_exact(key).zip(values.chunks_exact(value)).enumerate() {
            let at = head * self.capacity + position;
            self.keys.put(at, key);
            self.values.put(at, value);
        }
    }

    /// The keys of a head at some positions, `[positions, dim]`.
    pub fn keys(&self, head: usize, positions: Range<usize>) -> Cow<'_, [f32]> {
        let at = head * self.capacity;
        self.keys.get(at + positions.start..at + positions.end, self.dims.0)
    }

    /// The values of a head at some positions, `[positions, dim]`.
    pub fn values(&self, head: usize, positions: Range<usize>) -> Cow<'_, [f32]> {
        let at = head * self.capacity;
        self.values.get(at + positions.start..at + positions.end, self.dims.1)
    }

    /// The first `len` positions in a cache of another capacity.
    fn fork(&self, len: usize, capacity: usize) -> Self {
        let mut copy = Self::new(self.heads, self.dims, capacity, self.keys.bits());
        for head in 0..self.heads {
            let at = head * self.capacity;
            copy.keys.copy(head * capacity, &self.keys, at..at + len, self.dims.0);
            copy.values.copy(head * capacity, &self.values, at..at + len, self.dims.1);
        }
        copy
    }
}

/// All keys and values of one sequence, and the tokens that made them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SequenceCache {
    pub layers: Vec<LayerCache>,
    /// The tokens that were run, in order.
    pub tokens: Vec<u32>,
    /// How they were turned.
    pub stage: Stage,
}

impl SequenceCache {
    /// Room for `capacity` tokens.
    pub fn new(config: &Config, capacity: usize) -> Self {
        let layer = || LayerCache::new(config.kv_heads, (config.head_dim, config.value_dim), capacity, config.kv_bits);
        let layers = (0..config.layers).map(|_| layer()).collect();
        Self { layers, tokens: Vec::with_capacity(capacity), stage: Stage::default() }
    }

    /// What is to be run so that `new` tokens stand behind those here, all turned as this stage asks: `new`, or all of them
    /// once more.
    pub fn prepare<'t>(&mut self, new: &'t [u32], stage: Stage) -> Cow<'t, [u32]> {
        let begun = !self.tokens.is_empty() && self.stage != stage;
        self.stage = stage;
        if !begun {
            return Cow::Borrowed(new);
        }
        let all = [&self.tokens[..], new].concat();
        self.tokens.clear();
        Cow::Owned(all)
    }

    /// The first `len` tokens, with room for `capacity`.
    pub fn fork(&self, len: usize, capacity: usize) -> Self {
        let layers = self.layers.iter().map(|layer| layer.fork(len, capacity)).collect();
        let mut tokens = Vec::with_capacity(capacity);
        tokens.extend_from_slice(&self.tokens[..len]);
        Self { layers, tokens, stage: self.stage }
    }

    /// How many tokens of a prompt that is turned as `stage` says are here.
    pub fn common_prefix(&self, prompt: &[u32], stage: Stage) -> usize {
        if self.stage == stage { common_prefix(&self.tokens, prompt) } else { 0 }
    }

    /// Tokens that there is room for.
    pub fn capacity(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.capacity)
    }

    /// Bytes of the keys and values of `capacity` tokens.
    pub fn bytes_of(config: &Config, capacity: usize) -> usize {
        let vector = |dim: usize| config.kv_bits.map_or(4 * dim, |bits| bytes_of(dim, bits) + 8);
        config.layers * config.kv_heads * (vector(config.head_dim) + vector(config.value_dim)) * capacity
    }

    /// Bytes of the keys and values.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.keys.bytes() + layer.values.bytes()).sum()
    }
}

/// How many tokens two sequences begin with alike.
fn common_prefix(a: &[u32], b: &[u32]) -> usize {
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
        let (len, room) = (cache.tokens.len(), cache.capacity());
        if len == 0 || cache.bytes() / room.max(1) * len > self.limit {
            return;
        }
        self.all.retain(|other| cache.common_prefix(&other.tokens, other.stage) < other.tokens.len());
        // Room that the reply did not take is given back where it is worth a copy.
        self.all.push(if room - len > room / 8 { cache.fork(len, len) } else { cache });
        let mut bytes: usize = self.all.iter().map(SequenceCache::bytes).sum();
        while !self.all.is_empty() && (bytes > self.limit || self.all.len() > MOST_KEPT) {
            bytes -= self.all.remove(0).bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_numbers_are_within_half_a_step_and_take_less() {
        let vectors: Vec<Vec<f32>> =
            (0..6).map(|v| (0..5).map(|at| ((v * 7 + at * 3) as f32).sin() * 4.0).collect()).collect();
        for (bits, levels) in [(4, 15.0), (8, 255.0)] {
            let mut cache = LayerCache::new(2, (5, 5), 3, Some(bits));
            for position in 0..3 {
                let both = [vectors[2 * position].clone(), vectors[2 * position + 1].clone()].concat();
                cache.put(position, &both, &both);
            }
            let copy = cache.fork(3, 9);
            for (head, cache) in [(0, &cache), (1, &cache), (0, &copy), (1, &copy)] {
                for (position, read) in cache.keys(head, 0..3).chunks(5).enumerate() {
                    let vector = &vectors[2 * position + head];
                    let (low, high) = kernel::extent(vector);
                    let half = (high - low) / levels / 2.0 * 1.001;
                    assert!(read.iter().zip(vector).all(|(a, b)| (a - b).abs() <= half), "{bits}: {read:?} {vector:?}");
                }
                assert_eq!(cache.keys(head, 0..3), cache.values(head, 0..3));
            }
            let exact = LayerCache::new(2, (64, 64), 3, None);
            assert!(LayerCache::new(2, (64, 64), 3, Some(bits)).keys.bytes() < exact.keys.bytes() / 3);
        }
        let mut cache = LayerCache::new(1, (2, 2), 1, Some(4));
        cache.put(0, &[3.0, 3.0], &[0.0, 0.0]);
        assert_eq!((&*cache.keys(0, 0..1), &*cache.values(0, 0..1)), (&[3.0, 3.0][..], &[0.0, 0.0][..]));
    }
}
