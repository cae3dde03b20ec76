//! `submit`: what a scheduler needs to run the workers of a folder.

use std::path::PathBuf;

use crate::Error;
use crate::executor::{kubernetes, slurm};
use crate::sharing::{Board, Unit};
use crate::verb::worker::runs;
use crate::verb::write_text;

/// Who starts the workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executor {
    /// Slurm, with flags for `sbatch`.
    Slurm {
        /// `--partition=gpu`
        flags: Vec<String>,
    },
    /// Kubernetes, with an image that has `acbench` and a volume that all pods share.
    Kubernetes {
        /// The image.
        image: String,
        /// The claim of the volume.
        claim: String,
        /// Where it is mounted.
        mount: PathBuf,
    },
}

/// Workers that are wanted.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The folder of the runs, absolute.
    pub folder: PathBuf,
    /// The program that the workers run.
    pub program: PathBuf,
    /// How many of them.
    pub workers: usize,
    /// Further flags of each.
    pub flags: Vec<String>,
    /// Samples in a shard.
    pub shard_size: usize,
}

/// Writes the files that a scheduler needs into `submit/` of the folder, and the units of work of its runs; the first file is
/// the one to hand over.
///
/// # Errors
/// A folder without runs, or one that cannot be written.
pub fn submit(wanted: &Submission, executor: &Executor) -> Result<Vec<PathBuf>, Error> {
    // How large shards are is settled here, before the first worker.
    let boards = runs(&wanted.folder)?.into_iter().map(|run| Board::begin(run, wanted.shard_size));
    let boards = boards.collect::<Result<Vec<_>, _>>()?;
    let in_place = |unit: &Unit| matches!(unit, Unit::Ready(_) | Unit::Calibrate);
    let compressions = boards.iter().flat_map(|board| &board.units).filter(|(_, unit)| in_place(unit)).count();
    let folder = wanted.folder.join("submit");
    let files = match executor {
        Executor::Slurm { flags } => {
            let worker = folder.join("worker.sh");
            let submit = slurm::submit(&worker, wanted.workers, compressions.min(wanted.workers), flags);
            vec![(folder.join("submit.sh"), submit), (worker, slurm::worker(wanted))]
        }
        Executor::Kubernetes { image, claim, mount } => {
            vec![(folder.join("job.yaml"), kubernetes::job(wanted, (image, claim), mount))]
        }
    };
    files.into_iter().map(|(path, text)| write_text(&path, &text).map(|()| path)).collect()
}
