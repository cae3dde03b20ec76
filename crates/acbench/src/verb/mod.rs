//! The verbs, in flow order: one file each.

mod compress;
mod generate;
mod score;

mod analyze;
mod report;

mod evaluate;

pub use analyze::analyze;
pub use compress::{Compression, compress, compress_variant};
pub use evaluate::{Finished, evaluate};
pub use generate::{How, generate};
pub use report::{Shown, report};
pub use score::{Scored, score};
