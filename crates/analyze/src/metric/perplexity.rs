//! How well a model expects a text: mean negative log-likelihood of its next tokens, and perplexity.

use super::MetricError;
use super::error::{all_finite, same_length};

/// Negative log-likelihood of the token that came next, in nats: log-sum-exp of the row minus that token's logit.
///
/// ```
/// // Probability 3/4.
/// let found = analyze::metric::perplexity::nll(4f64.ln(), 3f64.ln());
/// assert!((found - (4.0f64 / 3.0).ln()).abs() < 1e-15);
/// ```
pub fn nll(log_sum_exp: f64, next_token_logit: f64) -> f64 {
    log_sum_exp - next_token_logit
}

/// What some tokens come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    /// How many.
    pub tokens: usize,
    /// Their mean negative log-likelihood, in nats.
    pub mean_nll: f64,
}

impl Likelihood {
    /// exp of the mean; infinite above some 709 nats.
    pub fn perplexity(self) -> f64 {
        self.mean_nll.exp()
    }
}

/// Mean negative log-likelihood of tokens, each counted once.
///
/// # Errors
/// No token, or a number that is not finite: a text that the model cannot say has no perplexity.
///
/// ```
/// let found = analyze::metric::perplexity::likelihood(&[2f64.ln(), 8f64.ln()])?;
/// assert!((found.mean_nll - 4f64.ln()).abs() < 1e-15 && (found.perplexity() - 4.0).abs() < 1e-12);
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn likelihood(nll: &[f64]) -> Result<Likelihood, MetricError> {
    all_finite("negative log-likelihood", nll)?;
    if nll.is_empty() {
        return Err(MetricError::Empty { what: "negative log-likelihood" });
    }
    Ok(Likelihood { tokens: nll.len(), mean_nll: nll.iter().sum::<f64>() / nll.len() as f64 })
}

/// The same for each document, in the order in which the documents first appear. `documents[i]` is the document of
/// `nll[i]`.
///
/// # Errors
/// Lists of different lengths, and as [`likelihood`].
///
/// ```
/// let found = analyze::metric::perplexity::by_document(&[1.0, 2.0, 5.0], &[7, 7, 3])?;
/// assert_eq!(found.iter().map(|(name, of)| (*name, of.tokens, of.mean_nll)).collect::<Vec<_>>(), [(7, 2, 1.5), (3, 1, 5.0)]);
/// # Ok::<(), analyze::metric::MetricError>(())
/// ```
pub fn by_document(nll: &[f64], documents: &[usize]) -> Result<Vec<(usize, Likelihood)>, MetricError> {
    same_length("documents", documents.len(), nll.len())?;
    all_finite("negative log-likelihood", nll)?;
    let mut order: Vec<usize> = Vec::new();
    let mut places = std::collections::HashMap::new();
    let mut tokens: Vec<Vec<f64>> = Vec::new();
    for (&nll, &document) in nll.iter().zip(documents) {
        let place = *places.entry(document).or_insert_with(|| {
            order.push(document);
            tokens.push(Vec::new());
            tokens.len() - 1
        });
        tokens[place].push(nll);
    }
    order.into_iter().zip(&tokens).map(|(document, nll)| Ok((document, likelihood(nll)?))).collect()
}
