//! The verbs, in flow order: one file each.

mod compress;
mod generate;
mod predictions;
mod probe;
mod score;

mod analyze;
mod behavior;
mod blame;
mod reading;
mod report;

mod evaluate;
mod serve;
mod status;
mod submit;
mod view;
mod worker;

#[cfg(feature = "endpoint")]
mod check;
mod compare;
mod export;
mod gate;
mod paper;
mod recommend;
mod samples;

pub use self::analyze::analyze;
pub(crate) use self::behavior::behaviors;
pub use self::blame::{BlameOptions, Spared, blame, write_recipe};
#[cfg(feature = "endpoint")]
pub use self::check::{CheckedReply, ServerCheck, check_server};
pub use self::compare::compare;
pub use self::compress::{Compression, compress, compress_variant};
pub use self::evaluate::{Finished, evaluate};
pub use self::export::export;
pub use self::gate::gate;
pub use self::generate::{GenerateOptions, generate};
pub use self::paper::paper;
pub use self::predictions::{Predicted, score_predictions};
pub(crate) use self::probe::analyze_probes;
pub use self::probe::{ProbeOptions, probe};
pub use self::recommend::recommend;
pub use self::report::{Reported, TerminalOptions, report};
pub use self::samples::sample_plan;
pub use self::score::{Counts, ScoreOptions, score};
pub use self::serve::{ServerProgram, server_commands, variant_checkpoint};
pub use self::status::{Counted, RunStatus, Status, TaskStatus, WorkerStatus, status};
pub use self::submit::{Executor, Submission, submit};
pub use self::view::{View, view};
pub use self::worker::{Worked, WorkerOptions, work};

/// The exit code of a worker that was told to end before all was done: its job may go back to the queue.
pub const STOPPED_CODE: u8 = 75;

/// A path as text.
pub(crate) fn path_text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Writes a text to a file, whole or not at all.
///
/// # Errors
/// A folder that cannot be made, or a full disk.
pub fn write_text(path: &std::path::Path, text: &str) -> Result<(), crate::Error> {
    Ok(record::write_atomic(path, text.as_bytes())?)
}
