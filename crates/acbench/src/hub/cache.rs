//! The hub's cache as its other tools lay it out: `blobs/` by content, `snapshots/<commit>/` with links into it, `refs/`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// One repository in the cache.
pub(super) struct Cached {
    /// `<cache>/models--owner--name`
    pub root: PathBuf,
}

/// A file of a repository, as the hub lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Listed {
    /// Its path in the repository.
    pub path: String,
    /// Bytes, where the hub says.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal, which the hub says of large files.
    pub sha256: Option<String>,
    /// What its content is filed under.
    pub blob: Option<String>,
}

/// A file as it comes from the hub.
pub(super) struct Download<'a> {
    pub body: &'a mut dyn Read,
    /// What the answer says of its size in bytes.
    pub length: Option<u64>,
}

/// Why a body was not kept.
pub(super) enum Refused {
    /// The disk.
    Disk(PathBuf, io::Error),
    /// What came is not what was listed.
    Body(String),
}

impl Cached {
    /// The commit that a revision was when it was last asked for, where its snapshot is there.
    pub fn snapshot(&self, revision: &str) -> Option<PathBuf> {
        let named = fs::read_to_string(self.root.join("refs").join(revision)).ok();
        let commit = named.as_deref().map_or(revision, str::trim);
        let folder = self.folder(commit);
        (is_commit(commit) && folder.is_dir()).then_some(folder)
    }

    /// The folder of a commit.
    pub fn folder(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Remembers which commit a revision is.
    pub fn remember(&self, revision: &str, commit: &str) -> Result<(), Refused> {
        if revision == commit {
            return Ok(());
        }
        let path = self.root.join("refs").join(revision);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, commit));
        made.map_err(|error| Refused::Disk(path, error))
    }

    /// Whether a file is there, whole as far as its size tells.
    pub fn has(&self, commit: &str, file: &Listed) -> bool {
        let found = fs::metadata(self.folder(commit).join(&file.path));
        found.is_ok_and(|found| found.is_file() && file.size.is_none_or(|size| size == found.len()))
    }

    /// Writes a body into `blobs/`, compares it with what was listed, and links it into the snapshot. `told` is told how many
    /// bytes came.
    pub fn keep(
        &self,
        commit: &str,
        file: &Listed,
        answer: Download<'_>,
        told: &mut dyn FnMut(u64),
    ) -> Result<(), Refused> {
        let blobs = self.root.join("blobs");
        let beside = blobs.join(format!("{}.incomplete", std::process::id()));
        let disk = |path: &Path| {
            let path = path.to_owned();
            move |error| Refused::Disk(path, error)
        };
        fs::create_dir_all(&blobs).map_err(disk(&blobs))?;
        let kept = receive(&beside, answer.body, told).and_then(|Received { size, sha256 }| {
            let wrong = |what: &str, expected: String, got: String| {
                Err(Refused::Body(format!("{}: {what} should be {expected} and is {got}", file.path)))
            };
            match (file.size.or(answer.length), &file.sha256) {
                (Some(expected), _) if expected != size => wrong("its size", expected.to_string(), size.to_string()),
                (_, Some(expected)) if *expected != sha256 => wrong("its SHA-256", expected.clone(), sha256),
                _ => Ok(file.sha256.clone().or_else(|| file.blob.clone()).unwrap_or(sha256)),
            }
        });
        let blob = kept.and_then(|name| {
            let blob = blobs.join(name);
            fs::rename(&beside, &blob).map_err(disk(&blob))?;
            Ok(blob)
        });
        let blob = blob.inspect_err(|_| drop(fs::remove_file(&beside)))?;
        let place = self.folder(commit).join(&file.path);
        let up = "../".repeat(2 + file.path.matches('/').count());
        let target = PathBuf::from(up).join("blobs").join(blob.file_name().unwrap_or_default());
        place.parent().map_or(Ok(()), fs::create_dir_all).map_err(disk(&place))?;
        // What a killed or an older program left there.
        drop(fs::remove_file(&place));
        link(&target, &blob, &place).map_err(disk(&place))
    }
}

/// What came.
struct Received {
    size: u64,
    sha256: String,
}

/// Writes what comes to a file.
fn receive(path: &Path, body: &mut dyn Read, told: &mut dyn FnMut(u64)) -> Result<Received, Refused> {
    let disk = |error| Refused::Disk(path.to_owned(), error);
    let mut file = File::create(path).map_err(disk)?;
    let (mut buffer, mut size, mut digest) = (vec![0; 1 << 18], 0, record::Digest::default());
    loop {
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                digest.update(&buffer[..count]);
                file.write_all(&buffer[..count]).map_err(disk)?;
                size += count as u64;
                told(size);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Refused::Body(format!("the connection broke after {size} bytes: {error}"))),
        }
    }
    file.sync_all().map_err(disk)?;
    Ok(Received { size, sha256: digest.hex() })
}

#[cfg(unix)]
fn link(target: &Path, _blob: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

/// Links need rights that users of other systems may lack.
#[cfg(not(unix))]
fn link(_target: &Path, blob: &Path, place: &Path) -> io::Result<()> {
    fs::rename(blob, place)
}

/// 40 hexadecimal digits.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
