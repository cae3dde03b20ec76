//! LongBench's `data.zip`: `data/<set>.jsonl`, read from memory and never unpacked onto the disk.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::TaskError;

/// The most bytes of one unpacked set; LongBench's largest has about 60 MB.
const MAX_BYTES: u64 = 256 << 20;
/// The most files of an archive; LongBench's has 34.
const MAX_FILES: usize = 1_000;

/// A zip file that holds sets.
pub(super) struct Archive {
    path: PathBuf,
    names: Vec<String>,
    zip: ZipArchive<BufReader<File>>,
}

impl Archive {
    /// Opens an archive and looks at its list of files.
    pub(super) fn open(path: &Path) -> Result<Self, TaskError> {
        let file = File::open(path).map_err(|source| TaskError::Read { path: path.to_owned(), source })?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            broken(path, "the list of files", format!("{error}; the download may be cut off, fetch it again"))
        })?;
        if zip.len() > MAX_FILES {
            return Err(broken(path, "the list of files", format!("{} files, more than {MAX_FILES}", zip.len())));
        }
        let names = zip.file_names().map(|name| name.map(|name| name.into_owned())).collect::<Result<Vec<_>, _>>();
        let names = names.map_err(|error| broken(path, "the list of files", error.to_string()))?;
        if let Some(name) = names.iter().find(|name| leaves_folder(name)) {
            return Err(broken(
                path,
                name,
                "its name leaves the archive's folder: this is not LongBench's file".into(),
            ));
        }
        Ok(Self { path: path.to_owned(), names, zip })
    }

    /// The bytes of `<set>.jsonl` in whichever folder; `None` where the archive has no such file.
    pub(super) fn read(&mut self, set: &str) -> Result<Option<Vec<u8>>, TaskError> {
        let file = format!("{set}.jsonl");
        let Some(name) = self.names.iter().find(|name| name.rsplit('/').next() == Some(&file)) else {
            return Ok(None);
        };
        let failed = |problem: String| broken(&self.path, name, problem);
        let entry = self.zip.by_name(name).map_err(|error| failed(error.to_string()))?;
        let mut bytes = Vec::new();
        let read = entry.take(MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| failed(format!("{error}; the download may be damaged, fetch it again")))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(failed(format!("it unpacks to more than {} MB", MAX_BYTES >> 20)));
        }
        Ok(Some(bytes))
    }
}

fn leaves_folder(name: &str) -> bool {
    name.starts_with(['/', '\\']) || name.contains(':') || name.split(['/', '\\']).any(|part| part == "..")
}

fn broken(path: &Path, place: &str, problem: String) -> TaskError {
    TaskError::Format { path: path.to_owned(), place: place.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn archive(path: &Path, files: &[(&str, &[u8])]) -> Result<(), Box<dyn std::error::Error>> {
        let mut zip = ZipWriter::new(File::create(path)?);
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default())?;
            zip.write_all(bytes)?;
        }
        zip.finish()?;
        Ok(())
    }

    #[test]
    fn a_set_is_found_in_any_folder() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("data.zip");
        archive(&path, &[("data/lcc.jsonl", b"{}\n"), ("data/lcc_e.jsonl", b"[]")])?;
        let mut zip = Archive::open(&path)?;
        assert_eq!(zip.read("lcc")?.as_deref(), Some(&b"{}\n"[..]));
        assert_eq!(zip.read("trec")?, None);
        Ok(())
    }

    #[test]
    fn cut_off_hostile_and_endless_archives_are_refused() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("data.zip");
        let says = |path: &Path, set: &str| match Archive::open(path).and_then(|mut zip| zip.read(set)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        archive(&path, &[("../lcc.jsonl", b"{}")])?;
        assert!(says(&path, "lcc").contains("leaves the archive's folder"));
        let zeros = vec![0u8; (MAX_BYTES + 10) as usize];
        archive(&path, &[("lcc.jsonl", &zeros)])?;
        assert!(says(&path, "lcc").contains("unpacks to more than 256 MB"));
        archive(&path, &[("lcc.jsonl", b"{\"input\": 1}")])?;
        let whole = std::fs::read(&path)?;
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length])?;
            assert!(!says(&path, "lcc").is_empty(), "{length}");
        }
        Ok(())
    }
}
