//! Causal attention with grouped queries: each row and head by itself, in a fixed order.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::Matrix;
use crate::cache::LayerCache;
use crate::kernel::{self, Soft};
use crate::rope::{Angles, Rope};

/// Which rows of a matrix are which sequence, and where in it they stand.
#[derive(Debug, Default)]
pub struct Sequences {
    pub(crate) spans: Vec<Span>,
    angles: OnceLock<Angles>,
}

/// The rows of one sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its rows.
    pub rows: Range<usize>,
    /// Position of its first row.
    pub start: usize,
}

impl Sequences {
    /// Whole sequences of these lengths, one after another from row 0.
    pub fn whole(lengths: &[usize]) -> Self {
        Self::continuing(lengths.iter().map(|&length| (0, length)))
    }

    /// Sequences that continue at a position: `(start, rows)` of each.
    pub(crate) fn continuing(parts: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut row = 0;
        let spans = parts.map(|(start, count)| {
            row += count;
            Span { rows: row - count..row, start }
        });
        Self { spans: spans.collect(), angles: OnceLock::new() }
    }

    /// Rows of all sequences together.
    pub fn rows(&self) -> usize {
        self.spans.last().map_or(0, |span| span.rows.end)
    }

    pub(crate) fn angles(&self, rope: &Rope) -> &Angles {
        let positions = || self.spans.iter().flat_map(|span| span.start..span.start + span.rows.len());
        self.angles.get_or_init(|| rope.angles(positions()))
    }
}

/// The heads of an attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads {
    pub queries: usize,
    pub keys: usize,
    pub dim: usize,
    /// Bits of a cached number, where they are rounded.
    pub kv_bits: Option<u8>,
}

/// Query rows, one for each head of a group, that share a block of keys while it is in the level-2 cache.
const QUERIES: usize = 96;
/// Keys of a block. Blocks are counted from the sequence's start, so that the order of every sum depends on positions
/// alone: not on how a prompt is cut into chunks, nor on what is attended beside it.
const BLOCK: usize = 256;
/// Below this many multiplications everything runs on the calling thread.
const PARALLEL_FROM: usize = 400_000;

struct Task {
    sequence: usize,
    head: usize,
    rows: Range<usize>,
    start: usize,
}

/// `softmax(q k^T / sqrt(dim)) v` over the cached keys and values of each sequence: q `[m, heads * dim]`, already turned,
/// gives `[m, heads * dim]`. The caches hold the rows' own keys and values.
pub(crate) fn attend(q: &Matrix, spans: &[Span], caches: &[&mut LayerCache], heads: Heads) -> Matrix {
    let together = (QUERIES / (heads.queries / heads.keys)).max(1);
    let mut tasks = Vec::new();
    let mut work = 0;
    for (sequence, span) in spans.iter().enumerate() {
        work += span.rows.len() * (span.start + span.rows.len()) * q.cols;
        for head in 0..heads.keys {
            for from in span.rows.clone().step_by(together) {
                let rows = from..(from + together).min(span.rows.end);
                tasks.push(Task { sequence, head, start: span.start + from - span.rows.start, rows });
            }
        }
    }
    let run = |task: &Task| attend_rows(q, &*caches[task.sequence], task, heads);
    let parts: Vec<Vec<f32>> =
        if work < PARALLEL_FROM { tasks.iter().map(run).collect() } else { tasks.par_iter().map(run).collect() };
    let mut out = Matrix::zeros(q.rows, q.cols);
    let width = heads.queries / heads.keys * heads.dim;
    for (task, part) in tasks.iter().zip(parts) {
        for (row, values) in task.rows.clone().zip(part.chunks_exact(width)) {
            let at = row * q.cols + task.head * width;
            out.data[at..at + width].copy_from_slice(values);
        }
    }
    out
}

