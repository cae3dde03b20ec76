//! How many threads compute.

use crate::Error;

/// Lets everything in this process compute with so many threads, at least 1. Results do not depend on it.
///
/// # Errors
/// Threads that the system does not give, or work that has begun with another number.
pub fn use_threads(threads: usize) -> Result<(), Error> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(|error| Error::Flag {
        flag: "--threads",
        value: threads.to_string(),
        problem: error.to_string(),
    })
}
