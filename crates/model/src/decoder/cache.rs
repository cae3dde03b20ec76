//! Keys and values of sequences, in pages that sequences which begin alike share, and those kept for prompts that do.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::Config;
use crate::decoder::rope::Stage;

mod numbers;
mod page;
mod retained;

use numbers::bytes_of;
pub(crate) use page::{PAGE, Page};
pub(crate) use retained::Retained;

/// Keys and values of one block for one sequence, page after page. A page comes to be with its first position, and is copied
/// when it is written to while others hold it too.
#[derive(Debug, Clone)]
pub(crate) struct LayerCache {
    pages: Vec<Arc<Page>>,
    heads: usize,
    capacity: usize,
    /// Numbers of a key and of a value.
    dims: (usize, usize),
    bits: Option<u8>,
}

impl LayerCache {
    /// Room for `capacity` positions of so many heads, whose keys and values have `dims` numbers; `bits` of each number,
    /// where they are rounded: 4 or 8.
    pub fn new(heads: usize, dims: (usize, usize), capacity: usize, bits: Option<u8>) -> Self {
        Self { pages: Vec::with_capacity(capacity.div_ceil(PAGE)), heads, capacity, dims, bits }
    }

    /// Makes room for the first `len` positions.
    pub fn grow(&mut self, len: usize) {
        let mut room = self.room();
        while room < len {
            // The last page is full, or grows by as much as it has at least, within what the sequence may hold.
            let index = room / PAGE;
            let wanted = (len - index * PAGE).min(PAGE);
            let most = self.capacity.saturating_sub(index * PAGE).max(wanted);
            let mut page = Page::new(self.heads, self.dims, wanted.next_power_of_two().min(most), self.bits);
            if let Some(shorter) = self.pages.get(index) {
                page.copy(shorter, self.heads, self.dims);
            }
            self.pages.truncate(index);
            self.pages.push(Arc::new(page));
            room = self.room();
        }
    }

    /// Writes the keys and values `[kv_heads, dim]` of one position.
    pub fn put(&mut self, position: usize, keys: &[f32], values: &[f32]) {
        self.grow(position + 1);
        Arc::make_mut(&mut self.pages[position / PAGE]).put(position % PAGE, self.dims, keys, values);
    }

    /// Positions that the pages have room for.
    fn room(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE + last.room())
    }

    /// The page of the positions from `PAGE * index` on, one of which was written.
    pub fn page(&self, index: usize) -> &Arc<Page> {
        &self.pages[index]
    }

    /// The pages by where they are: equal where two sequences share them.
    pub fn places(&self) -> impl Iterator<Item = *const Page> {
        self.pages.iter().map(Arc::as_ptr)
    }

    /// The first `len` positions, shared, with room for more.
    pub fn fork(&self, len: usize, capacity: usize) -> Self {
        let mut copy = Self::new(self.heads, self.dims, capacity, self.bits);
        copy.pages.extend_from_slice(&self.pages[..len.div_ceil(PAGE)]);
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

    /// Bytes of the keys and values of `capacity` tokens.
    pub fn bytes_of(config: &Config, capacity: usize) -> usize {
        let vector = |dim: usize| config.kv_bits.map_or(4 * dim, |bits| bytes_of(dim, bits) + 8);
        config.layers * config.kv_heads * (vector(config.head_dim) + vector(config.value_dim)) * capacity
    }

    /// Positions that have no room in a page yet, should it get as long as it may.
    pub fn to_come(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.capacity.saturating_sub(layer.room()))
    }
}

/// Bytes of the keys and values of some sequences, of pages that they share once.
pub(crate) fn bytes_together<'a>(sequences: impl Iterator<Item = &'a SequenceCache>) -> usize {
    let mut seen = HashSet::new();
    let pages = sequences.flat_map(|sequence| &sequence.layers).flat_map(|layer| &layer.pages);
    pages.filter(|page| seen.insert(Arc::as_ptr(page))).map(|page| page.bytes()).sum()
}

