//! What a verb tells of its progress; the binary shows it.

/// Something that happened. Results are returned or written to files, never told this way.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A piece of work begins: `gptq-w4-g128: compressing`.
    Begin(String),
    /// How far it is.
    Progress {
        /// Steps done.
        done: usize,
        /// All steps.
        total: usize,
        /// What the reader may want beside the numbers: `3 failed, 120 tokens/s`.
        detail: String,
    },
    /// It ended, in one line.
    End(String),
    /// Something by the way.
    Note(String),
    /// Something that the reader should know.
    Warning(String),
}

/// Who is told.
pub type Watch<'a> = dyn FnMut(Event) + 'a;
