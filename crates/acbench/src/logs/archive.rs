//! Members of an Inspect log: a ZIP archive of JSON texts, stored, deflated, or compressed by zstd in one or several frames.
//!
//! Nothing is written to disk, so that names of members are names and no paths; sizes that the archive claims are checked,
//! never trusted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use record::RecordError;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use zip::{CompressionMethod, ZipArchive};

use crate::Error;
use crate::logs::broken;

/// What a ZIP archive begins with.
const MAGIC: &[u8] = b"PK\x03\x04";
/// The most bytes that one member unpacks to.
const LARGEST_MEMBER: u64 = 1 << 30;
/// The most bytes that all members of an archive unpack to.
const LARGEST_ARCHIVE: u64 = 1 << 36;

/// Whether a file is a ZIP archive: by its name, or by how it begins.
pub(super) fn is_archive(path: &Path) -> Result<bool, Error> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|source| RecordError::io("read", path, source))?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(|source| RecordError::io("read", path, source))?;
    Ok(start == MAGIC || path.extension().is_some_and(|end| end == "eval"))
}

/// An archive whose members are read one at a time.
pub(super) struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
    /// Where the last member of each name is, in the archive's order of names.
    places: BTreeMap<String, usize>,
    left: u64,
}

impl<'a> Archive<'a> {
    pub fn open(path: &'a Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| RecordError::io("read", path, source))?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            broken(
                path,
                format!("it is no whole zip archive ({error}); a copy that broke off, or a log still written?"),
            )
        })?;
        let mut places = BTreeMap::new();
        for (place, name) in zip.file_names().enumerate() {
            places.insert(name.map_err(|error| broken(path, error.to_string()))?.into_owned(), place);
        }
        Ok(Self { path, zip, places, left: LARGEST_ARCHIVE })
    }

    /// The names of all members.
    pub fn names(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }

    /// Unpacks a member; `None` where there is none of this name.
    pub fn member(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(&place) = self.places.get(name) else { return Ok(None) };
        let bytes = self.unpack(place).map_err(|problem| broken(self.path, format!("{name}: {problem}")))?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Ok(Some(bytes))
    }

    fn unpack(&mut self, place: usize) -> Result<Vec<u8>, String> {
        let most = LARGEST_MEMBER.min(self.left);
        let (method, claimed, crc) = {
            let entry = self.zip.by_index_raw(place).map_err(|error| error.to_string())?;
            if entry.encrypted() {
                return Err("it is encrypted".to_owned());
            }
            (entry.compression(), entry.size(), entry.crc32())
        };
        let bytes = if method == CompressionMethod::ZSTD {
            let mut packed = Vec::new();
            let mut raw = self.zip.by_index_raw(place).map_err(|error| error.to_string())?;
            raw.read_to_end(&mut packed).map_err(|error| error.to_string())?;
            let bytes = frames(&packed, most)?;
            if crc32(&bytes) != crc {
                return Err("its checksum is wrong: the file is damaged".to_owned());
            }
            bytes
        } else {
            let mut bytes = Vec::new();
            let entry = self.zip.by_index(place).map_err(|error| error.to_string())?;
            entry.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            bytes
        };
        if bytes.len() as u64 > most {
            return Err(format!("it unpacks to more than {most} bytes"));
        }
        if bytes.len() as u64 != claimed {
            return Err(format!("it unpacks to {} bytes and claims {claimed}", bytes.len()));
        }
        Ok(bytes)
    }
}

/// Unpacks zstd frames, one after another, up to a byte more than `most`.
fn frames(mut packed: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while !packed.is_empty() && bytes.len() as u64 <= most {
        let mut source = packed;
        match StreamingDecoder::new(&mut source) {
            Ok(frame) => {
                let left = most + 1 - bytes.len() as u64;
                frame.take(left).read_to_end(&mut bytes).map_err(|error| format!("zstd: {error}"))?;
                packed = source;
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                packed = source.get(length as usize..).ok_or("zstd: a skippable frame breaks off")?;
            }
            Err(error) => return Err(format!("zstd: {error}")),
        }
    }
    Ok(bytes)
}

/// The CRC-32 of ZIP (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    let table: [u32; 256] = std::array::from_fn(|index| (0..8).fold(index as u32, |crc, _| step(crc)));
    !bytes.iter().fold(u32::MAX, |crc, byte| (crc >> 8) ^ table[((crc ^ u32::from(*byte)) & 0xFF) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn frames_follow_one_another_and_skippable_ones_are_passed_over() {
        use ruzstd::encoding::{CompressionLevel, compress_to_vec};
        let mut packed = compress_to_vec(&b"one "[..], CompressionLevel::Uncompressed);
        packed.extend([0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 7, 7]);
        packed.extend(compress_to_vec(&b"two"[..], CompressionLevel::Fastest));
        assert_eq!(frames(&packed, 100), Ok(b"one two".to_vec()));
        assert_eq!(frames(&packed, 3).map(|bytes| bytes.len()), Ok(4));
        assert!(frames(&packed[..packed.len() - 1], 100).is_err());
    }

    /// A stored member made one of method 93 by changing what its two headers say of it.
    #[test]
    fn a_member_of_several_frames_is_one_text_and_damage_is_seen() -> Result<(), Box<dyn std::error::Error>> {
        use ruzstd::encoding::{CompressionLevel, compress_to_vec};
        use std::io::Write;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.eval");
        let text = b"{\"half\": 1, \"other half\": 2}";
        let packed: Vec<u8> =
            text.chunks(12).flat_map(|part| compress_to_vec(part, CompressionLevel::Uncompressed)).collect();
        let stored = zip::write::SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut file = zip::ZipWriter::new(File::create(&path)?);
        file.start_file("header.json", stored)?;
        file.write_all(&packed)?;
        file.finish()?;
        let mut bytes = std::fs::read(&path)?;
        let directory = bytes.windows(4).position(|at| at == b"PK\x01\x02").ok_or("no directory")?;
        // Method, checksum and size; in the directory they stand two bytes later.
        for start in [0, directory + 2] {
            bytes[start + 8..start + 10].copy_from_slice(&93u16.to_le_bytes());
            bytes[start + 14..start + 18].copy_from_slice(&crc32(text).to_le_bytes());
            bytes[start + 22..start + 26].copy_from_slice(&(text.len() as u32).to_le_bytes());
        }
        std::fs::write(&path, &bytes)?;
        assert_eq!(Archive::open(&path)?.member("header.json")?.as_deref(), Some(&text[..]));
        assert_eq!(Archive::open(&path)?.member("none")?, None);
        let inside = bytes.windows(4).position(|at| at == b"half").ok_or("no text")?;
        bytes[inside] = b'H';
        std::fs::write(&path, &bytes)?;
        let error = Archive::open(&path)?.member("header.json").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("checksum")));
        Ok(())
    }
}
