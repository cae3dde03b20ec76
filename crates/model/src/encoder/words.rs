//! Text to token ids, as the encoder was trained: normalized, cut to its length, between its special tokens.

use tokenizers::{PostProcessor, TruncationParams};

use super::settings::{LENGTH, Settings};
use crate::ModelError;
use crate::checkpoint::files::{DOWNLOAD, Files, damaged};

const TOKENIZER: &str = "tokenizer.json";
const NO_TOKENIZER: &str =
    "download it; AutoTokenizer.from_pretrained(...).save_pretrained(...) makes it of a vocabulary";

/// An encoder's tokenizer.
#[derive(Debug)]
pub(crate) struct Words {
    inner: tokenizers::Tokenizer,
    lower: bool,
}

impl Words {
    pub fn read(files: &Files, settings: &Settings) -> Result<Self, ModelError> {
        let path = files.path(TOKENIZER);
        let bytes = files.read(TOKENIZER, NO_TOKENIZER)?;
        let bad = |why: String| damaged(&path, why, NO_TOKENIZER);
        let plain = record::unmarked(&bytes).map_err(|why| bad(why.problem))?;
        let mut inner =
            tokenizers::Tokenizer::from_bytes(plain).map_err(|error| bad(format!("it is not a tokenizer: {error}")))?;
        let largest = inner.get_vocab(true).values().copied().max().unwrap_or(0);
        if largest as usize >= settings.vocab_size {
            return Err(ModelError::Vocabulary { path, largest, vocab: settings.vocab_size });
        }
        let around = inner.get_post_processor().map_or(0, |around| around.added_tokens(false));
        if settings.most_tokens <= around {
            let why = format!("{} tokens leave no room for a text beside {around} special ones", settings.most_tokens);
            return Err(damaged(&files.path(LENGTH), why, DOWNLOAD));
        }
        inner.with_padding(None);
        let cut = TruncationParams { max_length: settings.most_tokens, ..TruncationParams::default() };
        inner.with_truncation(Some(cut)).map_err(|error| bad(error.to_string()))?;
        Ok(Self { inner, lower: settings.lower })
    }

    /// The ids of a text, at least one.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let fail = |why: String| ModelError::Tokenize { why };
        let lowered = self.lower.then(|| text.to_lowercase());
        let encoding = self.inner.encode_fast(lowered.as_deref().unwrap_or(text), true);
        let ids = encoding.map_err(|error| fail(error.to_string()))?.get_ids().to_vec();
        if ids.is_empty() {
            return Err(fail("it has no tokens for a text, not even special ones".to_owned()));
        }
        Ok(ids)
    }
}
