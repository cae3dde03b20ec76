//! Causal attention with grouped queries: each row and head by itself, in a fixed order.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::cache::LayerCache;
use crate::rope::{Angles, Rope};
use crate::{Matrix, kernel};

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

/// Rows of one sequence that are attended together.
const ROWS: usize = 16;
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
    let mut tasks = Vec::new();
    let mut work = 0;
    for (sequence, span) in spans.iter().enumerate() {
        work += span.rows.len() * (span.start + span.rows.len()) * q.cols;
        for head in 0..heads.keys {
            for from in span.rows.clone().step_by(ROWS) {
                let rows = from..(from + ROWS).min(span.rows.end);
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

/// Some rows of one sequence for the query heads of one key head: `[rows, group * dim]`.
fn attend_rows(q: &Matrix, cache: &LayerCache, task: &Task, heads: Heads) -> Vec<f32> {
    let dim = heads.dim;
    let group = heads.queries / heads.keys;
    let scale = 1.0 / (dim as f32).sqrt();
    let longest = task.start + task.rows.len();
    let at = task.head * group * dim;
    let queries: Vec<f32> =
        task.rows.clone().flat_map(|row| &q.row(row)[at..at + group * dim]).map(|value| value * scale).collect();
    let mut scores = vec![0.0; task.rows.len() * group * longest];
    kernel::rows_by_rows(&queries, &cache.keys(task.head, longest), dim, &mut scores, longest);
    let values = cache.values(task.head, longest);
    let mut out = vec![0.0; queries.len()];
    for (query, (scores, out)) in scores.chunks_exact_mut(longest).zip(out.chunks_exact_mut(dim)).enumerate() {
        let len = task.start + query / group + 1;
        kernel::softmax(&mut scores[..len]);
        kernel::mix(&scores[..len], &values[..len * dim], out);
    }
    out
}
