//! `status`: how far the runs of a folder are, and who does what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use record::{Transcripts, VariantRecord, VariantSource, run_path};
use serde::Serialize;

use crate::Error;
use crate::run::Run;
use crate::sharing::{Board, State};
use crate::verb::worker::runs;

/// How far the runs of a folder are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Each run.
    pub runs: Vec<RunStatus>,
    /// Samples that have ended, of all.
    pub done: usize,
    /// All samples of all variants.
    pub total: usize,
    /// Samples that the workers of now bring to their end in a second; absent where none has yet.
    pub samples_per_second: Option<f64>,
    /// Seconds that the rest takes at that speed.
    pub seconds_left: Option<f64>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunStatus {
    /// Its folder.
    pub run: PathBuf,
    /// Each variant and task.
    pub tasks: Vec<TaskStatus>,
    /// Whether there is a report.
    pub reported: bool,
    /// Who is at work.
    pub workers: Vec<WorkerStatus>,
}

/// How far a variant is on a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskStatus {
    /// The variant.
    pub variant: String,
    /// Whether it can be asked: it is not to be compressed first.
    pub ready: bool,
    /// The task.
    pub task: String,
    /// Samples that have ended.
    pub done: usize,
    /// Of those, the failed ones.
    pub failed: usize,
    /// All samples.
    pub total: usize,
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// What is done: `generate.dense.worfbench.00003`.
    pub unit: String,
    /// The host.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Seconds since its last sign of life.
    pub silent_s: f64,
    /// Seconds without one after which others take over.
    pub timeout_s: u64,
    /// Whether it counts as gone.
    pub gone: bool,
    /// Samples of the unit that are over.
    pub done: usize,
    /// All samples of the unit.
    pub total: usize,
    /// Samples that it brought to their end in a second.
    pub samples_per_second: Option<f64>,
}

/// What was counted before, so that only files that grew are read again.
#[derive(Debug, Default)]
pub struct Counted(BTreeMap<Vec<PathBuf>, (u64, usize, usize)>);

/// Looks at the run of a folder, or at the runs in it.
///
/// # Errors
/// A folder that has none, or files that are broken.
pub fn status(folder: &Path, counted: &mut Counted) -> Result<Status, Error> {
    let runs = runs(folder)?.iter().map(|run| of_run(run, counted)).collect::<Result<Vec<_>, _>>()?;
    let tasks = || runs.iter().flat_map(|run| &run.tasks);
    let (done, total) = (tasks().map(|task| task.done).sum(), tasks().map(|task| task.total).sum());
    let workers = runs.iter().flat_map(|run| &run.workers).filter(|worker| !worker.gone);
    let speed: f64 = workers.filter_map(|worker| worker.samples_per_second).sum();
    let samples_per_second = (speed > 0.0).then_some(speed);
    let seconds_left = samples_per_second.map(|speed| (total - done) as f64 / speed);
    Ok(Status { runs, done, total, samples_per_second, seconds_left })
}

fn of_run(run: &Run, counted: &mut Counted) -> Result<RunStatus, Error> {
    let mut tasks = Vec::new();
    for variant in &run.record.variants {
        for task in &run.record.tasks {
            let files = run_path::transcript_files(&run.root, &variant.name, &task.task);
            let (done, failed) = counted.ended(files)?;
            let (variant, ready) = (variant.name.clone(), is_ready(run, variant));
            tasks.push(TaskStatus {
                variant,
                ready,
                task: task.task.clone(),
                done: done.min(task.samples),
                failed,
                total: task.samples,
            });
        }
    }
    let reported = run_path::report(&run.root).join("index.html").is_file();
    Ok(RunStatus { run: run.root.clone(), tasks, reported, workers: workers(run)? })
}

/// Whether a variant's weights are there.
fn is_ready(run: &Run, variant: &VariantRecord) -> bool {
    let compressed = matches!(variant.source, VariantSource::Compressed { .. });
    !compressed || run_path::checkpoint(&run.root, &variant.name).join("compress.json").is_file()
}

fn workers(run: &Run) -> Result<Vec<WorkerStatus>, Error> {
    let Some(board) = Board::open(run)? else { return Ok(Vec::new()) };
    // Whoever only looks may have no right to write, and then trusts his own clock.
    let now = board.leases.now().unwrap_or_else(|_| SystemTime::now());
    let standings = board.standings()?;
    let mut all = Vec::new();
    for (unit, _) in &board.units {
        let standing = standings.of(unit);
        if standing.state != State::Held {
            continue;
        }
        if let Some(seen) = board.leases.holder(unit, standing.generation, now)? {
            let (gone, silent) = (!seen.is_alive(), seen.silent.as_secs_f64());
            let holder = seen.holder;
            let done = holder.done.saturating_sub(holder.before);
            all.push(WorkerStatus {
                unit: unit.clone(),
                silent_s: (silent * 10.0).round() / 10.0,
                timeout_s: holder.timeout_s,
                gone,
                samples_per_second: (done > 0).then(|| done as f64 / holder.seconds.max(1) as f64),
                done: holder.done,
                total: holder.total,
                host: holder.host,
                pid: holder.pid,
            });
        }
    }
    Ok(all)
}

impl Counted {
    /// How many samples have ended in some files, and how many failed.
    fn ended(&mut self, files: Vec<PathBuf>) -> Result<(usize, usize), Error> {
        let bytes = files.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len()).sum();
        if let Some((known, ended, failed)) = self.0.get(&files)
            && *known == bytes
        {
            return Ok((*ended, *failed));
        }
        let said = Transcripts::open(&files)?;
        self.0.insert(files, (bytes, said.ended(), said.failed()));
        Ok((said.ended(), said.failed()))
    }
}
