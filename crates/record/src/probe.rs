//! What variants make of the same text: the texts that a probe reads, and what is kept of every position.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Interval;

/// What a part of a reply decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Which tool is called.
    Tool,
    /// What an argument is.
    Argument,
    /// What is done in an environment.
    Action,
    /// What is answered.
    Answer,
    /// That the reply is over.
    End,
}

impl Decision {
    /// All of them.
    pub const ALL: [Decision; 5] =
        [Decision::Tool, Decision::Argument, Decision::Action, Decision::Answer, Decision::End];

    /// The name in files and tables: `tool`.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Tool => "tool",
            Decision::Argument => "argument",
            Decision::Action => "action",
            Decision::Answer => "answer",
            Decision::End => "end",
        }
    }
}

/// A part of a text that decides something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What it decides.
    pub decision: Decision,
    /// Which bytes of a reply, or which tokens of a [`ProbeText`].
    pub range: Range<usize>,
}

/// A text that every variant reads, as tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeText {
    /// Where it comes from: a task's name, or a file's.
    pub source: String,
    /// The sample, or the number of the piece in its file.
    pub sample: String,
    /// Which turn of the sample, from 0.
    pub turn: usize,
    /// All tokens, the prompt's first.
    pub tokens: Vec<u32>,
    /// The first token whose prediction is looked at, at least 1: the first of the reply.
    pub from: usize,
    /// Which of the tokens decide something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decided>,
}

impl ProbeText {
    /// What the token at a place decides.
    pub fn decision(&self, token: usize) -> Option<Decision> {
        self.decisions.iter().find(|decided| decided.range.contains(&token)).map(|decided| decided.decision)
    }

    /// How many predictions are looked at.
    pub fn positions(&self) -> usize {
        self.tokens.len().saturating_sub(self.from.max(1))
    }
}

/// What a variant predicted at every position, in the order of the texts; `n` positions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Positions {
    /// How many of the likeliest tokens are kept of each.
    pub top: usize,
    /// `[n]` Which text.
    pub text: Vec<u32>,
    /// `[n]` Which token of the text is predicted.
    pub token: Vec<u32>,
    /// `[n, top]` The likeliest tokens, the likeliest first; of equal ones that with the smaller id.
    pub ids: Vec<u32>,
    /// `[n, top]` Their logits.
    pub logits: Vec<f32>,
    /// `[n]` The logarithm of the sum of all logits' exponentials.
    pub log_sum_exp: Vec<f64>,
    /// `[n]` The probability that is left to all other tokens.
    pub rest: Vec<f64>,
    /// `[n]` The logit of the token that the text has.
    pub chosen: Vec<f32>,
    /// `[n]` How many tokens are likelier than that.
    pub rank: Vec<u32>,
    /// What the dense model's predictions are to this variant's; absent of the dense model.
    pub beside: Option<BesideDense>,
}

/// A variant's predictions beside the dense model's, at the same positions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BesideDense {
    /// `[n, top]` The variant's logits of the dense model's likeliest tokens.
    pub logits: Vec<f32>,
    /// `[n]` KL(dense || variant) in nats, over the whole vocabulary.
    pub kl: Vec<f64>,
    /// `[n]` The sum of the smaller of both probabilities: how often a draft of the variant would be accepted.
    pub acceptance: Vec<f64>,
}

impl Positions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.log_sum_exp.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.log_sum_exp.is_empty()
    }

    /// Adds positions of later texts.
    pub fn extend(&mut self, more: Self) {
        self.top = more.top;
        self.text.extend(more.text);
        self.token.extend(more.token);
        self.ids.extend(more.ids);
        self.logits.extend(more.logits);
        self.log_sum_exp.extend(more.log_sum_exp);
        self.rest.extend(more.rest);
        self.chosen.extend(more.chosen);
        self.rank.extend(more.rank);
        if let Some(more) = more.beside {
            let beside = self.beside.get_or_insert_default();
            beside.logits.extend(more.logits);
            beside.kl.extend(more.kl);
            beside.acceptance.extend(more.acceptance);
        }
    }
}

/// What a spectrum is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpectrumOf {
    /// The residual stream at the sampled positions: layer 0 is the embeddings, the last one what the head reads.
    Hidden(usize),
    /// The logits at the sampled positions.
    Logits,
    /// A weight matrix, by the name of its linear.
    Weight(String),
}

/// How the energy of a matrix is spread.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Of what.
    pub of: SpectrumOf,
    /// Singular values, the largest first.
    pub singular: Vec<f64>,
    /// Eigenvalues of the covariance of the rows, centered by column and then of length 1; none of weights.
    pub covariance: Vec<f64>,
}

