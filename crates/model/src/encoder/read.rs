//! A folder's weights, by the names that transformers gives them.

use std::path::Path;

use super::Encoder;
use super::layer::{BUCKETS, Dense, Distances, Layer, Norm};
use super::settings::{CONFIG, Kind, LENGTH, MODULES, Settings};
use super::words::Words;
use crate::checkpoint::files::{Files, label};
use crate::checkpoint::shards::{INDEX, WEIGHTS};
use crate::checkpoint::tensors::Tensors;
use crate::format::{tensor_vector, tensor_weight};
use crate::snapshot;
use crate::{Matrix, ModelError, Weight};

const PICKLE: &str = "pytorch_model.bin";
const NO_WEIGHTS: &str = "the folder has weights only as a pickle, which can run programs and is never read: download \
     model.safetensors, or write it with SentenceTransformer(FOLDER).save(NEW_FOLDER)";
const NO_FOLDER: &str = "give the folder of a sentence-transformers model, as `hf download \
     sentence-transformers/all-mpnet-base-v2 --local-dir DIR` makes it";

/// Files that decide what an embedding is, in the order of the digest.
const FILES: [&str; 5] = [CONFIG, MODULES, "1_Pooling/config.json", LENGTH, "tokenizer.json"];

/// The tables that tokens begin with.
#[derive(Debug)]
pub(crate) struct Embeddings {
    /// `[vocabulary, hidden]`
    words: Weight,
    /// `[positions, hidden]`
    positions: Weight,
    /// `[hidden]`: of the first token type, where there are types.
    first_type: Option<Vec<f32>>,
    /// The token that counts no position, where there is one.
    padding: Option<u32>,
}

impl Embeddings {
    /// The rows of some texts, one after another, `[tokens, hidden]`.
    pub fn of(&self, texts: &[Vec<u32>], first: usize) -> Matrix {
        let width = self.words.shape().1;
        let mut all = Matrix::zeros(texts.iter().map(Vec::len).sum(), width);
        let (mut row, mut position) = (0, vec![0.0; width]);
        for text in texts {
            let mut next = first;
            for &id in text {
                let out = all.row_mut(row);
                self.words.widen_row(id as usize, out);
                // A padding token that the text spells stands at the position before the first.
                let counted = self.padding != Some(id);
                self.positions.widen_row(if counted { next } else { first - 1 }, &mut position);
                next += usize::from(counted);
                if let Some(kind) = &self.first_type {
                    out.iter_mut().zip(kind).for_each(|(x, kind)| *x += kind);
                }
                out.iter_mut().zip(&position).for_each(|(x, position)| *x += position);
                row += 1;
            }
        }
        all
    }
}

/// The tensors of one encoder.
struct Reader<'a> {
    tensors: &'a Tensors,
    /// What stands before every name: nothing, `bert.` or `mpnet.`.
    prefix: &'static str,
    settings: &'a Settings,
}

pub(super) fn open(folder: &Path) -> Result<Encoder, ModelError> {
    if let Some(inside) = snapshot(folder)? {
        return open(&inside.folder);
    }
    if !folder.is_dir() {
        return Err(ModelError::Missing { path: folder.to_owned(), cure: NO_FOLDER });
    }
    let files = Files::Folder(folder.to_owned());
    let settings = Settings::read(&files)?;
    if folder.join(PICKLE).exists() && ![WEIGHTS, INDEX].iter().any(|name| folder.join(name).exists()) {
        return Err(ModelError::Missing { path: folder.join(WEIGHTS), cure: NO_WEIGHTS });
    }
    let tensors = Tensors::read(&files, &|_| true)?;
    let words = Words::read(&files, &settings)?;
    let prefix = ["", "bert.", "mpnet."]
        .into_iter()
        .find(|prefix| tensors.has(&format!("{prefix}embeddings.word_embeddings.weight")));
    let reader = Reader { tensors: &tensors, prefix: prefix.unwrap_or_default(), settings: &settings };
    Ok(Encoder {
        name: label(folder),
        digest: digest(&files, &tensors)?,
        embeddings: reader.embeddings()?,
        norm: reader.norm("embeddings.LayerNorm")?,
        distances: reader.distances()?,
        layers: (0..settings.layers).map(|layer| reader.layer(layer)).collect::<Result<_, _>>()?,
        words,
        files,
        settings,
    })
}

