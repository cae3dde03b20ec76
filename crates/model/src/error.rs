//! What can be wrong with a checkpoint or a request, and what to do about it.

use std::path::PathBuf;

/// Why a model could not be read or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The operating system refused to read a file or folder.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that every checkpoint has is absent.
    #[error("{} is missing: {cure}", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
        /// What to do.
        cure: &'static str,
    },
    /// A file is there, but its content is not what it should be: truncated, noise, or a field with a wrong value.
    #[error("{} is damaged: {why}; {cure}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do.
        cure: &'static str,
    },
    /// A setting of `config.json` asks for something that this program cannot compute.
    #[error("{} asks for {what}, which is not implemented; {cure}", path.display())]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// The setting and its value.
        what: String,
        /// What to do.
        cure: String,
    },
    /// The architecture is not in the table.
    #[error("{}: architecture `{name}` is not known; known ones are: {}", path.display(), known.join(", "))]
    Architecture {
        /// Which `config.json`.
        path: PathBuf,
        /// Its `model_type`.
        name: String,
        /// The names in the table.
        known: Vec<&'static str>,
    },
    /// A folder holds no weight files that can be read.
    #[error("{} holds no weights that can be read: {found}; {cure}", folder.display())]
    NoWeights {
        /// Which folder.
        folder: PathBuf,
        /// What it holds instead.
        found: String,
        /// What to do.
        cure: String,
    },
    /// A tensor that the architecture needs is in no weight file.
    #[error("{}: tensor `{name}` is missing; {why}", path.display())]
    NoTensor {
        /// The tensor's name.
        name: String,
        /// The weight file.
        path: PathBuf,
        /// What is there instead, or what to do.
        why: String,
    },
    /// A tensor has another shape or type than `config.json` says.
    #[error("{}: tensor `{name}` should be {expected} and is {got}; the weights do not belong to this config.json", path.display())]
    Tensor {
        /// The tensor's name.
        name: String,
        /// The weight file.
        path: PathBuf,
        /// Shape or type that is needed.
        expected: String,
        /// Shape or type that is there.
        got: String,
    },
    /// A weight is NaN or infinite.
    #[error("{}: tensor `{name}` holds {value} at index {index}; the file is damaged or the training diverged, download it again", path.display())]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// The weight file.
        path: PathBuf,
        /// Row-major index of the first such value.
        index: usize,
        /// `NaN` or `inf`.
        value: f32,
    },
    /// The tokenizer can give ids that the model has no embedding for.
    #[error(
        "{} gives token ids up to {largest}, but config.json has vocab_size {vocab}: the tokenizer belongs to another model",
        path.display()
    )]
    Vocabulary {
        /// The tokenizer file.
        path: PathBuf,
        /// The largest id.
        largest: u32,
        /// `vocab_size`.
        vocab: usize,
    },
    /// There is less memory than a model takes at the least.
    #[error(
        "the model takes at least {} MB of memory beside its mapped files, and this process can have {} MB: end other \
         programs, raise the limit of its container or job, or take a smaller model or fewer bits",
        least.div_ceil(1_000_000), available / 1_000_000
    )]
    Memory {
        /// Bytes that it takes.
        least: u64,
        /// Bytes that there are.
        available: u64,
    },
    /// The chat template failed, or ran for too long.
    #[error("the chat template in {} failed: {why}", path.display())]
    Template {
        /// The file that holds the template.
        path: PathBuf,
        /// What the template engine said.
        why: String,
    },
    /// The chat template refuses a conversation, in its own words.
    #[error("the chat template in {} refuses this conversation: {words}", path.display())]
    Refused {
        /// The file that holds the template.
        path: PathBuf,
        /// What the template said.
        words: String,
    },
    /// A part of the conversation is nowhere in the prompt that the chat template makes of it.
    #[error("the chat template in {} leaves out message {index} ({role}) of this conversation", path.display())]
    LeftOut {
        /// The file that holds the template.
        path: PathBuf,
        /// Which message, from 0.
        index: usize,
        /// Who speaks in it.
        role: &'static str,
    },
    /// Text could not be encoded, or ids could not be decoded.
    #[error("the tokenizer failed: {why}")]
    Tokenize {
        /// What the tokenizer said.
        why: String,
    },
    /// A request is longer than the model can look at.
    #[error("prompt of {tokens} tokens exceeds context of {context}")]
    TooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Tokens that fit.
        context: usize,
    },
    /// A request cannot be run as it is: no tokens, an id outside the vocabulary, a bad sampling setting.
    #[error("bad request: {why}")]
    Request {
        /// What is wrong with it.
        why: String,
    },
    /// The model computed NaN or infinite logits: its weights overflow.
    #[error("the model's logits after {tokens} tokens are not finite: its weights overflow f32 or are damaged")]
    Logits {
        /// Tokens before the failure.
        tokens: usize,
    },
}
