//! McNemar's test of right-or-wrong items that two variants both answered.

use super::quantile::normal_two_sided;

/// Right-or-wrong items by who was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairCounts {
    /// a: both right.
    pub both: u64,
    /// b: only the dense model right: harmful flips.
    pub dense_only: u64,
    /// c: only the compressed model right.
    pub compressed_only: u64,
    /// d: both wrong.
    pub neither: u64,
}

impl PairCounts {
    /// Number of items.
    pub fn n(self) -> u64 {
        self.both + self.dense_only + self.compressed_only + self.neither
    }

    /// (c - b) / n, compressed minus dense; 0 of nothing.
    pub fn delta(self) -> f64 {
        share(self.compressed_only as f64 - self.dense_only as f64, self.n())
    }

    /// (b + c) / n, the share of items whose answer changed between right and wrong; 0 of nothing.
    pub fn flips(self) -> f64 {
        share((self.dense_only + self.compressed_only) as f64, self.n())
    }
}

fn share(part: f64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { part / n as f64 }
}

/// The forms of the test; each a p-value in [0, 1] unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mcnemar {
    /// min(1, 2 P[Bin(b+c, 1/2) <= min(b,c)]).
    pub exact: f64,
    /// exact - P[Bin(b+c, 1/2) = min(b,c)]; 1 where b = c. Less conservative, and the default here
    /// (Fagerland, Lydersen, Laake 2013).
    pub mid_p: f64,
    /// The statistic (b-c)^2 / (b+c), at least 0.
    pub chi2: f64,
    /// Its p-value with one degree of freedom.
    pub p_chi2: f64,
    /// The statistic with continuity correction, (|b-c| - 1)^2 / (b+c), at least 0.
    pub chi2_corrected: f64,
    /// Its p-value.
    pub p_chi2_corrected: f64,
}

/// McNemar's test (1947) of `harmful` (b) against `helpful` (c) flips. Without any flip every p is 1.
///
/// ```
/// // 5 against 0: exact 2/2^5, mid-p half of it.
/// let test = analyze::statistic::mcnemar(5, 0);
/// assert!((test.exact - 0.0625).abs() < 1e-14 && (test.mid_p - 0.03125).abs() < 1e-14);
/// assert_eq!((test.chi2, test.chi2_corrected), (5.0, 3.2));
/// ```
pub fn mcnemar(harmful: u64, helpful: u64) -> Mcnemar {
    let flips = harmful + helpful;
    if flips == 0 {
        return Mcnemar { exact: 1.0, mid_p: 1.0, chi2: 0.0, p_chi2: 1.0, chi2_corrected: 0.0, p_chi2_corrected: 1.0 };
    }
    let smaller = harmful.min(helpful);
    let point = half_binomial(flips, smaller);
    let exact = (2.0 * tail(point, flips, smaller)).min(1.0);
    let mid_p = if harmful == helpful { 1.0 } else { (exact - point).clamp(0.0, 1.0) };
    let gap = harmful.abs_diff(helpful) as f64;
    let chi2 = gap * gap / flips as f64;
    let chi2_corrected = (gap - 1.0).max(0.0).powi(2) / flips as f64;
    Mcnemar {
        exact,
        mid_p,
        chi2,
        p_chi2: normal_two_sided(chi2.sqrt()),
        chi2_corrected,
        p_chi2_corrected: normal_two_sided(chi2_corrected.sqrt()),
    }
}

/// P[Bin(n, 1/2) <= k] from `point` = P[Bin(n, 1/2) = k], k <= n/2: terms fall towards 0, so they are summed
/// downwards until they no longer count.
fn tail(point: f64, n: u64, k: u64) -> f64 {
    let (mut sum, mut term) = (point, point);
    for i in (1..=k).rev() {
        term *= i as f64 / (n - i + 1) as f64;
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    sum
}

/// P[Bin(n, 1/2) = k] by Loader's saddle point (2000): relative error near 1e-13 for any n, where factorials overflow
/// and differences of log-gamma lose digits.
fn half_binomial(n: u64, k: u64) -> f64 {
    let (size, hits) = (n as f64, k as f64);
    let misses = size - hits;
    if k == 0 || k == n {
        return (-size * std::f64::consts::LN_2).exp();
    }
    let log = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(hits, size / 2.0)
        - deviance(misses, size / 2.0);
    log.exp() * (size / (2.0 * std::f64::consts::PI * hits * misses)).sqrt()
}

/// ln(n!) minus Stirling's ln(sqrt(2 pi n) (n/e)^n), for n >= 1.
fn stirling_error(n: u64) -> f64 {
    let x = n as f64;
    if n < 16 {
        let factorial: f64 = (2..=n).map(|i| i as f64).product();
        return factorial.ln() - (x + 0.5) * x.ln() + x - 0.5 * (2.0 * std::f64::consts::PI).ln();
    }
    let square = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / x
}

/// x ln(x/m) + m - x without cancellation near x = m.
fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() > 0.1 {
        return x * (x / m).ln() + m - x;
    }
    let mut sum = (x - m) * v;
    let mut power = 2.0 * x * v;
    for odd in (3..200).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_probability_is_pascals_triangle() {
        for n in 1..=40u64 {
            let mut choose = 1.0f64;
            for k in 0..=n {
                let exact = choose / 2f64.powi(n as i32);
                let found = half_binomial(n, k);
                assert!((found / exact - 1.0).abs() < 1e-12, "n {n} k {k}: {found} {exact}");
                choose = choose * (n - k) as f64 / (k + 1) as f64;
            }
        }
    }

    #[test]
    fn large_counts_agree_with_the_normal_limit() {
        for (b, c) in [(500_000u64, 501_500u64), (50_000_000, 50_012_000)] {
            let test = mcnemar(b, c);
            // mid-p is close to the uncorrected form, exact to the corrected one.
            assert!((test.mid_p / test.p_chi2 - 1.0).abs() < 1e-3, "{test:?}");
            assert!((test.exact / test.p_chi2_corrected - 1.0).abs() < 1e-3, "{test:?}");
        }
        assert_eq!(mcnemar(4_000_000, 0).exact, 0.0);
    }

    #[test]
    fn equal_counts_are_no_evidence_and_sides_do_not_matter() {
        for flips in [0, 1, 7, 1000] {
            let test = mcnemar(flips, flips);
            assert_eq!((test.exact, test.mid_p, test.chi2), (1.0, 1.0, 0.0));
        }
        assert_eq!(mcnemar(3, 11), mcnemar(11, 3));
    }
}
