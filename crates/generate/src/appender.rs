//! The transcript file of a run under way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use record::{RecordError, TranscriptLine, read_torn_jsonl};

/// A transcript file that lines are added to. What [`Appender::append`] returned from is on disk.
pub(crate) struct Appender {
    path: PathBuf,
    file: File,
}

impl Appender {
    /// Opens the file, or makes it, and reads what earlier runs left: every whole line. A torn last line is cut off.
    ///
    /// # Errors
    /// A file that cannot be read or written, or the line that is no transcript line.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<TranscriptLine>), RecordError> {
        let lines = if path.exists() { read_torn_jsonl(path)? } else { Vec::new() };
        let open = || -> io::Result<File> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            file.set_len(whole_lines(&fs::read(path)?))?;
            Ok(file)
        };
        let file = open().map_err(|source| RecordError::io("write", path, source))?;
        Ok((Self { path: path.to_owned(), file }, lines))
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
fn whole_lines(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1)
}
