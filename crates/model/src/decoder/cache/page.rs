//! Keys and values of some neighboring positions, which sequences that begin alike share.

use std::ops::Range;

use super::numbers::{Numbers, STRIP};
use crate::kernel::{self, Weighted};

/// Positions of a page. Pages are counted from a sequence's start.
pub(crate) const PAGE: usize = 256;

/// Keys and values of one block for up to [`PAGE`] positions, `[kv_heads, room, width of a head]` each; keys that are not
/// rounded lie across, as [`Numbers::put_across`] says.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    keys: Numbers,
    values: Numbers,
    /// Positions that there is room for: a multiple of [`STRIP`].
    room: usize,
}

impl Page {
    /// Room for at least so many positions of so many heads, whose keys and values have `dims` numbers of `bits`, where they
    /// are rounded.
    pub(super) fn new(heads: usize, dims: (usize, usize), room: usize, bits: Option<u8>) -> Self {
        let room = room.next_multiple_of(STRIP);
        let numbers = |dim| Numbers::new(heads * room, dim, bits);
        Self { keys: numbers(dims.0), values: numbers(dims.1), room }
    }

    /// Positions that there is room for.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Writes the keys and values `[kv_heads, dim]` of a position.
    pub(super) fn put(&mut self, at: usize, dims: (usize, usize), keys: &[f32], values: &[f32]) {
        for (head, (key, value)) in keys.chunks_exact(dims.0).zip(values.chunks_exact(dims.1)).enumerate() {
            self.keys.put_across(head * self.room + at, key);
            self.values.put(head * self.room + at, value);
        }
    }

    /// The dots of queries `[n, dim]` and the keys of a head at the first `count` positions, `[n, count]`.
    pub fn scores(&self, head: usize, queries: &[f32], dim: usize, count: usize, scores: &mut [f32]) {
        let Some(keys) = self.keys.across(self.first(head, count), dim) else {
            let keys = self.keys.get(self.first(head, count), dim);
            return kernel::rows_by_rows(queries, &keys, dim, scores, count);
        };
        scores.fill(0.0);
        let lens = vec![dim; queries.len() / dim];
        for (strip, v) in keys.chunks_exact(STRIP * dim).enumerate() {
            let from = strip * STRIP;
            let columns = STRIP.min(count - from);
            let weighted = Weighted { p: queries, p_stride: dim, v, v_stride: STRIP, columns };
            kernel::add_weighted_rows(weighted, &lens, &mut scores[from..], count);
        }
    }

    /// Adds the values of a head at the first `seen` of `count` positions to each row of `out` `[n, dim]`, weighted by
    /// `weights` `[n, count]`.
    pub fn add_values(&self, head: usize, weights: &[f32], (seen, count): (&[usize], usize), out: &mut [f32]) {
        let dim = out.len() / seen.len().max(1);
        let v = self.values.get(self.first(head, count), dim);
        let weighted = Weighted { p: weights, p_stride: count, v: &v, v_stride: dim, columns: dim };
        kernel::add_weighted_rows(weighted, seen, out, dim);
    }

    /// The first vectors of a head.
    fn first(&self, head: usize, count: usize) -> Range<usize> {
        head * self.room..head * self.room + count
    }

    /// Takes over all positions of a page with no more room.
    pub(super) fn copy(&mut self, from: &Self, heads: usize, dims: (usize, usize)) {
        for head in 0..heads {
            let (to, vectors) = (head * self.room, from.first(head, from.room));
            self.keys.copy(to, &from.keys, vectors.clone(), dims.0);
            self.values.copy(to, &from.values, vectors, dims.1);
        }
    }

    /// Bytes of the keys and values.
    pub(super) fn bytes(&self) -> usize {
        self.keys.bytes() + self.values.bytes()
    }
}

#[cfg(test)]
impl Page {
    /// Every key and value of a head that there is room for, `[room, dim]` each.
    pub(super) fn all(&self, head: usize, dims: (usize, usize)) -> [Vec<f32>; 2] {
        let all = self.first(head, self.room);
        let mut keys = self.keys.get(all.clone(), dims.0).into_owned();
        if let Some(across) = self.keys.across(all.clone(), dims.0) {
            for (at, key) in keys.chunks_exact_mut(dims.0).enumerate() {
                let strip = &across[at / STRIP * STRIP * dims.0..];
                key.iter_mut().enumerate().for_each(|(d, number)| *number = strip[d * STRIP + at % STRIP]);
            }
        }
        [keys, self.values.get(all, dims.1).into_owned()]
    }
}
