//! Causal attention with grouped queries: each row and head by itself, in a fixed order.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::Matrix;
use crate::decoder::cache::{LayerCache, PAGE, Page};
use crate::decoder::rope::{Angles, Rope, TABLES};
use crate::kernel::{self, Soft};

/// Which rows of a matrix are which sequence, and where in it they stand.
#[derive(Debug, Default)]
pub struct Sequences {
    pub(crate) spans: Vec<Span>,
    /// By table of the rotations.
    angles: [OnceLock<Angles>; TABLES],
}

/// The rows of one sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its rows.
    pub rows: Range<usize>,
    /// Position of its first row.
    pub start: usize,
    /// Tokens of the sequence in the end, those that come in later parts included: rotations may depend on it.
    pub length: usize,
}

impl Sequences {
    /// Whole sequences of these lengths, one after another from row 0.
    pub fn whole(lengths: &[usize]) -> Self {
        Self::continuing(lengths.iter().map(|&length| (0, length, length)))
    }

    /// Sequences that continue at a position: `(start, rows, length)` of each, the length with all that is still to come.
    pub(crate) fn continuing(parts: impl Iterator<Item = (usize, usize, usize)>) -> Self {
        let mut row = 0;
        let spans = parts.map(|(start, count, length)| {
            row += count;
            Span { rows: row - count..row, start, length }
        });
        Self { spans: spans.collect(), angles: Default::default() }
    }

    /// Rows of all sequences together.
    pub fn rows(&self) -> usize {
        self.spans.last().map_or(0, |span| span.rows.end)
    }

    pub(crate) fn angles(&self, rope: &Rope) -> &Angles {
        self.angles[rope.table.min(TABLES - 1)].get_or_init(|| {
            let mut angles = Angles::default();
            for span in &self.spans {
                rope.add_angles(&mut angles, span.start..span.start + span.rows.len(), span.length);
            }
            angles
        })
    }
}

/// The heads of an attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Heads {
    pub queries: usize,
    pub keys: usize,
    /// Numbers of a query and a key.
    pub dim: usize,
    /// Numbers of a value.
    pub value_dim: usize,
    /// Bits of a cached number, where they are rounded.
    pub kv_bits: Option<u8>,
    /// Keys that a query sees, itself included; `None` where it sees all.
    pub window: Option<usize>,
    /// What scores are multiplied by.
    pub scale: f32,
    /// Then they become `cap * tanh(score / cap)`.
    pub cap: Option<f32>,
}

impl Heads {
    /// The first key that a query at this position sees.
    fn first_key(&self, position: usize) -> usize {
        self.window.map_or(0, |window| (position + 1).saturating_sub(window))
    }
}

/// Query rows, one for each head of a group, that share a block of keys while it is in the level-2 cache.
const QUERIES: usize = 96;
/// Keys of a block: those of a page. So the order of every sum depends on positions alone: not on how a prompt is cut into
/// chunks, nor on what is attended beside it.
const BLOCK: usize = PAGE;
/// Below this many multiplications everything runs on the calling thread.
const PARALLEL_FROM: usize = 400_000;

/// Queries of the heads that share a key head.
struct Task<'a> {
    head: usize,
    parts: &'a [Part],
}

/// Neighboring rows of one sequence, the first of them at position `start`.
struct Part {
    sequence: usize,
    rows: Range<usize>,
    start: usize,
}

