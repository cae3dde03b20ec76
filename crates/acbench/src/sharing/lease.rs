//! Who does what on a shared folder, without a server and without locks: one file a unit of work, moved by renames.
//!
//! ```text
//! UNIT.0.free -> UNIT.1.lease -> UNIT.1.done        taken, and done
//!                UNIT.1.lease -> UNIT.1.free        given back
//!                UNIT.1.lease -> UNIT.2.lease       taken over from a holder that gives no sign of life
//! ```
//!
//! Every step is a rename of the one file that a unit has. A rename takes its file away from all others who try the same, and
//! no name comes twice, since the number grows with each holder: of many who want a unit exactly one has it, on NFS too,
//! where locks may be missing and a file may seem to be there that is not. The files are made in a folder beside, which is
//! renamed to its place once it is whole.
//!
//! A holder gives signs of life by writing its lease anew. How old the last one is, is told by the file system's own clock:
//! a file is written, and the two times are compared. The clocks of hosts need not agree; and since even that clock may jump,
//! a lease that seems old is looked at again once a sign of life was due.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use record::RecordError;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The file that is written to see what time it is there.
const NOW: &str = "now";
/// Signs of life in the time after which a holder counts as gone.
const SIGNS: u32 = 6;

/// Who holds a lease, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The host.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What no other holder has.
    pub token: String,
    /// Seconds without a sign of life after which it counts as gone.
    pub timeout_s: u64,
    /// Seconds since it took the lease.
    #[serde(default)]
    pub seconds: u64,
    /// Samples that are over, of those in the unit.
    #[serde(default)]
    pub done: usize,
    /// Samples that were over when it took the lease.
    #[serde(default)]
    pub before: usize,
    /// Samples in the unit.
    #[serde(default)]
    pub total: usize,
}

impl Holder {
    /// This process, which counts as gone after `timeout` without a sign of life.
    pub(crate) fn me(timeout: Duration) -> Self {
        static TAKEN: AtomicU64 = AtomicU64::new(0);
        let (host, pid, nth) = (host(), std::process::id(), TAKEN.fetch_add(1, Ordering::Relaxed));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let token = record::digest(format!("{host} {pid} {nth} {now}").as_bytes())[..16].to_owned();
        let timeout_s = timeout.as_secs().max(1);
        Self { host, pid, token, timeout_s, seconds: 0, done: 0, before: 0, total: 0 }
    }

    /// How often a sign of life is due.
    pub(crate) fn beat(&self) -> Duration {
        Duration::from_secs(self.timeout_s) / SIGNS
    }
}

/// A lease as it was found.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What it says.
    pub holder: Holder,
    /// When it was written last, by the file system's clock.
    pub written: SystemTime,
    /// How long ago that is.
    pub silent: Duration,
}

impl Seen {
    /// Whether the holder counts as alive.
    pub fn is_alive(&self) -> bool {
        self.silent < Duration::from_secs(self.holder.timeout_s)
    }
}

/// What this machine calls itself.
fn host() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let known = kernel.or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok()));
    known.map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// How a unit of work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody does it.
    Free,
    /// Somebody does, or did until he died.
    Held,
    /// It is done.
    Done,
}

/// A unit's file: how it stands, and how often it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub state: State,
    pub generation: u32,
}

/// A folder of leases.
#[derive(Debug)]
pub(crate) struct Leases {
    folder: PathBuf,
}

