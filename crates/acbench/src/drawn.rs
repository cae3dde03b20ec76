//! What a task asks, as it was drawn: the lines of its file, a quarter of what samples take in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{Asset, Assets, RecordError, Sample, TaskSource, run_path};

use crate::run::file_digest;
use crate::similarity::is_chinese;

/// The samples of a task as `tasks/<task>.jsonl` will hold them, and what they share.
#[derive(Default)]
pub(crate) struct DrawnLines {
    lines: Vec<u8>,
    /// How many there are.
    pub count: usize,
    /// How many of them are Chinese.
    pub chinese: usize,
    /// Whether some may call tools.
    pub tools: bool,
    /// What they share, and perhaps more.
    pub assets: Assets,
    /// Those of them that samples name, by digest.
    named: BTreeMap<String, Asset>,
}

impl DrawnLines {
    /// None yet, of those that share these.
    pub fn with(assets: Assets) -> Self {
        Self { assets, ..Self::default() }
    }

    /// Adds a sample.
    ///
    /// # Errors
    /// One that cannot be written as JSON.
    pub fn push(&mut self, sample: &Sample) -> Result<(), RecordError> {
        self.count += 1;
        self.chinese += usize::from(is_chinese(sample));
        self.tools |= !sample.tools.is_empty();
        for asset in &sample.assets {
            self.named.entry(asset.digest.clone()).or_insert_with(|| asset.clone());
        }
        serde_json::to_writer(&mut self.lines, sample).map_err(|source| broken(self.count, source))?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// The samples again, one at a time.
    pub fn samples(&self) -> impl Iterator<Item = Result<Sample, RecordError>> {
        let lines = self.lines.split_inclusive(|&byte| byte == b'\n').enumerate();
        lines.map(|(at, line)| serde_json::from_slice(line).map_err(|source| broken(at + 1, source)))
    }

    /// SHA-256 of the file that they will be.
    pub fn digest(&self) -> String {
        record::digest(&self.lines)
    }

    /// Writes what is not there yet.
    ///
    /// # Errors
    /// A full disk.
    pub fn write(&self, root: &Path, task: &TaskSource) -> Result<(), RecordError> {
        self.assets.write(&run_path::assets(root, &task.task), self.named.values())?;
        let path = run_path::samples(root, &task.task);
        if file_digest(&path).ok().as_deref() == Some(&task.digest) {
            return Ok(());
        }
        record::write_atomic(&path, &self.lines)
    }
}

fn broken(line: usize, source: serde_json::Error) -> RecordError {
    RecordError::Parse { path: PathBuf::from("samples"), line, source }
}
