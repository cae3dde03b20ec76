//! Text that a model writes by itself, to calibrate its compression on where no other text is at hand.
//!
//! Williams, Chrysostomou and Aletras (2024, arXiv 2410.17170) sample it from the model itself, since what a model writes
//! is near what it was trained on. Each document begins with another word of the vocabulary (Liu et al. 2023, LLM-QAT, arXiv
//! 2305.17888): after the token that begins a text alone, a chat model writes the same few lines again and again, or, drawn
//! at full temperature, noise.

use std::collections::BTreeMap;

use model::{Checkpoint, Model, Sampling, Session, SessionOptions, Tokenizer};
use record::Rng;

use crate::GenerateError;

/// Softness of the draws: at 1, a small model's text is half noise.
const TEMPERATURE: f32 = 0.8;
/// The longest document, in tokens.
const DOCUMENT: usize = 512;
/// The most documents under way at a time; it changes none of them.
const BATCH: usize = 32;
/// Bytes of keys and values of all of them.
const ACTIVE: usize = 512 << 20;
/// Tokens that documents have on the average; a model whose are shorter writes nothing.
const SHORTEST: usize = 8;
/// Draws of a token that is a word.
const DRAWS: usize = 256;

/// What text is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnText {
    /// The seed of all draws.
    pub seed: u64,
    /// Tokens in all; the last document may exceed them.
    pub tokens: usize,
}

/// How far the writing is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Written<'a> {
    /// About so many tokens.
    Tokens(usize),
    /// These documents are whole, one more than before.
    Documents(&'a [Vec<u32>]),
}

/// Documents that a model writes, in order, as many as have the tokens wanted. A document depends on the seed and its
/// number alone, so that `kept`, the first documents of an earlier call, is gone on with.
///
/// # Errors
/// A tokenizer that cannot be read, a model whose logits are no numbers, one that ends every text at once, or what `told`
/// says.
pub fn own_text(
    checkpoint: &Checkpoint,
    asked: &OwnText,
    kept: Vec<Vec<u32>>,
    told: &mut dyn FnMut(Written<'_>) -> Result<(), GenerateError>,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    let mut documents = kept;
    documents.truncate(enough(&documents, asked.tokens));
    if length(&documents) >= asked.tokens {
        return Ok(documents);
    }
    let (model, tokenizer) = (Model::load(checkpoint)?, checkpoint.tokenizer()?);
    // Weights of 32 bits are copies; those of 16 bits are looked at where they lie, and come back.
    checkpoint.forget();
    let beginnings = Beginnings { tokenizer, seed: asked.seed };
    let batch_size = together(checkpoint);
    let options = SessionOptions { batch_size, retained_bytes: 0, active_bytes: usize::MAX };
    let mut session = Session::new(&model, tokenizer, options);
    let (mut next, mut early, mut tickets) = (documents.len(), BTreeMap::new(), BTreeMap::new());
    let mut drawn = length(&documents);
    while length(&documents) < asked.tokens {
        if documents.len() > BATCH + asked.tokens / SHORTEST {
            return Err(GenerateError::NoText { documents: documents.len(), tokens: length(&documents) });
        }
        // No more than would do if all of them were long.
        let wanted = (asked.tokens - length(&documents)).div_ceil(DOCUMENT);
        while session.free() > 0 && next < documents.len() + wanted {
            tickets.insert(session.submit(beginnings.request(next)?), next);
            next += 1;
        }
        drawn += session.pending();
        told(Written::Tokens(drawn))?;
        for (ticket, written) in session.step() {
            early.extend(tickets.remove(&ticket).map(|number| (number, written)));
        }
        while let Some(written) = early.remove(&documents.len()) {
            let mut document = beginnings.prompt(documents.len())?;
            document.extend(written?.tokens);
            documents.push(document);
            documents.truncate(enough(&documents, asked.tokens));
            told(Written::Documents(&documents))?;
        }
    }
    Ok(documents)
}

/// Documents under way at a time, so that their keys and values take no more than [`ACTIVE`]; at least one.
fn together(checkpoint: &Checkpoint) -> usize {
    let config = checkpoint.config();
    let document = DOCUMENT * config.cached_numbers() * size_of::<f32>();
    (ACTIVE / document.max(1)).clamp(1, BATCH)
}

/// Bytes that documents under way take, beside the model: keys and values, logits, and the draws from them.
pub fn under_way(checkpoint: &Checkpoint) -> usize {
    ACTIVE + BATCH * checkpoint.config().vocab_size * 8 + (32 << 20)
}

/// How many of the documents, from the first on, have so many tokens; all where they have fewer.
fn enough(documents: &[Vec<u32>], tokens: usize) -> usize {
    let mut sum = 0;
    let whole = documents.iter().position(|document| {
        sum += document.len();
        sum >= tokens
    });
    whole.map_or(documents.len(), |at| at + 1)
}

fn length(documents: &[Vec<u32>]) -> usize {
    documents.iter().map(Vec::len).sum()
}

/// How documents begin.
struct Beginnings<'a> {
    tokenizer: &'a Tokenizer,
    seed: u64,
}

impl Beginnings<'_> {
    fn request(&self, number: usize) -> Result<model::Request, GenerateError> {
        let prompt = self.prompt(number)?;
        Ok(model::Request {
            max_tokens: DOCUMENT - prompt.len().min(DOCUMENT - 1),
            prompt,
            sampling: Sampling { temperature: TEMPERATURE, top_p: 1.0, top_k: 0 },
            seed: Rng::stream(self.seed, &format!("own text {number}")).next_u64(),
            ..model::Request::default()
        })
    }

    /// The first tokens of a document: a word of the vocabulary, with what the tokenizer puts before a text.
    fn prompt(&self, number: usize) -> Result<Vec<u32>, GenerateError> {
        let mut rng = Rng::stream(self.seed, &format!("word {number}"));
        let (mut drawn, mut prompt) = (0, Vec::new());
        for _ in 0..DRAWS {
            drawn = rng.below(self.tokenizer.vocab_size()) as u32;
            let text = self.tokenizer.decode(&[drawn])?;
            if text.trim().chars().count() > 1 && text.trim().chars().all(char::is_alphabetic) {
                prompt = self.tokenizer.encode(&text, true)?;
                break;
            }
        }
        Ok(if prompt.is_empty() { vec![drawn] } else { prompt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_depends_on_the_seed_and_its_number_alone() -> Result<(), GenerateError> {
        let pico = Checkpoint::bundled()?;
        let write = |seed, tokens, kept: &[Vec<u32>]| {
            own_text(&pico, &OwnText { seed, tokens }, kept.to_vec(), &mut |_| Ok(()))
        };
        let few = write(0, 100, &[])?;
        let many = write(0, 900, &[])?;
        assert_eq!(many[..few.len()], few[..]);
        assert_eq!(write(0, 900, &few)?, many);
        assert_ne!(write(1, 100, &[])?, few);
        assert!(length(&many) >= 900 && length(&many[..many.len() - 1]) < 900);
        assert!(many.iter().all(|document| document.len() <= DOCUMENT));
        // What is there is enough: no model is asked.
        assert_eq!(write(0, 1, &many)?, many[..1]);
        Ok(())
    }
}
