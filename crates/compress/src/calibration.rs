//! The text that a method looks at: cut into sequences of equal length, recorded by digest.

use model::{Checkpoint, Tokenizer};
use record::{Digest, Rng};

use crate::CompressError;

/// About the bytes of a text that are encoded at once.
const PIECE: usize = 1 << 18;

/// Calibration text as it comes.
#[derive(Debug, Clone)]
pub enum CalibrationText {
    /// Text, still to be encoded.
    Text(String),
    /// Token sequences of any lengths, used one after another.
    Tokens(Vec<Vec<u32>>),
}

/// Where calibration sequences are cut from.
#[derive(Debug, Clone)]
pub struct CalibrationSource {
    /// Where the text came from, for the record: a file name, or `twins`.
    pub origin: String,
    /// The text.
    pub text: CalibrationText,
    /// Which of its sequences are taken, where it has more than are needed.
    pub seed: u64,
}

/// Calibration sequences of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// `sequences` times `length` tokens.
    pub sequences: Vec<Vec<u32>>,
    /// What goes into `compress.json`.
    pub record: record::Calibration,
}

impl CalibrationSource {
    /// Cuts the text into pieces of `length` tokens that do not overlap and takes `sequences` of them, chosen by the
    /// seed, in the order of the text.
    ///
    /// # Errors
    /// [`CompressError::ShortCalibration`] where the text has fewer than `sequences * length` tokens, and whatever
    /// the tokenizer says of the text.
    pub fn cut(&self, checkpoint: &Checkpoint, sequences: usize, length: usize) -> Result<Calibration, CompressError> {
        let tokens = match &self.text {
            CalibrationText::Text(text) => encode(checkpoint.tokenizer()?, text)?,
            CalibrationText::Tokens(all) => all.concat(),
        };
        let vocabulary = checkpoint.config().vocab_size;
        if let Some(&token) = tokens.iter().find(|&&token| token as usize >= vocabulary) {
            return Err(CompressError::UnknownToken { origin: self.origin.clone(), token, vocabulary });
        }
        self.cut_tokens(&tokens, sequences, length)
    }

    fn cut_tokens(&self, tokens: &[u32], sequences: usize, length: usize) -> Result<Calibration, CompressError> {
        let pieces: Vec<&[u32]> = tokens.chunks_exact(length.max(1)).collect();
        if pieces.len() < sequences || length == 0 {
            return Err(CompressError::ShortCalibration {
                origin: self.origin.clone(),
                tokens: tokens.len(),
                sequences,
                length,
            });
        }
        let mut chosen = Rng::stream(self.seed, "calibration").choose(pieces.len(), sequences);
        chosen.sort_unstable();
        let mut digest = Digest::default();
        let sequences: Vec<Vec<u32>> = chosen.into_iter().map(|at| pieces[at].to_vec()).collect();
        for token in sequences.iter().flatten() {
            digest.update(&token.to_le_bytes());
        }
        let record = record::Calibration {
            source: self.origin.clone(),
            digest: digest.hex(),
            sequences: sequences.len(),
            length,
            seed: self.seed,
        };
        Ok(Calibration { sequences, record })
    }
}

/// The tokens of a text, piece by piece, since what a tokenizer keeps of a text takes many times its bytes. A piece ends
/// before a line that begins with a character, where tokenizers divide a text anyway.
fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>, CompressError> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let ends = |at: &usize| {
            rest.as_bytes()[at - 1] == b'\n' && rest.as_bytes().get(*at).is_some_and(|next| !next.is_ascii_whitespace())
        };
        let end = (PIECE..rest.len()).find(ends).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        tokens.extend(tokenizer.encode(piece, false)?);
        rest = after;
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(tokens: u32) -> CalibrationSource {
        let text = CalibrationText::Tokens((0..tokens).map(|token| vec![token]).collect());
        CalibrationSource { origin: "a.txt".into(), text, seed: 3 }
    }

    #[test]
    fn pieces_follow_the_text_and_repeat_with_the_seed() -> Result<(), CompressError> {
        let tokens: Vec<u32> = (0..100).collect();
        let cut = source(100).cut_tokens(&tokens, 4, 7)?;
        assert!(cut.sequences.iter().all(|s| s.len() == 7 && s[0] % 7 == 0));
        assert!(cut.sequences.windows(2).all(|pair| pair[0][0] < pair[1][0]));
        assert_eq!(cut, source(100).cut_tokens(&tokens, 4, 7)?);
        let other = CalibrationSource { seed: 4, ..source(100) }.cut_tokens(&tokens, 4, 7)?;
        assert_ne!(cut.record.digest, other.record.digest);
        Ok(())
    }

    #[test]
    fn a_long_text_has_the_tokens_that_it_would_have_at_once() -> Result<(), CompressError> {
        let pico = Checkpoint::bundled()?;
        let text = "One line of some words, and a number: 42.\n\n  Another one.\n".repeat(PIECE / 50);
        assert!(text.len() > PIECE);
        assert_eq!(encode(pico.tokenizer()?, &text)?, pico.tokenizer()?.encode(&text, false)?);
        Ok(())
    }

    #[test]
    fn a_short_text_says_how_much_is_missing() {
        let tokens: Vec<u32> = (0..100).collect();
        let error = source(100).cut_tokens(&tokens, 11, 10).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("a.txt has 100 tokens") && error.contains("need 110"), "{error}");
    }
}
