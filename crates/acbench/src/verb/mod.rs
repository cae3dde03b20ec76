//! The verbs, in flow order: one file each.

mod compress;
mod generate;
mod probe;
mod score;

mod analyze;
mod blame;
mod report;

mod evaluate;

pub use self::analyze::analyze;
pub use self::blame::{BlameOptions, Spared, blame, write_recipe};
pub use self::compress::{Compression, compress, compress_variant};
pub use self::evaluate::{Finished, evaluate};
pub use self::generate::{GenerateOptions, generate};
pub(crate) use self::probe::analyze_probes;
pub use self::probe::{ProbeOptions, probe};
pub use self::report::{Reported, TerminalOptions, report};
pub use self::score::{Counts, ScoreOptions, score};
