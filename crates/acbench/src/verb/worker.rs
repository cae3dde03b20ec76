//! `worker`: takes units of work of the runs in a folder that others work on, too, until all are done.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use generate::{Backend, GenerateError, Job, Leave, Progress, Samples};
use record::{RecordError, Sample, SampleFile, Transcripts, VariantSource, run_path};

use crate::Error;
use crate::event::{Event, Watch};
use crate::run::{Run, locked};
use crate::sharing::{Board, Holder, Kept, Lease, Next, Picker, Stage, Stop, Unit};
use crate::verb::compress::write_own_text;
use crate::verb::generate::{ask_samples, look_at, speed, with_backend, with_servers};
use crate::verb::{Finished, GenerateOptions, TerminalOptions, compress_variant, evaluate::finish};

/// How often nobody may be seen at work while units wait for others, before that is an error. Between two units a worker holds
/// nothing.
const ALONE: usize = 3;

/// How a worker works.
#[derive(Clone)]
pub struct WorkerOptions {
    /// How fast replies come.
    pub how: GenerateOptions,
    /// What it does.
    pub stages: Vec<Stage>,
    /// How long it may be silent before others take its work over.
    pub timeout: Duration,
    /// Samples in a shard, where this worker is the first of a run.
    pub shard_size: usize,
    /// What ends it.
    pub stop: Stop,
    /// How tables are shown.
    pub shown: TerminalOptions,
}

/// What a worker did.
#[derive(Debug, Default)]
pub struct Worked {
    /// Units of work that it did.
    pub units: usize,
    /// Whether it was told to end before all was done.
    pub stopped: bool,
    /// What could not be done, and why.
    pub failures: Vec<(String, Error)>,
    /// The runs that it finished.
    pub finished: Vec<(PathBuf, Finished)>,
}

/// The runs of a folder: itself, or the folders in it, by name.
///
/// # Errors
/// A folder that cannot be read, or has none.
pub fn runs(folder: &Path) -> Result<Vec<Run>, Error> {
    if run_path::run(folder).is_file() {
        return Ok(vec![Run::open(folder)?]);
    }
    let entries = std::fs::read_dir(folder).map_err(|source| record::RecordError::io("read", folder, source))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.retain(|folder| run_path::run(folder).is_file());
    if folders.is_empty() {
        return Err(Error::NoRuns { root: folder.to_owned() });
    }
    folders.iter().map(|folder| Run::open(folder)).collect()
}

/// Works on the runs of a folder until all their units are done, by itself or by others; what others hold and leave silent
/// for too long is taken over.
///
/// # Errors
/// A folder that cannot be read or written. What goes wrong in single units is in [`Worked::failures`].
pub fn work(folder: &Path, options: &WorkerOptions, watch: &mut Watch<'_>) -> Result<Worked, Error> {
    let boards = runs(folder)?.into_iter().map(|run| Board::begin(run, options.shard_size));
    let boards = boards.collect::<Result<Vec<_>, _>>()?;
    let picker = Picker::new(&boards, &options.stages, options.timeout);
    let mut worker = Worker { options, picker, worked: Worked::default() };
    let beat = Holder::me(options.timeout).beat();
    let mut alone = 0;
    loop {
        if options.stop.is_asked() {
            worker.worked.stopped = true;
            break;
        }
        match worker.picker.next()? {
            Next::Take(board, unit, lease) => {
                alone = 0;
                worker.begin(board, unit, lease, watch);
            }
            Next::Wait => {
                alone = 0;
                options.stop.sleep(beat);
            }
            Next::Stuck(_) if alone < ALONE => {
                alone += 1;
                options.stop.sleep(beat);
            }
            Next::Stuck(error) => {
                // What failed here says why.
                if worker.worked.failures.is_empty() {
                    worker.worked.failures.push((folder.display().to_string(), error));
                }
                break;
            }
            Next::Done => break,
        }
    }
    Ok(worker.worked)
}

struct Worker<'a> {
    options: &'a WorkerOptions,
    picker: Picker<'a>,
    worked: Worked,
}

