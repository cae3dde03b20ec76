//! Whether both models rank the next tokens alike: Jaccard (ACBench, arXiv 2505.19433, eq. 5), Kendall and Spearman (its
//! code), per position.
//!
//! A model's top k are its k largest logits; of equal ones the lower token id comes first. Jaccard compares the two
//! models' own sets; the correlations compare both models' logits at the *dense* model's top k.

use super::MetricError;
use super::error::same_length;
use super::logits::largest;

/// The sizes of top k that are looked at; 1 is agreement alone.
pub const SIZES: [usize; 4] = [1, 3, 10, 20];

/// How alike two rankings are at one position. `None` is undefined: never 0, never NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// k.
    pub k: usize,
    /// Tokens in both top k of those in either, in [0, 1].
    pub jaccard: Option<f64>,
    /// tau-b, in [-1, 1]; undefined for k = 1 and where one model's k logits are all equal.
    pub kendall_tau: Option<f64>,
    /// In [-1, 1]; undefined as tau-b.
    pub spearman_rho: Option<f64>,
}

/// The ids of the `k` largest logits, largest first; all of them where there are fewer.
///
/// # Errors
/// No logit, NaN, +inf, or nothing but -inf.
///
/// ```
/// assert_eq!(analyze::metric::ranking::top(&[0.5, 2.0, 2.0, -1.0], 3)?, [1, 2, 0]);
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn top(logits: &[f64], k: usize) -> Result<Vec<u32>, MetricError> {
    let k = k.min(logits.len());
    if k == 0 {
        return largest(logits).map(|_| Vec::new());
    }
    let mut best: Vec<(f64, u32)> = Vec::with_capacity(k + 1);
    let mut least = f64::NEG_INFINITY;
    for (id, &logit) in logits.iter().enumerate() {
        // Most end here; NaN and +inf never do.
        if best.len() == k && logit <= least {
            continue;
        }
        if logit.is_nan() || logit == f64::INFINITY {
            return Err(MetricError::NotFinite { what: "logit", place: id, value: logit });
        }
        let place = best.partition_point(|&(other, _)| other >= logit);
        best.insert(place, (logit, id as u32));
        best.truncate(k);
        least = best.last().map_or(least, |last| last.0);
    }
    if best[0].0 == f64::NEG_INFINITY {
        return largest(logits).map(|_| Vec::new());
    }
    Ok(best.into_iter().map(|(_, id)| id).collect())
}

/// What is known of both models at one position.
#[derive(Debug, Clone, Copy)]
pub struct Ranked<'a> {
    /// The dense model's likeliest ids, likeliest first.
    pub dense: &'a [u32],
    /// The compressed model's, likeliest first.
    pub compressed: &'a [u32],
    /// The dense model's logits at `dense`.
    pub dense_logits: &'a [f64],
    /// The compressed model's logits at `dense`.
    pub compressed_logits: &'a [f64],
}

impl Ranked<'_> {
    /// How alike the top `k` are; all `None` where fewer than `k` ids are known, or `k` is 0.
    ///
    /// # Errors
    /// As many logits as ids of the dense model are needed.
    ///
    /// ```
    /// use analyze::metric::ranking::Ranked;
    /// let position = Ranked {
    ///     dense: &[7, 3, 5],
    ///     compressed: &[7, 5, 9],
    ///     dense_logits: &[3.0, 2.0, 1.0],
    ///     compressed_logits: &[4.0, 0.5, 2.0],
    /// };
    /// let found = position.agreement(3)?;
    /// // {7, 5} of {7, 3, 5, 9}; two pairs of three in order; ranks 1 2 3 against 1 3 2.
    /// assert_eq!(found.jaccard, Some(0.5));
    /// assert!(found.kendall_tau.is_some_and(|tau| (tau - 1.0 / 3.0).abs() < 1e-12));
    /// assert!(found.spearman_rho.is_some_and(|rho| (rho - 0.5).abs() < 1e-12));
    /// # Ok::<(), analyze::metric::MetricError>(())
    /// ```
    pub fn agreement(&self, k: usize) -> Result<Agreement, MetricError> {
        same_length("logits of the dense model", self.dense_logits.len(), self.dense.len())?;
        same_length("logits of the compressed model", self.compressed_logits.len(), self.dense.len())?;
        let both = (k > 0).then(|| Some((self.dense.get(..k)?, self.compressed.get(..k)?))).flatten();
        let logits = (k > 0).then(|| Some((self.dense_logits.get(..k)?, self.compressed_logits.get(..k)?))).flatten();
        Ok(Agreement {
            k,
            jaccard: both.and_then(|(dense, compressed)| jaccard(dense, compressed)),
            kendall_tau: logits.and_then(|(dense, compressed)| kendall_tau(dense, compressed)),
            spearman_rho: logits.and_then(|(dense, compressed)| spearman_rho(dense, compressed)),
        })
    }
}

