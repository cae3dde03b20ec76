//! GGUF, versions 2 and 3, little-endian: what llama.cpp reads. One file holds settings, tokenizer and tensors.
//!
//! Layout (`ggml/docs/gguf.md`): magic, version u32, counts of tensors and of metadata u64; metadata, each a key, a type
//! and a value; a table of tensors, each a name, sizes innermost first, a type and an offset; from the next multiple
//! of `general.alignment` on, the tensors' values.
//!
//! A file is shown to the rest of this crate as the Hugging Face folder that it was made from: its metadata become
//! `config.json`, `tokenizer.json` and the like, its tensors get the names of that folder, rows of q and k lie as there,
//! and each expert has tensors of its own. Quantized blocks keep their bytes and are called `<linear>.q4_0` and so on, u8
//! `[out, bytes of a row]`.

mod blocks;
mod joined;
mod kind;
mod latent;
mod names;
mod pairs;
mod parse;
mod pieces;
mod rope;
mod settings;
mod shares;
mod split;
mod summary;
mod tables;
mod vocabulary;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use safetensors::Dtype;

use crate::checkpoint::tensors::Change;
use crate::{Bytes, ModelError};
use names::Family as Names;
use parse::{File, Tensor};
use settings::Keys;

pub use blocks::Quantized;
pub use blocks::stored;
#[cfg(target_arch = "x86_64")]
pub(crate) use blocks::{IQ4_LEVELS, MXFP4_LEVELS, mxfp4_scale, scale_and_offset};
pub(crate) use blocks::{read, weight, widen};
pub(crate) use joined::Joined;
pub use kind::{BLOCK, Kind};
pub use latent::ROPE_TRUNCATE;
pub use names::{Family, FilePlace, Share};
pub use pairs::{halves, pairs};
pub(crate) use split::QWEN2;
pub use split::Words;
pub use summary::{Summary, TypeSum};
pub use vocabulary::{NORMALIZER, STOP_TOKENS};

/// The first four bytes of a file.
pub const MAGIC: &[u8; 4] = b"GGUF";

/// Tensors that are settings: `config.json` has them.
const SETTINGS: &[&str] = &["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"];

/// A tensor as the folder has it.
#[derive(Debug)]
pub(crate) struct Placed {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub range: Range<usize>,
    /// What the file's values are beside them.
    pub change: Change,
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
    let keys = Keys::of(&file)?;
    let family = keys.family()?;
    let config = settings::config(keys, family)?;
    let (mut tensors, mut shared) = (Vec::new(), BTreeMap::<String, Vec<_>>::new());
    let blocks = &config["num_hidden_layers"];
    let needed = |name| !SETTINGS.contains(&name) && !latent::guesses(keys, name, blocks);
    for tensor in file.tensors.iter().filter(|tensor| needed(tensor.name)) {
        match family.share(tensor.name) {
            Some((name, share)) => shared.entry(name).or_default().push((share, tensor)),
            None => place(keys, family, tensor, &mut tensors)?,
        }
    }
    for parts in shared {
        shares::place(keys, parts, &mut tensors)?;
    }
    let mut files = vec![("config.json".to_owned(), Bytes::from(config.to_string().into_bytes()))];
    files.extend(vocabulary::files(&file)?);
    Ok(Opened { files, tensors })
}

/// The tokenizer of a file, as the files of a folder: name and content of each. The architecture may be any.
///
/// # Errors
/// Where the file is damaged, or its tokenizer of another kind than byte-level BPE and SentencePiece.
pub fn tokenizer_files(path: &Path) -> Result<Vec<(String, Bytes)>, ModelError> {
    let bytes = Bytes::map(path)?;
    vocabulary::files(&parse::parse(&bytes, path)?)
}

