//! What tasks may know of a model: how it counts text.

use generate::Tokenizer;
use task::Tokens;

/// A checkpoint's tokenizer, as tasks see it.
pub(crate) struct ModelTokens<'a>(pub &'a Tokenizer);

impl Tokens for ModelTokens<'_> {
    /// A text that the tokenizer has no tokens for counts none; asking the model about it fails the sample later.
    fn encode(&self, text: &str) -> Vec<u32> {
        self.0.encode(text, false).unwrap_or_default()
    }

    fn decode(&self, ids: &[u32]) -> String {
        self.0.decode(ids).unwrap_or_default()
    }
}
