//! The model: embedding, blocks, last norm and output head.

use std::borrow::Cow;

use crate::config::LogitSettings;
use crate::decoder::attention::Sequences;
use crate::decoder::block::{Norm, rms_norm};
use crate::decoder::block_reader::{self, BlockReader};
use crate::decoder::cache::{LayerCache, SequenceCache};
use crate::decoder::linear::product_over;
use crate::decoder::rope::{Ropes, Stage};
use crate::engine::memory::{MemoryNeed, available};
use crate::{
    Activation, Block, Checkpoint, Config, Flow, Linear, Matrix, ModelError, SessionOptions, Spare, Weight, kernel,
};

/// A decoder that can run.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its settings.
    pub config: Config,
    /// Its blocks, first to last.
    pub blocks: Vec<Block>,
    embedding: Weight,
    norm: Norm,
    ropes: Ropes,
    /// `None` where the head is the embedding.
    head: Option<Linear>,
    /// How inputs of the embedding are rounded where it is the head.
    head_inputs: Option<Activation>,
}

/// What makes logits of hidden states: the last norm and the output head. Smaller than the model that it is of.
#[derive(Debug, Clone)]
pub struct Head {
    norm: Norm,
    eps: f32,
    weight: Linear,
    logits: LogitSettings,
}

impl Head {
    /// Reads it from a checkpoint.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let parts = BlockReader::open(checkpoint)?;
        let (norm, head) = parts.end()?;
        let activation = Activation::asked(checkpoint.activations(), &parts.embedding);
        let tied = |weight| Linear { name: "head".to_owned(), weight, bias: None, activation };
        let weight = head.unwrap_or_else(|| tied(parts.embedding)).for_products();
        let config = checkpoint.config();
        Ok(Self { norm, eps: config.norm_eps, weight, logits: config.logits })
    }

    /// The last norm of hidden states, `[m, hidden]`.
    pub fn last_norm(&self, hidden: &Matrix) -> Matrix {
        rms_norm(hidden, &self.norm.weight, self.eps)
    }

    /// Logits of hidden states `[m, hidden]` that were not normed yet: `[m, vocab]`.
    pub fn logits(&self, hidden: &Matrix) -> Matrix {
        self.logits.of(self.weight.forward(&self.last_norm(hidden)))
    }
}

impl LogitSettings {
    /// Logits of what the head gives.
    fn of(self, mut products: Matrix) -> Matrix {
        if self.scale != 1.0 {
            products.data.iter_mut().for_each(|logit| *logit *= self.scale);
        }
        if let Some(cap) = self.cap {
            kernel::soft_cap(&mut products.data, cap);
        }
        products
    }
}

/// Tokens that are run together while a prompt is read; bounds the memory of activations.
pub(crate) const CHUNK: usize = 512;

/// Tokens to run after what a cache holds.
pub(crate) struct Advance<'a> {
    pub tokens: &'a [u32],
    pub cache: &'a mut SequenceCache,
}

