//! What can go wrong while compressing, with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a checkpoint was not compressed. Nothing half-written is left behind.
#[derive(Debug, thiserror::Error)]
pub enum CompressError {
    /// No such method.
    #[error("there is no compression method `{name}`; the methods are {known}")]
    UnknownMethod {
        /// What was asked for.
        name: String,
        /// The names of all methods, separated by commas.
        known: String,
    },
    /// No such setting.
    #[error("method `{method}` has no setting `{name}`; its settings are {known}")]
    UnknownSetting {
        /// The method.
        method: String,
        /// What was given.
        name: String,
        /// The names of all its settings, separated by commas.
        known: String,
    },
    /// A setting with a value that makes no sense.
    #[error("setting `{name}` of method `{method}` must be {expected}, not {value}")]
    BadSetting {
        /// The method.
        method: String,
        /// The setting.
        name: String,
        /// What was given, as JSON.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// An override that makes no sense.
    #[error("override {number}: {problem}")]
    Override {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it, and what would do.
        problem: String,
    },
    /// Settings that are not a table of names and values.
    #[error("the settings of method `{method}` must be a JSON object, not {value}")]
    SettingsNotObject {
        /// The method.
        method: String,
        /// What was given, as JSON.
        value: String,
    },
    /// Linears whose inputs the group size or the pattern does not divide.
    #[error("the model's linears have {widths} inputs, which {what} does not divide; {cure}")]
    Indivisible {
        /// Their numbers of input channels: `576 and 1536`.
        widths: String,
        /// `group_size 128`, `the pattern 2:4`.
        what: String,
        /// What would do.
        cure: String,
    },
    /// A bound on memory that cannot be kept.
    #[error(
        "this needs about {} MB of memory at the least, more than the budget of {} MB; give --ram_budget {}MB or more",
        least.div_ceil(1_000_000), budget / 1_000_000, least.div_ceil(1_000_000)
    )]
    Budget {
        /// Bytes to stay within.
        budget: u64,
        /// Bytes that would do.
        least: u64,
    },
    /// Less memory than the work takes at the least.
    #[error(
        "this needs about {} MB of memory at the least, and this process can have {} MB: end other programs, raise the \
         limit of its container or job, or take fewer or shorter sequences (--method_args sequences=64 length=1024); \
         --ram_budget {}MB tries it all the same",
        least.div_ceil(1_000_000), room / 1_000_000, least.div_ceil(1_000_000)
    )]
    Memory {
        /// Bytes that it can have.
        room: u64,
        /// Bytes that would do.
        least: u64,
    },
    /// The checkpoint is quantized already.
    #[error("{layer} is quantized already; compress the dense checkpoint that it was made from")]
    AlreadyCompressed {
        /// The first such layer.
        layer: String,
    },
    /// The method looks at text and there is none.
    #[error("method `{method}` needs a calibration text; name one with --calibration")]
    NoCalibration {
        /// The method.
        method: String,
    },
    /// Not enough calibration text.
    #[error(
        "calibration text {origin} has {tokens} tokens, but {sequences} sequences of {length} need {}; \
         give more text, or lower `sequences` or `length`",
        sequences * length
    )]
    ShortCalibration {
        /// Where the text came from.
        origin: String,
        /// How many tokens it has.
        tokens: usize,
        /// Sequences asked for.
        sequences: usize,
        /// Tokens in each.
        length: usize,
    },
    /// A calibration token that the model does not have.
    #[error("calibration text {origin} has token {token}, but the model's vocabulary ends at {vocabulary}")]
    UnknownToken {
        /// Where the text came from.
        origin: String,
        /// The token.
        token: u32,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A NaN or an infinity.
    #[error("{what} of {layer} are not finite; {cure}")]
    NotFinite {
        /// `weights`, `inputs in calibration sample 3`.
        what: String,
        /// The layer.
        layer: String,
        /// What to look at.
        cure: &'static str,
    },
    /// Methods that do not go together.
    #[error("`{recipe}` cannot be: {why}")]
    Contradiction {
        /// The list of methods.
        recipe: String,
        /// Why not, and what would do.
        why: String,
    },
    /// A format that cannot hold what the methods make.
    #[error("format `{format}` cannot hold {what}; {cure}")]
    Format {
        /// The format.
        format: &'static str,
        /// `3-bit weights`, `model.layers.0.mlp.up_proj of 100 inputs`.
        what: String,
        /// What would do.
        cure: String,
    },
    /// A method used something that it did not ask for: a fault of the method.
    #[error("the method uses {what} without asking for it; this is a fault of the program")]
    NotCollected {
        /// What it used.
        what: &'static str,
    },
    /// The operating system refused (full disk, no permission).
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `write`, `create`, `rename`.
        action: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output folder is taken.
    #[error("{} is there already; name another folder or remove it", path.display())]
    OutputExists {
        /// The folder.
        path: PathBuf,
    },
    /// The model could not be read or run.
    #[error(transparent)]
    Model(#[from] model::ModelError),
    /// A record could not be written.
    #[error(transparent)]
    Record(#[from] record::RecordError),
}

impl CompressError {
    /// The inputs of a layer are no numbers, from the calibration sequence `sample` (from 0) on, where that is known.
    pub(crate) fn overflow(layer: &str, sample: Option<usize>) -> Self {
        let what = match sample {
            Some(sample) => format!("inputs in calibration sample {sample}"),
            None => "summed calibration inputs".to_owned(),
        };
        let cure = "its weights overflow 32-bit arithmetic on this text; look at the weights of the layers before it";
        Self::NotFinite { what, layer: layer.to_owned(), cure }
    }

    /// An [`CompressError::Io`] at `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
