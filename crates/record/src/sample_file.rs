//! The samples of a file, each read when it is wanted.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{JsonlReader, RecordError, Sample};

/// A file of samples, of which only names and places are held.
pub struct SampleFile {
    path: PathBuf,
    file: File,
    rows: Vec<(Box<str>, Range<u64>)>,
    digest: String,
}

#[derive(Deserialize)]
struct Named {
    id: Box<str>,
}

impl SampleFile {
    /// Looks through a file.
    ///
    /// # Errors
    /// One that cannot be read, a line that is no sample.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let file = File::open(path).map_err(|source| RecordError::io("read", path, source))?;
        let mut lines = JsonlReader::<Named>::open(path)?;
        let mut rows = Vec::new();
        let mut from = 0;
        while let Some(named) = lines.next().transpose()? {
            rows.push((named.id, from..lines.read()));
            from = lines.read();
        }
        Ok(Self { path: path.to_owned(), file, rows, digest: lines.into_digest()? })
    }

    /// SHA-256 of the file, hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The name of the `at`-th.
    ///
    /// # Panics
    /// Where there are not so many: a mistake of the caller, never of a file.
    pub fn id(&self, at: usize) -> &str {
        &self.rows[at].0
    }

    /// Reads the `at`-th.
    ///
    /// # Errors
    /// A file that can be read no more, or was changed.
    ///
    /// # Panics
    /// As [`SampleFile::id`].
    pub fn sample(&self, at: usize) -> Result<Sample, RecordError> {
        let place = &self.rows[at].1;
        let mut bytes = vec![0; (place.end - place.start) as usize];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|source| RecordError::io("read", &self.path, source))?;
        let parse = |source| RecordError::Parse { path: self.path.clone(), line: at + 1, source };
        serde_json::from_slice(&bytes).map_err(parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_again_in_any_order() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("t.jsonl");
        let sample = |at: usize| {
            serde_json::json!({"id": format!("s{at}"), "task": "t", "messages": [], "gold": at,
            "max_tokens": 1, "input": "\u{e9}".repeat(at)})
        };
        crate::write_jsonl(&path, &(0..3).map(sample).collect::<Vec<_>>())?;
        let samples = SampleFile::open(&path)?;
        assert_eq!(samples.digest(), crate::digest(&std::fs::read(&path)?));
        for at in [2, 0, 1] {
            assert_eq!((samples.id(at), samples.sample(at)?.gold), (&*format!("s{at}"), serde_json::json!(at)));
        }
        assert_eq!(samples.count(), 3);
        std::fs::write(&path, "{\"id\": 3}\n")?;
        assert!(SampleFile::open(&path).is_err());
        Ok(())
    }
}
