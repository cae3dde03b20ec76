//! How far the compressed model's next-token distribution is from the dense model's, on the dense model's tokens.

use super::MetricError;
use super::error::same_length;
use super::logits::largest;

/// Sums of probabilities that were kept as float32 are this far off, or less.
const ROUNDING: f64 = 1e-5;

/// Distance at one position, over the whole vocabulary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// KL(dense || compressed) = sum p ln(p / q), in nats, at least 0.
    pub kl: f64,
    /// Whether both find the same token likeliest (of equal ones the lowest id).
    pub agrees: bool,
    /// sum min(p, q), in [0, 1]: the chance that speculative decoding would accept the compressed model's token
    /// (Leviathan et al., arXiv 2211.17192), and 1 minus the total variation.
    pub acceptance: f64,
}

/// The distance between two rows of logits, `[vocabulary]`, summed in float64.
///
/// # Errors
/// Rows of different lengths, NaN, +inf, and a token that the compressed model alone can never say, where KL is infinite.
///
/// ```
/// // p = (3/4, 1/4), q = (1/2, 1/2): KL = 3/4 ln 3/2 + 1/4 ln 1/2.
/// let found = analyze::metric::distance::distance(&[3f64.ln(), 0.0], &[5.0, 5.0])?;
/// assert!((found.kl - (0.75 * 1.5f64.ln() + 0.25 * 0.5f64.ln())).abs() < 1e-15);
/// assert!((found.acceptance - 0.75).abs() < 1e-15 && found.agrees);
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn distance(dense: &[f64], compressed: &[f64]) -> Result<Distance, MetricError> {
    same_length("logits of the compressed model", compressed.len(), dense.len())?;
    let (first, second) = (largest(dense)?, largest(compressed)?);
    // exp of each logit, shifted by the largest of its row; the sums over rows, and of p times the difference of logits.
    let mut weights = Vec::with_capacity(dense.len());
    let (mut of_dense, mut of_compressed, mut apart) = (0.0, 0.0, 0.0);
    for (place, (dense, compressed)) in dense.iter().zip(compressed).enumerate() {
        let (log_p, log_q) = (dense - first.1, compressed - second.1);
        let (p, q) = (log_p.exp(), log_q.exp());
        if p > 0.0 {
            if log_q == f64::NEG_INFINITY {
                return Err(MetricError::Impossible { place });
            }
            apart += p * (log_p - log_q);
        }
        of_dense += p;
        of_compressed += q;
        weights.push((p, q));
    }
    let kl = apart / of_dense - (of_dense.ln() - of_compressed.ln());
    let acceptance: f64 = weights.iter().map(|(p, q)| (p / of_dense).min(q / of_compressed)).sum();
    Ok(Distance { kl: kl.max(0.0), agrees: first.0 == second.0, acceptance: acceptance.min(1.0) })
}

/// What is known of a distribution: some tokens' log-probabilities, and the probability of all others together.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Token ids, each once.
    pub ids: &'a [u32],
    /// ln of their probabilities.
    pub logprobs: &'a [f64],
    /// Probability of the tokens that are not listed, in [0, 1].
    pub rest: f64,
}

/// What partly known distributions say about their distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// KL(dense || compressed) is at least this, in nats.
    pub kl_at_least: f64,
    /// The acceptance rate is at most this, in [0, 1].
    pub acceptance_at_most: f64,
}

/// Bounds of the distance from lists of likely tokens. Tokens that both lists have stand alone, all others are one bucket;
/// putting tokens into a bucket can only bring distributions closer, so the true KL is at least this one and the true
/// acceptance rate at most this one.
///
/// # Errors
/// A list of ids and log-probabilities that do not belong together, probabilities that are none, and where the compressed
/// model gives no probability to what the dense model can say.
///
/// ```
/// use analyze::metric::distance::{Known, bounds};
/// let logs = |p: [f64; 2]| p.map(f64::ln);
/// let (p, q) = (logs([0.5, 0.25]), logs([0.25, 0.5]));
/// // Token 1 is in both lists; all others: 1/2 against 3/4.
/// let found = bounds(Known { ids: &[1, 2], logprobs: &p, rest: 0.25 }, Known { ids: &[1, 3], logprobs: &q, rest: 0.25 })?;
/// assert!((found.kl_at_least - (0.5 * 2f64.ln() + 0.5 * (2.0f64 / 3.0).ln())).abs() < 1e-15);
/// assert!((found.acceptance_at_most - 0.75).abs() < 1e-15);
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn bounds(dense: Known, compressed: Known) -> Result<Bounds, MetricError> {
    dense.check()?;
    compressed.check()?;
    let (mut kl, mut acceptance) = (0.0, 0.0);
    let (mut rest_p, mut rest_q) = (dense.rest, compressed.rest);
    let mut shared = vec![false; compressed.ids.len()];
    for (place, (id, &log_p)) in dense.ids.iter().zip(dense.logprobs).enumerate() {
        let Some(other) = compressed.ids.iter().position(|other| other == id) else {
            rest_p += log_p.exp();
            continue;
        };
        shared[other] = true;
        let log_q = compressed.logprobs[other];
        kl += term(log_p, log_q, place)?;
        acceptance += log_p.min(log_q).exp();
    }
    rest_q += compressed.logprobs.iter().zip(&shared).filter(|pair| !pair.1).map(|pair| pair.0.exp()).sum::<f64>();
    // What rounding leaves of a rest is none, if the other model has none.
    if rest_q > 0.0 || rest_p > ROUNDING {
        kl += term(rest_p.ln(), rest_q.ln(), dense.ids.len())?;
    }
    acceptance += rest_p.min(rest_q);
    Ok(Bounds { kl_at_least: kl.max(0.0), acceptance_at_most: acceptance.min(1.0) })
}