/// `softmax(scale q k^T) v` over the cached keys and values of each sequence: q `[m, heads * dim]`, already turned, gives the
/// sequences' rows of `out` `[m, heads * value_dim]`. The caches hold the rows' own keys and values. `sinks` `[heads]`, where
/// there are some, are scores of nothing: they take their share of each softmax.
pub(crate) fn attend(
    q: &Matrix,
    spans: &[Span],
    caches: &[&mut LayerCache],
    heads: Heads,
    sinks: Option<&[f32]>,
    out: &mut Matrix,
) {
    let parts = parts_together(spans, caches, heads);
    let task = |head: usize| parts.iter().map(move |parts| Task { head, parts });
    let tasks: Vec<Task> = (0..heads.keys).flat_map(task).collect();
    let keys = |span: &Span| span.start + span.rows.len() - heads.first_key(span.start);
    let work: usize = spans.iter().map(|span| span.rows.len() * keys(span) * q.cols).sum();
    let run = |task: &Task| attend_rows(q, caches, task, heads, sinks);
    let attended: Vec<Vec<f32>> =
        if work < PARALLEL_FROM { tasks.iter().map(run).collect() } else { tasks.par_iter().map(run).collect() };
    let width = heads.queries / heads.keys * heads.value_dim;
    for (task, values) in tasks.iter().zip(attended) {
        let rows = task.parts.iter().flat_map(|part| part.rows.clone());
        for (row, values) in rows.zip(values.chunks_exact(width)) {
            let at = row * out.cols + task.head * width;
            out.data[at..at + width].copy_from_slice(values);
        }
    }
}

/// Which rows are attended together: neighbors of one sequence, and single rows of sequences that share pages.
fn parts_together(spans: &[Span], caches: &[&mut LayerCache], heads: Heads) -> Vec<Vec<Part>> {
    let most = (QUERIES / (heads.queries / heads.keys)).max(1);
    let part = |sequence: usize, rows: Range<usize>| {
        let span: &Span = &spans[sequence];
        Part { sequence, start: span.start + rows.start - span.rows.start, rows }
    };
    let (mut single, long): (Vec<usize>, Vec<usize>) =
        (0..spans.len()).filter(|&at| !spans[at].rows.is_empty()).partition(|&at| spans[at].rows.len() == 1);
    let cut = |at: usize| {
        let rows = &spans[at].rows;
        rows.clone().step_by(most).map(move |from| vec![part(at, from..(from + most).min(rows.end))])
    };
    let mut parts: Vec<Vec<Part>> = long.into_iter().flat_map(cut).collect();
    single.sort_by(|&a, &b| caches[a].places().cmp(caches[b].places()));
    // As many tasks as keep all threads busy to the end, where there are fewer heads.
    let threads = rayon::current_num_threads();
    let shares = threads / common_divisor(threads, heads.keys);
    for alike in single.chunk_by(|&a, &b| Arc::ptr_eq(caches[a].page(0), caches[b].page(0))) {
        let rows = |at: &usize| part(*at, spans[*at].rows.clone());
        let most = most.min(alike.len().div_ceil(shares));
        parts.extend(alike.chunks(most).map(|alike| alike.iter().map(rows).collect()));
    }
    parts
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Neighboring queries of a task that see the same page, and how many of its keys the last of them sees.
struct Run<'a> {
    queries: Range<usize>,
    page: &'a Arc<Page>,
    width: usize,
}

/// The queries of a task that see something of the block of keys from `from` on.
fn runs<'a>(task: &Task, caches: &'a [&mut LayerCache], heads: Heads, from: usize) -> Vec<Run<'a>> {
    let group = heads.queries / heads.keys;
    let mut runs: Vec<Run> = Vec::new();
    let mut before = 0;
    for Part { sequence, rows, start } in task.parts {
        let (all, end) = (rows.len() * group, start + rows.len());
        let width = BLOCK.min(end.saturating_sub(from));
        // The first queries may stand before this block, and the windows of the last begin behind it.
        let first = from.saturating_sub(*start) * group;
        let beyond = |window: usize| (from + width + window - 1).saturating_sub(*start) * group;
        let queries = before + first..before + heads.window.map_or(all, |window| all.min(beyond(window)));
        before += all;
        if width == 0 || queries.is_empty() {
            continue;
        }
        let page = caches[*sequence].page(from / BLOCK);
        match runs.last_mut() {
            Some(run) if run.queries.end == queries.start && Arc::ptr_eq(run.page, page) => {
                run.queries.end = queries.end;
                run.width = run.width.max(width);
            }
            _ => runs.push(Run { queries, page, width }),
        }
    }
    runs
}