impl Model {
    /// Reads a checkpoint's weights. Every value is looked at once: a NaN or infinite one is an error.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or not finite; a format that is not implemented; less memory than it
    /// takes.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        MemoryNeed::of(checkpoint, &SessionOptions::default()).check(available())?;
        let parts = BlockReader::open(checkpoint)?;
        let block = |layer| parts.load(layer).map(Block::for_products);
        let blocks = (0..parts.count()).map(block).collect::<Result<_, _>>()?;
        let (norm, head) = parts.end()?;
        let head = head.map(Linear::for_products);
        let (config, ropes) = (checkpoint.config().clone(), parts.ropes);
        let asked = || Activation::asked(checkpoint.activations(), &parts.embedding);
        let head_inputs = if head.is_some() { None } else { asked() };
        let embedding = parts.embedding.for_products(head_inputs.as_ref());
        Ok(Self { config, blocks, embedding, norm, ropes, head, head_inputs })
    }

    /// Whether inputs of any linear are rounded.
    pub fn rounds_inputs(&self) -> bool {
        let mut linears = self.blocks.iter().flat_map(Block::linears).chain(&self.head);
        self.head_inputs.is_some() || linears.any(|linear| linear.activation.is_some())
    }

    /// The embeddings of tokens, `[tokens, hidden]`.
    ///
    /// # Errors
    /// Where an id is not below the vocabulary's size.
    pub fn embed(&self, tokens: &[u32]) -> Result<Matrix, ModelError> {
        block_reader::embed(&self.embedding, self.config.embedding_scale, tokens)
    }

    /// What the output head reads of hidden states: the last norm, `[m, hidden]`.
    pub fn last_norm(&self, hidden: &Matrix) -> Matrix {
        rms_norm(hidden, &self.norm.weight, self.config.norm_eps)
    }

    /// Logits of hidden states `[m, hidden]`: last norm, then the output head, `[m, vocab]`.
    pub fn head(&self, hidden: &Matrix) -> Matrix {
        let x = self.last_norm(hidden);
        self.config.logits.of(match &self.head {
            Some(head) => head.forward(&x),
            None => {
                let mut logits = Matrix::zeros(x.rows, self.embedding.shape().0);
                product_over(&x, self.head_inputs.as_ref(), &self.embedding, &mut logits);
                logits
            }
        })
    }

    /// Logits at every position of one sequence, `[tokens, vocab]`.
    ///
    /// # Errors
    /// Where an id is outside the vocabulary, or the sequence is longer than the context.
    pub fn logits(&self, tokens: &[u32]) -> Result<Matrix, ModelError> {
        let hidden = self.hidden_states(tokens)?;
        Ok(hidden.last().map(|last| self.head(last)).unwrap_or_default())
    }

    /// The residual stream of one sequence: the embeddings, then each block's output, `[tokens, hidden]` each.
    /// (`transformers` applies the last norm to the last of them.)
    ///
    /// # Errors
    /// Where an id is outside the vocabulary, or the sequence is longer than the context.
    pub fn hidden_states(&self, tokens: &[u32]) -> Result<Vec<Matrix>, ModelError> {
        let mut states = Vec::new();
        let last = self.read(tokens, &mut |_, state| states.push(state.clone()))?;
        states.push(last);
        Ok(states)
    }

    /// Runs one sequence through all blocks and gives the residual stream after the last, `[tokens, hidden]`. `see` is
    /// shown what each block reads, with the block's number.
    ///
    /// # Errors
    /// As [`Model::hidden_states`].
    pub fn read(&self, tokens: &[u32], see: &mut dyn FnMut(usize, &Matrix)) -> Result<Matrix, ModelError> {
        if tokens.len() > self.config.longest() {
            return Err(ModelError::TooLong { tokens: tokens.len(), context: self.config.longest() });
        }
        let sequences = Sequences::whole(&[tokens.len()]);
        let mut state = self.embed(tokens)?;
        for (at, block) in self.blocks.iter().enumerate() {
            see(at, &state);
            state = block.run(Flow::new(state, &sequences));
        }
        Ok(state)
    }

    /// How a sequence of so many tokens is turned.
    pub(crate) fn stage(&self, length: usize) -> Stage {
        self.ropes.stage(length)
    }

    /// Runs tokens after what each cache holds, and gives the logits after the last token of each, `[caches, vocab]`.
    /// Where a sequence is turned otherwise at its new length, all of it is run again: the logits are those of a run
    /// without a cache. Every cache must have room.
    pub(crate) fn advance(&self, parts: &mut [Advance<'_>]) -> Result<Matrix, ModelError> {
        let mut last = Matrix::zeros(parts.len(), self.config.hidden_size);
        let lengths: Vec<usize> = parts.iter().map(|part| part.cache.tokens.len() + part.tokens.len()).collect();
        let due: Vec<Cow<'_, [u32]>> = (parts.iter_mut().zip(&lengths))
            .map(|(part, &length)| part.cache.prepare(part.tokens, self.stage(length)))
            .collect();
        let longest = due.iter().map(|due| due.len()).max().unwrap_or(0);
        let mut spare = Spare::default();
        for from in (0..longest).step_by(CHUNK) {
            let now: Vec<&[u32]> =
                due.iter().map(|due| &due[from.min(due.len())..(from + CHUNK).min(due.len())]).collect();
            let starts = parts.iter().map(|part| part.cache.tokens.len());
            let sequences = Sequences::continuing(
                starts.zip(&now).zip(&lengths).map(|((start, now), &length)| (start, now.len(), length)),
            );
            let mut hidden = self.embed(&now.concat())?;
            for (layer, block) in self.blocks.iter().enumerate() {
                let caches: Vec<&mut LayerCache> = parts.iter_mut().map(|part| &mut part.cache.layers[layer]).collect();
                let is_last = layer + 1 == self.blocks.len();
                let mut flow = Flow::continuing(hidden, &sequences, caches).reusing(spare).with_ends(is_last);
                block.pass(&mut flow);
                (hidden, _, spare) = flow.into_parts();
            }
            let mut ends = (0..hidden.rows).peekable();
            for (at, (part, now)) in parts.iter_mut().zip(&now).enumerate() {
                part.cache.tokens.extend_from_slice(now);
                if let Some(end) = ends.next_if(|_| !now.is_empty()) {
                    last.row_mut(at).copy_from_slice(hidden.row(end));
                }
            }
        }
        Ok(self.head(&last))
    }

    /// Bytes of all weight matrices as they are held.
    pub fn weight_bytes(&self) -> usize {
        let blocks = self.blocks.iter().flat_map(Block::linears).map(|linear| linear.weight.bytes()).sum::<usize>();
        blocks + self.embedding.bytes() + self.head.as_ref().map_or(0, |head| head.weight.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::rope::{RopeScaling, RopeSettings, Yarn};

    /// The bundled model with other positions and windows.
    fn changed(scaling: RopeScaling, windows: &[Option<usize>]) -> Result<Model, ModelError> {
        let mut model = Model::load(&Checkpoint::bundled()?)?;
        model.config.rope = RopeSettings { scaling, ..model.config.rope };
        model.ropes = Ropes::of(&model.config);
        for (block, window) in model.blocks.iter_mut().zip(windows.iter().cycle()) {
            block.rope = Some(model.ropes.global.clone());
            block.heads.window = *window;
        }
        Ok(model)
    }

    #[test]
    fn parts_of_a_sequence_change_no_bit() -> Result<(), ModelError> {
        let original = 300;
        let yarn =
            Yarn { factor: 4.0, original, beta_fast: 32.0, beta_slow: 1.0, truncate: true, attention_factor: 1.1 };
        let tokens: Vec<u32> = (0..530u32).map(|at| at * 37 % 1900).collect();
        let mut seen = Vec::new();
        for (scaling, windows) in [
            (RopeScaling::None, vec![None]),
            (RopeScaling::None, vec![Some(1)]),
            (RopeScaling::None, vec![Some(200), None, Some(256), Some(257)]),
            (RopeScaling::Dynamic { factor: 2.0, original }, vec![None]),
            (RopeScaling::Yarn(yarn), vec![None, Some(30)]),
        ] {
            let model = changed(scaling, &windows)?;
            let whole = model.logits(&tokens)?;
            for parts in [vec![530], vec![1, 529], vec![299, 1, 1, 229], vec![256, 256, 18]] {
                let mut cache = SequenceCache::new(&model.config, tokens.len());
                let mut beside = SequenceCache::new(&model.config, parts.len());
                let mut at = 0;
                for part in parts {
                    let one = Advance { tokens: &tokens[at..at + part], cache: &mut cache };
                    let other = Advance { tokens: &[7], cache: &mut beside };
                    let logits = model.advance(&mut [other, one])?;
                    at += part;
                    let alone = model.logits(&tokens[..at])?;
                    assert!(logits.row(1) == alone.row(at - 1), "{:?} at {at}", model.config.rope);
                }
                assert_eq!(cache.tokens, tokens);
            }
            seen.push(whole.row(529).to_vec());
        }
        assert!((1..seen.len()).all(|at| !seen[..at].contains(&seen[at])), "each setting changes something");
        Ok(())
    }

    #[test]
    fn a_token_without_embedding_fails_by_itself() -> Result<(), ModelError> {
        let checkpoint = Checkpoint::bundled()?;
        let model = Model::load(&checkpoint)?;
        let request = |prompt| crate::Request { prompt, max_tokens: 2, ..crate::Request::default() };
        let rows = model.config.vocab_size;
        let beyond = request(vec![5, u32::try_from(rows).unwrap_or(u32::MAX), 6]);
        let replies = model.generate(&[beyond, request(vec![5, 6])], checkpoint.tokenizer()?);
        let said = replies[0].as_ref().err().map(ToString::to_string).unwrap_or_default();
        let wanted = format!("token id {rows} has no embedding: config.json has vocab_size {rows}");
        assert!(said.contains(&wanted), "{said}");
        assert!(replies[1].is_ok());
        Ok(())
    }
}
