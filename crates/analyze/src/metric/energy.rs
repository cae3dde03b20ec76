//! The logits' free energy (ACBench, arXiv 2505.19433, eq. 7; Liu et al., arXiv 2010.03759). Not joules.

use super::error::all_finite;
use super::{MetricError, log_sum_exp};

/// E = -T logsumexp(f / T) of a row of logits, `[vocabulary]`, at temperature T > 0, in nats.
///
/// # Errors
/// A temperature that is not above 0, and as [`log_sum_exp`].
///
/// ```
/// use analyze::metric::energy::energy;
/// assert!((energy(&[0.0, 3f64.ln()], 1.0)? + 4f64.ln()).abs() < 1e-15);
/// assert!((energy(&[0.0, 2.0 * 3f64.ln()], 2.0)? + 2.0 * 4f64.ln()).abs() < 1e-15);
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn energy(row: &[f64], temperature: f64) -> Result<f64, MetricError> {
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(MetricError::Range { what: "temperature", value: temperature, expected: "it must be above 0" });
    }
    if temperature == 1.0 {
        return Ok(-log_sum_exp(row)?);
    }
    let scaled: Vec<f64> = row.iter().map(|logit| logit / temperature).collect();
    Ok(-temperature * log_sum_exp(&scaled)?)
}

/// E at T = 1 where the log-sum-exp is known: its negative. Other temperatures need the row.
///
/// ```
/// assert_eq!(analyze::metric::energy::energy_of_log_sum_exp(4.5), -4.5);
/// ```
pub fn energy_of_log_sum_exp(log_sum_exp: f64) -> f64 {
    -log_sum_exp
}

/// |E_dense - E_compressed| of one position.
///
/// ```
/// assert_eq!(analyze::metric::energy::energy_change(-4.5, -5.0), 0.5);
/// ```
pub fn energy_change(dense: f64, compressed: f64) -> f64 {
    (dense - compressed).abs()
}

/// How often both models' numbers fall into the same bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The bins' edges, ascending: one more than bins.
    pub edges: Vec<f64>,
    /// The dense model's positions by bin.
    pub dense: Vec<usize>,
    /// The compressed model's.
    pub compressed: Vec<usize>,
}

/// Counts both models in `bins` equal bins from the smallest to the largest number of either. A bin holds its lower edge,
/// the last one both. Where all numbers are equal the bins are 1 wide together, the number in their middle.
///
/// # Errors
/// No bin, no number, or one that is not finite.
///
/// ```
/// let found = analyze::metric::energy::histogram(&[-4.0, -3.0], &[-2.0, -0.0], 2)?;
/// assert_eq!(found.edges, [-4.0, -2.0, 0.0]);
/// assert_eq!((found.dense, found.compressed), (vec![2, 0], vec![0, 2]));
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn histogram(dense: &[f64], compressed: &[f64], bins: usize) -> Result<Histogram, MetricError> {
    all_finite("energy of the dense model", dense)?;
    all_finite("energy of the compressed model", compressed)?;
    if bins == 0 || dense.len() + compressed.len() == 0 {
        return Err(MetricError::Empty { what: if bins == 0 { "bin" } else { "energy" } });
    }
    let all = || dense.iter().chain(compressed).copied();
    let (mut low, mut high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if low == high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    // In halves, so that no difference overflows.
    let width = (high / 2.0 - low / 2.0) / bins as f64 * 2.0;
    let edges: Vec<f64> = (0..=bins).map(|i| if i == bins { high } else { low + width * i as f64 }).collect();
    let count = |values: &[f64]| {
        let mut counts = vec![0; bins];
        for &value in values {
            counts[edges.partition_point(|&edge| edge <= value).clamp(1, bins) - 1] += 1;
        }
        counts
    };
    Ok(Histogram { dense: count(dense), compressed: count(compressed), edges })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_in_one_bin() -> Result<(), MetricError> {
        for (dense, compressed) in
            [(vec![3.0; 4], vec![3.0; 2]), (vec![0.1, 0.7, 1e300], vec![-1e300]), (vec![1.0], vec![])]
        {
            for bins in [1, 2, 7] {
                let found = histogram(&dense, &compressed, bins)?;
                assert_eq!(found.dense.iter().sum::<usize>(), dense.len());
                assert_eq!(found.compressed.iter().sum::<usize>(), compressed.len());
                assert!(found.edges.is_sorted() && found.edges.len() == bins + 1);
            }
        }
        assert!(histogram(&[], &[], 3).is_err() && histogram(&[1.0], &[1.0], 0).is_err());
        assert!(histogram(&[f64::NAN], &[], 3).is_err());
        Ok(())
    }

    #[test]
    fn broken_numbers_are_refused() {
        for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(energy(&[1.0], temperature).is_err());
        }
        assert!(energy(&[f64::NAN], 1.0).is_err() && energy(&[], 2.0).is_err());
    }
}