/// The rows of a task for the query heads of one key head, `[rows, group * dim]`: block after block of keys, with the
/// softmax kept up as they come (Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022). Where sequences share a page,
/// it is read once for all of them (as in Hydragen, Juravsky et al. 2024). No more than `[queries, BLOCK]` scores exist at a
/// time. Blocks that no window reaches are not looked at.
fn attend_rows(q: &Matrix, caches: &[&mut LayerCache], task: &Task, heads: Heads, sinks: Option<&[f32]>) -> Vec<f32> {
    let Heads { dim, value_dim, scale, .. } = heads;
    let group = heads.queries / heads.keys;
    let at = task.head * group * dim;
    let rows = task.parts.iter().flat_map(|part| part.rows.clone());
    let queries: Vec<f32> = rows.flat_map(|row| &q.row(row)[at..at + group * dim]).map(|value| value * scale).collect();
    let of_rows = task.parts.iter().flat_map(|part| (part.start..).take(part.rows.len()));
    let positions: Vec<usize> = of_rows.flat_map(|position| std::iter::repeat_n(position, group)).collect();
    let first = positions.iter().map(|&position| heads.first_key(position)).min().unwrap_or(0);
    let longest = positions.iter().max().map_or(0, |&position| position + 1);
    let mut soft = vec![Soft::START; positions.len()];
    let mut scores = vec![0.0; positions.len() * BLOCK.min(longest)];
    let mut out = vec![0.0; positions.len() * value_dim];
    for from in (first / BLOCK * BLOCK..longest).step_by(BLOCK) {
        for Run { queries: run, page, width } in runs(task, caches, heads, from) {
            let scores = &mut scores[..run.len() * width];
            page.scores(task.head, &queries[run.start * dim..run.end * dim], dim, width, scores);
            if let Some(cap) = heads.cap {
                kernel::soft_cap(scores, cap);
            }
            let positions = &positions[run.clone()];
            let seen: Vec<usize> = positions.iter().map(|position| (position + 1 - from).min(width)).collect();
            let out = &mut out[run.start * value_dim..run.end * value_dim];
            for (row, (&seen, soft)) in seen.iter().zip(&mut soft[run]).enumerate() {
                let scores = &mut scores[row * width..][..seen];
                let (outside, scores) = scores.split_at_mut(heads.first_key(positions[row]).saturating_sub(from));
                outside.fill(0.0);
                let factor = kernel::online_softmax(scores, soft);
                if factor != 1.0 {
                    out[row * value_dim..][..value_dim].iter_mut().for_each(|value| *value *= factor);
                }
            }
            page.add_values(task.head, scores, (&seen, width), out);
        }
    }
    for (query, (soft, out)) in soft.iter().zip(out.chunks_exact_mut(value_dim)).enumerate() {
        let sink = sinks.map_or(0.0, |sinks| kernel::exp(sinks[task.head * group + query % group] - soft.most));
        let scale = 1.0 / (soft.sum + sink);
        out.iter_mut().for_each(|value| *value *= scale);
    }
    out
}

#[cfg(test)]
mod tests {
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

    /// Queries, keys and values `[length, 120]`, `[length, 40]` twice, and a cache that holds the latter.
    fn random(length: usize) -> (Matrix, LayerCache) {
        let mut rng = record::Rng::new(3);
        let mut random = |count: usize, scale: f32| -> Vec<f32> {
            (0..count).map(|_| (rng.uniform() as f32 - 0.5) * scale).collect()
        };
        let q = Matrix::new(length, 120, random(length * 120, 8.0));
        let (keys, values) = (random(length * 40, 4.0), random(length * 40, 2.0));
        let mut cache = LayerCache::new(2, (20, 20), length, None);
        (0..length).for_each(|at| cache.put(at, &keys[at * 40..][..40], &values[at * 40..][..40]));
        (q, cache)
    }

