//! The transcript file of a run under way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use record::{RecordError, TranscriptLine};

/// A transcript file that lines are added to. What [`Appender::append`] returned from is on disk.
pub(crate) struct Appender {
    path: PathBuf,
    file: File,
}

impl Appender {
    /// Opens the file, or makes it. A torn last line that an earlier run left is cut off.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(crate) fn open(path: &Path) -> Result<Self, RecordError> {
        let open = || -> io::Result<File> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            file.set_len(whole_lines(path)?)?;
            Ok(file)
        };
        let file = open().map_err(|source| RecordError::io("write", path, source))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds lines and waits until the disk has them.
    ///
    /// # Errors
    /// What the system said, for instance that the disk is full. Whole lines that were written before stay.
    pub(crate) fn append(&mut self, lines: &[TranscriptLine]) -> Result<(), RecordError> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line).map_err(|source| RecordError::Parse {
                path: self.path.clone(),
                line: 0,
                source,
            })?;
            text.push(b'\n');
        }
        self.file
            .write_all(&text)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| RecordError::io("write", &self.path, source))
    }
}

/// Length up to and including the last newline.
fn whole_lines(path: &Path) -> io::Result<u64> {
    let (mut file, mut line, mut whole) = (BufReader::new(File::open(path)?), Vec::new(), 0);
    while file.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        whole += line.len() as u64;
        line.clear();
    }
    Ok(whole)
}
