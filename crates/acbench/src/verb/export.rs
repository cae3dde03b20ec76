//! `export`: a run in the files of others.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::export::{self, ExportFormat};
use crate::run::Run;

/// Writes a run's scores as files of another program, under `folder`. Memory does not grow with the number of samples, but
/// for their places in the run's transcripts and in an archive's directory.
///
/// # Errors
/// Scores or analysis that are missing or broken, or a full disk.
pub fn export(run: &Run, format: ExportFormat, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    export::export(run, format, folder)
}