impl Reader<'_> {
    fn matrix(&self, name: &str, shape: (usize, usize)) -> Result<Weight, ModelError> {
        tensor_weight(&self.tensors.get(&format!("{}{name}.weight", self.prefix))?, shape)
    }

    fn vector(&self, name: &str, size: usize) -> Result<Vec<f32>, ModelError> {
        tensor_vector(&self.tensors.get(&format!("{}{name}", self.prefix))?, size)
    }

    fn dense(&self, name: &str, (rows, cols): (usize, usize)) -> Result<Dense, ModelError> {
        Ok(Dense { weight: self.matrix(name, (rows, cols))?, bias: self.vector(&format!("{name}.bias"), rows)? })
    }

    fn norm(&self, name: &str) -> Result<Norm, ModelError> {
        let vector = |part: &str| self.vector(&format!("{name}.{part}"), self.settings.hidden);
        Ok(Norm { weight: vector("weight")?, bias: vector("bias")?, eps: self.settings.eps })
    }

    fn embeddings(&self) -> Result<Embeddings, ModelError> {
        let (hidden, settings) = (self.settings.hidden, self.settings);
        let table = |name: &str, rows| self.matrix(&format!("embeddings.{name}_embeddings"), (rows, hidden));
        let (first_type, padding) = match settings.kind {
            Kind::Bert { types } => (Some(table("token_type", types)?.to_f32().row(0).to_vec()), None),
            Kind::Mpnet => (None, Some(1)),
        };
        let positions = table("position", settings.positions)?;
        Ok(Embeddings { words: table("word", settings.vocab_size)?, positions, first_type, padding })
    }

    fn distances(&self) -> Result<Option<Distances>, ModelError> {
        let settings = self.settings;
        if settings.kind != Kind::Mpnet {
            return Ok(None);
        }
        let table = self.matrix("encoder.relative_attention_bias", (BUCKETS, settings.heads))?;
        Ok(Some(Distances::new(&table.to_f32(), settings.most_tokens)))
    }

    fn layer(&self, layer: usize) -> Result<Layer, ModelError> {
        let settings = self.settings;
        let (hidden, inner) = (settings.hidden, settings.intermediate);
        let (qkv, output, norm) = match settings.kind {
            Kind::Bert { .. } => (
                ["attention.self.query", "attention.self.key", "attention.self.value"],
                "attention.output.dense",
                "attention.output.LayerNorm",
            ),
            Kind::Mpnet => (
                ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
                "attention.attn.o",
                "attention.LayerNorm",
            ),
        };
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let square = |part: &str| self.dense(&name(part), (hidden, hidden));
        Ok(Layer {
            qkv: [square(qkv[0])?, square(qkv[1])?, square(qkv[2])?],
            output: square(output)?,
            attention_norm: self.norm(&name(norm))?,
            up: self.dense(&name("intermediate.dense"), (inner, hidden))?,
            down: self.dense(&name("output.dense"), (hidden, inner))?,
            norm: self.norm(&name("output.LayerNorm"))?,
            heads: settings.heads,
        })
    }
}

/// SHA-256 over the files that decide what an embedding is.
fn digest(files: &Files, tensors: &Tensors) -> Result<String, ModelError> {
    let mut all = record::Digest::default();
    let mut add = |name: &str, bytes: &[u8]| {
        all.update(format!("{name} {}\n", bytes.len()).as_bytes());
        all.update(bytes);
    };
    for name in FILES {
        if let Some(bytes) = files.find(name)? {
            add(name, &bytes);
        }
    }
    for (path, bytes) in tensors.shards() {
        add(&path.file_name().unwrap_or_default().to_string_lossy(), bytes);
        bytes.forget();
    }
    Ok(all.hex())
}
