//! Several samples an item: their mean within the item, and how often at least one or all of k succeed.

use super::interval::mean;

/// Mean within each item first, so that an item counts once however often it was asked; items without a sample are left
/// out. `samples[i]` are the scores of item i.
///
/// ```
/// assert_eq!(analyze::statistic::item_means(&[vec![1.0, 0.0], vec![], vec![1.0]]), [0.5, 1.0]);
/// ```
pub fn item_means(samples: &[Vec<f64>]) -> Vec<f64> {
    samples.iter().filter(|scores| !scores.is_empty()).map(|scores| mean(scores)).collect()
}

/// pass@k = 1 - C(n-c, k) / C(n, k): the chance that at least one of `k` samples succeeds, of which `n` were drawn and `c`
/// succeeded; unbiased (Chen et al., arXiv 2107.03374). `None` where `k` is 0 or above `n`, or `c` above `n`.
///
/// ```
/// use analyze::statistic::pass_at_k;
/// // 1 - (2/4)(1/3)
/// assert!(pass_at_k(4, 2, 2).is_some_and(|p| (p - 5.0 / 6.0).abs() < 1e-15));
/// assert_eq!((pass_at_k(4, 2, 3), pass_at_k(4, 2, 5)), (Some(1.0), None));
/// ```
pub fn pass_at_k(n: u64, c: u64, k: u64) -> Option<f64> {
    Some(1.0 - drawn_alike(n, n.checked_sub(c)?, k)?)
}

/// pass^k = C(c, k) / C(n, k): the chance that all of `k` samples succeed (Yao et al., arXiv 2406.12045). `None` as
/// [`pass_at_k`].
///
/// ```
/// use analyze::statistic::pass_hat_k;
/// assert!(pass_hat_k(4, 2, 2).is_some_and(|p| (p - 1.0 / 6.0).abs() < 1e-15));
/// assert_eq!((pass_hat_k(4, 2, 1), pass_hat_k(4, 2, 3)), (Some(0.5), Some(0.0)));
/// ```
pub fn pass_hat_k(n: u64, c: u64, k: u64) -> Option<f64> {
    drawn_alike(n, c, k)
}

/// C(some, k) / C(n, k), as a product of shares so that nothing overflows.
fn drawn_alike(n: u64, some: u64, k: u64) -> Option<f64> {
    if k == 0 || k > n || some > n {
        return None;
    }
    if k > some {
        return Some(0.0);
    }
    Some((0..k).map(|i| (some - i) as f64 / (n - i) as f64).product())
}
