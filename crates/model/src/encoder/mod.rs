//! Sentence embeddings: BERT and MPNet encoders in the layout of sentence-transformers.
//!
//! Embeddings are those of the reference in f32 up to the order of additions. A text's embedding is the same, bit for
//! bit, whatever texts it is embedded with: texts lie one after another in a matrix, without padding.

mod layer;
mod read;
mod settings;
mod words;

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use crate::checkpoint::files::{DOWNLOAD, Files, damaged};
use crate::{Matrix, ModelError};

use layer::{Distances, Layer, Norm};
use settings::{Pooling, Settings};
use words::Words;

/// Tokens that are run together, at least and at most, but for a longer text: more repay the layout of weights, fewer
/// keep all threads at work.
const TOKENS: Range<usize> = 64..512;

/// A sentence encoder that can run.
#[derive(Debug)]
pub struct Encoder {
    name: String,
    digest: String,
    files: Files,
    settings: Settings,
    words: Words,
    embeddings: read::Embeddings,
    norm: Norm,
    layers: Vec<Layer>,
    distances: Option<Distances>,
}

impl Encoder {
    /// Reads a folder in the layout of sentence-transformers: `config.json`, `tokenizer.json`, `model.safetensors`, and
    /// where they are there `modules.json`, the pooling's `config.json` and `sentence_bert_config.json`. Every weight is
    /// looked at once. Pickles are never read.
    ///
    /// # Errors
    /// A file that is missing or damaged, a tensor of another shape than the configuration says, a setting that is not
    /// implemented.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        read::open(folder)
    }

    /// The folder's name, or the repository's where the folder lies in the hub's cache.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 over configuration, tokenizer and weights, 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Numbers of an embedding.
    pub fn width(&self) -> usize {
        self.settings.hidden
    }

    /// The embedding of each text, `[texts, width]`.
    ///
    /// # Errors
    /// A text that the tokenizer cannot spell; weights that overflow.
    pub fn embed(&self, texts: &[&str]) -> Result<Matrix, ModelError> {
        let ids = texts.par_iter().map(|text| self.words.ids(text)).collect::<Result<Vec<_>, _>>()?;
        let total: usize = ids.iter().map(Vec::len).sum();
        let together = (total / rayon::current_num_threads().max(1)).clamp(TOKENS.start, TOKENS.end);
        let rows: Vec<Matrix> = groups(&ids, together).into_par_iter().map(|group| self.pooled(group)).collect();
        let data: Vec<f32> = rows.into_iter().flat_map(|rows| rows.data).collect();
        if data.iter().any(|x| !x.is_finite()) {
            let why = "the embedding of a text is not finite: its weights overflow f32";
            return Err(damaged(&self.files.path(crate::checkpoint::shards::WEIGHTS), why, DOWNLOAD));
        }
        Ok(Matrix::new(texts.len(), self.width(), data))
    }

    /// The embeddings of some texts, on the calling thread.
    fn pooled(&self, texts: &[Vec<u32>]) -> Matrix {
        let mut ranges = Vec::with_capacity(texts.len());
        for text in texts {
            let from = ranges.last().map_or(0, |last: &Range<usize>| last.end);
            ranges.push(from..from + text.len());
        }
        let mut hidden = self.embeddings.of(texts, self.settings.first_position());
        self.norm.apply(&mut hidden);
        for layer in &self.layers {
            hidden = layer.forward(hidden, &ranges, self.distances.as_ref());
        }
        let mut pooled = Matrix::zeros(texts.len(), self.width());
        for (at, range) in ranges.into_iter().enumerate() {
            pool(&hidden, range, self.settings.pooling, pooled.row_mut(at));
            if self.settings.normalize {
                normalize(pooled.row_mut(at));
            }
        }
        pooled
    }
}

/// Runs of texts of about `together` tokens, at least one text each.
fn groups(ids: &[Vec<u32>], together: usize) -> Vec<&[Vec<u32>]> {
    let (mut all, mut from, mut tokens) = (Vec::new(), 0, 0);
    for (at, text) in ids.iter().enumerate() {
        if at > from && tokens + text.len() > together {
            all.push(&ids[from..at]);
            (from, tokens) = (at, 0);
        }
        tokens += text.len();
    }
    if from < ids.len() {
        all.push(&ids[from..]);
    }
    all
}

/// One vector of the token vectors in `rows`, none of which is padding.
fn pool(hidden: &Matrix, rows: Range<usize>, pooling: Pooling, out: &mut [f32]) {
    let count = rows.len() as f32;
    out.copy_from_slice(hidden.row(rows.start));
    if pooling == Pooling::First {
        return;
    }
    for row in rows.skip(1) {
        for (out, &x) in out.iter_mut().zip(hidden.row(row)) {
            *out = if pooling == Pooling::Mean { *out + x } else { out.max(x) };
        }
    }
    if pooling == Pooling::Mean {
        out.iter_mut().for_each(|x| *x /= count);
    }
}

/// Makes the length of a vector 1; zeros stay.
fn normalize(x: &mut [f32]) {
    let length = x.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    x.iter_mut().for_each(|x| *x /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_vectors_are_pooled_by_hand() {
        let hidden = Matrix::new(3, 2, vec![9.0, 9.0, 1.0, -2.0, 3.0, -4.0]);
        let pooled = |pooling| {
            let mut out = [0.0; 2];
            pool(&hidden, 1..3, pooling, &mut out);
            out
        };
        assert_eq!(pooled(Pooling::Mean), [2.0, -3.0]);
        assert_eq!(pooled(Pooling::First), [1.0, -2.0]);
        assert_eq!(pooled(Pooling::Largest), [3.0, -2.0]);
        let mut x = [3.0, 4.0];
        normalize(&mut x);
        assert_eq!(x, [0.6, 0.8]);
        let mut zero = [0.0; 2];
        normalize(&mut zero);
        assert_eq!(zero, [0.0; 2]);
    }

    #[test]
    fn texts_are_grouped_in_order_and_none_is_lost() {
        let ids: Vec<Vec<u32>> = [3, 4, 2, 9, 1].iter().map(|&length| vec![0; length]).collect();
        let sizes = |together| groups(&ids, together).iter().map(|group| group.len()).collect::<Vec<_>>();
        assert_eq!((sizes(7), sizes(1), sizes(100)), (vec![2, 1, 1, 1], vec![1; 5], vec![5]));
        assert!(groups(&[], 5).is_empty());
    }
}
