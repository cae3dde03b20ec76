//! What a file is, whether or not its architecture can be run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::kind::Kind;
use super::parse::{self, Value};
use super::settings::Keys;
use crate::{Bytes, ModelError};

/// The tensors of one type.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TypeSum {
    /// What llama.cpp calls it.
    pub name: &'static str,
    /// How many tensors.
    pub tensors: usize,
    /// Their numbers.
    pub numbers: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// What there is to say of a file without its tensors' values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `general.architecture`
    pub architecture: String,
    /// `general.name`
    pub name: Option<String>,
    /// The types of its tensors.
    pub types: Vec<TypeSum>,
    /// Blocks.
    pub layers: Option<u64>,
    /// Width of the residual stream.
    pub hidden_size: Option<u64>,
    /// Tokens that the model can look at.
    pub context: Option<u64>,
    /// `tokenizer.ggml.model` and, where there is one, `tokenizer.ggml.pre`.
    pub tokenizer: Option<String>,
    /// Tokens.
    pub vocabulary: usize,
    /// Whether there is a chat template.
    pub template: bool,
    /// Why the model cannot be run, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Summary {
    /// Looks at a file.
    ///
    /// # Errors
    /// Where it is damaged, or has tensors of a type that is not read.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = Bytes::map(path)?;
        let file = parse::parse(&bytes, path)?;
        let keys = Keys::of(&file)?;
        let text = |key: &str| match file.metadata.get(key) {
            Some(Value::Text(text)) => Some(*text),
            _ => None,
        };
        let whole = |field: &str| keys.whole(field).and_then(|value| u64::try_from(value).ok());
        let mut sums: BTreeMap<Kind, TypeSum> = BTreeMap::new();
        for tensor in &file.tensors {
            let sum = sums.entry(tensor.kind).or_default();
            sum.name = tensor.kind.name();
            sum.tensors += 1;
            sum.numbers += tensor.sizes.iter().product::<usize>();
            sum.bytes += tensor.range.len();
        }
        let tokenizer = text("tokenizer.ggml.model").map(|model| match text("tokenizer.ggml.pre") {
            Some(pre) if model == "gpt2" => format!("{model}, words as {pre}"),
            _ => model.to_owned(),
        });
        let vocabulary = match file.metadata.get("tokenizer.ggml.tokens") {
            Some(Value::Texts(tokens)) => tokens.len(),
            _ => 0,
        };
        Ok(Self {
            architecture: keys.name.to_owned(),
            name: text("general.name").map(str::to_owned),
            types: sums.into_values().collect(),
            layers: whole("block_count"),
            hidden_size: whole("embedding_length"),
            context: whole("context_length"),
            tokenizer,
            vocabulary,
            template: text("tokenizer.chat_template").is_some(),
            refused: super::open(path, &bytes).err().map(|error| error.to_string()),
        })
    }

    /// Numbers of all tensors.
    pub fn parameters(&self) -> usize {
        self.types.iter().map(|sum| sum.numbers).sum()
    }

    /// Bits that one of them takes, scales included.
    pub fn bits(&self) -> f64 {
        let bytes: usize = self.types.iter().map(|sum| sum.bytes).sum();
        bytes as f64 * 8.0 / self.parameters().max(1) as f64
    }
}
