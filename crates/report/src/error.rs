//! What can keep a report from being written.

use std::path::PathBuf;

use record::RecordError;

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file of the report.
    #[error("cannot write the report to {}: free space or choose another folder with --output_path", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: Box<RecordError>,
    },
    /// A table of the paper that is bundled and cannot be read.
    #[error("the bundled table {number} of the paper: {problem}")]
    Paper {
        /// Its number.
        number: u8,
        /// What is wrong.
        problem: String,
    },
}
