//! The one sum behind every probability.

use super::MetricError;

/// ln of the sum of exp over a row of logits, shifted by the largest so that nothing overflows.
///
/// # Errors
/// No logit, a NaN, +inf, or nothing but -inf.
///
/// ```
/// use analyze::metric::log_sum_exp;
/// let found = log_sum_exp(&[0.0, 3f64.ln(), f64::NEG_INFINITY])?;
/// assert!((found - 4f64.ln()).abs() < 1e-15);
/// assert!((log_sum_exp(&[1000.0, 1000.0])? - 1000.0 - 2f64.ln()).abs() < 1e-12);
/// assert!(log_sum_exp(&[0.0, f64::NAN]).is_err());
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn log_sum_exp(row: &[f64]) -> Result<f64, MetricError> {
    let largest = largest(row)?.1;
    Ok(largest + row.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln())
}

/// The logarithms of a row's probabilities, in its order.
///
/// # Errors
/// As [`log_sum_exp`].
///
/// ```
/// let found = analyze::metric::log_softmax(&[0.0, 0.0])?;
/// assert!(found.iter().all(|&logprob| (logprob + 2f64.ln()).abs() < 1e-15));
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn log_softmax(row: &[f64]) -> Result<Vec<f64>, MetricError> {
    let total = log_sum_exp(row)?;
    Ok(row.iter().map(|logit| logit - total).collect())
}

/// Place and value of the largest logit, the first of equal ones, in a row that is fit to be a row.
pub(super) fn largest(row: &[f64]) -> Result<(usize, f64), MetricError> {
    let mut best = (0, f64::NEG_INFINITY);
    for (place, &logit) in row.iter().enumerate() {
        if logit.is_nan() || logit == f64::INFINITY {
            return Err(MetricError::NotFinite { what: "logit", place, value: logit });
        }
        if logit > best.1 {
            best = (place, logit);
        }
    }
    if row.is_empty() {
        return Err(MetricError::Empty { what: "logit" });
    }
    if best.1 == f64::NEG_INFINITY {
        return Err(MetricError::NotFinite { what: "every logit from", place: 0, value: best.1 });
    }
    Ok(best)
}
