//! What to ask a model and how to judge what it answers. Nothing here sees a model.
//!
//! A [`Task`] turns a [`Source`] into samples, opens an [`Episode`] for each, and scores the transcript.
//! Every task has two sources: the benchmark's official files in a folder, and a generated twin of the same format,
//! made from a seed and judged by the same scorer.

mod deviation;
mod episode;
mod error;
mod judge;
pub mod long_context;
pub mod measure;
pub mod python;
pub mod real_world;
mod rows;
mod shots;
mod source;
mod text;
pub mod tool_use;
pub mod vocabulary;
pub mod workflow;

use record::{Capability, Column, Sample, Score, Scoring, Transcript};

pub use deviation::{DEVIATIONS, Deviation, Effect, Effects, TaskDeviations};
pub use episode::{Episode, SingleTurn};
pub use error::TaskError;
pub use judge::{Judge, Lexical};
pub use rows::{BadRows, Drawn};
pub use source::{Asking, Source, Split, Tokens, Words};

/// One benchmark: its data, its episodes and its scorer.
pub trait Task: Sync {
    /// The name on the command line and in file names: `worfbench`.
    fn name(&self) -> &'static str;

    /// Which of the four capabilities it measures.
    fn capability(&self) -> Capability;

    /// One line for `acbench list tasks`.
    fn about(&self) -> &'static str;

    /// The samples of a source, in an order that does not change. `limit` keeps the first ones of a fair order
    /// (a task of several games or lengths deals them round), so that a small limit still covers all of them.
    ///
    /// # Errors
    /// Missing or broken official files: which file, where it comes from and under which license; bad rows, unless the
    /// source says to skip them.
    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError>;

    /// What a reader of the results must know about these samples, a sentence each.
    fn notes(&self, _: &[Sample]) -> Vec<String> {
        Vec::new()
    }

    /// Opens the episode of a sample. Single-turn tasks need not implement it.
    ///
    /// # Errors
    /// A sample whose `input` is not this task's.
    fn open(&self, sample: &Sample) -> Result<Box<dyn Episode>, TaskError> {
        Ok(Box::new(SingleTurn::new(sample)))
    }

    /// Judges a finished transcript. A reply of any content gets a score and a reason, never an error.
    ///
    /// # Errors
    /// A sample whose `gold` is not this task's.
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        judge: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError>;

    /// Whether the score depends on the [`Judge`], whose name is then shown with every number.
    fn judged(&self) -> bool {
        false
    }

    /// Whether the rows of its official data may lie in another folder than the rest, since they come from elsewhere.
    fn apart(&self) -> bool {
        false
    }
}

/// All tasks, in the order of the capabilities.
#[rustfmt::skip]
pub const TASKS: &[&dyn Task] = &[
    &workflow::WorfBench,
    &tool_use::Teval::Instruct,
    &tool_use::Teval::Plan,
    &tool_use::Teval::Reason,
    &tool_use::Teval::Retrieve,
    &tool_use::Teval::Understand,
    &tool_use::Teval::Rru,
    &tool_use::Teval::Review,
    &long_context::Needle,
    &long_context::longbench::LongBench,
    &long_context::longgenbench::LongGenBench,
    &real_world::Pddl,
];

/// The columns of the tables that the benchmarks and the paper print, table by table.
#[rustfmt::skip]
pub const COLUMNS: &[&[Column]] = &[
    workflow::COLUMNS,
    tool_use::COLUMNS,
    long_context::longbench::COLUMNS,
    long_context::longgenbench::COLUMNS,
];

/// Tells form from content in scores of mode `corrected`: the metrics `form`, how much of the reply has the form that was
/// asked for, and `read`, how much of it could be read in whatever form; and the reason says which of the two it is about.
pub(crate) fn with_form(score: Score, scoring: Scoring, formed: impl Into<Share>, read: impl Into<Share>) -> Score {
    if !scoring.is_corrected() {
        return score;
    }
    let (Share(formed), Share(read), mut score) = (formed.into(), read.into(), score);
    score.metrics.extend([("form".to_owned(), formed), ("read".to_owned(), read)]);
    if read == 0.0 {
        score.reason.insert_str(0, "form: ");
    } else if formed < 1.0 {
        score.reason.push_str(if formed > 0.0 {
            "; partly in another form"
        } else {
            "; in another form than the asked one"
        });
    }
    score
}

/// A regular expression of the code's own, which tests compile.
pub(crate) fn pattern(text: &str) -> regex::Regex {
    regex::Regex::new(text).expect("a constant pattern that a test compiles")
}

/// A share, or all or nothing.
pub(crate) struct Share(f64);

impl From<bool> for Share {
    fn from(all: bool) -> Self {
        Self(f64::from(u8::from(all)))
    }
}

impl From<f64> for Share {
    fn from(share: f64) -> Self {
        Self(share)
    }
}

/// Every reply of a finished transcript is judged by the same frame: this fills the parts that no task decides.
pub fn scored(sample: &Sample, value: f64, metrics: Vec<(&str, f64)>, reason: impl Into<String>) -> Score {
    Score {
        sample: sample.id.clone(),
        outcome: record::Outcome::Finished,
        value,
        metrics: metrics.into_iter().map(|(name, number)| (name.to_owned(), number)).collect(),
        reason: reason.into(),
        fault: None,
        cluster: sample.cluster.clone(),
        tags: sample.tags.clone(),
    }
}
