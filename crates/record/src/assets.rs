//! What samples share: a text or a file that many of them need lies on disk once, named by its digest.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{RecordError, Sample, digest, write_atomic};

/// An asset as a sample names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asset {
    /// What it is to the sample: `rules`.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub digest: String,
}

/// An asset that a sample cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// The sample names none of this name.
    #[error("it names no asset `{name}`")]
    Unnamed {
        /// What was asked for.
        name: String,
    },
    /// It is not where it should be.
    #[error("its asset `{name}` cannot be read from {}: {source}; the command that began the run writes it again", path.display())]
    Missing {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "its asset `{name}` in {} is no longer what the run began with: its digest is {got}; the command that began the \
         run writes it again",
        path.display()
    )]
    Changed {
        /// What was asked for.
        name: String,
        /// The file, called by the digest that it should have.
        path: PathBuf,
        /// The digest that it has.
        got: String,
    },
    /// It is no text.
    #[error("its asset `{name}` is no UTF-8: {source}")]
    Text {
        /// What was asked for.
        name: String,
        /// Where it is none.
        source: std::str::Utf8Error,
    },
}

/// The assets of a task, each read from its file when it is first asked for, and then held.
#[derive(Debug, Default)]
pub struct Assets {
    /// Where the files lie; empty where all assets are held from the beginning.
    folder: PathBuf,
    held: Mutex<BTreeMap<String, Arc<[u8]>>>,
}

impl Assets {
    /// Those of a folder, `<folder>/<digest>`. Nothing is read yet, so that the folder need not be there.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), held: Mutex::default() }
    }

    /// Holds one, and says how samples name it.
    pub fn add(&mut self, name: &str, bytes: impl Into<Arc<[u8]>>) -> Asset {
        let bytes = bytes.into();
        let asset = Asset { name: name.to_owned(), digest: digest(&bytes) };
        self.held.get_mut().unwrap_or_else(PoisonError::into_inner).insert(asset.digest.clone(), bytes);
        asset
    }

    /// The asset that a sample names so.
    ///
    /// # Errors
    /// A sample that names none so; a file that is missing or was changed.
    pub fn bytes(&self, sample: &Sample, name: &str) -> Result<Arc<[u8]>, AssetError> {
        self.get(sample.asset(name).ok_or_else(|| AssetError::Unnamed { name: name.to_owned() })?)
    }

    /// The asset that a sample names so, as a text.
    ///
    /// # Errors
    /// A sample that names none so; a file that is missing, was changed or is no UTF-8.
    pub fn text(&self, sample: &Sample, name: &str) -> Result<String, AssetError> {
        let bytes = self.bytes(sample, name)?;
        let text = std::str::from_utf8(&bytes);
        Ok(text.map_err(|source| AssetError::Text { name: name.to_owned(), source })?.to_owned())
    }

    /// Writes what samples name into a folder, each file whole or not at all; one that is there stays as it is.
    ///
    /// # Errors
    /// An asset that is not held, a full disk.
    pub fn write<'a>(&self, folder: &Path, wanted: impl IntoIterator<Item = &'a Asset>) -> Result<(), RecordError> {
        for asset in wanted {
            let path = folder.join(&asset.digest);
            if fs::read(&path).is_ok_and(|bytes| digest(&bytes) == asset.digest) {
                continue;
            }
            let bytes = self.get(asset).map_err(|error| RecordError::io("write", &path, io::Error::other(error)))?;
            write_atomic(&path, &bytes)?;
        }
        Ok(())
    }

    fn get(&self, Asset { name, digest: expected }: &Asset) -> Result<Arc<[u8]>, AssetError> {
        // Held for as long as it takes to read a file, so that none is read twice.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = held.get(expected) {
            return Ok(bytes.clone());
        }
        let (name, path) = (name.clone(), self.folder.join(expected));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(AssetError::Missing { name, path, source }),
        };
        let got = digest(&bytes);
        if got != *expected {
            return Err(AssetError::Changed { name, path, got });
        }
        let bytes: Arc<[u8]> = bytes.into();
        held.insert(got, bytes.clone());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(assets: Vec<Asset>) -> Result<Sample, serde_json::Error> {
        let bare = json!({"id": "x", "task": "t", "messages": [], "gold": 1, "max_tokens": 2});
        Ok(Sample { assets, ..serde_json::from_value(bare)? })
    }

    #[test]
    fn a_sample_without_assets_is_written_as_it_was_before_there_were_any() -> Result<(), serde_json::Error> {
        let text = r#"{"id":"x","task":"t","messages":[],"gold":1,"max_tokens":2}"#;
        assert_eq!(serde_json::to_string(&sample(Vec::new())?)?, text);
        let asset = Asset { name: "a".into(), digest: "d".into() };
        let one = sample(vec![asset])?;
        assert_eq!(serde_json::from_str::<Sample>(&serde_json::to_string(&one)?)?, one);
        Ok(())
    }

    #[test]
    fn what_is_written_once_is_read_once() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let mut made = Assets::default();
        let shared = made.add("rules", &b"be brief"[..]);
        made.add("unused", &b"of no sample"[..]);
        let bytes = made.add("picture", &[0xff, 0][..]);
        let samples = [sample(vec![shared.clone()])?, sample(vec![shared.clone(), bytes])?];
        let place = folder.path().join("t.assets");
        made.write(&place, samples.iter().flat_map(|sample| &sample.assets))?;
        assert_eq!(fs::read_dir(&place)?.count(), 2);
        let read = Assets::in_folder(&place);
        assert_eq!(read.text(&samples[0], "rules")?, "be brief");
        fs::remove_file(place.join(&shared.digest))?;
        assert_eq!(read.text(&samples[1], "rules")?, "be brief");
        assert!(matches!(read.text(&samples[1], "picture"), Err(AssetError::Text { .. })));
        assert_eq!(&read.bytes(&samples[1], "picture")?[..], [0xff, 0]);
        assert!(matches!(read.bytes(&samples[0], "picture"), Err(AssetError::Unnamed { .. })));
        Ok(())
    }

    #[test]
    fn a_missing_or_changed_file_is_named_and_written_again() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let mut made = Assets::default();
        let samples = [sample(vec![made.add("rules", &b"be brief"[..])])?];
        let place = folder.path().join(&samples[0].assets[0].digest);
        let said = || {
            let error = Assets::in_folder(folder.path()).bytes(&samples[0], "rules").err();
            error.map(|error| error.to_string()).unwrap_or_default()
        };
        for changed in [None, Some("be long")] {
            changed.map(|text| fs::write(&place, text)).transpose()?;
            let (said, path) = (said(), place.display().to_string());
            assert!(said.contains("`rules`") && said.contains(&path) && said.contains("writes it again"), "{said}");
            assert_eq!(said.contains(&digest(b"be long")), changed.is_some(), "{said}");
        }
        made.write(folder.path(), &samples[0].assets)?;
        assert_eq!(said(), "");
        assert!(Assets::default().write(&folder.path().join("none"), &samples[0].assets).is_err());
        Ok(())
    }
}