    fn heads(window: Option<usize>) -> Heads {
        Heads {
            queries: 6,
            keys: 2,
            dim: 20,
            value_dim: 20,
            kv_bits: None,
            window,
            scale: 1.0 / 20f32.sqrt(),
            cap: None,
        }
    }

    /// What rows of these sequences attend to.
    fn attended(q: &Matrix, spans: &[Span], caches: &[&mut LayerCache], heads: Heads, sinks: Option<&[f32]>) -> Matrix {
        let mut out = Matrix::zeros(q.rows, heads.queries * heads.value_dim);
        attend(q, spans, caches, heads, sinks, &mut out);
        out
    }

    /// Attention of some rows.
    fn attend_part(q: &Matrix, rows: Range<usize>, cache: &mut LayerCache, window: Option<usize>) -> Vec<f32> {
        let (part, length) = (q.slice_rows(rows.clone()), q.rows);
        attended(&part, &[Span { rows: 0..rows.len(), start: rows.start, length }], &[cache], heads(window), None).data
    }

    const WINDOWS: [Option<usize>; 8] =
        [None, Some(1), Some(7), Some(BLOCK - 1), Some(BLOCK), Some(BLOCK + 1), Some(300), Some(1 << 30)];

    #[test]
    fn blocks_chunks_and_windows_change_no_bit_and_the_formula_holds() {
        let length = 3 * BLOCK + 41;
        let (q, mut cache) = random(length);
        let all = attend_part(&q, 0..length, &mut cache, None);
        for window in WINDOWS {
            let whole = attend_part(&q, 0..length, &mut cache, window);
            for chunk in [1, 7, 100, BLOCK, 300] {
                for from in (0..length).step_by(chunk).filter(|from| chunk > 1 || from % 97 == 0) {
                    let rows = from..(from + chunk).min(length);
                    let out = attend_part(&q, rows.clone(), &mut cache, window);
                    assert_eq!(out, whole[rows.start * 120..rows.end * 120], "rows {rows:?}, window {window:?}");
                }
            }
            let within = window.unwrap_or(length).min(length);
            assert_eq!(whole[..within * 120], all[..within * 120], "window {window:?}");
            for row in [0, 1, 6, 7, BLOCK - 1, BLOCK, BLOCK + 1, length - 1] {
                for head in 0..6 {
                    let query = &q.row(row)[head * 20..][..20];
                    let seen = (row + 1).saturating_sub(within)..row + 1;
                    let [k, v] = cache.all(head / 3);
                    let (k, v) = (&k[seen.start * 20..seen.end * 20], &v[seen.start * 20..seen.end * 20]);
                    let want = plain(query, k, v, 20);
                    let got = &whole[row * 120 + head * 20..][..20];
                    let near = got.iter().zip(&want).all(|(a, b)| (f64::from(*a) - b).abs() < 2e-5);
                    assert!(near, "row {row} head {head}, window {window:?}");
                }
            }
        }
    }

    #[test]
    fn sequences_that_share_pages_are_attended_as_if_alone() {
        let length = 3 * BLOCK + 41;
        let (q, cache) = random(length);
        // They part within a page, at the end of one, at the start, or only at their last position.
        let ends =
            [(length, 400), (length, length - 1), (BLOCK + 5, BLOCK), (2 * BLOCK, 400), (300, 1), (length, 2 * BLOCK)];
        let mut caches: Vec<LayerCache> = ends.iter().map(|&(end, alike)| cache.fork(alike, end)).collect();
        for (at, (&(end, alike), cache)) in ends.iter().zip(&mut caches).enumerate() {
            for position in alike..end {
                let row = q.row((position * 31 + at) % length);
                cache.put(position, &row[..40], &row[40..80]);
            }
        }
        let rows: Vec<usize> = (0..ends.len()).map(|at| at * 100).collect();
        let spans = |at: usize| Span { rows: at..at + 1, start: ends[at].0 - 1, length: ends[at].0 };
        let together: Vec<Span> = (0..ends.len()).map(spans).collect();
        for window in WINDOWS {
            let alone = |at: usize| {
                let span = Span { rows: 0..1, ..spans(at) };
                let apart = &mut copied(&caches[at]);
                attended(&q.gather(&rows[at..at + 1]), &[span], &[apart], heads(window), None).data
            };
            let want: Vec<f32> = (0..ends.len()).flat_map(alone).collect();
            for threads in [1, 2, 3] {
                let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { continue };
                let mut shared = caches.clone();
                let lent: Vec<&mut LayerCache> = shared.iter_mut().collect();
                let got = pool.install(|| attended(&q.gather(&rows), &together, &lent, heads(window), None));
                assert_eq!(got.data, want, "window {window:?}, {threads} threads");
            }
        }
        let lent: Vec<&mut LayerCache> = caches.iter_mut().collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let sizes = pool.map(|pool| pool.install(|| parts_together(&together, &lent, heads(None)))).unwrap_or_default();
        // All but the one that parts at once.
        assert_eq!(sizes.iter().map(Vec::len).max(), Some(5));
    }