/// How a probe was asked: variants that were asked otherwise are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// SHA-256 of the texts' file.
    pub texts: String,
    /// How many positions the spectra of hidden states and logits are of.
    pub sampled: usize,
    /// Whether the spectra of weights were wanted.
    pub weights: bool,
}

/// What the probes of a run say: `analysis/probes.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProbeAnalysis {
    /// How many texts were read, and how many predictions were looked at.
    pub texts: usize,
    /// Predictions that were looked at.
    pub positions: usize,
    /// Of those, the ones that decide something.
    pub decisions: usize,
    /// One for each variant, the dense model first.
    pub variants: Vec<ProbeSummary>,
}

/// What a probe found of one variant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProbeSummary {
    /// The variant.
    pub variant: String,
    /// exp of the mean negative log-likelihood of the texts' tokens.
    pub perplexity: f64,
    /// Mean logit energy, -log sum exp, in nats.
    pub energy: f64,
    /// How many positions have an energy in each bin; see [`Histogram`].
    pub energies: Histogram,
    /// Effective ranks.
    pub erank: Vec<ERank>,
    /// The rest is of compressed variants only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
}

/// Counts in bins of equal width; what lies beyond is in the first and last bin.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub low: f64,
    /// Where the last one ends.
    pub high: f64,
    /// Counts.
    pub counts: Vec<usize>,
}

/// The effective rank of a matrix, and what became of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ERank {
    /// `logits`, `hidden.3`, or the name of a weight.
    pub of: String,
    /// exp of the entropy of the normalized singular values, as the paper defines it.
    pub singular_values: Option<f64>,
    /// The same of the covariance's eigenvalues, as its code does; none of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<f64>,
    /// The first, minus the dense model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// The second, minus the dense model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance_change: Option<f64>,
}

/// How far a variant's predictions are from the dense model's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distance {
    /// Mean of the energies' absolute differences.
    pub energy_change: f64,
    /// Agreement of the k likeliest tokens, for each k.
    pub top: Vec<TopAgreement>,
    /// At all positions, at decisions, elsewhere, then decision by decision.
    pub at: Vec<DistanceAt>,
}

/// How far predictions agree on which k tokens are the likeliest. Means over positions; none where it is nowhere defined.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TopAgreement {
    /// How many tokens.
    pub k: usize,
    /// Jaccard index of the two sets (the paper's eq. 5).
    pub jaccard: Option<f64>,
    /// Kendall's tau-b over the dense model's top k.
    pub kendall: Option<f64>,
    /// Spearman's rho over the dense model's top k.
    pub spearman: Option<f64>,
}

/// Distances at some of the positions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DistanceAt {
    /// `all`, `decisions`, `elsewhere`, or a [`Decision`].
    pub at: String,
    /// How many positions.
    pub positions: usize,
    /// How many samples they are of.
    pub samples: usize,
    /// Mean KL(dense || variant), nats.
    pub kl: f64,
    /// Its 95% interval, samples being clusters; none for fewer than two.
    pub kl_interval: Option<Interval>,
    /// Median, 95th and 99th percentile, and maximum of KL.
    pub kl_quantiles: [f64; 4],
    /// Share of positions where both have the same likeliest token.
    pub agreement: f64,
    /// Its 95% interval.
    pub agreement_interval: Option<Interval>,
    /// Mean of the expected acceptance rate.
    pub acceptance: f64,
}

/// Where a variant's distance from the dense model comes from: `analysis/blame-<variant>.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Blame {
    /// How many texts were read.
    pub texts: usize,
    /// How many predictions counted.
    pub positions: usize,
    /// Mean KL(dense || variant) at them, nats.
    pub kl: f64,
    /// What was put back to dense, one part at a time.
    pub parts: Vec<BlamedPart>,
}

/// A part of a variant that was put back to dense alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BlamedPart {
    /// Its blocks.
    pub blocks: Range<usize>,
    /// What of them: `down`, `attention`.
    pub what: String,
    /// Their names without `.weight`.
    pub linears: Vec<String>,
    /// How many weights they hold.
    pub weights: usize,
    /// What disappeared of the mean KL, nats; less than 0 where it grew.
    pub recovered: f64,
}

impl BlamedPart {
    /// `block 3: down`, `blocks 0 to 15: all linears`
    pub fn name(&self) -> String {
        match self.blocks.len() {
            1 => format!("block {}: {}", self.blocks.start, self.what),
            _ => format!("blocks {} to {}: {}", self.blocks.start, self.blocks.end.saturating_sub(1), self.what),
        }
    }
}