/// The agreement at each of [`SIZES`] from two full rows of logits, `[vocabulary]`.
///
/// # Errors
/// Rows of different lengths, and as [`top`].
///
/// ```
/// let found = analyze::metric::ranking::agreements(&[3.0, 2.0, 1.0, 0.0], &[2.0, 3.0, 1.0, 0.0])?;
/// assert_eq!((found[0].jaccard, found[0].kendall_tau), (Some(0.0), None));
/// assert_eq!(found[1].jaccard, Some(1.0));
/// assert_eq!(found[2].jaccard, None); // there are no 10 tokens
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn agreements(dense: &[f64], compressed: &[f64]) -> Result<[Agreement; SIZES.len()], MetricError> {
    same_length("logits of the compressed model", compressed.len(), dense.len())?;
    let most = SIZES.into_iter().max().unwrap_or(0);
    let (ids, others) = (top(dense, most)?, top(compressed, most)?);
    let at = |row: &[f64]| -> Vec<f64> { ids.iter().map(|&id| row[id as usize]).collect() };
    let (dense_logits, compressed_logits) = (at(dense), at(compressed));
    let position =
        Ranked { dense: &ids, compressed: &others, dense_logits: &dense_logits, compressed_logits: &compressed_logits };
    let mut all = [Agreement { k: 0, jaccard: None, kendall_tau: None, spearman_rho: None }; SIZES.len()];
    for (agreement, k) in all.iter_mut().zip(SIZES) {
        *agreement = position.agreement(k)?;
    }
    Ok(all)
}

/// Members of both sets of those of either; ids are different within a list. `None` of nothing.
///
/// ```
/// assert_eq!(analyze::metric::ranking::jaccard(&[1, 2, 3], &[4, 3, 2]), Some(0.5));
/// ```
pub fn jaccard(a: &[u32], b: &[u32]) -> Option<f64> {
    let both = a.iter().filter(|id| b.contains(id)).count();
    let either = a.len() + b.len() - both;
    (either > 0).then(|| both as f64 / either as f64)
}

/// Kendall's tau-b (1945), pairs counted one by one: (concordant - discordant) / sqrt of the pairs untied in `a` times
/// those untied in `b`. `None` of different lengths, with a NaN, and where one side has no two different values.
///
/// ```
/// use analyze::metric::ranking::kendall_tau;
/// // 5 of 6 pairs in order, one tied in b: 5 / sqrt(6 * 5).
/// let found = kendall_tau(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 2.0, 3.0]);
/// assert!(found.is_some_and(|tau| (tau - 5.0 / 30f64.sqrt()).abs() < 1e-12));
/// assert_eq!(kendall_tau(&[1.0], &[1.0]), None);
/// ```
pub fn kendall_tau(a: &[f64], b: &[f64]) -> Option<f64> {
    if unfit(a, b) {
        return None;
    }
    let (mut score, mut untied_a, mut untied_b) = (0i64, 0i64, 0i64);
    for i in 0..a.len() {
        for j in 0..i {
            let (of_a, of_b) = (sign(a[i], a[j]), sign(b[i], b[j]));
            score += of_a * of_b;
            untied_a += of_a.abs();
            untied_b += of_b.abs();
        }
    }
    let pairs = (untied_a as f64).sqrt() * (untied_b as f64).sqrt();
    (pairs > 0.0).then(|| (score as f64 / pairs).clamp(-1.0, 1.0))
}

fn sign(left: f64, right: f64) -> i64 {
    i64::from(left > right) - i64::from(left < right)
}

/// Spearman's rho: Pearson's correlation of the ranks, equal values sharing their mean rank. `None` as
/// [`kendall_tau`].
///
/// ```
/// use analyze::metric::ranking::spearman_rho;
/// // 1 - 6 * (1 + 1) / (4 * 15)
/// let found = spearman_rho(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 3.0, 4.0]);
/// assert!(found.is_some_and(|rho| (rho - 0.8).abs() < 1e-12));
/// assert_eq!(spearman_rho(&[1.0, 2.0], &[3.0, 3.0]), None);
/// ```
pub fn spearman_rho(a: &[f64], b: &[f64]) -> Option<f64> {
    if unfit(a, b) {
        return None;
    }
    let (a, b) = (ranks(a), ranks(b));
    let product = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| x * y).sum() };
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| (product(&a, &b) / spread).clamp(-1.0, 1.0))
}

/// Ranks around their mean, so that they sum to 0: (number below - number above) / 2.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: f64| values.iter().map(|&other| sign(value, other)).sum::<i64>() as f64 / 2.0;
    values.iter().map(|&value| rank(value)).collect()
}

fn unfit(a: &[f64], b: &[f64]) -> bool {
    a.len() != b.len() || a.iter().chain(b).any(|value| value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_what_sorting_finds() -> Result<(), MetricError> {
        let mut rng = record::Rng::new(3);
        for n in [1, 2, 5, 40, 300] {
            // Few levels, so that ties abound.
            let row: Vec<f64> = (0..n).map(|_| rng.below(30) as f64).collect();
            let mut order: Vec<u32> = (0..n).collect();
            order.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]).then(a.cmp(&b)));
            for k in [0, 1, 3, 10, 20, 64] {
                assert_eq!(top(&row, k)?, order[..k.min(row.len())]);
            }
        }
        Ok(())
    }

    #[test]
    fn ties_only_and_nothing_are_undefined_and_broken_rows_refused() {
        assert_eq!(kendall_tau(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman_rho(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(jaccard(&[], &[]), None);
        assert!(agreements(&[1.0, 2.0], &[1.0]).is_err());
        assert!(agreements(&[1.0, f64::NAN], &[1.0, 2.0]).is_err());
        assert!(agreements(&[], &[]).is_err());
        // A token that cannot be said has a rank all the same.
        assert_eq!(kendall_tau(&[2.0, 1.0, f64::NEG_INFINITY], &[2.0, 1.0, 0.0]), Some(1.0));
    }
}
