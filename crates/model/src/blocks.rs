//! A model read block by block, so that one larger than memory can be walked through.

use std::sync::Arc;

use crate::arch::{self, Architecture};
use crate::attention::Heads;
use crate::format::{Reader, dense_weight, vector};
use crate::rope::Rope;
use crate::{Block, Checkpoint, Config, Gated, HeadNorms, Linear, Matrix, Mlp, ModelError, Router, Weight};

/// A checkpoint whose blocks are read when they are asked for.
pub struct Blocks<'a> {
    checkpoint: &'a Checkpoint,
    reader: Reader<'a>,
    architecture: &'static Architecture,
    pub(crate) rope: Arc<Rope>,
    pub(crate) embedding: Weight,
}

impl<'a> Blocks<'a> {
    /// Reads the embedding, and no block yet.
    ///
    /// # Errors
    /// An unknown architecture, or a format that is not implemented; an embedding that is missing, of another shape, or
    /// not finite.
    pub fn open(checkpoint: &'a Checkpoint) -> Result<Self, ModelError> {
        let config = checkpoint.config();
        let architecture = arch::named(&config.model_type, &checkpoint.path("config.json"))?;
        let reader = Reader::new(checkpoint)?;
        let rope = Arc::new(Rope::new(&config.rope));
        let table = (config.vocab_size, config.hidden_size);
        let embedding =
            dense_weight(checkpoint, architecture.outer.embed, table).map_err(by("vocab_size, hidden_size"))?;
        Ok(Self { checkpoint, reader, architecture, rope, embedding })
    }

    /// The decoder's settings.
    pub fn config(&self) -> &Config {
        self.checkpoint.config()
    }

    /// Number of blocks.
    pub fn count(&self) -> usize {
        self.config().layers
    }

    /// The embeddings of tokens, `[tokens, hidden]`.
    ///
    /// # Errors
    /// Where an id is not below the vocabulary's size.
    pub fn embed(&self, tokens: &[u32]) -> Result<Matrix, ModelError> {
        embed(&self.embedding, tokens)
    }

    /// Lets go of the memory that holds blocks read so far, where they are mapped files.
    pub fn forget(&self) {
        self.checkpoint.forget();
    }

    /// The last norm and the head; no head where it is the embedding.
    pub(crate) fn end(&self) -> Result<(Vec<f32>, Option<Linear>), ModelError> {
        let (config, outer) = (self.config(), &self.architecture.outer);
        let head = if config.tie_embeddings {
            None
        } else {
            let weight = self.reader.linear(outer.head, (config.vocab_size, config.hidden_size))?;
            let activation = self.reader.activation(outer.head)?;
            Some(Linear { name: outer.head.to_owned(), weight, bias: None, activation })
        };
        Ok((vector(self.checkpoint, outer.norm, config.hidden_size)?, head))
    }

    /// Reads block `layer`. Every value is looked at once.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or not finite.
    pub fn load(&self, layer: usize) -> Result<Block, ModelError> {
        let config = self.config();
        let hidden = config.hidden_size;
        let (queries, keys) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
        let names = &self.architecture.inner;
        let [(_, qkv), (_, output), ..] = names.groups;
        let linear = |name: &str, shape, bias| self.linear(layer, name, shape, bias);
        let norm = |name: &str, width| vector(self.checkpoint, &self.name(layer, name), width);
        let (of_queries, of_keys) =
            (by("num_attention_heads x head_dim, hidden_size"), by("num_key_value_heads x head_dim, hidden_size"));
        let head_norms = match names.head_norms {
            None => None,
            Some(names) => {
                let [q, k] = names.map(|name| norm(name, config.head_dim).map_err(by("head_dim")));
                Some(HeadNorms { q: q?, k: k? })
            }
        };
        Ok(Block {
            attention_norm: norm(names.attention_norm, hidden).map_err(by("hidden_size"))?,
            attention_norm_name: self.name(layer, names.attention_norm),
            q: linear(qkv[0], (queries, hidden), config.qkv_bias).map_err(of_queries)?,
            k: linear(qkv[1], (keys, hidden), config.qkv_bias).map_err(of_keys)?,
            v: linear(qkv[2], (keys, hidden), config.qkv_bias).map_err(of_keys)?,
            o: linear(output[0], (hidden, queries), config.output_bias)
                .map_err(by("hidden_size, num_attention_heads x head_dim"))?,
            mlp_norm: norm(names.mlp_norm, hidden).map_err(by("hidden_size"))?,
            mlp_norm_name: self.name(layer, names.mlp_norm),
            head_norms,
            mlp: self.mlp(layer)?,
            heads: Heads {
                queries: config.heads,
                keys: config.kv_heads,
                dim: config.head_dim,
                kv_bits: config.kv_bits,
                window: config.blocks[layer].window,
            },
            rope: self.rope.clone(),
            eps: config.norm_eps,
        })
    }

