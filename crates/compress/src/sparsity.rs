//! How many weights are dropped, and the choice of the smallest.

use std::fmt;

use rayon::prelude::*;

use crate::Matrix;

/// What share of the weights becomes zero, or which pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sparsity {
    /// This share of the weights, in (0, 1), wherever they are.
    Unstructured(f64),
    /// The `n` smallest of every `m` consecutive inputs of a row (2:4 runs faster on some hardware).
    NofM {
        /// Weights dropped in each run.
        n: usize,
        /// Length of a run.
        m: usize,
    },
}

impl fmt::Display for Sparsity {
    /// `0.5` or `2of4`, as variants are named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sparsity::Unstructured(share) => write!(f, "{share}"),
            Sparsity::NofM { n, m } => write!(f, "{n}of{m}"),
        }
    }
}

impl Sparsity {
    /// Reads `0.5` or `2:4` (also `2of4`); `None` where it is neither or out of range.
    ///
    /// ```
    /// use compress::Sparsity;
    /// assert_eq!(Sparsity::parse("2:4"), Some(Sparsity::NofM { n: 2, m: 4 }));
    /// assert_eq!(Sparsity::parse("1.5"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((n, m)) = text.split_once(':').or_else(|| text.split_once("of")) {
            let (n, m) = (n.trim().parse().ok()?, m.trim().parse().ok()?);
            return (0 < n && n < m && m <= 1024).then_some(Sparsity::NofM { n, m });
        }
        let share: f64 = text.trim().parse().ok()?;
        (0.0 < share && share < 1.0).then_some(Sparsity::Unstructured(share))
    }

    /// Which weights of each row to drop: those of the smallest scores, of equal ones the first.
    ///
    /// `score(weight, column)` is not negative. Returns a mask `[rows * cols]`, true where dropped. An unstructured
    /// share is taken of every row alone: `floor(cols * share)` weights.
    pub fn smallest_by_row(&self, weight: &Matrix, score: impl Fn(f32, usize) -> f32 + Sync) -> Vec<bool> {
        let mut mask = vec![false; weight.data.len()];
        let (length, count) = match *self {
            Sparsity::Unstructured(share) => (weight.cols, (weight.cols as f64 * share) as usize),
            Sparsity::NofM { n, m } => (m, n),
        };
        let rows = mask.par_chunks_mut(weight.cols.max(1)).zip(weight.data.par_chunks(weight.cols.max(1)));
        rows.for_each(|(mask, row)| {
            let scores: Vec<f32> = row.iter().enumerate().map(|(column, &w)| score(w, column)).collect();
            for (mask, scores) in mask.chunks_mut(length.max(1)).zip(scores.chunks(length.max(1))) {
                for &at in &smallest(scores, count) {
                    mask[at] = true;
                }
            }
        });
        mask
    }
}

/// Indices of the `count` smallest scores, of equal ones the first, in no particular order.
pub(crate) fn smallest(scores: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    if count < order.len() {
        order.select_nth_unstable_by(count, |&a, &b| scores[a].total_cmp(&scores[b]).then(a.cmp(&b)));
        order.truncate(count);
    }
    order
}

/// Sets the masked weights to zero.
pub fn zero_masked(weight: &mut Matrix, mask: &[bool]) {
    for (w, &dropped) in weight.data.iter_mut().zip(mask) {
        if dropped {
            *w = 0.0;
        }
    }
}

/// Share of numbers that are exactly zero, in [0, 1]; 0 of none.
pub(crate) fn zero_share(data: &[f32]) -> f64 {
    data.iter().filter(|&&w| w == 0.0).count() as f64 / data.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_smallest_of_each_run_go_and_ties_go_to_the_first() {
        let weight = Matrix { rows: 1, cols: 8, data: vec![1.0, -3.0, 2.0, -0.5, 1.0, 1.0, 1.0, 1.0] };
        let mask = Sparsity::NofM { n: 2, m: 4 }.smallest_by_row(&weight, |w, _| w.abs());
        assert_eq!(mask, [true, false, false, true, true, true, false, false]);
    }

    #[test]
    fn what_is_not_a_sparsity_is_refused() {
        for text in ["0", "1", "-0.5", "nan", "4:2", "0:4", "2:2", "2:", "", "half", "2:99999999999999999999"] {
            assert_eq!(Sparsity::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_row_and_every_run_loses_exactly_its_share(
            data in prop::collection::vec(-2i8..3, 96), share in 0.01f64..0.99, n in 1usize..4,
        ) {
            let weight = Matrix { rows: 4, cols: 24, data: data.into_iter().map(f32::from).collect() };
            for (sparsity, length, count) in [
                (Sparsity::Unstructured(share), 24, (24.0 * share) as usize), (Sparsity::NofM { n, m: 4 }, 4, n),
            ] {
                let mask = sparsity.smallest_by_row(&weight, |w, _| w.abs());
                prop_assert!(mask.chunks(length).all(|run| run.iter().filter(|&&gone| gone).count() == count));
                let mut once = weight.clone();
                zero_masked(&mut once, &mask);
                let mut twice = once.clone();
                let again = sparsity.smallest_by_row(&once, |w, _| w.abs());
                zero_masked(&mut twice, &again);
                prop_assert_eq!(once, twice);
            }
        }
    }
}