/// Some rows of one sequence for the query heads of one key head, `[rows, group * dim]`: block after block of keys, with
/// the softmax kept up as they come (Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022). No more than
/// `[queries, BLOCK]` scores exist at a time.
fn attend_rows(q: &Matrix, cache: &LayerCache, task: &Task, heads: Heads) -> Vec<f32> {
    let dim = heads.dim;
    let group = heads.queries / heads.keys;
    let scale = 1.0 / (dim as f32).sqrt();
    let at = task.head * group * dim;
    let queries: Vec<f32> =
        task.rows.clone().flat_map(|row| &q.row(row)[at..at + group * dim]).map(|value| value * scale).collect();
    let count = task.rows.len() * group;
    let longest = task.start + task.rows.len();
    let mut soft = vec![Soft::START; count];
    let mut scores = vec![0.0; count * BLOCK.min(longest)];
    let mut out = vec![0.0; queries.len()];
    for from in (0..longest).step_by(BLOCK) {
        let width = BLOCK.min(longest - from);
        // The first queries may stand before this block.
        let first = from.saturating_sub(task.start) * group;
        let scores = &mut scores[..(count - first) * width];
        kernel::rows_by_rows(&queries[first * dim..], &cache.keys(task.head, from..from + width), dim, scores, width);
        let seen: Vec<usize> = (first..count).map(|query| (task.start + query / group + 1 - from).min(width)).collect();
        let out = &mut out[first * dim..];
        for (row, (&seen, soft)) in seen.iter().zip(&mut soft[first..]).enumerate() {
            let factor = kernel::soften(&mut scores[row * width..][..seen], soft);
            if factor != 1.0 {
                out[row * dim..][..dim].iter_mut().for_each(|value| *value *= factor);
            }
        }
        kernel::mix_rows(scores, &seen, &cache.values(task.head, from..from + width), out);
    }
    for (soft, out) in soft.iter().zip(out.chunks_exact_mut(dim)) {
        let scale = 1.0 / soft.sum;
        out.iter_mut().for_each(|value| *value *= scale);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// Attention as the formula says, in f64.
    fn plain(q: &[f32], keys: &[f32], values: &[f32], dim: usize) -> Vec<f64> {
        let dot = |key: &[f32]| q.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let scores: Vec<f64> = keys.chunks(dim).map(|key| dot(key) / (dim as f64).sqrt()).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let column = |at: usize| weights.iter().zip(values.chunks(dim)).map(|(w, v)| w * f64::from(v[at])).sum::<f64>();
        (0..dim).map(|at| column(at) / sum).collect()
    }

    #[test]
    fn blocks_and_chunks_change_no_bit_and_the_formula_holds() {
        let heads = Heads { queries: 6, keys: 2, dim: 20, kv_bits: None };
        let (length, mut rng) = (3 * BLOCK + 41, record::Rng::new(3));
        let mut random = |count: usize, scale: f32| -> Vec<f32> {
            (0..count).map(|_| (rng.uniform() as f32 - 0.5) * scale).collect()
        };
        let q = Matrix::new(length, 120, random(length * 120, 8.0));
        let (keys, values) = (random(length * 40, 4.0), random(length * 40, 2.0));
        let mut cache = LayerCache::new(2, 20, length, None);
        (0..length).for_each(|at| cache.put(at, &keys[at * 40..][..40], &values[at * 40..][..40]));
        let whole = attend(&q, &[Span { rows: 0..length, start: 0 }], &[&mut cache], heads);
        for chunk in [1, 7, 100, BLOCK, 300] {
            for from in (0..length).step_by(chunk).filter(|from| chunk > 1 || from % 97 == 0) {
                let rows = from..(from + chunk).min(length);
                let part = q.slice_rows(rows.clone());
                let out = attend(&part, &[Span { rows: 0..rows.len(), start: from }], &[&mut cache], heads);
                assert_eq!(out.data, whole.data[rows.start * 120..rows.end * 120], "rows {rows:?}");
            }
        }
        for row in [0, 1, BLOCK - 1, BLOCK, length - 1] {
            for head in 0..6 {
                let query = &q.row(row)[head * 20..][..20];
                let kept = |all: Cow<'_, [f32]>| all.into_owned();
                let (k, v) = (kept(cache.keys(head / 3, 0..row + 1)), kept(cache.values(head / 3, 0..row + 1)));
                let want = plain(query, &k, &v, 20);
                let got = &whole.row(row)[head * 20..][..20];
                assert!(got.iter().zip(&want).all(|(a, b)| (f64::from(*a) - b).abs() < 2e-5), "row {row} head {head}");
            }
        }
    }
}
