//! How likely tokens were: the model's own probabilities, before temperature and any cut.

use crate::{Model, ModelError};

/// A token and how likely it was.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob {
    /// The token.
    pub token: u32,
    /// The natural logarithm of its probability.
    pub logprob: f32,
    /// The likeliest tokens at its place, the likeliest first; of equal ones the smaller id.
    pub top: Vec<(u32, f32)>,
}

impl TokenLogprob {
    /// What logits say of a token, and of the `top` likeliest. A token that is none of theirs has no chance.
    pub(crate) fn of(logits: &[f32], token: u32, top: usize) -> Self {
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|&logit| f64::from(logit - most).exp()).sum();
        let log = |logit: f32| (f64::from(logit - most) - sum.ln()) as f32;
        let mut likeliest: Vec<(u32, f32)> = (0u32..).zip(logits.iter().copied()).collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if top < likeliest.len() {
            likeliest.select_nth_unstable_by(top, order);
            likeliest.truncate(top);
        }
        likeliest.sort_unstable_by(order);
        Self {
            token,
            logprob: logits.get(token as usize).map_or(f32::NEG_INFINITY, |&logit| log(logit)),
            top: likeliest.into_iter().map(|(id, logit)| (id, log(logit))).collect(),
        }
    }
}

/// Logits that are held at a time, in bytes.
const LOGITS: usize = 64 << 20;

impl Model {
    /// How likely each token of a text was after those before it, with the `top` likeliest; the first has nothing before it
    /// and is left out.
    ///
    /// # Errors
    /// As [`Model::hidden_states`], and [`ModelError::Logits`] where they are no numbers.
    pub fn text_logprobs(&self, tokens: &[u32], top: usize) -> Result<Vec<TokenLogprob>, ModelError> {
        let Some(places) = tokens.len().checked_sub(1).filter(|&places| places > 0) else { return Ok(Vec::new()) };
        let state = self.read(tokens, &mut |_, _| ())?;
        let step = (LOGITS / (4 * self.config.vocab_size.max(1))).max(1);
        let mut all = Vec::with_capacity(places);
        for from in (0..places).step_by(step) {
            let rows = from..places.min(from + step);
            let logits = self.head(&state.slice_rows(rows.clone()));
            for (at, place) in rows.enumerate() {
                let row = logits.row(at);
                if row.iter().any(|logit| logit.is_nan()) {
                    return Err(ModelError::Logits { tokens: place + 1 });
                }
                all.push(TokenLogprob::of(row, tokens[place + 1], top));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_all_tokens_and_the_likeliest_come_first() {
        let logits = [0.1f32, 0.4, 0.1, 0.4].map(|share| share.ln() + 7.0);
        let found = TokenLogprob::of(&logits, 2, 3);
        assert!((found.logprob.exp() - 0.1).abs() < 1e-6, "{found:?}");
        assert_eq!(found.top.iter().map(|one| one.0).collect::<Vec<_>>(), [1, 3, 0]);
        assert!((found.top[0].1.exp() - 0.4).abs() < 1e-6, "{found:?}");
        assert_eq!(TokenLogprob::of(&logits, 0, 9).top.len(), 4);
        assert!(TokenLogprob::of(&logits, 0, 0).top.is_empty());
        assert_eq!(TokenLogprob::of(&logits, 9, 0).logprob, f32::NEG_INFINITY);
    }
}
