//! The units of work of a run, as several workers share them, and what each has to wait for.
//!
//! calibrate (a text that the model writes itself) -> ready (a variant is compressed, or looked at) -> generate (a slice of a
//! task's samples) -> score (everything, the report too).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{TaskSource, TextOrigin, VariantRecord, VariantSource, run_path};
use serde::{Deserialize, Serialize};

use super::lease::{Holder, Leases, Seen, Standing, State};
use crate::Error;
use crate::run::Run;

/// The file of what all workers of a run must agree on.
const AGREED: &str = "agreed.json";

/// What a worker does of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Makes variants ready: compresses them, or looks at what was made elsewhere.
    Compress,
    /// Asks them.
    Generate,
    /// Judges, analyzes and reports once all is said.
    Score,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Compress, Self::Generate, Self::Score];

    /// `compress`, `generate`, `score`
    pub fn name(self) -> &'static str {
        match self {
            Self::Compress => "compress",
            Self::Generate => "generate",
            Self::Score => "score",
        }
    }
}

/// A piece of work that one worker does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// The text that the model writes to be calibrated on.
    Calibrate,
    /// Compressing a variant; or weighing one that was made elsewhere, or asking a served one who it is.
    Ready(usize),
    /// A slice of a task's samples for a variant.
    Generate { variant: usize, task: usize, shard: usize },
    /// Scores, analysis and report.
    Score,
}

/// What all workers of a run agree on, since whoever was first wrote it down.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Agreed {
    /// Samples in a shard.
    shard_size: usize,
}

/// A run with its units of work.
pub(crate) struct Board {
    pub run: Run,
    pub leases: Leases,
    pub units: Vec<(String, Unit)>,
    pub shard_size: usize,
}

/// How the units of a run stand.
pub(crate) struct Standings(BTreeMap<String, Standing>);

impl Board {
    /// Writes the units of a run down, or reads them where that was done.
    ///
    /// # Errors
    /// A folder that cannot be written, files of leases that are broken.
    pub fn begin(run: Run, shard_size: usize) -> Result<Self, Error> {
        let folder = run_path::leases(&run.root);
        let names: Vec<String> = units(&run, shard_size).into_iter().map(|unit| unit.name(&run)).collect();
        let agreed = serde_json::json!({ "shard_size": shard_size }).to_string();
        Self::of(run, Leases::begin(&folder, &names, (AGREED, agreed.as_bytes()))?)
    }

    /// The units of a run that workers share; `None` where none do.
    ///
    /// # Errors
    /// Files of leases that are broken.
    pub fn open(run: &Run) -> Result<Option<Self>, Error> {
        Leases::open(&run_path::leases(&run.root)).map(|leases| Self::of(run.clone(), leases)).transpose()
    }

    fn of(run: Run, leases: Leases) -> Result<Self, Error> {
        let Agreed { shard_size } = record::read_json(&leases.file(AGREED))?;
        let units = units(&run, shard_size.max(1));
        let units = units.into_iter().map(|unit| (unit.name(&run), unit)).collect();
        Ok(Self { run, leases, units, shard_size: shard_size.max(1) })
    }

    /// How the units stand now.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn standings(&self) -> Result<Standings, Error> {
        Ok(Standings(self.leases.list()?))
    }

    /// The units whose turn it is: those that are not done, and all that they need is.
    pub fn due(&self, now: &Standings) -> Vec<(&str, Unit, Standing)> {
        let left: Vec<_> = self.units.iter().filter(|(name, _)| !now.is_done(name)).collect();
        let calibrates = left.iter().any(|(_, unit)| *unit == Unit::Calibrate);
        let unready: Vec<usize> = left.iter().filter_map(|(_, unit)| unit.readies()).collect();
        let due = |unit: Unit| match unit {
            Unit::Calibrate => true,
            Unit::Ready(variant) => !calibrates || own_text(&self.run.record.variants[variant]).is_none(),
            Unit::Generate { variant, .. } => !unready.contains(&variant),
            Unit::Score => left.len() == 1,
        };
        let due = left.iter().filter(|(_, unit)| due(*unit));
        due.map(|(name, unit)| (name.as_str(), *unit, now.of(name))).collect()
    }

    /// The samples of a shard, by their places.
    pub fn shard(&self, task: usize, shard: usize) -> std::ops::Range<usize> {
        let samples = self.run.record.tasks[task].samples;
        (shard * self.shard_size).min(samples)..((shard + 1) * self.shard_size).min(samples)
    }

    /// How many shards a task has.
    pub fn shards(&self, task: usize) -> usize {
        self.run.record.tasks[task].samples.div_ceil(self.shard_size)
    }

    /// The transcript files that may hold samples of a shard, but for one's own: those of earlier holders, and those that
    /// nobody wrote under a lease.
    pub fn earlier(&self, variant: &str, task: &TaskSource, shard: usize, own: &Path) -> Vec<PathBuf> {
        let mut files = run_path::transcript_files(&self.run.root, variant, &task.task);
        files.retain(|path| path != own && shard_of(path).is_none_or(|of| of == shard));
        files
    }
}

