//! What compression does to a model's numbers, from logits and singular values: one file an idea.
//!
//! A row is the logits of one position, `[vocabulary]`, in float64; a logit of -inf is a token that cannot be said.
//! Every number is of one position unless said otherwise, and [`Summary`] has what many of them come to.

pub mod distance;
pub mod energy;
pub mod erank;
mod error;
mod logits;
pub mod perplexity;
pub mod ranking;
mod summary;

pub use error::MetricError;
pub use logits::{log_softmax, log_sum_exp};
pub use summary::{Summary, quantile, summarize};

/// Which way a number should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither is better by itself: it describes.
    Neither,
}

/// A metric's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its name in files and tables.
    pub name: &'static str,
    /// What it is counted in; empty where it is a pure number.
    pub unit: &'static str,
    /// Which way it should go.
    pub better: Better,
    /// One line about it.
    pub about: &'static str,
}

const fn row(name: &'static str, unit: &'static str, better: Better, about: &'static str) -> Info {
    Info { name, unit, better, about }
}

/// Every metric, in the order in which they are shown.
pub const METRICS: &[Info] = &[
    row("kl", "nats", Better::Lower, "KL(dense || compressed) of the next token, over the whole vocabulary"),
    row(
        "kl_at_least",
        "nats",
        Better::Lower,
        "the same from the likeliest tokens and one bucket of the rest: a lower bound",
    ),
    row("top1_agreement", "share", Better::Higher, "positions at which both models find the same token likeliest"),
    row(
        "acceptance",
        "share",
        Better::Higher,
        "expected acceptance rate, the sum of min(p, q): 1 minus the total variation",
    ),
    row(
        "acceptance_at_most",
        "share",
        Better::Higher,
        "the same from the likeliest tokens and the rest: an upper bound",
    ),
    row("mean_nll", "nats", Better::Lower, "mean negative log-likelihood of the text's next token"),
    row("perplexity", "", Better::Lower, "exp of mean_nll: among how many equally likely tokens the model hesitates"),
    row("jaccard", "share", Better::Higher, "tokens in both models' top k, of those in either's"),
    row("kendall_tau", "", Better::Higher, "tau-b of both models' logits at the dense model's top k"),
    row("spearman_rho", "", Better::Higher, "rank correlation of both models' logits at the dense model's top k"),
    row("logit_energy", "nats", Better::Neither, "-T logsumexp(logits / T); no energy in the sense of joules"),
    row("logit_energy_change", "nats", Better::Lower, "distance between both models' logit_energy at a position"),
    row(
        "erank_singular_values",
        "",
        Better::Neither,
        "effective rank: exp of the entropy of the normalized singular values",
    ),
    row(
        "erank_covariance",
        "",
        Better::Neither,
        "effective rank of centered, normalized rows, from their covariance's eigenvalues",
    ),
    row("erank_change", "", Better::Neither, "compressed minus dense effective rank, on the same text"),
];

/// The row of a name.
///
/// ```
/// use analyze::metric::{Better, metric};
/// assert_eq!(metric("kl").map(|row| (row.unit, row.better)), Some(("nats", Better::Lower)));
/// ```
pub fn metric(name: &str) -> Option<&'static Info> {
    METRICS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_row_says_something() {
        for (place, row) in METRICS.iter().enumerate() {
            assert!(!row.name.is_empty() && !row.about.is_empty());
            assert_eq!(METRICS.iter().position(|other| other.name == row.name), Some(place));
        }
    }
}
