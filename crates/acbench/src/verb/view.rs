//! `view`: the report of a run in a browser, also of a run that is still going.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ::report::{Progress, Server, progress};
use record::run_path;

use crate::Error;
use crate::run::Run;
use crate::verb::TerminalOptions;

/// How old an analysis must be before a report is made of it here: whoever wrote it may be about to.
const SETTLED: Duration = Duration::from_secs(20);

/// A server of one run's report.
pub struct View {
    server: Server,
    root: PathBuf,
    /// How far each variant is on each task, by their places, and how many bytes of transcripts said so.
    counted: Mutex<HashMap<(usize, usize), (u64, Progress)>>,
}

/// Serves the report of a run on the loopback address; port 0 takes a free one.
///
/// # Errors
/// A folder that holds no run, or a port that cannot be had.
pub fn view(root: &Path, port: u16) -> Result<View, Error> {
    let run = Run::open(root)?;
    let server = Server::bind(&run_path::report(&run.root), port).map_err(|error| Error::Flag {
        flag: "--port",
        value: port.to_string(),
        problem: format!("127.0.0.1 cannot be listened on there ({error}); without the flag a free port is taken"),
    })?;
    Ok(View { server, root: run.root, counted: Mutex::default() })
}

impl View {
    /// Where the page is.
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// Answers until the process ends.
    ///
    /// # Errors
    /// A listener that the system closed.
    pub fn run(&self) -> std::io::Result<()> {
        self.server.run(&|| self.instead())
    }

    /// What is shown in place of the report: how far the run is, where there is none yet. A report that is older than the
    /// analysis is written anew.
    fn instead(&self) -> Option<String> {
        let page = run_path::report(&self.root).join("index.html");
        let (analysis, written) = (changed(&run_path::analysis(&self.root)), changed(&page));
        let run = match Run::open(&self.root) {
            Ok(run) => run,
            // A page that is there is better than none.
            Err(_) if written.is_some() => return None,
            Err(error) => return Some(error.to_string()),
        };
        let stale = analysis.is_some_and(|analysis| {
            written.is_none_or(|written| written < analysis) && analysis.elapsed().is_ok_and(|age| age > SETTLED)
        });
        let problem = stale.then(|| write(&run).err()).flatten().map(|error| error.to_string());
        if changed(&page).is_some() && problem.is_none() {
            return None;
        }
        Some(progress(&run.record, |variant, task| self.progress(&run, variant, task), problem.as_deref()))
    }

    /// How far a variant is on a task; counted anew where its transcripts grew.
    fn progress(&self, run: &Run, variant: usize, task: usize) -> Progress {
        let (name, source) = (&run.record.variants[variant].name, &run.record.tasks[task]);
        let files = run_path::transcript_files(&run.root, name, &source.task);
        let bytes = files.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.get(&(variant, task)) {
            Some((known, progress)) if *known == bytes => *progress,
            _ => {
                let said = run.transcripts(name, source).ok();
                let progress =
                    said.map_or_else(Progress::default, |said| Progress { ended: said.ended(), failed: said.failed() });
                counted.insert((variant, task), (bytes, progress));
                progress
            }
        }
    }
}

/// Writes the report anew, unless another process works in the folder.
fn write(run: &Run) -> Result<(), Error> {
    let _lock = run.lock()?;
    super::report(run, TerminalOptions { width: 100, color: false }).map(drop)
}

/// When a file was written last.
fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_run_is_named() {
        let error = view(Path::new("/none/such"), 0).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("/none/such"), "{error}");
    }
}
