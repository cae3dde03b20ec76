//! P-values of many comparisons at once.

/// Holm's step-down adjustment (1979): the i-th smallest of m p-values times m - i + 1, never below a smaller one's,
/// at most 1. In the order given.
///
/// ```
/// let adjusted = analyze::statistic::holm(&[0.01, 0.04, 0.03]);
/// assert!(adjusted.iter().zip([0.03, 0.06, 0.06]).all(|(a, b)| (a - b).abs() < 1e-15));
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, index) in ascending(p).into_iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

/// Benjamini and Hochberg's adjustment (1995), which controls the share of false discoveries instead. In the order
/// given.
///
/// ```
/// // 0.01 * 3/1, 0.03 * 3/2, 0.04 * 3/3, then each at most the next.
/// let adjusted = analyze::statistic::benjamini_hochberg(&[0.01, 0.04, 0.03]);
/// assert!(adjusted.iter().zip([0.03, 0.04, 0.04]).all(|(a, b)| (a - b).abs() < 1e-15));
/// ```
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (rank, index) in ascending(p).into_iter().enumerate().rev() {
        smallest = smallest.min(p[index] * p.len() as f64 / (rank + 1) as f64);
        adjusted[index] = smallest;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}
