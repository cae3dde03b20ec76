//! Conversations in, replies out: who replies ([`Backend`]), and the run loop that can be killed and resumed ([`run`]).
//!
//! Nothing here knows a task. A sample is opened as a [`Conversation`], which is told each reply and says what to show
//! next; the replies go to a transcript file, one line each, on disk before the next is asked for. [`probe()`] lets variants
//! read the same texts and keeps numbers of what they predict.

mod appender;
mod backend;
mod error;
mod own_text;
mod probe;
mod run;

// What a caller needs to bring a model, so that it need not know the crate that holds it.
pub use model::arch::ARCHITECTURES;
pub use model::{
    Change, Chat, Checkpoint, Clock, Encoder, Generated as ModelReply, Matrix, MemoryNeed, Model, ModelError,
    Request as ModelRequest, Sampling, Session, SessionOptions, Snapshot, Surround, TokenLogprob, Tokenizer, available,
    label, snapshot,
};

pub use backend::{Address, Answer, Backend, Failure, Key, Local, LocalOptions, Request, Scripted, Ticket};
#[cfg(feature = "endpoint")]
pub use backend::{Endpoint, EndpointOptions, Fingerprint};
pub use error::GenerateError;
pub use own_text::{OwnText, Written, own_text, under_way};
pub use probe::{BlameJob, Grain, ProbeJob, Searched, TOP, blame, probe, probed, read_probes, spectra_of};
pub use run::{Conversation, Job, Leave, Open, Progress, Samples, run};
