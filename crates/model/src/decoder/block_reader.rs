//! A model read block by block, so that one larger than memory can be walked through.

use std::sync::Arc;

use crate::arch::{self, Architecture, GroupNames, LinearName};
use crate::decoder::attention::Heads;
use crate::decoder::linear::Linears;
use crate::decoder::rope::Rope;
use crate::format::{Reader, dense_weight, vector};
use crate::{Block, Checkpoint, Config, Group, HeadNorms, Linear, Matrix, ModelError, Router, Weight};

/// A checkpoint whose blocks are read when they are asked for.
pub struct BlockReader<'a> {
    checkpoint: &'a Checkpoint,
    reader: Reader<'a>,
    architecture: &'static Architecture,
    pub(crate) rope: Arc<Rope>,
    pub(crate) embedding: Weight,
}

impl<'a> BlockReader<'a> {
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
        let names = &self.architecture.inner;
        let norm = |name: &str, width| vector(self.checkpoint, &self.name(layer, name), width);
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
            mlp_norm: norm(names.mlp_norm, hidden).map_err(by("hidden_size"))?,
            mlp_norm_name: self.name(layer, names.mlp_norm),
            head_norms,
            router: self.router(layer)?,
            groups: self.groups(layer)?,
            each: names.groups.iter().filter(|group| group.of_experts()).count(),
            heads: Heads {
                queries: config.heads,
                keys: config.kv_heads,
                dim: config.head_dim,
                kv_bits: config.kv_bits,
                window: config.blocks[layer].window,
            },
            rope: (!config.blocks[layer].no_rope).then(|| self.rope.clone()),
            eps: config.norm_eps,
        })
    }

    fn router(&self, layer: usize) -> Result<Option<Router>, ModelError> {
        let config = self.config();
        let (Some(name), Some(experts)) = (self.architecture.inner.router, config.experts) else { return Ok(None) };
        Ok(Some(Router {
            gate: self.linear(layer, name, (experts.count, config.hidden_size), false)?,
            top_k: experts.top_k,
            normalize: experts.normalize,
        }))
    }

    /// The linears of a block: those outside experts, then those of each expert.
    fn groups(&self, layer: usize) -> Result<Vec<Linears>, ModelError> {
        let all = arch::groups(self.architecture, self.config());
        all.map(|(names, expert)| self.group(layer, names, expert)).collect()
    }

    fn group(&self, layer: usize, names: &GroupNames, expert: usize) -> Result<Linears, ModelError> {
        let config = self.config();
        let (inputs, input_fields) = config.inputs(names.kind);
        let (mut linears, mut parts) = (Vec::new(), Vec::new());
        for LinearName { name, parts: held } in names.linears {
            let (mut rows, mut fields) = (0, Vec::new());
            for &part in *held {
                let (outputs, field) = config.outputs(part);
                parts.push((part, linears.len(), rows..rows + outputs));
                rows += outputs;
                fields.push(field);
            }
            let name = name.replace("{expert}", &expert.to_string());
            let linear = self.linear(layer, &name, (rows, inputs), config.has_bias(names.kind));
            linears.push(linear.map_err(by(&format!("{}, {input_fields}", fields.join(" + "))))?);
        }
        Ok(Linears { group: Group { kind: names.kind, expert }, linears, parts })
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
fn by(fields: &str) -> impl Fn(ModelError) -> ModelError + Copy + '_ {
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
