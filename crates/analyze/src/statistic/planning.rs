//! How many samples a question needs, and what a number of samples can answer.

use super::quantile::normal_quantile;

/// Two-sided error rate that planning assumes.
const ALPHA: f64 = 0.05;
/// Chance of finding a difference that is there.
const POWER: f64 = 0.8;

/// z_{alpha/2} and z_beta.
fn quantiles() -> (f64, f64) {
    (normal_quantile(1.0 - ALPHA / 2.0), normal_quantile(POWER))
}

/// Paired items that McNemar's test needs to find a difference of `delta` where a share `flip_rate` changes
/// (Connor 1987), alpha 0.05 and power 0.8: n = (z_{a/2} sqrt(psi) + z_b sqrt(psi - delta^2))^2 / delta^2.
///
/// Not rounded; infinite where `delta` is 0. A flip rate below `delta^2` is impossible and counts as `delta^2`.
///
/// ```
/// assert_eq!(analyze::statistic::connor(0.10, 0.03).ceil(), 870.0);
/// ```
pub fn connor(flip_rate: f64, delta: f64) -> f64 {
    let (alpha, beta) = quantiles();
    let square = delta * delta;
    let flip_rate = flip_rate.max(square);
    if square == 0.0 {
        return f64::INFINITY;
    }
    (alpha * flip_rate.sqrt() + beta * (flip_rate - square).sqrt()).powi(2) / square
}

/// The smallest difference that `n` paired items can show where a share `flip_rate` changes: Connor's formula solved
/// for delta, at most the flip rate itself, which no difference can exceed.
///
/// ```
/// // 870 items show 3 points where 10% flip; 50 items cannot show anything where only 5% flip.
/// assert!((analyze::statistic::smallest_detectable(0.10, 870.0) - 0.03).abs() < 1e-4);
/// assert_eq!(analyze::statistic::smallest_detectable(0.05, 50.0), 0.05);
/// ```
pub fn smallest_detectable(flip_rate: f64, n: f64) -> f64 {
    solve(flip_rate, |delta| connor(flip_rate, delta) > n)
}

/// The smallest drop that `n` paired items could have shown where a share `flip_rate` was seen to change, in [0, 1].
///
/// As [`smallest_detectable`], but a drop larger than the flip rate seen brings its own flips: without any flip seen,
/// it is the drop that is all harmful flips. 1 where `n` is too small for any drop.
///
/// ```
/// use analyze::statistic::{connor, smallest_detectable_drop};
/// let drop = smallest_detectable_drop(0.0, 134.0);
/// assert!((connor(drop, drop) - 134.0).abs() < 1e-6);
/// assert_eq!(smallest_detectable_drop(0.1, 2.0), 1.0);
/// ```
pub fn smallest_detectable_drop(flip_rate: f64, n: f64) -> f64 {
    solve(1.0, |delta| connor(flip_rate.max(delta), delta) > n)
}

/// The place in [0, `high`] where `too_small` turns from true to false; `high` where it never does.
fn solve(high: f64, too_small: impl Fn(f64) -> bool) -> f64 {
    if too_small(high) {
        return high;
    }
    let (mut low, mut high) = (0.0, high);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if too_small(middle) { low = middle } else { high = middle }
    }
    high
}

/// Items **a model** that an unpaired comparison of shares near `share` needs to find a difference of `delta`, alpha
/// 0.05 and power 0.8: n = (z_{a/2} + z_b)^2 2 p (1-p) / delta^2. Not rounded; infinite where `delta` is 0.
///
/// ```
/// assert_eq!(analyze::statistic::unpaired_size(0.6, 0.03).ceil(), 4187.0);
/// ```
pub fn unpaired_size(share: f64, delta: f64) -> f64 {
    let (alpha, beta) = quantiles();
    if delta == 0.0 {
        return f64::INFINITY;
    }
    (alpha + beta).powi(2) * 2.0 * share * (1.0 - share) / (delta * delta)
}
