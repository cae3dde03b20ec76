//! What a compressed model spends: longer replies, and replies that ran out of tokens, as outcomes of pairs (paired
//! budgets: arXiv 2605.28873).

use record::Interval;

use super::comparison::{Comparison, right_or_wrong};
use super::interval::{clustered_standard_error, mean};
use super::mcnemar::PairCounts;
use super::quantile::t_quantile;

/// One item's replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Tokens that the dense model generated.
    pub dense: u64,
    /// Tokens that the compressed model generated.
    pub compressed: u64,
    /// Whether the dense model's reply was cut off at the limit.
    pub dense_cut: bool,
    /// Whether the compressed model's was.
    pub compressed_cut: bool,
}

/// How many tokens the compressed model generates for one of the dense model's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenGrowth {
    /// All its tokens by all the dense model's: 1.2 is a fifth more.
    pub ratio: f64,
    /// 95% interval; absent of fewer than two items or clusters.
    pub interval: Option<Interval>,
    /// Pairs of which one or both replies were cut off: how long they would have become is not known, and the ratio is
    /// nearer to 1 than it would be.
    pub cut: usize,
}

/// The ratio of the totals, which is what a budget sees, with the linearized standard error of its logarithm
/// (Cochran 1977, 6.4), items of a cluster taken together, and Student's t. `clusters[i]` is the cluster of item i. `None`
/// where one of the two never said a token, or the lists differ in length.
///
/// ```
/// use analyze::statistic::{Spent, token_growth};
/// let spent = |dense, compressed| Spent { dense, compressed, dense_cut: false, compressed_cut: false };
/// // 60 by 40 tokens; residuals c - 1.5 d of 5 and -5, SE of their mean 5, so SE of ln ratio is 5/20/1.5 = 1/6.
/// let found = token_growth(&[spent(10, 20), spent(30, 40)], &[0, 1]);
/// assert!(found.is_some_and(|growth| growth.ratio == 1.5 && growth.cut == 0));
/// let high = found.and_then(|growth| growth.interval).map_or(0.0, |interval| interval.high);
/// assert!((high.ln() - 1.5f64.ln() - 12.706204736 / 6.0).abs() < 1e-6);
/// ```
pub fn token_growth(items: &[Spent], clusters: &[usize]) -> Option<TokenGrowth> {
    let dense: Vec<f64> = items.iter().map(|item| item.dense as f64).collect();
    let compressed: Vec<f64> = items.iter().map(|item| item.compressed as f64).collect();
    let (by, of) = (mean(&dense), mean(&compressed));
    if by <= 0.0 || of <= 0.0 || items.len() != clusters.len() {
        return None;
    }
    let ratio = of / by;
    let residuals: Vec<f64> =
        dense.iter().zip(&compressed).map(|(dense, compressed)| compressed - ratio * dense).collect();
    let interval = clustered_standard_error(&residuals, clusters).map(|(error, count)| {
        let factor = (t_quantile(0.975, count - 1) * error / of).exp();
        Interval { low: ratio / factor, high: ratio * factor }
    });
    let cut = items.iter().filter(|item| item.dense_cut || item.compressed_cut).count();
    Some(TokenGrowth { ratio, interval, cut })
}

/// Replies that were cut off at the limit, by pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutOffs {
    /// Share of the dense model's replies.
    pub dense: f64,
    /// Share of the compressed model's.
    pub compressed: f64,
    /// Compressed minus dense with its interval and p; above 0 the compressed model runs out more often.
    pub comparison: Comparison,
}

/// Compares how often replies were cut off, item by item; items count as independent of each other.
///
/// ```
/// use analyze::statistic::{Spent, cut_offs};
/// let spent = |dense_cut, compressed_cut| Spent { dense: 9, compressed: 9, dense_cut, compressed_cut };
/// let found = cut_offs(&[spent(false, true), spent(true, true), spent(false, false), spent(false, true)]);
/// assert_eq!((found.dense, found.compressed), (0.25, 0.75));
/// assert_eq!(found.comparison.p, analyze::statistic::mcnemar(0, 2).mid_p);
/// ```
pub fn cut_offs(items: &[Spent]) -> CutOffs {
    let count = |dense: bool, compressed: bool| {
        items.iter().filter(|item| item.dense_cut == dense && item.compressed_cut == compressed).count() as u64
    };
    let (both, dense, compressed) = (count(true, true), count(true, false), count(false, true));
    let pairs = PairCounts { both, dense_only: dense, compressed_only: compressed, neither: count(false, false) };
    let n = pairs.n().max(1) as f64;
    CutOffs {
        dense: (both + dense) as f64 / n,
        compressed: (both + compressed) as f64 / n,
        comparison: right_or_wrong(pairs),
    }
}