impl<'a> Worker<'a> {
    /// Does a unit, and further ones of the same variant; a unit that fails is given up here.
    fn begin(&mut self, board: &'a Board, unit: Unit, lease: Lease, watch: &mut Watch<'_>) {
        let done = match board.run.share() {
            Err(busy) => {
                lease.give_back();
                Err(busy)
            }
            Ok(_shared) => match unit {
                Unit::Generate { .. } => self.ask(board, (unit, lease), watch),
                Unit::Calibrate | Unit::Ready(_) | Unit::Score => self.in_place(board, unit, lease, watch),
            },
        };
        if let Err(error) = done {
            let what = format!("{}: {}", board.run.root.display(), unit.name(&board.run));
            watch(Event::Warning(format!("{what}: {error}")));
            self.picker.give_up(board, unit);
            self.worked.failures.push((what, error));
        }
    }

    /// Does a unit that writes files which others would write, too. Beside the lease a lock keeps a holder away that was
    /// stopped, lost his lease and wakes up.
    fn in_place(&mut self, board: &Board, unit: Unit, lease: Lease, watch: &mut Watch<'_>) -> Result<(), Error> {
        let name = unit.name(&board.run);
        let kept = self.keep(lease, true);
        let Some(_alone) = locked(&board.leases.file(&format!("{name}.lock")), true)? else {
            watch(Event::Note(format!("{name}: a worker that lost its lease is still about; waiting for it")));
            kept.lease.give_back();
            self.options.stop.sleep(self.options.timeout);
            return Ok(());
        };
        let done = self.do_in_place(&board.run, unit, watch);
        match done {
            Ok(()) if kept.lease.finish() => self.worked.units += 1,
            Ok(()) => {}
            Err(_) => kept.lease.give_back(),
        }
        done
    }

    fn do_in_place(&mut self, run: &Run, unit: Unit, watch: &mut Watch<'_>) -> Result<(), Error> {
        match unit {
            Unit::Calibrate => write_own_text(run, watch),
            Unit::Ready(at) => {
                let variant = &run.record.variants[at];
                match variant.source {
                    VariantSource::Endpoint { .. } => {
                        with_servers(run, variant, &self.options.how, watch, &mut |_, _| Ok(()))
                    }
                    _ => compress_variant(run, variant, watch).and_then(|()| look_at(run, variant)),
                }
            }
            Unit::Score => {
                let mut run = run.clone();
                let finished = finish(&mut run, self.options.shown, watch)?;
                self.worked.finished.push((run.root, finished));
                Ok(())
            }
            Unit::Generate { .. } => Ok(()),
        }
    }

    fn keep(&self, lease: Lease, in_place: bool) -> Kept {
        Kept::begin(lease, Holder::me(self.options.timeout).beat(), &self.options.stop, in_place)
    }
}

/// The samples of a task, read once for as long as its shards are asked.
type Known = Option<(usize, SampleFile)>;

/// Some neighbors of a task's samples.
struct Shard<'a> {
    all: &'a SampleFile,
    range: Range<usize>,
}

impl<'a> Shard<'a> {
    /// Those that there are of a range.
    fn of(all: &'a SampleFile, range: Range<usize>) -> Self {
        Self { all, range: range.start.min(all.count())..range.end.min(all.count()) }
    }
}

impl Samples for Shard<'_> {
    fn count(&self) -> usize {
        self.range.len()
    }

    fn id(&self, at: usize) -> &str {
        self.all.id(self.range.start + at)
    }

    fn sample(&self, at: usize) -> Result<Sample, RecordError> {
        self.all.sample(self.range.start + at)
    }
}

