//! Standard errors and intervals of means, of shares and of paired differences.

use std::collections::HashMap;

use record::Interval;

use super::mcnemar::PairCounts;
use super::quantile::normal_quantile;

/// The arithmetic mean; 0 of nothing.
///
/// ```
/// assert_eq!(analyze::statistic::mean(&[0.0, 1.0, 0.5]), 0.5);
/// ```
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Standard error of a mean, sqrt(sum (s_i - mean)^2 / (n (n-1))); `None` of fewer than two values.
///
/// ```
/// // Mean 0.5, squared deviations 4 * 0.25 = 1, n (n-1) = 12.
/// let se = analyze::statistic::standard_error(&[0.0, 0.0, 1.0, 1.0]).unwrap_or_default();
/// assert!((se - (1.0f64 / 12.0).sqrt()).abs() < 1e-15);
/// ```
pub fn standard_error(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let center = mean(values);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    let n = values.len() as f64;
    Some((squares / (n * (n - 1.0))).sqrt())
}

/// Standard error of a mean of items that share sources:
/// SE^2 = (1/n^2) sum_c (sum_{i in c} (s_i - mean))^2 * C/(C-1). Returns it with the number of clusters C, whose
/// t distribution has C-1 degrees of freedom; `None` of fewer than two clusters.
///
/// `clusters[i]` is the cluster of `values[i]`. With one item a cluster it equals [`standard_error`].
///
/// ```
/// // Two clusters of two equal items: sums of deviations -1 and 1, so SE^2 = 2/16 * 2/1.
/// let found = analyze::statistic::clustered_standard_error(&[0.0, 0.0, 1.0, 1.0], &[0, 0, 1, 1]);
/// assert_eq!(found, Some((0.5, 2)));
/// ```
pub fn clustered_standard_error(values: &[f64], clusters: &[usize]) -> Option<(f64, usize)> {
    let center = mean(values);
    let mut sums: HashMap<usize, f64> = HashMap::new();
    let mut order = Vec::new();
    for (value, cluster) in values.iter().zip(clusters) {
        *sums.entry(*cluster).or_insert_with(|| {
            order.push(*cluster);
            0.0
        }) += value - center;
    }
    let count = order.len();
    if count < 2 {
        return None;
    }
    // Summed in the order of appearance: a hash map's own order would change the last digits from run to run.
    let squares: f64 = order.iter().map(|cluster| sums[cluster].powi(2)).sum();
    let n = values.len() as f64;
    Some(((squares / (n * n) * count as f64 / (count - 1) as f64).sqrt(), count))
}

/// The interval `center -+ factor * error`.
///
/// ```
/// assert_eq!(analyze::statistic::around(0.5, 2.0, 0.125).low, 0.25);
/// ```
pub fn around(center: f64, factor: f64, error: f64) -> Interval {
    Interval { low: center - factor * error, high: center + factor * error }
}

/// Wilson's interval of a share (Wilson 1927): `successes` of `n` at `confidence` (0.95). Of nothing: 0 to 1.
///
/// ```
/// // Of no success in n the upper end is z^2 / (n + z^2).
/// let z2 = 1.959963984540054f64.powi(2);
/// let interval = analyze::statistic::wilson(0, 20, 0.95);
/// assert_eq!(interval.low, 0.0);
/// assert!((interval.high - z2 / (20.0 + z2)).abs() < 1e-12);
/// ```
pub fn wilson(successes: u64, n: u64, confidence: f64) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (x, size) = (successes.min(n) as f64, n as f64);
    let z = normal_quantile(0.5 + confidence / 2.0);
    let share = x / size;
    let center = (x + z * z / 2.0) / (size + z * z);
    let half = z / (size + z * z) * (size * share * (1.0 - share) + z * z / 4.0).sqrt();
    let low = if successes == 0 { 0.0 } else { (center - half).max(0.0) };
    let high = if successes >= n { 1.0 } else { (center + half).min(1.0) };
    Interval { low, high }
}

/// What `n` items that all had the value `center` leave open, where a value lies in `range`: a share
/// z^2 / (n + z^2) of items not seen could lie at either end. For a share this is Wilson's interval at 0 or 1, for a
/// paired difference Tango's without any flip; it keeps an interval from shrinking to a point.
///
/// ```
/// use analyze::statistic::{wilson, with_unseen};
/// let range = record::Interval { low: 0.0, high: 1.0 };
/// assert!((with_unseen(0.0, 20, range, 0.95).high - wilson(0, 20, 0.95).high).abs() < 1e-15);
/// assert_eq!(with_unseen(0.5, 0, range, 0.95), range);
/// ```
pub fn with_unseen(center: f64, n: usize, range: Interval, confidence: f64) -> Interval {
    let z2 = normal_quantile(0.5 + confidence / 2.0).powi(2);
    let open = z2 / (n as f64 + z2);
    if n == 0 {
        return range;
    }
    Interval { low: center + open * (range.low - center), high: center + open * (range.high - center) }
}

/// Standard error of the paired difference of right-or-wrong items (n-1 in the denominator); `None` below two items.
///
/// ```
/// // d = -1 once, 0 once: mean -1/2, SE 1/2.
/// let pairs = analyze::statistic::PairCounts { both: 1, dense_only: 1, compressed_only: 0, neither: 0 };
/// assert_eq!(analyze::statistic::paired_standard_error(pairs), Some(0.5));
/// ```
pub fn paired_standard_error(pairs: PairCounts) -> Option<f64> {
    let n = pairs.n() as f64;
    (n >= 2.0).then(|| ((pairs.flips() - pairs.delta().powi(2)).max(0.0) / (n - 1.0)).sqrt())
}

/// Standard error of the same difference if the items had not been paired; what pairing saves is seen beside it.
///
/// ```
/// // Dense 2 of 2, compressed 1 of 2: SE^2 = (0 + 1/4) / 1.
/// let pairs = analyze::statistic::PairCounts { both: 1, dense_only: 1, compressed_only: 0, neither: 0 };
/// assert_eq!(analyze::statistic::unpaired_standard_error(pairs), Some(0.5));
/// ```
pub fn unpaired_standard_error(pairs: PairCounts) -> Option<f64> {
    let n = pairs.n() as f64;
    let variance = |right: u64| (right as f64 / n) * (1.0 - right as f64 / n);
    let both = pairs.both;
    (n >= 2.0)
        .then(|| ((variance(both + pairs.dense_only) + variance(both + pairs.compressed_only)) / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_a_cluster_is_the_plain_standard_error() {
        let values = [0.1, 0.7, 0.4, 1.0, 0.0];
        let plain = standard_error(&values).unwrap_or_default();
        let clustered = clustered_standard_error(&values, &[0, 1, 2, 3, 4]).unwrap_or_default();
        assert!((plain - clustered.0).abs() < 1e-15);
    }

    #[test]
    fn repeating_every_item_in_its_cluster_adds_no_certainty() {
        let once = clustered_standard_error(&[0.1, 0.7, 0.4], &[0, 1, 2]).unwrap_or_default();
        let twice = clustered_standard_error(&[0.1, 0.1, 0.7, 0.7, 0.4, 0.4], &[0, 0, 1, 1, 2, 2]).unwrap_or_default();
        assert!((once.0 - twice.0).abs() < 1e-15);
    }

    #[test]
    fn nothing_and_one_item_have_no_standard_error() {
        assert_eq!(standard_error(&[]), None);
        assert_eq!(standard_error(&[0.3]), None);
        assert_eq!(clustered_standard_error(&[0.3, 0.4], &[1, 1]), None);
        assert_eq!(wilson(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
    }
}
