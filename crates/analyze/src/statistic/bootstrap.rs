//! Resampling tests and intervals of graded scores, over items or over clusters of items.

use record::{Interval, Rng};

use super::quantile::{normal_cdf, normal_quantile};

/// Resamples of the bootstrap and sign flips of the permutation test.
pub const RESAMPLES: usize = 10_000;

/// What is drawn as one: an item, or all items of a cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Sum of its items' differences, compressed minus dense.
    pub sum: f64,
    /// Number of its items.
    pub n: usize,
}

/// Mean difference over the items of some units; 0 of nothing.
fn mean(units: impl Iterator<Item = Unit>) -> f64 {
    let (sum, n) = units.fold((0.0, 0), |(sum, n), unit| (sum + unit.sum, n + unit.n));
    if n == 0 { 0.0 } else { sum / n as f64 }
}

/// The bias-corrected and accelerated bootstrap distribution (Efron 1987) of a mean difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Bca {
    estimate: f64,
    /// Means of the resamples, ascending.
    means: Vec<f64>,
    /// z0: the bias correction.
    bias: f64,
    /// a: the acceleration, from the jackknife over units.
    acceleration: f64,
}

/// Draws the distribution: `resamples` times as many units as there are, with replacement. Each resample has a stream
/// of its own, so the numbers depend on `seed` alone. `None` of fewer than two units.
///
/// ```
/// use analyze::statistic::{Unit, bca};
/// let units = [0.0, -0.5, 0.25, -0.25, -1.0, 0.0, 0.5, -0.5].map(|sum| Unit { sum, n: 1 });
/// let interval = bca(&units, 10_000, 7).map(|distribution| distribution.interval(0.95));
/// assert!(interval.is_some_and(|i| i.low < -0.1875 && -0.1875 < i.high && i.low > -0.7));
/// ```
pub fn bca(units: &[Unit], resamples: usize, seed: u64) -> Option<Bca> {
    if units.len() < 2 {
        return None;
    }
    let estimate = mean(units.iter().copied());
    let mut seeds = Rng::stream(seed, "bootstrap");
    let mut means: Vec<f64> = (0..resamples.max(1))
        .map(|_| {
            let mut rng = Rng::new(seeds.next_u64());
            mean((0..units.len()).map(|_| units[rng.below(units.len())]))
        })
        .collect();
    means.sort_by(f64::total_cmp);
    // Sums in another order differ in the last digits: means this close to the estimate are ties, half below.
    let tie = 1e-12 * (1.0 + estimate.abs());
    let below = means.partition_point(|&m| m < estimate - tie);
    let not_above = means.partition_point(|&m| m <= estimate + tie);
    let count = means.len() as f64;
    let share = (0.5 * (below + not_above) as f64).clamp(0.5, count - 0.5) / count;
    Some(Bca { estimate, bias: normal_quantile(share), acceleration: acceleration(units), means })
}

/// sum (m - m_i)^3 / (6 (sum (m - m_i)^2)^1.5) over the means m_i that leave unit i out.
fn acceleration(units: &[Unit]) -> f64 {
    let (sum, n) = units.iter().fold((0.0, 0), |(sum, n), unit| (sum + unit.sum, n + unit.n));
    let without: Vec<f64> = units.iter().map(|unit| (sum - unit.sum) / (n - unit.n).max(1) as f64).collect();
    let center = without.iter().sum::<f64>() / without.len() as f64;
    let (squares, cubes) = without
        .iter()
        .map(|value| center - value)
        .fold((0.0, 0.0), |(squares, cubes), d| (squares + d * d, cubes + d * d * d));
    if squares <= 1e-24 { 0.0 } else { cubes / (6.0 * squares.powf(1.5)) }
}

impl Bca {
    /// The mean difference itself.
    pub fn estimate(&self) -> f64 {
        self.estimate
    }

    /// The interval at `confidence` (0.95; the ends at 0.90 are the one-sided 95% bounds). It contains the estimate.
    pub fn interval(&self, confidence: f64) -> Interval {
        let tail = (1.0 - confidence) / 2.0;
        Interval {
            low: self.quantile(self.level(tail)).min(self.estimate),
            high: self.quantile(self.level(1.0 - tail)).max(self.estimate),
        }
    }

    /// Which quantile of the resamples stands for the quantile `p`.
    fn level(&self, p: f64) -> f64 {
        let shifted = self.bias + normal_quantile(p);
        let stretch = 1.0 - self.acceleration * shifted;
        // Beyond this pole the correction has no meaning; the end of the distribution is the cautious answer.
        if stretch <= 0.0 {
            return if p < 0.5 { 0.0 } else { 1.0 };
        }
        normal_cdf(self.bias + shifted / stretch)
    }

    /// Linear between the two nearest of the sorted means.
    fn quantile(&self, p: f64) -> f64 {
        let place = p.clamp(0.0, 1.0) * (self.means.len() - 1) as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        self.means[low] + (self.means[high] - self.means[low]) * (place - low as f64)
    }
}

/// Two-sided sign-flip permutation test of a mean difference of 0: p = (1 + #) / (B + 1), where # counts the
/// assignments of random signs to the units whose sum lies at least as far from 0 as the one seen.
///
/// ```
/// use analyze::statistic::{Unit, sign_flip};
/// let units = [Unit { sum: -0.5, n: 1 }; 10];
/// // Only all-plus and all-minus are as far from 0: p is near 2 / 2^10.
/// assert!(sign_flip(&units, 10_000, 7) < 0.005);
/// assert_eq!(sign_flip(&[Unit { sum: 0.0, n: 1 }; 10], 10_000, 7), 1.0);
/// ```
pub fn sign_flip(units: &[Unit], resamples: usize, seed: u64) -> f64 {
    let sums: Vec<f64> = units.iter().map(|unit| unit.sum).filter(|&sum| sum != 0.0).collect();
    let size: f64 = sums.iter().map(|sum| sum.abs()).sum();
    let seen = sums.iter().sum::<f64>().abs() - 1e-12 * size;
    let mut seeds = Rng::stream(seed, "sign flip");
    let as_far = (0..resamples)
        .filter(|_| {
            let mut rng = Rng::new(seeds.next_u64());
            flipped(&sums, &mut rng).abs() >= seen
        })
        .count();
    (1 + as_far) as f64 / (resamples + 1) as f64
}

/// The sum under random signs, 64 of them a draw.
fn flipped(sums: &[f64], rng: &mut Rng) -> f64 {
    sums.chunks(64)
        .map(|chunk| {
            let bits = rng.next_u64();
            chunk.iter().enumerate().map(|(i, sum)| if bits >> i & 1 == 1 { -sum } else { *sum }).sum::<f64>()
        })
        .sum()
}