impl Leases {
    /// Makes the folder with a free unit of each name and a file of what all must agree on, unless it is there.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn begin(folder: &Path, units: &[String], (file, agreed): (&str, &[u8])) -> Result<Self, Error> {
        if !folder.is_dir() {
            let beside = folder.with_extension(Holder::me(Duration::ZERO).token);
            let fail = |source| RecordError::io("create", &beside, source);
            fs::create_dir_all(&beside).map_err(fail)?;
            units
                .iter()
                .try_for_each(|unit| File::create(beside.join(format!("{unit}.0.free"))).map(drop))
                .map_err(fail)?;
            fs::write(beside.join(file), agreed).map_err(fail)?;
            let put = fs::rename(&beside, folder);
            if put.is_err() {
                drop(fs::remove_dir_all(&beside));
            }
            // Somebody else was faster.
            put.or_else(|error| if folder.is_dir() { Ok(()) } else { Err(RecordError::io("create", folder, error)) })?;
        }
        let leases = Self { folder: folder.to_owned() };
        // A folder that may only be read is told of here, not after hours.
        leases.now()?;
        Ok(leases)
    }

    /// The leases of a folder where there are some.
    pub fn open(folder: &Path) -> Option<Self> {
        folder.is_dir().then(|| Self { folder: folder.to_owned() })
    }

    /// A file beside the leases.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn path(&self, unit: &str, generation: u32, state: State) -> PathBuf {
        self.folder.join(match state {
            State::Free => format!("{unit}.{generation}.free"),
            State::Held => format!("{unit}.{generation}.lease"),
            State::Done => format!("{unit}.{generation}.done"),
        })
    }

    /// How every unit stands. While one is being renamed it may show twice or not at all: the higher number counts.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn list(&self) -> Result<BTreeMap<String, Standing>, Error> {
        let fail = |source| RecordError::io("read", &self.folder, source);
        let mut all: BTreeMap<String, Standing> = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name();
            let Some((unit, standing)) = name.to_str().and_then(read_name) else { continue };
            let known = all.entry(unit.to_owned()).or_insert(standing);
            if standing.generation > known.generation || standing.state == State::Done {
                *known = standing;
            }
        }
        Ok(all)
    }

    /// The time by the file system's clock.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn now(&self) -> Result<SystemTime, Error> {
        let path = self.folder.join(NOW);
        let written =
            fs::write(&path, "0").and_then(|()| File::open(&path)).and_then(|file| file.metadata()?.modified());
        Ok(written.map_err(|source| RecordError::io("write", &path, source))?)
    }

    /// Who holds a lease, and what is known of his last sign of life; `None` where nobody does any more.
    ///
    /// # Errors
    /// A lease that cannot be read.
    pub fn holder(&self, unit: &str, generation: u32, now: SystemTime) -> Result<Option<Seen>, Error> {
        let path = self.path(unit, generation, State::Held);
        // To open a file makes NFS look at it anew; to ask for its time alone does not.
        let read = || -> io::Result<(Vec<u8>, SystemTime)> {
            let (mut file, mut text) = (File::open(&path)?, Vec::new());
            file.read_to_end(&mut text)?;
            Ok((text, file.metadata()?.modified()?))
        };
        match read() {
            Ok((text, written)) => {
                // A lease that was just renamed says who held it before, or nothing.
                let unknown = || Holder { host: "unknown".to_owned(), pid: 0, ..Holder::me(TIMEOUT) };
                let holder = serde_json::from_slice(&text).unwrap_or_else(|_| unknown());
                Ok(Some(Seen { holder, written, silent: now.duration_since(written).unwrap_or_default() }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RecordError::io("read", &path, error).into()),
        }
    }

    /// Takes a unit that stands so; `None` where another was faster. One that is held is taken over, whoever holds it: see
    /// first how long it is silent.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn take(&self, unit: &str, standing: Standing, holder: Holder) -> Result<Option<Lease>, Error> {
        let from = self.path(unit, standing.generation, standing.state);
        let generation = standing.generation + 1;
        let path = self.path(unit, generation, State::Held);
        match fs::rename(&from, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RecordError::io("rename", &from, error).into()),
        }
        let free = self.path(unit, generation, State::Free);
        let done = self.path(unit, generation, State::Done);
        let lease = Lease { path, free, done, generation, holder: Mutex::new(holder) };
        Ok((lease.write() && lease.is_held()).then_some(lease))
    }
}

/// How long a holder may be silent unless it says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// `UNIT.3.lease`
fn read_name(name: &str) -> Option<(&str, Standing)> {
    let (rest, state) = name.rsplit_once('.')?;
    let state = match state {
        "free" => State::Free,
        "lease" => State::Held,
        "done" => State::Done,
        _ => return None,
    };
    let (unit, generation) = rest.rsplit_once('.')?;
    Some((unit, Standing { state, generation: generation.parse().ok()? }))
}

/// A unit of work that is ours until we give it back, or are silent for too long.
#[derive(Debug)]
pub(crate) struct Lease {
    path: PathBuf,
    free: PathBuf,
    done: PathBuf,
    /// How often the unit was taken.
    pub generation: u32,
    /// What the file says; the lock keeps the two threads that read and write it apart.
    holder: Mutex<Holder>,
}

