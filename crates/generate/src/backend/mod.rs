//! Who replies: a model in this process, one behind a server, or a file.

mod address;
#[cfg(feature = "endpoint")]
mod endpoint;
mod local;
mod scripted;

use record::{Message, Reply};
use serde_json::Value;

use crate::GenerateError;

pub use address::{Address, Key};
#[cfg(feature = "endpoint")]
pub use endpoint::{Endpoint, EndpointOptions, Fingerprint};
pub use local::{Local, LocalOptions};
pub use scripted::Scripted;

/// One reply that is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// The sample's id.
    pub sample: String,
    /// Which turn of it, from 0.
    pub turn: usize,
    /// The whole conversation so far.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<Value>,
    /// The most tokens that the reply may have.
    pub max_tokens: usize,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// Whether a prompt is too long that leaves no room for the longest reply; otherwise replies get what room there is.
    pub whole_reply: bool,
    /// What the reply's random draws begin from: it depends on the run's seed, the sample and the turn only.
    pub seed: u64,
}

/// What names a request between [`Backend::submit`] and [`Backend::collect`].
pub type Ticket = usize;

/// A reply, or why this one sample fails: its prompt is too long, say.
pub type Answer = Result<Reply, Failure>;

/// Why a sample has no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub reason: String,
    /// Whether asking again could help, as after a time-out.
    pub again: bool,
    /// Whether a shorter prompt could help.
    pub too_long: bool,
}

impl Failure {
    /// One that asking again would not change.
    pub fn lasting(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), again: false, too_long: false }
    }

    /// A prompt that the context has no room for.
    pub fn too_long(reason: impl ToString) -> Self {
        Self { too_long: true, ..Self::lasting(reason) }
    }
}

/// Turns conversations into replies.
///
/// A reply depends on its own request alone: not on what else is under way, nor on what was asked before.
pub trait Backend {
    /// Takes a request.
    ///
    /// # Errors
    /// Where no request could ever be answered: the run stops, and what is finished stays on disk.
    fn submit(&mut self, request: Request) -> Result<Ticket, GenerateError>;

    /// Works until a reply is finished, and gives all that are. Empty where nothing is under way.
    ///
    /// # Errors
    /// As [`Backend::submit`].
    fn collect(&mut self) -> Result<Vec<(Ticket, Answer)>, GenerateError>;
}
