//! Signals that ask a worker to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Becomes true once the process is told to end: TERM, INT, or USR1, which schedulers send ahead of time. A second signal ends
/// the process at once. Called before any thread begins, since threads inherit which signals wait.
#[cfg(unix)]
pub(super) fn ends() -> Arc<AtomicBool> {
    use nix::sys::signal::{SigSet, Signal};

    let told = Arc::new(AtomicBool::new(false));
    let signals: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1].into_iter().collect();
    if signals.thread_block().is_err() {
        // They end the process as ever; what was in flight is lost then.
        return told;
    }
    let tell = Arc::clone(&told);
    std::thread::spawn(move || {
        while signals.wait().is_ok() {
            if tell.swap(true, Ordering::Relaxed) {
                std::process::exit(acbench::STOPPED_CODE.into());
            }
        }
    });
    told
}

/// Signals end the process at once.
#[cfg(not(unix))]
pub(super) fn ends() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}