/// p ln(p / q), 0 where p is.
fn term(log_p: f64, log_q: f64, place: usize) -> Result<f64, MetricError> {
    let p = log_p.exp();
    match p > 0.0 {
        true if log_q == f64::NEG_INFINITY => Err(MetricError::Impossible { place }),
        true => Ok(p * (log_p - log_q)),
        false => Ok(0.0),
    }
}

impl Known<'_> {
    /// Whether these are probabilities; log-probabilities of float32 may exceed 0 in their last digits.
    fn check(&self) -> Result<(), MetricError> {
        same_length("log-probabilities", self.logprobs.len(), self.ids.len())?;
        if let Some(place) = self.logprobs.iter().position(|&logprob| logprob.is_nan() || logprob > 1e-4) {
            return Err(MetricError::NotFinite { what: "log-probability", place, value: self.logprobs[place] });
        }
        if !(0.0..=1.0).contains(&self.rest) {
            let expected = "a probability lies between 0 and 1";
            return Err(MetricError::Range { what: "the probability of the rest", value: self.rest, expected });
        }
        let total = self.rest + self.logprobs.iter().map(|logprob| logprob.exp()).sum::<f64>();
        if (total - 1.0).abs() > 100.0 * ROUNDING {
            let expected = "it must be 1: the rest is not what the listed tokens leave";
            return Err(MetricError::Range { what: "the sum of all probabilities", value: total, expected });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{log_softmax, ranking::top};

    #[test]
    fn a_list_and_a_bucket_never_say_more_than_all_logits_and_all_of_them_say_it_all() -> Result<(), MetricError> {
        let mut rng = record::Rng::new(9);
        for _ in 0..50 {
            let dense: Vec<f64> = (0..60).map(|_| 8.0 * rng.uniform()).collect();
            let compressed: Vec<f64> = dense.iter().map(|logit| logit + rng.uniform()).collect();
            let whole = distance(&dense, &compressed)?;
            let (log_p, log_q) = (log_softmax(&dense)?, log_softmax(&compressed)?);
            for k in [1, 5, 20, 60] {
                let (ids, others) = (top(&dense, k)?, top(&compressed, k)?);
                let at = |ids: &[u32], row: &[f64]| -> Vec<f64> { ids.iter().map(|&id| row[id as usize]).collect() };
                let rest = |logprobs: &[f64]| (1.0 - logprobs.iter().map(|l| l.exp()).sum::<f64>()).clamp(0.0, 1.0);
                let (p, q, own) = (at(&ids, &log_p), at(&ids, &log_q), at(&others, &log_q));
                let first = Known { ids: &ids, logprobs: &p, rest: rest(&p) };
                let same = bounds(first, Known { ids: &ids, logprobs: &q, rest: rest(&q) })?;
                let lists = bounds(first, Known { ids: &others, logprobs: &own, rest: rest(&own) })?;
                assert!(lists.kl_at_least <= same.kl_at_least + 1e-9 && same.kl_at_least <= whole.kl + 1e-9);
                assert!(lists.acceptance_at_most >= same.acceptance_at_most - 1e-9);
                assert!(same.acceptance_at_most >= whole.acceptance - 1e-9);
                assert!(k < 60 || (same.kl_at_least - whole.kl).abs() < 1e-9);
            }
        }
        Ok(())
    }

    #[test]
    fn equal_rows_are_at_no_distance_whatever_their_shift() -> Result<(), MetricError> {
        let row = [1.0, 2.0, f64::NEG_INFINITY, -500.0];
        let shifted = row.map(|logit| logit + 900.0);
        let found = distance(&row, &shifted)?;
        assert!(found.kl < 1e-12 && found.agrees && found.acceptance > 1.0 - 1e-12);
        Ok(())
    }

    #[test]
    fn what_has_no_distance_says_why() {
        let impossible = distance(&[0.0, 0.0], &[0.0, f64::NEG_INFINITY]);
        assert_eq!(impossible, Err(MetricError::Impossible { place: 1 }));
        assert!(
            distance(&[0.0, f64::NEG_INFINITY], &[0.0, 0.0]).is_ok_and(|found| (found.kl - 2f64.ln()).abs() < 1e-12)
        );
        for bad in [&[f64::NAN, 0.0][..], &[f64::INFINITY, 0.0], &[f64::NEG_INFINITY; 2], &[0.0], &[]] {
            assert!(distance(bad, &[0.0, 0.0]).is_err() && distance(&[0.0, 0.0], bad).is_err());
        }
        let half = [0.5f64.ln()];
        let good = Known { ids: &[1], logprobs: &half, rest: 0.5 };
        for bad in [
            Known { ids: &[1, 2], ..good },
            Known { logprobs: &[f64::NAN], ..good },
            Known { rest: -0.1, ..good },
            Known { rest: f64::NAN, ..good },
            Known { rest: 0.4, ..good },
        ] {
            assert!(bounds(bad, good).is_err() && bounds(good, bad).is_err());
        }
        let sure = Known { ids: &[1], logprobs: &[0.0], rest: 0.0 };
        assert_eq!(bounds(good, sure), Err(MetricError::Impossible { place: 1 }));
        assert!(bounds(sure, good).is_ok_and(|found| (found.kl_at_least - 2f64.ln()).abs() < 1e-12));
    }
}