    /// The same numbers in pages of its own.
    fn copied(cache: &LayerCache) -> LayerCache {
        let all = [0, 1].map(|head| cache.all(head));
        let length = all[0][0].len() / 20;
        let mut copy = LayerCache::new(2, (20, 20), length, None);
        for at in 0..length {
            let both = |of: usize| [0, 1].map(|head| &all[head][of][at * 20..][..20]).concat();
            copy.put(at, &both(0), &both(1));
        }
        copy
    }

    #[test]
    fn caps_sinks_and_narrower_values_by_the_formula() {
        let length = BLOCK + 30;
        let mut rng = record::Rng::new(5);
        let mut random =
            |count: usize| -> Vec<f32> { (0..count).map(|_| (rng.uniform() as f32 - 0.5) * 4.0).collect() };
        let (q, keys, values) = (Matrix::new(length, 24, random(length * 24)), random(length * 12), random(length * 8));
        let mut cache = LayerCache::new(2, (6, 4), length, None);
        (0..length).for_each(|at| cache.put(at, &keys[at * 12..][..12], &values[at * 8..][..8]));
        let sinks = [-2.0, 0.5, 3.0, 200.0];
        let heads = Heads {
            queries: 4,
            keys: 2,
            dim: 6,
            value_dim: 4,
            kv_bits: None,
            window: Some(270),
            scale: 0.7,
            cap: Some(1.5),
        };
        let spans = |rows: Range<usize>| [Span { rows: 0..rows.len(), start: rows.start, length }];
        let whole = attended(&q, &spans(0..length), &[&mut cache], heads, Some(&sinks));
        assert_eq!((whole.rows, whole.cols), (length, 16));
        for from in [0, 100, length - 1] {
            let part = q.slice_rows(from..length);
            let out = attended(&part, &spans(from..length), &[&mut cache], heads, Some(&sinks));
            assert!(out.data == whole.data[from * 16..], "rows from {from}");
        }
        for (row, head) in [(0, 0), (5, 1), (269, 2), (length - 1, 0), (length - 1, 3)] {
            let score = |at: usize| {
                let (query, key) = (&q.row(row)[head * 6..][..6], &keys[at * 12 + head / 2 * 6..][..6]);
                let dot: f64 = query.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                1.5 * (0.7 * dot / 1.5).tanh()
            };
            let seen: Vec<usize> = ((row + 1).saturating_sub(270)..=row).collect();
            let sum: f64 = seen.iter().map(|&at| score(at).exp()).sum::<f64>() + f64::from(sinks[head]).exp();
            for (column, found) in whole.row(row)[head * 4..][..4].iter().enumerate() {
                let value = |at: usize| f64::from(values[at * 8 + head / 2 * 4 + column]);
                let wanted = seen.iter().map(|&at| score(at).exp() * value(at)).sum::<f64>() / sum;
                assert!((f64::from(*found) - wanted).abs() < 2e-5, "row {row} head {head}: {found} {wanted}");
            }
        }
    }
}
