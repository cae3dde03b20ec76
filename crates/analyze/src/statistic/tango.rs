//! Tango's score interval for the difference of two paired shares.

use record::Interval;

use super::mcnemar::PairCounts;
use super::quantile::normal_quantile;

/// Tango's interval (Statistics in Medicine 17, 1998) of compressed - dense at `confidence` (0.95; the two ends at 0.90
/// are the one-sided 95% bounds). It stays within [-1, 1], has a width even where no answer flipped, and covers well
/// in small samples. Of nothing: -1 to 1.
///
/// ```
/// use analyze::statistic::{PairCounts, tango};
/// // Without flips the ends are -+ z^2 / (n + z^2).
/// let pairs = PairCounts { both: 80, dense_only: 0, compressed_only: 0, neither: 20 };
/// let z2 = 1.959963984540054f64.powi(2);
/// assert!((tango(pairs, 0.95).high - z2 / (100.0 + z2)).abs() < 1e-12);
/// ```
pub fn tango(pairs: PairCounts, confidence: f64) -> Interval {
    if pairs.n() == 0 {
        return Interval { low: -1.0, high: 1.0 };
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    // The score falls as the supposed difference rises: +z at the lower end, -z at the upper.
    let delta = pairs.delta();
    let low = if pairs.dense_only == pairs.n() { -1.0 } else { solve(-1.0, delta, |d| score(pairs, d) > z) };
    let high = if pairs.compressed_only == pairs.n() { 1.0 } else { solve(delta, 1.0, |d| score(pairs, d) > -z) };
    Interval { low, high }
}

/// The place between `low` and `high` where `above` turns from true to false. Bisection: it cannot leave the bracket
/// and needs no derivative, which is infinite at the ends.
fn solve(low: f64, high: f64, above: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if above(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// (c - b - n d) / sqrt(n (2 q(d) + d (1 - d))), q(d) the most likely share of harmful flips if the difference is d.
fn score(pairs: PairCounts, difference: f64) -> f64 {
    let n = pairs.n() as f64;
    let (harmful, helpful) = (pairs.dense_only as f64, pairs.compressed_only as f64);
    let linear = -helpful - harmful + (2.0 * n - helpful + harmful) * difference;
    let constant = -harmful * difference * (1.0 - difference);
    let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
    // The same root in two forms; the one chosen does not subtract nearly equal numbers.
    let share = if linear > 0.0 { -2.0 * constant / (root + linear) } else { (root - linear) / (4.0 * n) };
    let variance = n * (2.0 * share + difference * (1.0 - difference));
    let distance = helpful - harmful - n * difference;
    if distance == 0.0 {
        0.0
    } else if variance <= 0.0 {
        f64::INFINITY.copysign(distance)
    } else {
        distance / variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(a: u64, b: u64, c: u64, d: u64) -> PairCounts {
        PairCounts { both: a, dense_only: b, compressed_only: c, neither: d }
    }

    /// The score statistic from its definition: the likelihood under a supposed difference, maximized by search.
    fn by_search(pairs: PairCounts, difference: f64) -> f64 {
        let (b, c) = (pairs.dense_only as f64, pairs.compressed_only as f64);
        let (n, same) = (pairs.n() as f64, (pairs.both + pairs.neither) as f64);
        let likelihood = |q: f64| {
            let part = |count: f64, share: f64| if count == 0.0 { 0.0 } else { count * share.ln() };
            part(b, q) + part(c, q + difference) + part(same, 1.0 - 2.0 * q - difference)
        };
        let (mut low, mut high) = ((-difference).max(0.0), 0.5 * (1.0 - difference));
        for _ in 0..300 {
            let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if likelihood(left) < likelihood(right) { low = left } else { high = right }
        }
        (c - b - n * difference) / (n * (low + high + difference * (1.0 - difference))).sqrt()
    }

    #[test]
    fn the_score_at_each_end_is_z() {
        for pairs in [counts(28, 12, 2, 2), counts(36, 12, 2, 0), counts(43, 0, 1, 0), counts(500, 40, 20, 440)] {
            let Interval { low, high } = tango(pairs, 0.95);
            let (at_low, at_high) = (by_search(pairs, low), by_search(pairs, high));
            assert!(
                (at_low - 1.959964).abs() < 1e-4 && (at_high + 1.959964).abs() < 1e-4,
                "{pairs:?} {at_low} {at_high}"
            );
        }
    }

    #[test]
    fn zero_cells_and_extremes_stay_in_range() {
        for pairs in [
            counts(1, 0, 0, 0),
            counts(0, 1, 0, 0),
            counts(0, 0, 1, 0),
            counts(0, 9, 0, 0),
            counts(0, 0, 9, 0),
            counts(0, 5, 5, 0),
            counts(1_000_000, 1, 0, 0),
            counts(0, 500_000, 500_000, 0),
        ] {
            let Interval { low, high } = tango(pairs, 0.95);
            assert!(
                -1.0 <= low && low <= pairs.delta() && pairs.delta() <= high && high <= 1.0,
                "{pairs:?} {low} {high}"
            );
            assert!(high > low, "{pairs:?}");
        }
    }

    #[test]
    fn a_higher_confidence_is_wider() {
        let pairs = counts(50, 7, 3, 40);
        let (narrow, wide) = (tango(pairs, 0.90), tango(pairs, 0.95));
        assert!(wide.low < narrow.low && narrow.high < wide.high);
    }
}
