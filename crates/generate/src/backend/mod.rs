//! Who replies: a model in this process, or a file.

mod scripted;

use record::{Message, Reply};

use crate::GenerateError;

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
    /// The most tokens that the reply may have.
    pub max_tokens: usize,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// What the reply's random draws begin from: it depends on the run's seed, the sample and the turn only.
    pub seed: u64,
}

/// Turns conversations into replies.
///
/// A reply depends on its own request alone: neither on the others of the batch nor on their order.
pub trait Backend {
    /// One reply for each request, in their order. `Err(reason)` fails that one sample: its prompt is too long, say.
    ///
    /// # Errors
    /// Where no request could ever be answered: the run stops, and what is finished stays on disk.
    fn reply(&mut self, requests: &[Request]) -> Result<Vec<Result<Reply, String>>, GenerateError>;
}
