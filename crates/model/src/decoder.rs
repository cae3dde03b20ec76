//! The model: embedding, blocks, last norm and output head.

use std::sync::Arc;

use crate::arch::{self, Architecture};
use crate::attention::{Heads, Sequences};
use crate::block::rms_norm;
use crate::cache::{LayerCache, SequenceCache};
use crate::format::{Reader, dense_weight, vector};
use crate::rope::Rope;
use crate::{Block, Checkpoint, Config, Linear, Matrix, ModelError, Tap, Weight};

/// A decoder that can run.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its settings.
    pub config: Config,
    /// Its blocks, first to last.
    pub blocks: Vec<Block>,
    embedding: Weight,
    norm: Vec<f32>,
    /// `None` where the head is the embedding.
    head: Option<Linear>,
}

/// Tokens that are run together while a prompt is read; bounds the memory of activations.
const CHUNK: usize = 512;

/// Tokens to run after what a cache holds.
pub(crate) struct Advance<'a> {
    pub tokens: &'a [u32],
    pub cache: &'a mut SequenceCache,
}

impl Model {
    /// Reads a checkpoint's weights. Every value is looked at once: a NaN or infinite one is an error.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or not finite; a format that is not implemented.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let config = checkpoint.config().clone();
        let architecture = arch::find(&config.model_type).ok_or_else(|| ModelError::Architecture {
            path: checkpoint.path("config.json"),
            name: config.model_type.clone(),
            known: arch::ARCHITECTURES.iter().map(|a| a.model_type).collect(),
        })?;
        let reader = Reader::new(checkpoint)?;
        let rope = Arc::new(Rope::new(config.rope_theta, config.head_dim));
        let load = BlockLoader { checkpoint, reader: &reader, config: &config, architecture, rope };
        let blocks = (0..config.layers).map(|layer| load.block(layer)).collect::<Result<_, _>>()?;
        let outer = &architecture.outer;
        let table = (config.vocab_size, config.hidden_size);
        let embedding = dense_weight(checkpoint, outer.embed, table)?;
        let head = if config.tie_embeddings {
            None
        } else {
            Some(Linear { name: outer.head.to_owned(), weight: reader.linear(outer.head, table)?, bias: None })
        };
        let norm = vector(checkpoint, outer.norm, config.hidden_size)?;
        Ok(Self { config, blocks, embedding, norm, head })
    }

    /// The embeddings of tokens, `[tokens, hidden]`.
    ///
    /// # Errors
    /// Where an id is not below the vocabulary's size.
    pub fn embed(&self, tokens: &[u32]) -> Result<Matrix, ModelError> {
        let mut hidden = Matrix::zeros(tokens.len(), self.config.hidden_size);
        for (row, &token) in tokens.iter().enumerate() {
            if token as usize >= self.config.vocab_size {
                let why = format!("token id {token} is not below the vocabulary's size {}", self.config.vocab_size);
                return Err(ModelError::Request { why });
            }
            self.embedding.widen_row(token as usize, hidden.row_mut(row));
        }
        Ok(hidden)
    }

    /// Logits of hidden states `[m, hidden]`: last norm, then the output head, `[m, vocab]`.
    pub fn head(&self, hidden: &Matrix) -> Matrix {
        let x = rms_norm(hidden, &self.norm, self.config.norm_eps);
        match &self.head {
            Some(head) => head.forward(&x),
            None => crate::kernel::matmul(&x, &self.embedding),
        }
    }

    /// Logits at every position of one sequence, `[tokens, vocab]`.
    ///
    /// # Errors
    /// Where an id is outside the vocabulary, or the sequence is longer than the context.
    pub fn logits(&self, tokens: &[u32]) -> Result<Matrix, ModelError> {
        let hidden = self.hidden_states(tokens, &mut ())?;
        Ok(hidden.last().map(|last| self.head(last)).unwrap_or_default())
    }

    /// The residual stream of one sequence: the embeddings, then each block's output, `[tokens, hidden]` each.
    /// `tap` sees the input of every linear group. (`transformers` applies the last norm to the last of them.)
    ///
    /// # Errors
    /// Where an id is outside the vocabulary, or the sequence is longer than the context.
    pub fn hidden_states(&self, tokens: &[u32], tap: &mut dyn Tap) -> Result<Vec<Matrix>, ModelError> {
        if tokens.len() > self.config.max_positions {
            return Err(ModelError::TooLong { tokens: tokens.len(), context: self.config.max_positions });
        }
        let sequences = Sequences::whole(&[tokens.len()]);
        let mut states = vec![self.embed(tokens)?];
        for (block, at) in self.blocks.iter().zip(0..) {
            let next = block.forward(states[at].clone(), &sequences, tap);
            states.push(next);
        }
        Ok(states)
    }

    /// Runs tokens after what each cache holds, and gives the logits after the last token of each, `[caches, vocab]`.
    /// Every cache must have room.
    pub(crate) fn advance(&self, parts: &mut [Advance<'_>]) -> Result<Matrix, ModelError> {
        let mut last = Matrix::zeros(parts.len(), self.config.hidden_size);
        let longest = parts.iter().map(|part| part.tokens.len()).max().unwrap_or(0);
        for from in (0..longest).step_by(CHUNK) {
            let now: Vec<&[u32]> = parts
                .iter()
                .map(|part| &part.tokens[from.min(part.tokens.len())..(from + CHUNK).min(part.tokens.len())])
                .collect();
            let sequences =
                Sequences::continuing(parts.iter().zip(&now).map(|(part, now)| (part.cache.tokens.len(), now.len())));
            let mut hidden = self.embed(&now.concat())?;
            for (layer, block) in self.blocks.iter().enumerate() {
                let mut caches: Vec<&mut LayerCache> =
                    parts.iter_mut().map(|part| &mut part.cache.layers[layer]).collect();
                hidden = block.run(hidden, &sequences, &mut caches, &mut ());
            }
            for (at, (part, now)) in parts.iter_mut().zip(&now).enumerate() {
                part.cache.tokens.extend_from_slice(now);
                if !now.is_empty() {
                    last.row_mut(at).copy_from_slice(hidden.row(sequences.spans[at].rows.end - 1));
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

struct BlockLoader<'a> {
    checkpoint: &'a Checkpoint,
    reader: &'a Reader<'a>,
    config: &'a Config,
    architecture: &'a Architecture,
    rope: Arc<Rope>,
}

impl BlockLoader<'_> {
    fn block(&self, layer: usize) -> Result<Block, ModelError> {
        let config = self.config;
        let (hidden, mlp) = (config.hidden_size, config.intermediate_size);
        let (queries, keys) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
        let names = &self.architecture.inner;
        let [(_, qkv), (_, output), (_, gate_up), (_, down)] = names.groups;
        let linear = |name: &str, shape, bias| self.linear(layer, name, shape, bias);
        let norm = |name: &str| vector(self.checkpoint, &self.name(layer, name), hidden);
        Ok(Block {
            attention_norm: norm(names.attention_norm)?,
            q: linear(qkv[0], (queries, hidden), config.qkv_bias)?,
            k: linear(qkv[1], (keys, hidden), config.qkv_bias)?,
            v: linear(qkv[2], (keys, hidden), config.qkv_bias)?,
            o: linear(output[0], (hidden, queries), config.output_bias)?,
            mlp_norm: norm(names.mlp_norm)?,
            gate: linear(gate_up[0], (mlp, hidden), config.mlp_bias)?,
            up: linear(gate_up[1], (mlp, hidden), config.mlp_bias)?,
            down: linear(down[0], (hidden, mlp), config.mlp_bias)?,
            heads: Heads { queries: config.heads, keys: config.kv_heads, dim: config.head_dim },
            rope: self.rope.clone(),
            eps: config.norm_eps,
        })
    }

    fn name(&self, layer: usize, name: &str) -> String {
        format!("{}{layer}.{name}", self.architecture.outer.block)
    }

    fn linear(&self, layer: usize, name: &str, shape: (usize, usize), bias: bool) -> Result<Linear, ModelError> {
        let name = self.name(layer, name);
        let weight = self.reader.linear(&name, shape)?;
        let bias = if bias { Some(vector(self.checkpoint, &format!("{name}.bias"), shape.0)?) } else { None };
        Ok(Linear { name, weight, bias })
    }
}
