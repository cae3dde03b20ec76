//! Files of one call each, `acb.chunk(STAMP, NAME, DATA);`, written as they come.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::unwritten;
use crate::ReportError;

/// Bytes after which a file of rows ends; a longer row has a file of its own.
const BYTES: usize = 400_000;

/// Writes one file at once.
pub(super) fn write_chunk(path: &Path, stamp: &str, name: &str, data: &impl Serialize) -> Result<(), ReportError> {
    let write = || -> io::Result<()> {
        let mut file = begin(path, stamp, name)?;
        serde_json::to_writer(&mut file, data)?;
        file.write_all(b");\n")?;
        file.flush()
    };
    write().map_err(|source| unwritten(path, source))
}

/// A file up to its data. Stamp and name are plain letters, digits and signs.
fn begin(path: &Path, stamp: &str, name: &str) -> io::Result<BufWriter<File>> {
    path.parent().map(fs::create_dir_all).transpose()?;
    let mut file = BufWriter::new(File::create(path)?);
    write!(file, "acb.chunk(\"{stamp}\",\"{name}\",")?;
    Ok(file)
}

/// Rows in files `NAME-0.js`, `NAME-1.js`, ..., a list each.
pub(super) struct Rows {
    folder: PathBuf,
    stamp: String,
    /// The task's folder and what the files are: `t0/asked`.
    name: String,
    open: Option<Open>,
    files: usize,
    /// Which file each sample's row is in.
    file_of: Vec<Option<usize>>,
}

/// A file that is being written.
struct Open {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: usize,
}

/// Where the rows of samples are.
pub(super) struct Places {
    /// How many files there are.
    pub files: usize,
    file_of: Vec<Option<usize>>,
}

impl Rows {
    pub fn new(folder: &Path, stamp: &str, name: String) -> Self {
        let (folder, stamp) = (folder.to_owned(), stamp.to_owned());
        Self { folder, stamp, name, open: None, files: 0, file_of: Vec::new() }
    }

    /// Adds the row of a sample.
    pub fn push(&mut self, item: usize, row: &impl Serialize) -> Result<(), ReportError> {
        let text = serde_json::to_vec(row).map_err(|error| unwritten(&self.folder, error.into()))?;
        if self.open.as_ref().is_some_and(|open| open.bytes + text.len() > BYTES) {
            self.close()?;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.next()?,
        };
        let separator: &[u8] = if open.bytes == 0 { b"[\n" } else { b",\n" };
        let written = open.file.write_all(separator).and_then(|()| open.file.write_all(&text));
        written.map_err(|source| unwritten(&open.path, source))?;
        open.bytes += text.len() + separator.len();
        self.open = Some(open);
        if self.file_of.len() <= item {
            self.file_of.resize(item + 1, None);
        }
        self.file_of[item] = Some(self.files - 1);
        Ok(())
    }

    fn next(&mut self) -> Result<Open, ReportError> {
        let file = format!("{}-{}", self.name, self.files);
        let own = file.rsplit('/').next().unwrap_or_default();
        let path = self.folder.join(format!("{own}.js"));
        let begun = begin(&path, &self.stamp, &file).map_err(|source| unwritten(&path, source))?;
        self.files += 1;
        Ok(Open { path, file: begun, bytes: 0 })
    }

    fn close(&mut self) -> Result<(), ReportError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let ended = open.file.write_all(b"\n]);\n").and_then(|()| open.file.flush());
        ended.map_err(|source| unwritten(&open.path, source))
    }

    /// Ends the last file; `items` samples there are in all.
    pub fn finish(&mut self, items: usize) -> Result<Places, ReportError> {
        self.close()?;
        let mut file_of = std::mem::take(&mut self.file_of);
        file_of.resize(items.max(file_of.len()), None);
        Ok(Places { files: self.files, file_of })
    }
}

impl Places {
    /// How many samples follow in the same file, and which file, -1 for none.
    pub fn runs(&self, samples: Range<usize>) -> Vec<(usize, i64)> {
        let mut runs: Vec<(usize, i64)> = Vec::new();
        for file in &self.file_of[samples] {
            let file = file.map_or(-1, |file| file as i64);
            match runs.last_mut() {
                Some((count, same)) if *same == file => *count += 1,
                _ => runs.push((1, file)),
            }
        }
        runs
    }
}
