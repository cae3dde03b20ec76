//! What many positions come to.

use record::Interval;

use super::MetricError;
use super::error::{all_finite, same_length};
use crate::statistic::{around, clustered_standard_error, mean, t_quantile};

/// A metric over all positions of some samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number of positions.
    pub n: usize,
    /// Number of samples they come from.
    pub clusters: usize,
    /// Their mean; every position counts alike.
    pub mean: f64,
    /// 95% interval of the mean, positions of one sample counted as one cluster; absent of fewer than two samples.
    pub interval: Option<Interval>,
    /// Half of the positions are below.
    pub median: f64,
    /// 95 of 100 are below.
    pub p95: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

/// Summarizes one number a position; `clusters[i]` is the sample that position i lies in, and `range` where the number can
/// lie, into which the interval is cut. Student's t with a degree of freedom less than samples.
///
/// # Errors
/// No position, lists of different lengths, or a number that is not finite.
///
/// ```
/// use analyze::metric::summarize;
/// let range = record::Interval { low: 0.0, high: f64::INFINITY };
/// let found = summarize(&[0.0, 0.0, 1.0, 3.0], &[0, 0, 1, 1], range)?;
/// assert_eq!((found.n, found.clusters, found.mean, found.median, found.max), (4, 2, 1.0, 0.5, 3.0));
/// // Sums of deviations -2 and 2: SE^2 = 8/16 * 2, SE = 1, and t with one degree of freedom is 12.7.
/// assert!(found.interval.is_some_and(|i| i.low == 0.0 && (i.high - 13.706).abs() < 1e-3));
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn summarize(values: &[f64], clusters: &[usize], range: Interval) -> Result<Summary, MetricError> {
    same_length("positions with a sample", clusters.len(), values.len())?;
    all_finite("the number of position", values)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(median), Some(&max)) = (quantile(&sorted, 0.5), sorted.last()) else {
        return Err(MetricError::Empty { what: "position" });
    };
    let center = mean(values);
    let error = clustered_standard_error(values, clusters);
    let interval = error.map(|(error, count)| {
        let open = around(center, t_quantile(0.975, count - 1), error);
        Interval { low: open.low.max(range.low), high: open.high.min(range.high) }
    });
    Ok(Summary {
        n: values.len(),
        clusters: error.map_or(1, |(_, count)| count),
        mean: center,
        interval,
        median,
        p95: quantile(&sorted, 0.95).unwrap_or(max),
        p99: quantile(&sorted, 0.99).unwrap_or(max),
        max,
    })
}

/// The `p` quantile of ascending numbers, linear between the two nearest (numpy's default); `None` of nothing.
///
/// ```
/// assert_eq!(analyze::metric::quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
/// ```
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let place = p.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}
