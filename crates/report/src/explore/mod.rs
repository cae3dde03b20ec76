//! `report/explore/`: every sample and all that was said, for the script of the page to look into.
//!
//! A page that is opened from a disk may not read files, but it may load scripts: each file is one call,
//! `acb.chunk(STAMP, NAME, DATA);`. Files are named by the places of tasks and variants in the run, never by their names.
//!
//! | file | data |
//! |---|---|
//! | `run.js` | the variants, the tasks, and which variant has scores of which task |
//! | `t0/items-0.js` | ids and tags of the first task's samples, 20,000 a file |
//! | `t0/v1-0.js` | values and outcomes of the second variant on them, in the same order |
//! | `t0/asked-0.js` | what opened each conversation, about 400 kB a file |
//! | `t0/v1-said-0.js` | what was said then, turn by turn, and why it has its score |
//! | `t0/read.js` | how far variants part from the dense model at each token of its replies, where they were probed |
//!
//! Scores and transcripts are pushed one at a time; memory holds the ids of one task, a line a sample of one variant, and
//! one row.

mod chunk;
mod items;
mod reading;
mod said;
mod variant;

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::{fs, io};

use record::{Analysis, DENSE, Message, RecordError, RunRecord};
use serde::Serialize;

use crate::ReportError;
use crate::tally::Tallies;
use chunk::{Rows, write_chunk};
use items::Items;
use said::Said;

pub use reading::Reading;
pub use variant::VariantWriter;

/// Samples in one file of ids, or of values.
const ITEMS: usize = 20_000;

/// Writes the folder `explore/` of a report.
pub struct Explorer {
    /// Where it is written until it is whole.
    folder: PathBuf,
    place: PathBuf,
    stamp: String,
    run: RunRecord,
    /// Which variants have scores of each task, by their places.
    measured: Vec<Vec<usize>>,
    tallies: Tallies,
    /// Tasks of which replies were probed.
    read: Vec<String>,
}

/// What was found on the way.
#[derive(Debug, Clone, Default)]
pub struct Explored {
    /// What each file begins with, so that files of two reports are not mixed up.
    pub stamp: String,
    /// Counts of every variant and task.
    pub tallies: Tallies,
}

/// A sample on which a compressed variant lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Lost {
    /// The sample's id.
    pub sample: String,
    /// What the dense model scored, and why.
    pub dense: (f64, String),
    /// What the compressed one scored, and why.
    pub compressed: (f64, String),
}

/// What `run.js` holds.
#[derive(Serialize)]
struct Contents<'a> {
    variants: Vec<&'a str>,
    tasks: Vec<TaskContents<'a>>,
}

#[derive(Serialize)]
struct TaskContents<'a> {
    name: &'a str,
    capability: &'a str,
    measured: &'a [usize],
    /// Whether replies of it were probed.
    read: bool,
}

impl Explorer {
    /// Begins the folder beside its place in a report's folder.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn begin(report: &Path, run: &RunRecord, analysis: &Analysis) -> Result<Self, ReportError> {
        let (folder, place) = (report.join("explore.part"), report.join("explore"));
        let made = remove(&folder).and_then(|()| fs::create_dir_all(&folder));
        made.map_err(|source| unwritten(&folder, source))?;
        let told = serde_json::to_vec(&(run, analysis)).unwrap_or_default();
        let stamp = record::digest(&told)[..12].to_owned();
        Ok(Self {
            folder,
            place,
            stamp,
            run: run.clone(),
            measured: Vec::new(),
            tallies: Tallies::new(),
            read: Vec::new(),
        })
    }

    /// The next task of the run, in the run's order.
    pub fn task(&mut self) -> TaskWriter<'_> {
        let task = self.measured.len();
        self.measured.push(Vec::new());
        let folder = self.folder.join(format!("t{task}"));
        let asked = Rows::new(&folder, &self.stamp, format!("t{task}/asked"));
        TaskWriter { explorer: self, task, items: Items::default(), asked, hasher: RandomState::new() }
    }

    /// Puts the whole folder in its place.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(self) -> Result<Explored, ReportError> {
        let tasks = self.run.tasks.iter().zip(&self.measured).map(|(task, measured)| TaskContents {
            name: &task.task,
            capability: task.capability.as_str(),
            measured,
            read: self.read.contains(&task.task),
        });
        let variants = self.run.variants.iter().map(|variant| variant.name.as_str()).collect();
        let contents = Contents { variants, tasks: tasks.collect() };
        write_chunk(&self.folder.join("run.js"), &self.stamp, "run", &contents)?;
        let put = remove(&self.place).and_then(|()| fs::rename(&self.folder, &self.place));
        put.map_err(|source| unwritten(&self.place, source))?;
        Ok(Explored { stamp: self.stamp, tallies: self.tallies })
    }
}

/// Removes a folder with all that is in it, if it is there.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn unwritten(path: &Path, source: io::Error) -> ReportError {
    ReportError::Write { path: path.to_owned(), source: Box::new(RecordError::io("write", path, source)) }
}

/// Writes one task.
pub struct TaskWriter<'e> {
    explorer: &'e mut Explorer,
    task: usize,
    items: Items,
    asked: Rows,
    hasher: RandomState,
}

impl<'e> TaskWriter<'e> {
    /// One variant of the task, by its place in the run. The dense one comes first.
    pub fn variant(&mut self, variant: usize) -> VariantWriter<'_, 'e> {
        self.explorer.measured[self.task].push(variant);
        VariantWriter::new(self, variant)
    }

    /// Whether this is the uncompressed variant.
    fn is_dense(&self, variant: usize) -> bool {
        self.explorer.run.variants.get(variant).is_some_and(|variant| variant.name == DENSE)
    }

    /// Whether these messages open the sample's conversation as the first variant's did; they are written where it is the
    /// first.
    fn opens(&mut self, item: usize, messages: &[Message]) -> Result<bool, ReportError> {
        let hash = said::hash(&mut self.hasher.build_hasher(), messages);
        match self.items.opened[item] {
            Some(known) => Ok(known == hash),
            None => {
                self.items.opened[item] = Some(hash);
                self.asked.push(item, &(item, Said::of(messages)))?;
                Ok(true)
            }
        }
    }

    /// Writes how variants read replies of the dense model, after all variants.
    ///
    /// # Errors
    /// A full disk.
    pub fn readings(&mut self, readings: &[Reading]) -> Result<(), ReportError> {
        let rows = reading::rows(readings, &self.items);
        if rows.is_empty() {
            return Ok(());
        }
        let name = format!("t{}/read", self.task);
        write_chunk(&self.explorer.folder.join(format!("{name}.js")), &self.explorer.stamp, &name, &rows)?;
        self.explorer.read.extend(self.explorer.run.tasks.get(self.task).map(|task| task.task.clone()));
        Ok(())
    }

    /// Writes what the task's samples are.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self) -> Result<(), ReportError> {
        let asked = self.asked.finish(self.items.len())?;
        let (folder, stamp) = (&self.explorer.folder, &self.explorer.stamp);
        for (part, contents) in self.items.parts(&asked).enumerate() {
            let name = format!("t{}/items-{part}", self.task);
            write_chunk(&folder.join(format!("{name}.js")), stamp, &name, &contents)?;
        }
        Ok(())
    }
}