/// Adds the names, types and shapes of what a tensor is in the folder.
fn place(keys: Keys<'_, '_>, family: &Names, tensor: &Tensor<'_>, all: &mut Vec<Placed>) -> Result<(), ModelError> {
    let file = keys.file;
    let Some(name) = family.folder_name(tensor.name) else {
        let what = format!("tensor `{}`, which no {} has", tensor.name, family.model_type);
        return Err(file.unsupported(what, "convert the model's original again"));
    };
    let mut shape: Vec<usize> = tensor.sizes.iter().rev().copied().collect();
    if name.ends_with("shared_expert_gate.weight") && shape.len() == 1 {
        // A matrix of one row, from which llama.cpp's converter takes the row.
        shape.insert(0, 1);
    }
    if !name.contains("{expert}") {
        let change = change(keys, family, tensor)?;
        all.push(one(file, (tensor.name, tensor.kind), (name, shape), (tensor.range.clone(), change))?);
        return Ok(());
    }
    shape.remove(0);
    for (expert, range) in experts(keys, tensor)?.enumerate() {
        let name = name.replace("{expert}", &expert.to_string());
        all.push(one(file, (tensor.name, tensor.kind), (name, shape.clone()), (range, Change::None))?);
    }
    Ok(())
}

/// Where each expert's part lies of a tensor that holds those of all.
fn experts(keys: Keys<'_, '_>, tensor: &Tensor<'_>) -> Result<impl Iterator<Item = Range<usize>> + use<>, ModelError> {
    let count = tensor.sizes.last().copied().filter(|_| tensor.sizes.len() > 1).unwrap_or(0);
    if count == 0 || keys.whole("expert_count") != Some(count as i128) {
        let what = format!("tensor `{}` is not of `{}.expert_count` experts", tensor.name, keys.name);
        return Err(keys.file.damaged(what));
    }
    let (start, width) = (tensor.range.start, tensor.range.len() / count);
    Ok((0..count).map(move |expert| start + expert * width..start + (expert + 1) * width))
}

/// What a tensor of the file, by name and type, is in the folder.
fn one(
    file: &File<'_>,
    (tensor, kind): (&str, Kind),
    (name, mut shape): (String, Vec<usize>),
    (range, change): (Range<usize>, Change),
) -> Result<Placed, ModelError> {
    let (name, dtype) = match kind {
        Kind::F32 => (name, Dtype::F32),
        Kind::F16 => (name, Dtype::F16),
        Kind::Bf16 => (name, Dtype::BF16),
        quantized => {
            let linear = name.strip_suffix(".weight").filter(|_| shape.len() > 1);
            let Some((linear, inner)) = linear.zip(shape.last_mut()) else {
                return Err(file.damaged(format!("tensor `{tensor}` is quantized, and no matrix")));
            };
            *inner = *inner / quantized.block_values() * quantized.block_bytes();
            (format!("{linear}.{}", quantized.suffix()), Dtype::U8)
        }
    };
    Ok(Placed { name, dtype, shape, range, change })
}

/// What a file's values are beside those of the folder: rows of heads may lie in pairs, and norms may be one more.
fn change(keys: Keys<'_, '_>, family: &Names, tensor: &Tensor<'_>) -> Result<Change, ModelError> {
    if family.norms_one_more && tensor.name.ends_with("_norm.weight") && tensor.kind == Kind::F32 {
        return Ok(Change::OneMore);
    }
    let part = tensor.name.rsplit('.').nth(1).filter(|_| family.pairs);
    let queries = keys.whole("attention.head_count");
    let heads = match part {
        Some("attn_q") => queries,
        Some("attn_k") => keys.whole("attention.head_count_kv").or(queries),
        _ => return Ok(Change::None),
    };
    let rows = tensor.sizes.last().copied().unwrap_or(0);
    let fits = |heads: &usize| *heads > 0 && heads.checked_mul(2).is_some_and(|halves| rows.is_multiple_of(halves));
    match heads.and_then(|heads| usize::try_from(heads).ok()).filter(fits) {
        Some(heads) => Ok(Change::Halves(heads)),
        None => Err(keys
            .file
            .damaged(format!("tensor `{}` has {rows} rows, which are not those of its heads", tensor.name))),
    }
}