impl<'a> Worker<'a> {
    /// Asks a variant the samples of a shard, and then of further ones as long as there are some.
    fn ask(&mut self, board: &'a Board, first: (Unit, Lease), watch: &mut Watch<'_>) -> Result<(), Error> {
        let (unit, lease) = first;
        let mut known = None;
        let mut next = Some((unit, self.keep(lease, false)));
        // A variant with nothing left to ask is not even loaded.
        while let Some((unit, kept)) = next.take_if(|(unit, kept)| is_over(board, *unit, kept).unwrap_or(false)) {
            self.worked.units += usize::from(kept.lease.finish());
            next = self.another(board, unit)?;
        }
        let Some(Unit::Generate { variant, .. }) = next.as_ref().map(|(unit, _)| *unit) else { return Ok(()) };
        let how = &self.options.how;
        let done = with_backend(&board.run, &board.run.record.variants[variant], how, watch, &mut |backend, watch| {
            while let Some((unit, kept)) = &next {
                self.shard(board, *unit, kept, &mut known, backend, watch)?;
                let unit = *unit;
                drop(next.take());
                if self.options.stop.is_asked() {
                    break;
                }
                next = self.another(board, unit)?;
            }
            Ok(())
        });
        // What could not be asked.
        next.iter().for_each(|(_, kept)| kept.lease.give_back());
        done
    }

    /// Another shard of the same variant.
    fn another(&mut self, board: &'a Board, unit: Unit) -> Result<Option<(Unit, Kept)>, Error> {
        Ok(match self.picker.next_of(board, Some(unit))? {
            Next::Take(_, unit, lease) => Some((unit, self.keep(lease, false))),
            Next::Wait | Next::Stuck(_) | Next::Done => None,
        })
    }

    /// Asks what is missing of a shard.
    fn shard(
        &mut self,
        board: &Board,
        unit: Unit,
        kept: &Kept,
        known: &mut Known,
        backend: &mut dyn Backend,
        watch: &mut Watch<'_>,
    ) -> Result<(), Error> {
        let Unit::Generate { variant, task, shard } = unit else { return Ok(()) };
        let (run, lease) = (&board.run, &kept.lease);
        let (name, source) = (&run.record.variants[variant].name, &run.record.tasks[task]);
        let what = format!("{name}: {}, shard {} of {}", source.task, shard + 1, board.shards(task));
        watch(Event::Begin(what.clone()));
        if known.as_ref().is_none_or(|(of, _)| *of != task) {
            *known = Some((task, run.sample_file(source)?));
        }
        let Some((_, all)) = known else { return Ok(()) };
        let transcript = run_path::shard(&run.root, name, &source.task, (shard, lease.generation));
        let job = Job {
            samples: &Shard::of(all, board.shard(task, shard)),
            transcript: &transcript,
            earlier: &board.earlier(name, source, shard, &transcript),
            batch_size: self.options.how.batch_size,
            seed: run.record.seed,
            leave: &|| kept.leave(),
        };
        let (began, mut before) = (Instant::now(), None);
        let asked = ask_samples(run, source, &job, backend, &mut |at: Progress| {
            let before = *before.get_or_insert(at.done);
            let seconds = began.elapsed().as_secs();
            lease.progress(|holder| {
                (holder.before, holder.done, holder.total, holder.seconds) = (before, at.done, at.total, seconds)
            });
            watch(Event::Progress { done: at.done, total: at.total, detail: speed(at, began) });
        });
        match asked {
            Ok(end) if end.done == end.total => {
                watch(Event::End(format!("{what}: {} samples, {}", end.total, speed(end, began))));
                self.worked.units += usize::from(lease.finish());
                Ok(())
            }
            Ok(_) => {
                lease.give_back();
                Ok(())
            }
            Err(Error::Generate(GenerateError::Left)) => {
                watch(Event::Warning(format!("{what}: another worker has taken it over; nothing more is written")));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether all samples of a shard are over.
fn is_over(board: &Board, unit: Unit, kept: &Kept) -> Result<bool, Error> {
    let Unit::Generate { variant, task, shard } = unit else { return Ok(false) };
    let (name, source) = (&board.run.record.variants[variant].name, &board.run.record.tasks[task]);
    let files = board.earlier(name, source, shard, Path::new(""));
    if files.is_empty() || kept.leave() != Leave::Never {
        return Ok(false);
    }
    let said = Transcripts::open(&files)?;
    let samples = board.run.sample_file(source)?;
    let shard = Shard::of(&samples, board.shard(task, shard));
    Ok((0..shard.count()).all(|at| said.state(shard.id(at)).is_over()))
}
