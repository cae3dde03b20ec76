//! GGUF, versions 2 and 3, little-endian: what llama.cpp reads. One file holds settings, tokenizer and tensors.
//!
//! Layout (`ggml/docs/gguf.md`): magic, version u32, counts of tensors and of metadata u64; metadata, each a key, a type
//! and a value; a table of tensors, each a name, sizes innermost first, a type and an offset; from the next multiple
//! of `general.alignment` on, the tensors' values.
//!
//! A file is shown to the rest of this crate as the Hugging Face folder that it was made from: its metadata become
//! `config.json`, `tokenizer.json` and the like, its tensors get the names of that folder. Quantized blocks keep their
//! bytes and are called `<linear>.q4_0` and so on, u8 `[out, bytes of a row]`.

mod blocks;
mod kind;
mod names;
mod parse;
mod settings;
mod vocabulary;

use std::ops::Range;
use std::path::Path;

use safetensors::Dtype;

use crate::{Bytes, ModelError};

pub(crate) use blocks::weight;
pub use kind::{BLOCK, Kind};
pub use names::{architecture, file_name, folder_name};
pub use vocabulary::{LLAMA3_SPLIT, QWEN2_SPLIT};

/// The first four bytes of a file.
pub const MAGIC: &[u8; 4] = b"GGUF";
/// The key of all tokens that end a reply, where there is more than one. llama.cpp knows no such list and guesses.
pub const STOP_TOKENS: &str = "acbench.eos_token_ids";

/// A tensor as the folder has it.
#[derive(Debug)]
pub(crate) struct Placed {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub range: Range<usize>,
}

/// A file as the folder that it was made from.
pub(crate) struct Opened {
    /// `config.json` and the tokenizer's files.
    pub files: Vec<(String, Bytes)>,
    /// The tensors, in the order of their table.
    pub tensors: Vec<Placed>,
}

/// Reads everything but the tensors' values.
pub(crate) fn open(path: &Path, bytes: &[u8]) -> Result<Opened, ModelError> {
    let file = parse::parse(bytes, path)?;
    let config = settings::config(&file)?;
    let tensors = file.tensors.iter().map(|tensor| place(&file, tensor)).collect::<Result<_, _>>()?;
    let mut files = vec![("config.json".to_owned(), Bytes::from(config.to_string().into_bytes()))];
    files.extend(vocabulary::files(&file)?);
    Ok(Opened { files, tensors })
}

/// The name, type and shape of a tensor in the folder.
fn place(file: &parse::File<'_>, tensor: &parse::Tensor<'_>) -> Result<Placed, ModelError> {
    let Some(name) = folder_name(tensor.name) else {
        let what = format!("tensor `{}`, which no Qwen2 has", tensor.name);
        return Err(file.unsupported(what, "convert the model's original again"));
    };
    let mut shape: Vec<usize> = tensor.sizes.iter().rev().copied().collect();
    let range = tensor.range.clone();
    let (name, dtype) = match tensor.kind {
        Kind::F32 => (name, Dtype::F32),
        Kind::F16 => (name, Dtype::F16),
        Kind::Bf16 => (name, Dtype::BF16),
        quantized => {
            let Some(linear) = name.strip_suffix(".weight") else {
                return Err(file.damaged(format!("tensor `{}` is quantized, and no matrix", tensor.name)));
            };
            if let Some(inner) = shape.last_mut() {
                *inner = *inner / BLOCK * quantized.block_bytes();
            }
            (format!("{linear}.{}", quantized.suffix()), Dtype::U8)
        }
    };
    Ok(Placed { name, dtype, shape, range })
}
