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
mod view;

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
pub use self::view::{View, view};

/// Writes a text to a file, whole or not at all.
///
/// # Errors
/// A folder that cannot be made, or a full disk.
pub fn write_text(path: &std::path::Path, text: &str) -> Result<(), crate::Error> {
    Ok(record::write_atomic(path, text.as_bytes())?)
}
