//! What tasks may know of a model: how it counts text.

use generate::Tokenizer;
use task::{Calling, Tokens};

/// A checkpoint's tokenizer, as tasks see it, and how functions are offered to the model.
pub(crate) struct ModelTokens<'a>(pub &'a Tokenizer, pub Calling);

impl Tokens for ModelTokens<'_> {
    /// A text that the tokenizer has no tokens for counts none; asking the model about it fails the sample later.
    fn encode(&self, text: &str) -> Vec<u32> {
        self.0.encode(text, false).unwrap_or_default()
    }

    fn decode(&self, ids: &[u32]) -> String {
        self.0.decode(ids).unwrap_or_default()
    }

    fn calling(&self) -> Calling {
        self.1
    }
}

#[cfg(test)]
mod tests {
    use generate::Checkpoint;
    use record::Message;

    use crate::Error;

    #[test]
    fn a_raw_prompt_goes_without_chat_template() -> Result<(), Error> {
        let pico = Checkpoint::bundled()?;
        let tokenizer = pico.tokenizer()?;
        for template in [true, false] {
            assert_eq!(tokenizer.prompt(&[Message::raw("a map")], template)?, tokenizer.encode("a map", true)?);
        }
        assert_ne!(tokenizer.prompt(&[Message::user("a map")], true)?, tokenizer.encode("a map", true)?);
        Ok(())
    }
}
