//! BFCL's categories as tasks.
//!
//! ```text
//! system: You are an expert in composing functions. .. Here is a list of functions in json format ..
//! user:   Find the area of a triangle with a base of 10 units and height of 5 units.
//! reply:  [calculate_triangle_area(base=10, height=5)]
//! ```

use record::{Assets, Capability, Decided, Decision, Sample, Score, Scoring, Transcript};

use super::columns::COLUMNS;
use super::copy::FILES;
use super::deviations::{Switches, TABLE};
use super::judge::judge;
use super::official;
use super::rooms;
use super::sample::{Input, Kind};
use super::twin;
use crate::decision::{Finder, whole};
use crate::{Drawn, Episode, Judge, SingleTurn, Source, Task, TaskError, TaskInfo, Tokens};

/// The categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its row below")]
pub enum Bfcl {
    Simple,
    Multiple,
    Parallel,
    ParallelMultiple,
    Irrelevance,
    Live,
    MultiTurn,
    Memory,
    FormatSensitivity,
}

/// What the rows of all share.
const SHARED: TaskInfo = TaskInfo {
    name: "",
    capability: Capability::ToolUse,
    about: "",
    official: &[FILES],
    apart: false,
    judged: false,
    named_only: true,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: twin::answers,
};

static INFO: [TaskInfo; 9] = [
    TaskInfo { name: "bfcl_simple", about: "BFCL: one function, one call (Python, Java, JavaScript)", ..SHARED },
    TaskInfo { name: "bfcl_multiple", about: "BFCL: several functions, one call", ..SHARED },
    TaskInfo { name: "bfcl_parallel", about: "BFCL: one function, several calls", ..SHARED },
    TaskInfo { name: "bfcl_parallel_multiple", about: "BFCL: several functions, several calls", ..SHARED },
    TaskInfo { name: "bfcl_irrelevance", about: "BFCL: functions that do not help; no call is right", ..SHARED },
    TaskInfo { name: "bfcl_live", about: "BFCL live: functions and questions of users, six sets", ..SHARED },
    TaskInfo {
        name: "bfcl_multi_turn",
        about: "BFCL multi-turn: conversations with services that keep a state, four sets",
        ..SHARED
    },
    TaskInfo {
        name: "bfcl_memory",
        about: "BFCL memory: what to keep of conversations, and questions about them (kv, rec_sum)",
        ..SHARED
    },
    TaskInfo {
        name: "bfcl_format_sensitivity",
        about: "BFCL format sensitivity: the same questions under 26 prompts; not part of any score",
        ..SHARED
    },
];

impl Bfcl {
    /// All of them.
    pub const ALL: [Bfcl; 9] = [
        Bfcl::Simple,
        Bfcl::Multiple,
        Bfcl::Parallel,
        Bfcl::ParallelMultiple,
        Bfcl::Irrelevance,
        Bfcl::Live,
        Bfcl::MultiTurn,
        Bfcl::Memory,
        Bfcl::FormatSensitivity,
    ];

    /// The benchmark's categories of a task.
    pub fn categories(self) -> &'static [&'static str] {
        match self {
            Bfcl::Simple => &["simple_python", "simple_java", "simple_javascript"],
            Bfcl::Multiple => &["multiple"],
            Bfcl::Parallel => &["parallel"],
            Bfcl::ParallelMultiple => &["parallel_multiple"],
            Bfcl::Irrelevance => &["irrelevance"],
            Bfcl::Live => &[
                "live_simple",
                "live_multiple",
                "live_parallel",
                "live_parallel_multiple",
                "live_irrelevance",
                "live_relevance",
            ],
            Bfcl::MultiTurn => {
                &["multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context"]
            }
            Bfcl::Memory => &["memory_kv", "memory_rec_sum"],
            Bfcl::FormatSensitivity => &["format_sensitivity"],
        }
    }
}

impl Task for Bfcl {
    fn info(&self) -> &'static TaskInfo {
        &INFO[*self as usize]
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, bad_rows, .. } => {
                official::samples(*self, folder, (*bad_rows, tokens.calling()), limit)
            }
            Source::Generated { seed, split, asking } => {
                Ok(Drawn::lazily(twin::generate(*self, (*seed, *split), *asking, tokens.calling(), limit)))
            }
        }
    }

    fn notes(&self, samples: &mut dyn Iterator<Item = Sample>) -> Vec<String> {
        official::notes(*self, samples)
    }

    fn open(&self, sample: &Sample, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
        let input = Input::read(sample)?;
        match input.kind {
            Kind::Single => Ok(Box::new(SingleTurn::new(sample))),
            Kind::Talk => rooms::talk(sample, input, assets),
            Kind::Memory => rooms::memory(sample, input),
        }
    }

    /// The value is 1 where the reference's checker, or the corrected one, finds nothing wrong; of memory the share of
    /// questions that are answered.
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        judge(sample, transcript, (&Switches::from(scoring), scoring))
    }

    fn decided(&self, sample: &Sample, reply: &str) -> Vec<Decided> {
        let mut finder = Finder::new(reply, 0);
        for (text, decision) in super::judge::decisions(sample, reply) {
            finder.find(&text, decision);
        }
        let found = finder.finish();
        if found.is_empty() { whole(reply, Decision::Answer) } else { found }
    }
}
