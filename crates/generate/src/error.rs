//! What can stop a run of generation.

use std::path::PathBuf;

use model::ModelError;
use record::RecordError;

/// A run that cannot go on. A single reply that cannot be had is not one of these: it fails its sample only.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A transcript or a file of replies cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The model cannot be loaded, or cannot be asked at all.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A job that somebody else has taken over.
    #[error("others work on these samples now")]
    Left,
    /// A sample whose episode cannot be opened.
    #[error("sample {sample} cannot be opened: {source}")]
    Open {
        /// The sample.
        sample: String,
        /// What the task said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A transcript on disk is not what this sample's episode asks: other data or another version made it.
    #[error(
        "{}: turn {turn} of sample {sample} shows the model something else than this run would; \
         other data or another version wrote it: start in a new folder, or move the file away",
        path.display()
    )]
    Replay {
        /// The transcript file.
        path: PathBuf,
        /// The sample.
        sample: String,
        /// Which turn, from 0.
        turn: usize,
    },
    /// A model that ends every text as soon as it begins.
    #[error(
        "the model writes no text by itself to calibrate on ({tokens} tokens in {documents} documents); \
         name a text with --calibration"
    )]
    NoText {
        /// Documents that it was asked for.
        documents: usize,
        /// What they have in all.
        tokens: usize,
    },
    /// A file of probes that is not what it should be.
    #[error("{} cannot be read: {why}; remove the folder it lies in, and probe again", path.display())]
    Probe {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Numbers that are none.
    #[error("{what}: some are infinite or not numbers, so that nothing can be said of them")]
    NoNumbers {
        /// What they are.
        what: String,
    },
    /// A variant that cannot be compared with the dense model, token by token.
    #[error(
        "its vocabulary has {variant} tokens and the dense model's has {dense}: their predictions cannot be compared"
    )]
    Vocabulary {
        /// The dense model's.
        dense: usize,
        /// The variant's.
        variant: usize,
    },
    /// A server that cannot be asked.
    #[error("{address}: {problem}")]
    Endpoint {
        /// The address.
        address: String,
        /// What came of asking.
        problem: String,
    },
    /// A backend lost a request.
    #[error("the backend gave no reply to any of {waiting} requests: this is a defect of the backend")]
    NoReply {
        /// Requests under way.
        waiting: usize,
    },
}
