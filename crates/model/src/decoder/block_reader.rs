//! A model read block by block, so that one larger than memory can be walked through.

use crate::arch::{self, Architecture, BlockNames, GroupNames, HeadNormNames};
use crate::config::Positions;
use crate::decoder::attention::Heads;
use crate::decoder::block::Norm;
use crate::decoder::linear::Linears;
use crate::decoder::rope::Ropes;
use crate::format::{Reader, dense_weight, vector};
use crate::{
    Activation, Block, Checkpoint, Config, Group, HeadNorms, Linear, Matrix, ModelError, Part, Router, Weight,
};

/// A checkpoint whose blocks are read when they are asked for.
pub struct BlockReader<'a> {
    checkpoint: &'a Checkpoint,
    reader: Reader<'a>,
    architecture: &'static Architecture,
    pub(crate) ropes: Ropes,
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
        let ropes = Ropes::of(config);
        let table = (config.vocab_size, config.hidden_size);
        let embedding =
            dense_weight(checkpoint, architecture.outer.embed, table).map_err(by("vocab_size, hidden_size"))?;
        Ok(Self { checkpoint, reader, architecture, ropes, embedding })
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
        embed(&self.embedding, self.config().embedding_scale, tokens)
    }

    /// Lets go of the memory that holds blocks read so far, where they are mapped files.
    pub fn forget(&self) {
        self.checkpoint.forget();
    }

    /// The last norm and the head; no head where it is the embedding.
    pub(crate) fn end(&self) -> Result<(Norm, Option<Linear>), ModelError> {
        let (config, outer) = (self.config(), &self.architecture.outer);
        let head = if config.tie_embeddings {
            None
        } else {
            let weight = self.reader.linear(outer.head, (config.vocab_size, config.hidden_size))?;
            let activation = self.inputs(outer.head, &weight)?;
            Some(Linear { name: outer.head.to_owned(), weight, bias: None, activation })
        };
        Ok((self.norm(outer.norm.to_owned(), config.hidden_size, "hidden_size")?, head))
    }

    /// Reads block `layer`. Every value is looked at once.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or not finite.
    pub fn load(&self, layer: usize) -> Result<Block, ModelError> {
        let config = self.config();
        let names = (self.architecture.inner)(config, layer);
        let of_stream = |name: Option<&str>| self.maybe(layer, name, (config.hidden_size, "hidden_size"));
        let [queries, keys_values] = names.latent_norms;
        let latent = |part| config.outputs(part, arch::Owner::Block);
        let own = &config.blocks[layer];
        Ok(Block {
            attention_norm: of_stream(names.attention_norm)?,
            attention_post_norm: of_stream(names.attention_post_norm)?,
            mlp_norm: of_stream(names.mlp_norm)?,
            mlp_post_norm: of_stream(names.mlp_post_norm)?,
            latent_norms: [
                self.maybe(layer, queries, latent(Part::QueryLatent))?,
                self.maybe(layer, keys_values, latent(Part::KeyValueLatent))?,
            ],
            head_norms: names.head_norms.map(|norms| self.head_norms(layer, norms)).transpose()?,
            router: self.router(layer, names)?,
            groups: self.groups(layer, names)?,
            each: names.groups.iter().filter(|group| group.owner == arch::Owner::Expert).count(),
            heads: Heads {
                queries: config.heads,
                keys: config.kv_heads,
                dim: config.head_dim,
                value_dim: config.value_dim,
                kv_bits: config.kv_bits,
                window: own.window,
                scale: own.score_scale,
                cap: own.score_cap,
            },
            sinks: names
                .sinks
                .map(|name| vector(self.checkpoint, &self.name(layer, name), config.heads))
                .transpose()
                .map_err(by("num_attention_heads"))?,
            rope: match own.positions {
                Positions::Global => Some(self.ropes.global.clone()),
                Positions::Local => self.ropes.local.clone(),
                Positions::None => None,
            },
            gating: own.gating,
            residual: own.residual,
            eps: config.norm_eps,
        })
    }

    /// A norm of this full name, `[width]` as a field says.
    fn norm(&self, name: String, width: usize, field: &str) -> Result<Norm, ModelError> {
        let mut weight = vector(self.checkpoint, &name, width).map_err(by(field))?;
        let less = if self.architecture.norms_less_one { 1.0 } else { 0.0 };
        weight.iter_mut().for_each(|weight| *weight += less);
        Ok(Norm { name, weight, less })
    }

    /// A norm of a block, where it has one.
    fn maybe(
        &self,
        layer: usize,
        name: Option<&str>,
        (width, field): (usize, &str),
    ) -> Result<Option<Norm>, ModelError> {
        name.map(|name| self.norm(self.name(layer, name), width, field)).transpose()
    }

    fn head_norms(&self, layer: usize, names: HeadNormNames) -> Result<HeadNorms, ModelError> {
        let config = self.config();
        let norm = |name: &str, heads: usize| match names.whole {
            true => self.norm(self.name(layer, name), heads * config.head_dim, "all heads x head_dim"),
            false => self.norm(self.name(layer, name), config.head_dim, "head_dim"),
        };
        let [q, k] = names.names;
        Ok(HeadNorms { q: norm(q, config.heads)?, k: norm(k, config.kv_heads)? })
    }

    fn router(&self, layer: usize, names: &BlockNames) -> Result<Option<Router>, ModelError> {
        let config = self.config();
        let (Some(names), Some(experts)) = (names.router, config.experts) else { return Ok(None) };
        let linear = |name: &str, rows| self.linear(layer, name, (rows, config.hidden_size), false);
        let vector = |name: &str| vector(self.checkpoint, &self.name(layer, name), experts.count);
        Ok(Some(Router {
            gate: linear(names.gate, experts.count)?,
            experts,
            correction: names.correction.map(vector).transpose()?,
            shared_gate: names.shared_gate.map(|name| linear(name, 1)).transpose()?,
        }))
    }

    /// The linears of a block: those outside experts, then those of each expert.
    fn groups(&self, layer: usize, names: &'static BlockNames) -> Result<Vec<Linears>, ModelError> {
        arch::groups(names, self.config()).map(|(names, expert)| self.group(layer, names, expert)).collect()
    }

    fn group(&self, layer: usize, names: &GroupNames, expert: usize) -> Result<Linears, ModelError> {
        let config = self.config();
        let (inputs, input_fields) = config.inputs(names.kind, names.owner);
        let (mut linears, mut parts) = (Vec::new(), Vec::new());
        for one in names.linears {
            let (sizes, fields): (Vec<usize>, Vec<&str>) =
                one.parts.iter().map(|&part| config.outputs(part, names.owner)).unzip();
            parts.extend(one.places(config, names.owner, linears.len()));
            let name = one.name.replace("{expert}", &expert.to_string());
            let shape = (sizes.iter().sum(), inputs);
            let linear = self.linear(layer, &name, shape, config.has_bias(names.kind, one.parts));
            linears.push(linear.map_err(by(&format!("{}, {input_fields}", fields.join(" + "))))?);
        }
        Ok(Linears { group: Group { kind: names.kind, expert }, linears, parts })
    }

    fn name(&self, layer: usize, name: &str) -> String {
        format!("{}{layer}.{name}", self.architecture.outer.block)
    }

    /// How the inputs of a linear are rounded.
    fn inputs(&self, name: &str, weight: &Weight) -> Result<Option<Activation>, ModelError> {
        let said = self.reader.activation(name)?;
        Ok(said.or_else(|| Activation::asked(self.checkpoint.activations(), weight)))
    }

    fn linear(&self, layer: usize, name: &str, shape: (usize, usize), bias: bool) -> Result<Linear, ModelError> {
        let name = self.name(layer, name);
        let weight = self.reader.linear(&name, shape)?;
        let bias_name = format!("{name}.bias");
        // Quantizers write biases of zeros to linears that had none.
        let bias = bias || self.checkpoint.has(&bias_name);
        let bias = if bias { Some(vector(self.checkpoint, &bias_name, shape.0)?) } else { None };
        let activation = self.inputs(&name, &weight)?;
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

/// The rows of an embedding times a factor, `[tokens, hidden]`.
pub(crate) fn embed(embedding: &Weight, scale: f32, tokens: &[u32]) -> Result<Matrix, ModelError> {
    let (vocabulary, width) = embedding.shape();
    let mut hidden = Matrix::zeros(tokens.len(), width);
    for (row, &token) in tokens.iter().enumerate() {
        if token as usize >= vocabulary {
            return Err(no_such_token(token, vocabulary));
        }
        embedding.widen_row(token as usize, hidden.row_mut(row));
    }
    if scale != 1.0 {
        hidden.data.iter_mut().for_each(|value| *value *= scale);
    }
    Ok(hidden)
}

/// The error that a prompt holds a token that the model has no embedding for.
pub(crate) fn no_such_token(token: u32, vocabulary: usize) -> ModelError {
    let why = format!("token id {token} has no embedding: config.json has vocab_size {vocabulary}");
    ModelError::Request { why }
}