    fn mlp(&self, layer: usize) -> Result<Mlp, ModelError> {
        let (config, names) = (self.config(), &self.architecture.inner);
        let router = match (names.router, config.experts) {
            (Some(name), Some(experts)) => Some(Router {
                gate: self.linear(layer, name, (experts.count, config.hidden_size), false)?,
                top_k: experts.top_k,
                normalize: experts.normalize,
            }),
            _ => None,
        };
        let count = config.experts.map_or(1, |experts| experts.count);
        Ok(Mlp { router, experts: (0..count).map(|expert| self.expert(layer, expert)).collect::<Result<_, _>>()? })
    }

    fn expert(&self, layer: usize, expert: usize) -> Result<Gated, ModelError> {
        let config = self.config();
        let [.., (_, gate_up), (_, down)] = self.architecture.inner.groups;
        let (hidden, width) = (config.hidden_size, config.intermediate_size);
        let linear = |name: &str, shape| {
            self.linear(layer, &name.replace("{expert}", &expert.to_string()), shape, config.mlp_bias)
        };
        let wide = by("intermediate_size, hidden_size");
        Ok(Gated {
            gate: linear(gate_up[0], (width, hidden)).map_err(wide)?,
            up: linear(gate_up[1], (width, hidden)).map_err(wide)?,
            down: linear(down[0], (hidden, width)).map_err(by("hidden_size, intermediate_size"))?,
        })
    }

    fn name(&self, layer: usize, name: &str) -> String {
        format!("{}{layer}.{name}", self.architecture.outer.block)
    }

    fn linear(&self, layer: usize, name: &str, shape: (usize, usize), bias: bool) -> Result<Linear, ModelError> {
        let name = self.name(layer, name);
        let weight = self.reader.linear(&name, shape)?;
        let bias_name = format!("{name}.bias");
        // Quantizers write biases of zeros to linears that had none.
        let bias = bias || self.checkpoint.has(&bias_name);
        let bias = if bias { Some(vector(self.checkpoint, &bias_name, shape.0)?) } else { None };
        let activation = self.reader.activation(&name)?;
        Ok(Linear { name, weight, bias, activation })
    }
}

/// Adds to a complaint about a tensor's shape which fields of config.json ask for it.
fn by(fields: &'static str) -> impl Fn(ModelError) -> ModelError + Copy {
    move |error| match error {
        ModelError::Tensor { name, path, expected, got } => {
            ModelError::Tensor { name, path, expected: format!("{expected} (by {fields})"), got }
        }
        other => other,
    }
}

/// The rows of an embedding, `[tokens, hidden]`.
pub(crate) fn embed(embedding: &Weight, tokens: &[u32]) -> Result<Matrix, ModelError> {
    let (vocabulary, width) = embedding.shape();
    let mut hidden = Matrix::zeros(tokens.len(), width);
    for (row, &token) in tokens.iter().enumerate() {
        if token as usize >= vocabulary {
            return Err(no_such_token(token, vocabulary));
        }
        embedding.widen_row(token as usize, hidden.row_mut(row));
    }
    Ok(hidden)
}

/// The error that a prompt holds a token that the model has no embedding for.
pub(crate) fn no_such_token(token: u32, vocabulary: usize) -> ModelError {
    let why = format!("token id {token} has no embedding: config.json has vocab_size {vocabulary}");
    ModelError::Request { why }
}
