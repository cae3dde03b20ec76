//! Likeness of two texts: `difflib.SequenceMatcher.ratio` and the Indel ratio.

use std::collections::HashMap;

use super::lcs;

/// Characters of each text that are compared; those beyond count as different. Lines of code are far below.
const MAX_CHARS: usize = 2_000;
/// From this length on, `difflib` does not begin blocks at characters that are frequent in the second text.
const AUTOJUNK_FROM: usize = 200;

/// Twice the characters in matching blocks over all characters (Ratcliff and Obershelp 1988), as
/// `difflib.SequenceMatcher(None, a, b, autojunk).ratio()`.
///
/// ```
/// use task::long_context::longbench::ratio;
/// assert_eq!(ratio("abcd", "bcde", true), 0.75);
/// assert_eq!(ratio("", "", true), 1.0);
/// ```
pub fn ratio(a: &str, b: &str, autojunk: bool) -> f64 {
    let (a, b) = (Chars::of(a), Chars::of(b));
    let total = a.len + b.len;
    if total == 0 {
        return 1.0;
    }
    2.0 * matching(&a.first, &b.first, autojunk) as f64 / total as f64
}

/// Twice the longest common subsequence over all characters, as python-Levenshtein's `ratio`.
///
/// ```
/// use task::long_context::longbench::indel_ratio;
/// assert_eq!(indel_ratio("abcd", "axbxc"), 6.0 / 9.0);
/// ```
pub fn indel_ratio(a: &str, b: &str) -> f64 {
    let (a, b) = (Chars::of(a), Chars::of(b));
    let total = a.len + b.len;
    if total == 0 { 1.0 } else { 2.0 * lcs::length(&a.first, &b.first) as f64 / total as f64 }
}

/// The characters that are compared, and how many there are in all.
struct Chars {
    first: Vec<u32>,
    len: usize,
}

impl Chars {
    fn of(text: &str) -> Self {
        Self { first: text.chars().take(MAX_CHARS).map(u32::from).collect(), len: text.chars().count() }
    }
}

/// Where blocks may begin in the second text, by character.
type Places = HashMap<u32, Vec<usize>>;

/// Characters in matching blocks: the longest one, then the longest on either side of it, and so on.
fn matching(a: &[u32], b: &[u32], autojunk: bool) -> usize {
    let mut places: Places = HashMap::new();
    for (at, &c) in b.iter().enumerate() {
        places.entry(c).or_default().push(at);
    }
    if autojunk && b.len() >= AUTOJUNK_FROM {
        places.retain(|_, at| at.len() <= b.len() / 100 + 1);
    }
    let mut runs = Runs { before: vec![0; b.len() + 1], now: vec![0; b.len() + 1] };
    let mut matched = 0;
    let mut waiting = vec![(0, a.len(), 0, b.len())];
    while let Some((a_from, a_to, b_from, b_to)) = waiting.pop() {
        let (i, j, size) = runs.longest((a, a_from, a_to), (b, b_from, b_to), &places);
        if size > 0 {
            matched += size;
            waiting.push((a_from, i, b_from, j));
            waiting.push((i + size, a_to, j + size, b_to));
        }
    }
    matched
}

/// Lengths of the runs of equal characters that end at each place of the second text (from 1), for two neighboring
/// places of the first.
struct Runs {
    before: Vec<usize>,
    now: Vec<usize>,
}

impl Runs {
    /// The longest block within two ranges, the first of its length: (place in a, place in b, length).
    fn longest(
        &mut self,
        (a, a_from, a_to): (&[u32], usize, usize),
        (b, b_from, b_to): (&[u32], usize, usize),
        places: &Places,
    ) -> (usize, usize, usize) {
        let within = |c: u32| {
            let all = places.get(&c).map_or(&[][..], Vec::as_slice);
            &all[all.partition_point(|&at| at < b_from)..all.partition_point(|&at| at < b_to)]
        };
        let (mut i, mut j, mut size) = (a_from, b_from, 0);
        let mut written: &[usize] = &[]; // the places of `before` that are not 0
        for (at, &c) in a.iter().enumerate().take(a_to).skip(a_from) {
            let here = within(c);
            for &place in here {
                let run = self.before[place] + 1;
                self.now[place + 1] = run;
                if run > size {
                    (i, j, size) = (at + 1 - run, place + 1 - run, run);
                }
            }
            written.iter().for_each(|&place| self.before[place + 1] = 0);
            std::mem::swap(&mut self.before, &mut self.now);
            written = here;
        }
        written.iter().for_each(|&place| self.before[place + 1] = 0);
        // Blocks begin at infrequent characters only, but may be continued by any.
        while i > a_from && j > b_from && a[i - 1] == b[j - 1] {
            (i, j, size) = (i - 1, j - 1, size + 1);
        }
        while i + size < a_to && j + size < b_to && a[i + size] == b[j + size] {
            size += 1;
        }
        (i, j, size)
    }
}