impl Lease {
    /// Says how far we are with the next sign of life.
    pub fn progress(&self, tell: impl FnOnce(&mut Holder)) {
        tell(&mut self.holder.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether the unit is still ours. Where that cannot be seen, it is not.
    pub fn is_held(&self) -> bool {
        let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        let said = fs::read(&self.path).ok().and_then(|text| serde_json::from_slice::<Holder>(&text).ok());
        said.is_some_and(|said| said.token == holder.token)
    }

    /// Gives a sign of life; false where the unit is not ours any more.
    pub fn beat(&self) -> bool {
        self.is_held() && self.write()
    }

    /// Writes into the file that is there, and makes none.
    fn write(&self) -> bool {
        let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(text) = serde_json::to_vec(&*holder) else { return false };
        let write = |mut file: File| -> io::Result<()> {
            file.rewind()?;
            file.write_all(&text)?;
            file.set_len(text.len() as u64)
        };
        OpenOptions::new().write(true).open(&self.path).and_then(write).is_ok()
    }

    /// Gives the unit back. Where that fails, it is taken over later.
    pub fn give_back(&self) {
        if self.is_held() {
            drop(fs::rename(&self.path, &self.free));
        }
    }

    /// Says that the unit is done; false where it is not ours any more.
    pub fn finish(&self) -> bool {
        self.is_held() && fs::rename(&self.path, &self.done).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    type Checked = Result<(), Box<dyn std::error::Error>>;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("generate.a-w4.b+c.{at:05}")).collect()
    }

    fn me() -> Holder {
        Holder::me(Duration::from_secs(2))
    }

    #[test]
    fn of_many_who_want_a_lease_exactly_one_has_it() -> Checked {
        const LEASES: usize = 1000;
        const WORKERS: usize = 4;
        let folder = tempfile::tempdir()?;
        let folder = folder.path().join("leases");
        let (names, barrier) = (names(LEASES), Barrier::new(WORKERS));
        let taken: Vec<AtomicUsize> = (0..LEASES * 2).map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            let race = || -> Result<(), Error> {
                // Who makes the folder is a race, too.
                barrier.wait();
                let leases = Leases::begin(&folder, &names, ("agreed", b"1"))?;
                for round in [State::Free, State::Held] {
                    barrier.wait();
                    for (at, unit) in names.iter().enumerate() {
                        let standing = Standing { state: round, generation: u32::from(round == State::Held) };
                        if leases.take(unit, standing, me())?.is_some() {
                            taken[at + if round == State::Held { LEASES } else { 0 }].fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                Ok(())
            };
            let threads: Vec<_> = (0..WORKERS).map(|_| scope.spawn(race)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| panic!("a thread panicked")))
        })?;
        assert!(taken.iter().all(|taken| taken.load(Ordering::Relaxed) == 1), "each once, free or taken over");
        let all = Leases::begin(&folder, &names, ("agreed", b"2"))?;
        assert!(all.list()?.values().all(|standing| *standing == Standing { state: State::Held, generation: 2 }));
        assert_eq!(fs::read(all.file("agreed"))?, b"1");
        assert_eq!(fs::read_dir(folder.parent().ok_or("no folder")?)?.count(), 1, "nothing is left beside");
        Ok(())
    }

    #[test]
    fn a_lease_is_given_back_finished_or_lost() -> Checked {
        let folder = tempfile::tempdir()?;
        let leases = Leases::begin(&folder.path().join("leases"), &names(1), ("agreed", b""))?;
        let unit = &names(1)[0];
        let standing = |leases: &Leases| -> Result<Standing, Error> { Ok(leases.list()?[unit]) };
        let first = leases.take(unit, standing(&leases)?, me())?.ok_or("not taken")?;
        first.progress(|holder| holder.done = 3);
        assert!(first.beat());
        let seen = leases.holder(unit, 1, leases.now()?)?.ok_or("nobody")?;
        assert_eq!((seen.holder.done, seen.holder.pid, seen.holder.timeout_s), (3, std::process::id(), 2));
        assert!(seen.is_alive());
        first.give_back();
        assert!(!first.is_held() && !first.beat() && !first.finish());
        assert_eq!(standing(&leases)?, Standing { state: State::Free, generation: 1 });
        let second = leases.take(unit, standing(&leases)?, me())?.ok_or("not taken")?;
        // Silent, and taken over.
        let third = leases.take(unit, standing(&leases)?, me())?.ok_or("not taken over")?;
        assert!(!second.is_held() && !second.beat() && !second.finish() && third.beat());
        second.give_back();
        assert_eq!(standing(&leases)?, Standing { state: State::Held, generation: 3 });
        assert!(leases.holder(unit, 2, leases.now()?)?.is_none());
        assert!(third.finish());
        assert_eq!(standing(&leases)?, Standing { state: State::Done, generation: 3 });
        Ok(())
    }

    #[test]
    fn the_age_of_a_sign_of_life_is_told_by_the_file_systems_clock() -> Checked {
        let folder = tempfile::tempdir()?;
        let leases = Leases::begin(&folder.path().join("leases"), &names(1), ("agreed", b""))?;
        let unit = &names(1)[0];
        let lease = leases.take(unit, Standing { state: State::Free, generation: 0 }, me())?.ok_or("not taken")?;
        let file = OpenOptions::new().write(true).open(&lease.path)?;
        let age = || -> Result<u64, Box<dyn std::error::Error>> {
            Ok(leases.holder(unit, 1, leases.now()?)?.ok_or("nobody")?.silent.as_secs())
        };
        file.set_modified(leases.now()? - Duration::from_secs(100))?;
        assert_eq!(age()?, 100);
        file.set_modified(leases.now()? + Duration::from_secs(100))?;
        assert_eq!(age()?, 0);
        // What is no lease any more says nothing of its holder.
        fs::write(&lease.path, "{\"host\": ")?;
        assert_eq!(leases.holder(unit, 1, leases.now()?)?.ok_or("nobody")?.holder.host, "unknown");
        assert!(!lease.is_held());
        Ok(())
    }
}
