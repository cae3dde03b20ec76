//! A lease that is kept while work is done under it: a thread gives the signs of life.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use generate::Leave;

use super::lease::Lease;

/// How often it is looked whether the work is to be left.
const LOOK: Duration = Duration::from_millis(100);
/// How often the lease is looked at, at most, between two signs of life: a shared folder has thousands of workers to serve, and
/// what is written under a lost lease lies in a file of its own.
const LOOKS: u32 = 10;

/// Why a process ends in the middle of work that cannot be left half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was told to end.
    Told,
    /// Another worker has the unit now.
    Lost,
}

/// What leaves the work of a worker.
#[derive(Clone)]
pub struct Stop {
    /// Whether to end after the replies in flight.
    pub asked: Arc<AtomicBool>,
    /// Ends the process: compressing and scoring cannot be left half-way, and whoever is next goes on with what is on disk.
    pub exit: fn(Ending) -> !,
}

impl Stop {
    /// Whether to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Sleeps, but no longer than until it is told to end.
    pub(crate) fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_asked() && Instant::now() < until {
            std::thread::sleep(LOOK.min(time));
        }
    }
}

/// A lease with its signs of life, which end with the value.
pub(crate) struct Kept {
    pub lease: Arc<Lease>,
    stop: Stop,
    /// When the lease was last looked at, and how long that is good for.
    seen: Cell<Instant>,
    good: Duration,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Kept {
    /// Keeps a lease with a sign of life each `beat`. Work `in_place` has no point at which it could be left: where it must
    /// be, the process ends.
    pub fn begin(lease: Lease, beat: Duration, stop: &Stop, in_place: bool) -> Self {
        let lease = Arc::new(lease);
        let (end, ended) = mpsc::channel();
        let (kept, told) = (Arc::clone(&lease), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut last = Instant::now();
            while ended.recv_timeout(LOOK.min(beat)) == Err(RecvTimeoutError::Timeout) {
                let due = last.elapsed() >= beat;
                let lost = due && !kept.beat();
                if due {
                    last = Instant::now();
                }
                if in_place && lost {
                    (told.exit)(Ending::Lost);
                }
                if in_place && told.is_asked() {
                    kept.give_back();
                    (told.exit)(Ending::Told);
                }
            }
        });
        let (seen, good) = (Cell::new(Instant::now()), beat / LOOKS);
        Self { lease, stop: stop.clone(), seen, good, end: Some(end), thread: Some(thread) }
    }

    /// Whether the work under the lease is to be left.
    pub fn leave(&self) -> Leave {
        if self.seen.get().elapsed() > self.good {
            if !self.lease.is_held() {
                return Leave::AtOnce;
            }
            self.seen.set(Instant::now());
        }
        if self.stop.is_asked() { Leave::AfterReplies } else { Leave::Never }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
