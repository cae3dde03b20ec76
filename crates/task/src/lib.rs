//! What to ask a model and how to judge what it answers. Nothing here sees a model.
//!
//! A [`Task`] turns a [`Source`] into samples, opens an [`Episode`] for each, and scores the transcript.
//! Every task has two sources: the benchmark's official files in a folder, and a generated twin of the same format,
//! made from a seed and judged by the same scorer.
//!
//! Each capability is a room that uses no other; what they share is in [`python`] and [`measure`].

mod decision;
mod deviation;
mod episode;
mod error;
mod info;
mod judge;
pub mod long_context;
pub mod measure;
pub mod python;
pub mod real_world;
mod rows;
mod score;
mod shots;
mod source;
mod text;
pub mod tool_use;
pub mod vocabulary;
pub mod workflow;

use std::sync::LazyLock;

use record::{Assets, Capability, Column, Decided, Decision, Sample, Score, Scoring, Transcript};

pub use deviation::{Deviation, Effect, Effects, TaskDeviations};
pub use episode::{Episode, SingleTurn};
pub use error::TaskError;
pub use info::{Files, TaskInfo};
pub use judge::{Judge, Lexical};
pub use rows::{BadRows, Drawing, Drawn};
pub use score::scored;
pub(crate) use score::with_form;
pub use source::{Asking, Calling, Source, Split, Tokens, Words};

/// One benchmark: its row, its data, its episodes and its scorer.
pub trait Task: Sync {
    /// Its row.
    fn info(&self) -> &'static TaskInfo;

    /// The samples of a source, in an order that does not change. `limit` keeps the first ones of a fair order
    /// (a task of several games or lengths deals them round), so that a small limit still covers all of them.
    ///
    /// # Errors
    /// Missing or broken official files: which file, where it comes from and under which license; bad rows, unless the
    /// source says to skip them.
    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError>;

    /// What a reader of the results must know about these samples, a sentence each.
    fn notes(&self, _: &mut dyn Iterator<Item = Sample>) -> Vec<String> {
        Vec::new()
    }

    /// Opens the episode of a sample, `assets` being those that came with it. What its scorer needs of them, an episode says
    /// at its end. Single-turn tasks need not implement it.
    ///
    /// # Errors
    /// A sample whose `input` is not this task's, an asset that is missing or was changed.
    fn open(&self, sample: &Sample, _: &Assets) -> Result<Box<dyn Episode>, TaskError> {
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

    /// Which bytes of a reply decide what it is worth, as the scorer reads it: the whole of it, unless a task knows better.
    fn decided(&self, _sample: &Sample, reply: &str) -> Vec<Decided> {
        decision::whole(reply, Decision::Answer)
    }

    /// The row's [`name`](TaskInfo::name).
    fn name(&self) -> &'static str {
        self.info().name
    }

    /// The row's [`capability`](TaskInfo::capability).
    fn capability(&self) -> Capability {
        self.info().capability
    }

    /// The row's line [`about`](TaskInfo::about) it.
    fn about(&self) -> &'static str {
        self.info().about
    }

    /// Whether the row says that it is [`judged`](TaskInfo::judged).
    fn judged(&self) -> bool {
        self.info().judged
    }

    /// Whether the row says that its official rows may lie [`apart`](TaskInfo::apart).
    fn apart(&self) -> bool {
        self.info().apart
    }
}

/// All tasks, in the order of the capabilities; those of one benchmark stand together. A new row of a task with
/// deviations needs one in `tests/golden_deviations.rs` too.
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
    &tool_use::bfcl::Bfcl::Simple,
    &tool_use::bfcl::Bfcl::Multiple,
    &tool_use::bfcl::Bfcl::Parallel,
    &tool_use::bfcl::Bfcl::ParallelMultiple,
    &tool_use::bfcl::Bfcl::Irrelevance,
    &tool_use::bfcl::Bfcl::Live,
    &tool_use::bfcl::Bfcl::MultiTurn,
    &tool_use::bfcl::Bfcl::Memory,
    &tool_use::bfcl::Bfcl::FormatSensitivity,
    &long_context::Needle,
    &long_context::longbench::LongBench,
    &long_context::longgenbench::LongGenBench,
    &real_world::Pddl,
    &real_world::BabyAi,
    &real_world::story::Jericho,
    &real_world::tools::Tools::Query,
    &real_world::tools::Tools::Operation,
    &real_world::science::ScienceWorld,
];

/// The columns of the tables that the benchmarks and the paper print, table by table.
pub static COLUMNS: LazyLock<Vec<&[Column]>> = LazyLock::new(|| {
    let mut all: Vec<_> = TASKS.iter().map(|task| task.info().columns).filter(|columns| !columns.is_empty()).collect();
    all.dedup();
    all
});

/// The deviations of all tasks that have any.
pub static DEVIATIONS: LazyLock<Vec<TaskDeviations>> = LazyLock::new(|| {
    let mut all: Vec<_> = TASKS.iter().filter_map(|task| task.info().deviations).collect();
    all.dedup_by_key(|of| of.task);
    all
});

/// A regular expression of the code's own, which tests compile.
pub(crate) fn pattern(text: &str) -> regex::Regex {
    regex::Regex::new(text).expect("a constant pattern that a test compiles")
}
