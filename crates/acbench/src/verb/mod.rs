//! The verbs, in flow order: one file each.

mod compress;
mod generate;
mod score;

mod analyze;
mod report;

mod evaluate;
mod view;

pub use self::analyze::analyze;
pub use self::compress::{Compression, compress, compress_variant};
pub use self::evaluate::{Finished, evaluate};
pub use self::generate::{GenerateOptions, generate};
pub use self::report::{TerminalOptions, report};
pub use self::score::{Counts, ScoreOptions, score};
pub use self::view::{View, view};
