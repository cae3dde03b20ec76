//! What can be wrong with a task's data.

use std::io;
use std::path::PathBuf;

use record::{AssetError, Sample};

use crate::Files;

/// A task whose samples cannot be made, opened or judged.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The official files are not in the folder.
    #[error("{task}: {} is not there; {}", path.display(), listed(files))]
    Missing {
        /// The task.
        task: &'static str,
        /// The file that was looked for.
        path: PathBuf,
        /// The benchmark's files: where they come from, under which license, and what to do.
        files: &'static [Files],
    },
    /// An official file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An official file is not in the benchmark's format.
    #[error("{} {place}: {problem}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// Where in it: `row 17`, `line 3`.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A sample of a run folder that this task cannot use.
    #[error("sample {sample} of {task} is unusable: {problem}")]
    Sample {
        /// The task.
        task: String,
        /// The sample.
        sample: String,
        /// What is wrong.
        problem: String,
    },
    /// A sample of a run folder that cannot be given what it shares with others.
    #[error("sample {sample} of {task} cannot be opened: {source}")]
    Asset {
        /// The task.
        task: String,
        /// The sample.
        sample: String,
        /// Which asset, where it lies and what is wrong.
        source: Box<AssetError>,
    },
}

impl TaskError {
    /// A sample that its task cannot use.
    pub(crate) fn unusable(sample: &Sample, problem: impl Into<String>) -> Self {
        Self::Sample { task: sample.task.clone(), sample: sample.id.clone(), problem: problem.into() }
    }

    /// A sample that lacks an asset.
    pub(crate) fn without(sample: &Sample, source: AssetError) -> Self {
        Self::Asset { task: sample.task.clone(), sample: sample.id.clone(), source: source.into() }
    }
}

fn listed(files: &[Files]) -> String {
    files.iter().map(Files::to_string).collect::<Vec<_>>().join("; ")
}