impl Standings {
    /// How a unit stands; one whose file is just being renamed is held.
    pub fn of(&self, name: &str) -> Standing {
        self.0.get(name).copied().unwrap_or(Standing { state: State::Held, generation: 0 })
    }

    /// Whether a unit is done.
    pub fn is_done(&self, name: &str) -> bool {
        self.of(name).state == State::Done
    }
}

/// A worker of a run that gave a sign of life lately, in words.
///
/// # Errors
/// Files of leases that cannot be read.
pub(crate) fn worker_of(run: &Run) -> Result<Option<String>, Error> {
    let Some(leases) = Leases::open(&run_path::leases(&run.root)) else { return Ok(None) };
    let mut held = leases.list()?;
    held.retain(|_, standing| standing.state == State::Held);
    if held.is_empty() {
        return Ok(None);
    }
    let now = leases.now()?;
    for (unit, Standing { generation, .. }) in held {
        if let Some(seen) = leases.holder(&unit, generation, now)?.filter(Seen::is_alive) {
            let Holder { host, pid, timeout_s, .. } = seen.holder;
            let silent = seen.silent.as_secs();
            return Ok(Some(format!(
                "the worker {pid} of {host} (last sign of life {silent} s ago, gone after {timeout_s} s)"
            )));
        }
    }
    Ok(None)
}

/// The shard that a file is of, if it was written under a lease: `00003-001.jsonl`.
fn shard_of(path: &Path) -> Option<usize> {
    let (shard, generation) = path.file_stem()?.to_str()?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number(generation).and(number(shard))
}

/// How many tokens a variant wants of text that the model writes itself, at most; `None` where it wants none.
pub(crate) fn own_text(variant: &VariantRecord) -> Option<usize> {
    match &variant.source {
        VariantSource::Compressed { calibration: Some(TextOrigin::Own { tokens }), .. } => Some(*tokens),
        _ => None,
    }
}

/// The units of a run, in the order in which they can be done.
fn units(run: &Run, shard_size: usize) -> Vec<Unit> {
    let variants = &run.record.variants;
    let calibrate = variants.iter().any(|variant| own_text(variant).is_some()).then_some(Unit::Calibrate);
    let ready = variants.iter().enumerate().filter(|(_, variant)| match variant.source {
        VariantSource::Compressed { .. } | VariantSource::Checkpoint { .. } | VariantSource::Endpoint { .. } => true,
        VariantSource::Dense | VariantSource::Scripted { .. } => false,
    });
    let mut all: Vec<Unit> = calibrate.into_iter().chain(ready.map(|(variant, _)| Unit::Ready(variant))).collect();
    for variant in 0..variants.len() {
        for (task, source) in run.record.tasks.iter().enumerate() {
            let shards = 0..source.samples.div_ceil(shard_size);
            all.extend(shards.map(|shard| Unit::Generate { variant, task, shard }));
        }
    }
    all.push(Unit::Score);
    all
}

impl Unit {
    /// Its name among the leases.
    pub fn name(self, run: &Run) -> String {
        let variant = |at: usize| &run.record.variants[at].name;
        match self {
            Self::Calibrate => "calibrate".to_owned(),
            Self::Ready(at) => format!("compress.{}", variant(at)),
            Self::Generate { variant: at, task, shard } => {
                format!("generate.{}.{}.{shard:05}", variant(at), run.record.tasks[task].task)
            }
            Self::Score => "score".to_owned(),
        }
    }

    /// The stage that it is of.
    pub fn stage(self) -> Stage {
        match self {
            Self::Calibrate | Self::Ready(_) => Stage::Compress,
            Self::Generate { .. } => Stage::Generate,
            Self::Score => Stage::Score,
        }
    }

    /// The variant that it asks.
    pub fn asks(self) -> Option<usize> {
        match self {
            Self::Generate { variant, .. } => Some(variant),
            Self::Calibrate | Self::Ready(_) | Self::Score => None,
        }
    }

    /// The variant that it makes ready.
    fn readies(self) -> Option<usize> {
        match self {
            Self::Ready(variant) => Some(variant),
            Self::Calibrate | Self::Generate { .. } | Self::Score => None,
        }
    }
}
