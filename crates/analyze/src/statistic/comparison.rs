//! A paired difference with its interval and its p-value, made so that the two cannot contradict each other.
//!
//! An interval that excludes 0 beside a p-value above 0.05 (or the reverse) comes of taking them from two methods. Here a
//! difference counts as found only where both the test and the interval find it: where the test does not reject, the
//! interval is extended to 0; where the interval reaches 0, the p-value is at least what the interval makes of it.

use record::{Interval, Verdict};

use super::bootstrap::{Bca, Unit, bca, sign_flip};
use super::interval::around;
use super::mcnemar::{PairCounts, mcnemar};
use super::quantile::{t_quantile_of, t_two_sided};
use super::tango::tango;

/// Where a difference of scores can lie.
const RANGE: Interval = Interval { low: -1.0, high: 1.0 };
/// Below this many changed items, how large a change can be is not known.
pub const FEW_CHANGES: usize = 8;
/// Fewer units than this have too few signs for the sign-flip test to reject anything: 2 / 2^5 is above 0.05.
const FEW_SIGNS: usize = 6;
/// Confidence of intervals, and of the one-sided bounds.
const CONFIDENCE: f64 = 0.95;

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Two-sided 95% interval of compressed - dense.
    pub interval: Interval,
    /// The two one-sided 95% bounds, within `interval`.
    pub bounds: Interval,
    /// Two-sided p-value of no difference: below 0.05 exactly where `interval` excludes 0.
    pub p: f64,
}

impl Comparison {
    /// Lets the interval reach 0 where p is at least 0.05, and the bounds where it is at least 0.10.
    fn agreeing(self) -> Self {
        let reach = |interval: Interval, found: bool| if found { interval } else { with_zero(interval) };
        Self {
            interval: reach(self.interval, self.p < 1.0 - CONFIDENCE),
            bounds: reach(self.bounds, self.p < 2.0 * (1.0 - CONFIDENCE)),
            p: self.p,
        }
    }
}

fn with_zero(interval: Interval) -> Interval {
    Interval { low: interval.low.min(0.0), high: interval.high.max(0.0) }
}

/// Right-or-wrong items that stand alone: McNemar's mid-p, and Tango's score interval, extended to 0 where mid-p is at
/// least 0.05 (it is the stricter of the two when few answers flip).
///
/// ```
/// use analyze::statistic::{PairCounts, right_or_wrong, tango};
/// // 4 flips of one kind: Tango's own interval just excludes 0, but mid-p is 1/16.
/// let pairs = PairCounts { both: 60, dense_only: 4, compressed_only: 0, neither: 36 };
/// assert!(tango(pairs, 0.95).high < 0.0);
/// let found = right_or_wrong(pairs);
/// assert_eq!((found.p, found.interval.high), (0.0625, 0.0));
/// assert_eq!(found.interval.low, tango(pairs, 0.95).low);
/// ```
pub fn right_or_wrong(pairs: PairCounts) -> Comparison {
    let p = mcnemar(pairs.dense_only, pairs.compressed_only).mid_p;
    let bounds = tango(pairs, 2.0 * CONFIDENCE - 1.0);
    Comparison { interval: tango(pairs, CONFIDENCE), bounds, p }.agreeing()
}

/// Graded items, or items that share sources, each unit an item or all items of a source; `changed` counts the items
/// whose score changed at all.
///
/// The interval is the smallest that holds three: the bootstrap's (BCa), which follows skewed differences; Student's t
/// (clustered, one degree of freedom less than units), which knows what few units leave open; and room for what no unit
/// happened to show. That is a loss of everything in [`unseen_share`] of the units: rare large losses are what compression
/// does, and neither of the other two knows of one that is not in the data. A gain of as much has room only where fewer
/// than [`FEW_CHANGES`] items changed, so that a plain loss is not hidden behind an unlikely gain. p is the sign-flip test's,
/// or where larger the level at which the interval reaches 0, and that alone of fewer than six units, whose signs cannot
/// reject anything. Of fewer than two units nothing is known.
///
/// ```
/// use analyze::statistic::{Unit, graded};
/// // 100 equal units: what 1 - 0.05^(1/100) = 3% of all units may do is open, and no more.
/// let found = graded(&[Unit { sum: 0.0, n: 1 }; 100], 0, 1000, 7);
/// assert!((found.interval.low + 0.0295).abs() < 1e-4 && (found.interval.high - 0.0295).abs() < 1e-4);
/// assert!(found.bounds == found.interval && found.p == 1.0);
/// let dropped = graded(&[Unit { sum: -0.3, n: 1 }; 100], 100, 1000, 7);
/// assert!((dropped.interval.high + 0.3).abs() < 1e-9 && dropped.p < 0.05);
/// ```
pub fn graded(units: &[Unit], changed: usize, resamples: usize, seed: u64) -> Comparison {
    let (Some(drawn), Some(error)) = (bca(units, resamples, seed), standard_error(units)) else {
        return Comparison { interval: RANGE, bounds: RANGE, p: 1.0 };
    };
    let (delta, freedom) = (drawn.estimate(), units.len() as f64 - 1.0);
    let evidence = Evidence { delta, error, freedom, units: effective_units(units), changed, drawn: Some(drawn) };
    let test = if units.len() < FEW_SIGNS { 0.0 } else { sign_flip(units, resamples, seed) };
    evidence.comparison(test)
}

