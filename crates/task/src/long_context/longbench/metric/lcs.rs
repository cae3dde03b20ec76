//! Longest common subsequences, 64 cells at a time.

use std::collections::HashMap;

/// The table of the longest common subsequences of all prefixes, as its differences along `b` (Hyyrö 2004).
pub(super) struct Table {
    /// Words of 64 bits a row.
    width: usize,
    /// `[a, b]`: whether the cell is one more than the cell before it in the row, as bits.
    rows: Vec<u64>,
}

impl Table {
    /// The table of two sequences: `|a| |b| / 8` bytes.
    pub(super) fn new(a: &[u32], b: &[u32]) -> Self {
        let width = b.len().div_ceil(64);
        let mut places: HashMap<u32, Vec<u64>> = HashMap::new();
        for (at, &item) in b.iter().enumerate() {
            places.entry(item).or_insert_with(|| vec![0; width])[at / 64] |= 1 << (at % 64);
        }
        let mut rows = Vec::with_capacity(width * a.len());
        let mut flat = vec![u64::MAX; width]; // a set bit: no more than the cell before
        for item in a {
            if let Some(same) = places.get(item) {
                let mut carry = false;
                for (word, same) in flat.iter_mut().zip(same) {
                    let (sum, over) = word.overflowing_add(*word & same);
                    let (sum, again) = sum.overflowing_add(u64::from(carry));
                    carry = over || again;
                    *word = sum | (*word & !same);
                }
            }
            rows.extend(flat.iter().map(|word| !word));
        }
        Self { width, rows }
    }

    /// Whether the cell (`i`, `j`), from 0, is one more than the cell (`i`, `j - 1`).
    pub(super) fn rises(&self, i: usize, j: usize) -> bool {
        self.rows[i * self.width + j / 64] >> (j % 64) & 1 == 1
    }
}

/// The length of the longest common subsequence: time `|a| |b| / 64`, memory `|b|`.
pub(super) fn length(a: &[u32], b: &[u32]) -> usize {
    let width = b.len().div_ceil(64);
    let last = Table::new(a, b);
    if a.is_empty() {
        return 0;
    }
    let row = &last.rows[(a.len() - 1) * width..];
    (0..b.len()).filter(|j| row[j / 64] >> (j % 64) & 1 == 1).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_plain_table() {
        let mut rng = record::Rng::new(5);
        for _ in 0..200 {
            let (m, n, kinds) = (rng.below(90), rng.below(200), 1 + rng.below(6));
            let mut draw = |len: usize| -> Vec<u32> { (0..len).map(|_| rng.below(kinds) as u32).collect() };
            let (a, b) = (draw(m), draw(n));
            let mut table = vec![vec![0usize; n + 1]; m + 1];
            for i in 0..m {
                for j in 0..n {
                    table[i + 1][j + 1] =
                        if a[i] == b[j] { table[i][j] + 1 } else { table[i][j + 1].max(table[i + 1][j]) };
                }
            }
            assert_eq!(length(&a, &b), table[m][n]);
            let rises = Table::new(&a, &b);
            for i in 0..m {
                assert!((0..n).all(|j| rises.rises(i, j) == (table[i + 1][j + 1] > table[i + 1][j])));
            }
        }
    }
}
