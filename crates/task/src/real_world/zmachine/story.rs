//! A story file and its header.

use std::sync::Arc;

use super::{Problem, StoryError};

/// The versions that are run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Most of Infocom's games: 128 kB, 255 objects.
    V3,
    /// 256 kB.
    V4,
    /// Most games of later years.
    V5,
    /// Version 5 with 512 kB.
    V8,
}

/// The most bytes of a story file: twice what version 8 can address, since files are padded.
const MOST: usize = 1 << 20;
/// Bytes of a header.
pub(super) const HEADER: usize = 64;
/// Bytes of the 240 global variables.
const GLOBALS: usize = 480;

/// A story file that may be run: never changed, cheap to clone.
#[derive(Clone)]
pub struct Story {
    bytes: Arc<[u8]>,
    pub(super) version: Version,
    /// Where the first instruction lies.
    pub(super) start: usize,
    pub(super) dictionary: usize,
    pub(super) objects: usize,
    pub(super) globals: usize,
    pub(super) abbreviations: usize,
    /// Where memory that may be written to ends.
    pub(super) fixed: usize,
    /// Version 5: a table of letters, of characters.
    pub(super) alphabet: Option<usize>,
    pub(super) characters: Option<usize>,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Story").field("version", &self.version).field("bytes", &self.bytes.len()).finish()
    }
}

impl Story {
    /// Reads a story file.
    ///
    /// # Errors
    /// Bytes that are no story of a version that is run, or a header that points outside of the file.
    pub fn read(bytes: impl Into<Arc<[u8]>>) -> Result<Self, StoryError> {
        let bytes: Arc<[u8]> = bytes.into();
        if !(HEADER..=MOST).contains(&bytes.len()) {
            return Err(StoryError::Size { most: MOST, got: bytes.len() });
        }
        let version = match bytes.first() {
            Some(3) => Version::V3,
            Some(4) => Version::V4,
            Some(5) => Version::V5,
            Some(8) => Version::V8,
            other => return Err(StoryError::Version { version: other.copied().unwrap_or_default() }),
        };
        let word = |at: usize| word(&bytes, at).map(usize::from).unwrap_or_default();
        let later = |at: usize| Some(word(at)).filter(|&address| address > 0 && version >= Version::V5);
        let extension = later(0x36).filter(|&table| word(table) >= 3);
        let story = Self {
            version,
            start: word(0x06),
            dictionary: word(0x08),
            objects: word(0x0a),
            globals: word(0x0c),
            fixed: word(0x0e),
            abbreviations: word(0x18),
            alphabet: later(0x34),
            characters: extension.map(|table| word(table + 6)).filter(|&table| table > 0),
            bytes: bytes.clone(),
        };
        story.checked()
    }

    fn checked(self) -> Result<Self, StoryError> {
        let end = self.bytes.len();
        let places = [
            ("the end of dynamic memory", self.fixed, HEADER, end + 1),
            ("the first instruction", self.start, HEADER, end),
            ("the dictionary", self.dictionary, HEADER, end),
            ("the objects", self.objects, HEADER, end),
            ("the global variables", self.globals, HEADER, (self.fixed + 1).saturating_sub(GLOBALS)),
        ];
        for (what, address, first, end) in places {
            if !(first..end).contains(&address) {
                return Err(StoryError::Header { what, address, first, end });
            }
        }
        Ok(self)
    }

    /// The version of the Z-machine that it is for.
    pub fn version(&self) -> Version {
        self.version
    }

    /// All bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How long the header says that the file is, in bytes; 0 where it does not say.
    fn length(&self) -> usize {
        let unit = match self.version {
            Version::V3 => 2,
            Version::V4 | Version::V5 => 4,
            Version::V8 => 8,
        };
        word(&self.bytes, 0x1a).map(usize::from).unwrap_or_default() * unit
    }

    /// The sum that the header should name: of all bytes behind it.
    fn sum(&self) -> u16 {
        let end = self.length().clamp(HEADER, self.bytes.len());
        self.bytes[HEADER..end].iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)))
    }

    /// Whether the file is as it was made, by its checksum.
    pub fn verify(&self) -> bool {
        word(&self.bytes, 0x1c) == Some(self.sum())
    }

    /// The same story with other bytes at an address of its dynamic memory, and the checksum of these.
    ///
    /// # Errors
    /// Bytes of the header, or outside of dynamic memory.
    pub fn patched(&self, address: usize, with: &[u8]) -> Result<Self, StoryError> {
        let wrong = StoryError::Patch { address, length: with.len() };
        let end = address.checked_add(with.len()).filter(|&end| end <= self.fixed && address >= HEADER);
        let mut bytes = self.bytes.to_vec();
        let place = end.and_then(|end| bytes.get_mut(address..end)).ok_or(wrong)?;
        place.copy_from_slice(with);
        let mut story = Self { bytes: bytes.clone().into(), ..self.clone() };
        bytes[0x1c..0x1e].copy_from_slice(&story.sum().to_be_bytes());
        story.bytes = bytes.into();
        Ok(story)
    }

    /// The address that a packed one stands for.
    pub(super) fn unpack(&self, packed: u16) -> usize {
        let unit = match self.version {
            Version::V3 => 2,
            Version::V4 | Version::V5 => 4,
            Version::V8 => 8,
        };
        usize::from(packed) * unit
    }

    /// A byte of the file.
    pub(super) fn byte(&self, at: usize) -> Result<u8, Problem> {
        self.bytes.get(at).copied().ok_or(Problem::NoMemory(at))
    }
}

/// The word at a place.
fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([*pair.first()?, *pair.last()?]))
}
