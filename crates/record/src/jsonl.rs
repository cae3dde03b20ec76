//! JSON lines, value by value: files of any length in little memory.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::text::unmarked;
use crate::{Digest, RecordError};

/// Reads a JSON lines file value by value. The last line counts with a newline or without.
pub struct JsonlReader<T> {
    path: PathBuf,
    file: BufReader<File>,
    line: usize,
    read: u64,
    bytes: Vec<u8>,
    digest: Digest,
    value: PhantomData<T>,
}

impl<T: DeserializeOwned> JsonlReader<T> {
    /// Opens a file.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let file = File::open(path).map_err(|source| RecordError::io("read", path, source))?;
        let (path, file) = (path.to_owned(), BufReader::new(file));
        let (digest, value) = (Digest::default(), PhantomData);
        Ok(Self { path, file, line: 0, read: 0, bytes: Vec::new(), digest, value })
    }

    /// Bytes that were read so far: whole lines.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// SHA-256 of the whole file, hexadecimal; what has not been read yet is read for it.
    ///
    /// # Errors
    /// A file that cannot be read to its end.
    pub fn into_digest(mut self) -> Result<String, RecordError> {
        while self.next_line()? {}
        Ok(self.digest.hex())
    }

    /// Reads the next line; false at the end of the file.
    fn next_line(&mut self) -> Result<bool, RecordError> {
        self.bytes.clear();
        let read = self.file.read_until(b'\n', &mut self.bytes);
        let read = read.map_err(|source| RecordError::io("read", &self.path, source))?;
        self.digest.update(&self.bytes);
        self.line += 1;
        self.read += read as u64;
        Ok(read > 0)
    }

    fn value(&self) -> Result<Option<T>, RecordError> {
        let line = match self.line {
            1 => unmarked(&self.bytes).map_err(|source| RecordError::Text { path: self.path.clone(), source })?,
            _ => &self.bytes,
        };
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_slice(line);
        value.map(Some).map_err(|source| RecordError::Parse { path: self.path.clone(), line: self.line, source })
    }
}

impl<T: DeserializeOwned> Iterator for JsonlReader<T> {
    type Item = Result<T, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_line() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            if let Some(value) = self.value().transpose() {
                return Some(value);
            }
        }
    }
}

/// Writes a JSON lines file value by value, beside its place until it is whole: readers see the old or the new one.
pub struct JsonlWriter {
    path: PathBuf,
    beside: PathBuf,
    file: BufWriter<File>,
    line: usize,
}

impl JsonlWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// A folder that cannot be made or written to.
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        let beside = crate::files::beside(path);
        let create = || -> io::Result<File> {
            path.parent().map(fs::create_dir_all).transpose()?;
            File::create(&beside)
        };
        let file = create().map_err(|source| RecordError::io("write", path, source))?;
        Ok(Self { path: path.to_owned(), beside, file: BufWriter::new(file), line: 0 })
    }

    /// Adds a value.
    ///
    /// # Errors
    /// A full disk.
    pub fn push<T: Serialize>(&mut self, value: &T) -> Result<(), RecordError> {
        self.line += 1;
        let text = serde_json::to_vec(value);
        let mut text =
            text.map_err(|source| RecordError::Parse { path: self.path.clone(), line: self.line, source })?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|source| RecordError::io("write", &self.path, source))
    }

    /// Puts the whole file in its place.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(self) -> Result<(), RecordError> {
        let Self { path, beside, file, .. } = self;
        let put = || -> io::Result<()> {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&beside, &path)
        };
        put().map_err(|source| RecordError::io("write", &path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_one_by_one_and_the_digest_is_the_files() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a/b.jsonl");
        let mut writer = JsonlWriter::create(&path)?;
        for number in 0..3 {
            writer.push(&number)?;
        }
        assert!(!path.exists());
        writer.finish()?;
        assert_eq!(fs::read(&path)?, b"0\n1\n2\n");
        let mut reader = JsonlReader::<u8>::open(&path)?;
        assert_eq!(reader.next().transpose()?, Some(0));
        assert_eq!(reader.into_digest()?, crate::digest(b"0\n1\n2\n"));
        fs::write(&path, "\u{FEFF}1\r\n\n2\nx")?;
        let mut reader = JsonlReader::<u8>::open(&path)?;
        let all: Vec<_> = reader.by_ref().collect();
        assert!(matches!(all[..], [Ok(1), Ok(2), Err(RecordError::Parse { line: 4, .. })]));
        Ok(())
    }
}