/// The largest share of units that can have stayed unseen among `units` of them with probability 1 - `confidence`:
/// 1 - (1 - confidence)^(1/n). One-sided: what was not seen lies on one side of what was.
///
/// ```
/// // Nothing seen in 98 units leaves 3 points open: 0.97^98 = 0.05.
/// assert!((analyze::statistic::unseen_share(98.0, 0.95) - 0.03).abs() < 2e-4);
/// ```
pub fn unseen_share(units: f64, confidence: f64) -> f64 {
    1.0 - (1.0 - confidence).powf(1.0 / units)
}

/// How many units of one size say as much: (sum n)^2 / sum n^2 (Kish 1965).
///
/// ```
/// use analyze::statistic::{Unit, effective_units};
/// assert_eq!(effective_units(&[Unit { sum: 0.0, n: 5 }; 12]), 12.0);
/// assert_eq!(effective_units(&[1, 3].map(|n| Unit { sum: 0.0, n })), 1.6);
/// ```
pub fn effective_units(units: &[Unit]) -> f64 {
    let (sum, squares) = units.iter().map(|unit| unit.n as f64).fold((0.0, 0.0), |(s, q), n| (s + n, q + n * n));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// The clustered standard error of the mean over items ([`super::clustered_standard_error`]), from units.
fn standard_error(units: &[Unit]) -> Option<f64> {
    let (sum, n) = units.iter().fold((0.0, 0), |(sum, n), unit| (sum + unit.sum, n + unit.n));
    if units.len() < 2 || n == 0 {
        return None;
    }
    let center = sum / n as f64;
    let squares: f64 = units.iter().map(|unit| (unit.sum - center * unit.n as f64).powi(2)).sum();
    let count = units.len() as f64;
    Some((squares * count / (count - 1.0)).sqrt() / n as f64)
}

/// What units say about their mean.
pub(super) struct Evidence {
    /// The mean, compressed - dense.
    pub delta: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom of the error, above 0.
    pub freedom: f64,
    /// Units of one size that say as much.
    pub units: f64,
    /// Items whose score changed.
    pub changed: usize,
    /// The bootstrap's distribution of the mean, where there is one.
    pub drawn: Option<Bca>,
}

impl Evidence {
    /// Interval, bounds and p that agree; `test` is a test's p-value, which p is not below.
    pub fn comparison(&self, test: f64) -> Comparison {
        let interval = self.interval(CONFIDENCE, CONFIDENCE);
        let bounds = self.interval(2.0 * CONFIDENCE - 1.0, CONFIDENCE);
        Comparison { interval, bounds, p: test.max(self.p()) }.agreeing()
    }

    /// The interval at `confidence`; what was not seen at a confidence of its own, as it is one-sided.
    fn interval(&self, confidence: f64, unseen: f64) -> Interval {
        let open = unseen_share(self.units, unseen);
        let lost = self.delta + open * (RANGE.low - self.delta);
        let gained = self.delta + if self.changed < FEW_CHANGES { open * (RANGE.high - self.delta) } else { 0.0 };
        let student = around(self.delta, t_quantile_of(0.5 + confidence / 2.0, self.freedom), self.error);
        let drawn = self.drawn.as_ref().map_or(student, |drawn| drawn.interval(confidence));
        Interval {
            low: student.low.min(drawn.low).min(lost).max(RANGE.low),
            high: student.high.max(drawn.high).max(gained).min(RANGE.high),
        }
    }

    /// The smallest level at which the interval excludes 0, which is the largest of its three parts'; 1 where none does.
    fn p(&self) -> f64 {
        let student = t_two_sided(self.delta, self.error, self.freedom);
        let level = student.max(self.p_unseen()).max(self.drawn.as_ref().map_or(0.0, p_drawn));
        // Rounding may put a level and the interval at 0.05 on different sides of it; the interval is what is shown.
        let (found, shown) = (self.interval(CONFIDENCE, CONFIDENCE), 1.0 - CONFIDENCE);
        if found.low > 0.0 || found.high < 0.0 { level.min(shown.next_down()) } else { level.max(shown) }
    }

    /// The level at which what was not seen no longer reaches from the mean to 0: (1 - share)^n for the share that would.
    fn p_unseen(&self) -> f64 {
        let reaches = self.delta >= 0.0 || self.changed < FEW_CHANGES;
        if reaches { (1.0 + self.delta.abs()).powf(-self.units) } else { 0.0 }
    }
}

/// The smallest level at which the bootstrap's interval excludes 0, by bisection.
fn p_drawn(drawn: &Bca) -> f64 {
    let (mut inside, mut outside) = (0.0, 1.0);
    for _ in 0..50 {
        let level = 0.5 * (inside + outside);
        let interval = drawn.interval(1.0 - level);
        if interval.low > 0.0 || interval.high < 0.0 { outside = level } else { inside = level }
    }
    outside
}

/// Holds where the lower bound is above -`margin`, drops where the upper one is below it; a bound that lies on it decides
/// nothing.
///
/// ```
/// use analyze::statistic::decide;
/// use record::{Interval, Verdict};
/// assert_eq!(decide(Interval { low: -0.02, high: 0.01 }, 0.03), Verdict::Holds);
/// assert_eq!(decide(Interval { low: -0.09, high: -0.04 }, 0.03), Verdict::Drops);
/// assert_eq!(decide(Interval { low: -0.03, high: 0.01 }, 0.03), Verdict::Inconclusive);
/// ```
pub fn decide(bounds: Interval, margin: f64) -> Verdict {
    if bounds.low > -margin {
        Verdict::Holds
    } else if bounds.high < -margin {
        Verdict::Drops
    } else {
        Verdict::Inconclusive
    }
}
