//! Bytes of a checkpoint file: mapped, embedded in the binary, or in memory.

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::ModelError;

/// Shared, immutable bytes; cloning and slicing copy nothing.
#[derive(Clone)]
pub struct Bytes {
    source: Source,
    range: Range<usize>,
}

#[derive(Clone)]
enum Source {
    Mapped(Arc<Mmap>),
    Embedded(&'static [u8]),
    Owned(Arc<Vec<u8>>),
}

impl Bytes {
    /// Maps a file into memory.
    ///
    /// # Errors
    /// [`ModelError::Io`] where the file cannot be opened or mapped.
    pub fn map(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len() as usize;
        if length == 0 {
            return Ok(Self::from(Vec::new()));
        }
        // SAFETY: the mapping is private and read-only, and every access goes through a bounds-checked slice of the
        // length that was mapped. A file that another process truncates meanwhile ends this one with SIGBUS, as it
        // does every program that maps weights; checkpoints are written beside and renamed, which avoids that.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let range = 0..map.len();
        Ok(Self { source: Source::Mapped(Arc::new(map)), range })
    }

    /// Lets the system take back the memory of a mapped file; what is looked at again is read again.
    pub fn forget(&self) {
        #[cfg(unix)]
        if let Source::Mapped(map) = &self.source {
            // SAFETY: the mapping is of a file, read-only, and nothing was ever written through it, so no page holds
            // anything that the file does not; a page that is dropped is read from the file at the next access.
            // Slices that borrow from it stay valid: addresses and contents are the same.
            let advised = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            // A system that declines keeps the pages, and nothing else changes.
            drop(advised);
        }
    }

    /// Part of these bytes; `None` where the range lies outside.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.range.len() {
            return None;
        }
        let start = self.range.start;
        Some(Self { source: self.source.clone(), range: start + range.start..start + range.end })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let all: &[u8] = match &self.source {
            Source::Mapped(map) => map,
            Source::Embedded(bytes) => bytes,
            Source::Owned(bytes) => bytes,
        };
        &all[self.range.clone()]
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { source: Source::Owned(Arc::new(bytes)), range }
    }
}

impl From<&'static [u8]> for Bytes {
    fn from(bytes: &'static [u8]) -> Self {
        Self { source: Source::Embedded(bytes), range: 0..bytes.len() }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({})", self.range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_reads_as_the_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"abcdef").unwrap();
        let mapped = Bytes::map(&path).unwrap();
        assert_eq!(&*mapped, std::fs::read(&path).unwrap().as_slice());
        assert_eq!(&*mapped.slice(1..3).unwrap().slice(1..2).unwrap(), b"c");
        assert!(mapped.slice(3..7).is_none());
        let part = mapped.slice(2..5).unwrap();
        part.forget();
        assert_eq!((&*part, &*mapped), (&b"cde"[..], &b"abcdef"[..]));
        std::fs::write(&path, b"").unwrap();
        assert!(Bytes::map(&path).unwrap().is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_forgotten_is_in_memory_no_more_until_it_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        std::fs::write(&path, vec![7u8; 1 << 20]).unwrap();
        let mapped = Bytes::map(&path).unwrap();
        let resident = || -> usize {
            let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
            let of_file = maps.lines().skip_while(|line| !line.ends_with(path.to_str().unwrap()));
            let line = of_file.skip(1).find_map(|line| line.strip_prefix("Rss:")).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        let sum = || mapped.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        assert_eq!((sum(), resident()), (7 << 20, 1024));
        mapped.forget();
        assert_eq!(resident(), 0);
        assert_eq!((sum(), resident()), (7 << 20, 1024));
    }
}
