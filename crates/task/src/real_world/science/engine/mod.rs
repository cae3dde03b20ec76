//! ScienceWorld's real engine: a Java program of the user's that is started, asked and ended as a child process.
//!
//! ```text
//! child       starts java, waits for its port, ends it
//! line        one line out and one line in over its socket, each within a time and a size
//! protocol    what the lines mean (py4j's text protocol)
//! calls       ScienceWorld's own calls: load, reset, step, inventory, what can be done
//! ```

mod calls;
mod child;
mod line;
mod protocol;

pub use calls::{Engine, Script};
pub use child::{java, java_version};
pub use line::{Limits, Line};
pub use protocol::{Argument, Value, call, construct, value};

/// Why the engine gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The program cannot be started.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// Which program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It did not say at which port it listens.
    #[error("the engine did not say at which port it listens, but {said:?}")]
    Port {
        /// What it said, cut short.
        said: String,
    },
    /// It took too long.
    #[error("the engine did not answer {what} within {seconds} seconds")]
    Late {
        /// What was asked.
        what: String,
        /// How long was waited.
        seconds: u64,
    },
    /// It ended.
    #[error("the engine ended while it was asked for {what}")]
    Died {
        /// What was asked.
        what: String,
    },
    /// It said too much.
    #[error("the engine answered {what} with more than {bytes} bytes")]
    Flood {
        /// What was asked.
        what: String,
        /// How much is read.
        bytes: usize,
    },
    /// It said something that is no answer.
    #[error("the engine answered {what} with {said:?}")]
    Answer {
        /// What was asked.
        what: String,
        /// What it said, cut short.
        said: String,
    },
}

/// The beginning of a text, for errors.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