/// How many tokens two sequences begin with alike.
fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
impl LayerCache {
    /// Every key and value of a head that there is room for, `[positions, dim]` each.
    pub fn all(&self, head: usize) -> [Vec<f32>; 2] {
        let pages: Vec<[Vec<f32>; 2]> = self.pages.iter().map(|page| page.all(head, self.dims)).collect();
        [0, 1].map(|of| pages.iter().flat_map(|page| page[of].clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel;

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
                let [keys, values] = cache.all(head);
                for (position, read) in keys.chunks(5).take(3).enumerate() {
                    let vector = &vectors[2 * position + head];
                    let (low, high) = kernel::extent(vector);
                    let half = (high - low) / levels / 2.0 * 1.001;
                    assert!(read.iter().zip(vector).all(|(a, b)| (a - b).abs() <= half), "{bits}: {read:?} {vector:?}");
                }
                assert_eq!(keys, values);
            }
            assert!(Page::new(2, (64, 64), 3, Some(bits)).bytes() < Page::new(2, (64, 64), 3, None).bytes() / 3);
        }
        let mut cache = LayerCache::new(1, (2, 2), 1, Some(4));
        cache.put(0, &[3.0, 3.0], &[0.0, 0.0]);
        let [keys, values] = cache.all(0);
        assert_eq!((&keys[..2], &values[..2]), (&[3.0, 3.0][..], &[0.0, 0.0][..]));
    }

    /// A sequence of one layer, whose keys and values are numbers that differ by position and by `from` where it was made
    /// anew.
    fn sequence(alike: Option<(&SequenceCache, usize)>, len: usize, capacity: usize) -> SequenceCache {
        let new = || SequenceCache { layers: vec![LayerCache::new(1, (2, 3), capacity, None)], ..Default::default() };
        let mut sequence = alike.map_or_else(new, |(of, len)| of.fork(len, capacity));
        let alike = sequence.tokens.len();
        for at in alike..len {
            let number = (at + 1000 * alike) as f32;
            sequence.layers[0].put(at, &[number; 2], &[-number; 3]);
            sequence.tokens.push(at as u32);
        }
        sequence
    }

    #[test]
    fn what_begins_alike_is_held_once_and_changed_for_nobody_else() {
        let first = sequence(None, 2 * PAGE + 70, 3 * PAGE);
        let page = first.layers[0].pages[0].bytes();
        assert_eq!((page, first.to_come()), (PAGE * 5 * 4, 128));
        let before = first.layers[0].all(0);
        // One more shares two pages and has a copy of the third; another shares all that it has.
        let second = sequence(Some((&first, 2 * PAGE + 10)), 2 * PAGE + 20, 4 * PAGE);
        let third = first.fork(300, 300);
        assert_eq!(second.to_come(), 2 * PAGE - 128);
        assert_eq!(bytes_together([&first, &second, &third].into_iter()), 3 * page);
        assert_eq!(first.layers[0].all(0), before);
        let [keys, values] = second.layers[0].all(0);
        assert_eq!(keys[..2 * (2 * PAGE + 10)], before[0][..2 * (2 * PAGE + 10)]);
        assert_eq!((keys[2 * (2 * PAGE + 10)], values[3 * (2 * PAGE + 10)]), (522_522.0, -522_522.0));
        // What was kept for itself alone goes on without a copy.
        let place = third.layers[0].places().next();
        drop(first);
        let mut kept = Retained::new(1 << 20);
        kept.keep(second);
        kept.keep(third);
        let next = kept.reuse(1, 300, 600);
        assert_eq!(next.layers[0].places().next(), place);
    }

    #[test]
    fn a_page_grows() {
        let short = sequence(None, 50, 300);
        assert_eq!(short.layers[0].room(), 64);
        let longer = sequence(Some((&short, 50)), 300, 300);
        let [keys, values] = longer.layers[0].all(0);
        let [old, _] = short.layers[0].all(0);
        assert_eq!((&keys[..100], keys.len(), values[..3].to_vec()), (&old[..100], 2 * 320, vec![0.0; 3]));
        assert_eq!(sequence(None, 130, 140).layers[0].room(), 192);
    }
}
