//! Files made of other files.
#![allow(dead_code, reason = "not every test needs all of it")]

pub mod random;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use model::Checkpoint;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

pub type Checked<T> = Result<T, Box<dyn Error>>;

/// The settings of a method's smallest change, in groups of so many inputs, and how far it may move the logits, of their size.
pub fn mild(method: &str, group_size: usize) -> (Value, f32) {
    let looks = |mut settings: Value| {
        settings["sequences"] = json!(6);
        settings["length"] = json!(24);
        settings
    };
    match method {
        "gptq" => (looks(json!({"bits": 8, "group_size": group_size})), 0.05),
        "awq" => (looks(json!({"bits": 8, "group_size": group_size, "clip": false})), 0.05),
        "rtn" => (json!({"bits": 8, "group_size": group_size}), 0.05),
        "smoothquant" => (looks(json!({})), 0.25),
        "fp8" => (json!({}), 0.6),
        "kv_cache" => (json!({"kv_bits": 8}), 0.05),
        "magnitude" => (json!({"sparsity": 0.1}), 0.5),
        _ => (looks(json!({"sparsity": 0.1})), 0.5),
    }
}

/// Ends of a section of a file are at multiples of it.
const ALIGNMENT: usize = 32;

/// The bytes of a GGUF file whose architecture is called otherwise, in the keys too; `model` is its `general.name`, which gets
/// longer so that tensors stay at multiples of 32.
pub fn renamed(file: &[u8], (from, to): (&str, &str), model: &str) -> Vec<u8> {
    let mut all = Vec::with_capacity(file.len() + 1024);
    let mut at = 0;
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let mut name_at = None;
    while at < file.len() {
        let rest = &file[at..];
        let length = rest.first_chunk::<8>().map_or(0, |eight| u64::from_le_bytes(*eight) as usize);
        let word = rest.get(8..8 + length.min(64)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
        let own = word.strip_prefix(from).filter(|after| after.is_empty() || after.starts_with('.'));
        if let Some(after) = own.filter(|_| length == word.len() && length > 0) {
            all.extend(text(&format!("{to}{after}")));
            at += 8 + length;
        } else if word == model && length == model.len() && name_at.is_none() {
            name_at = Some(all.len());
            at += 8 + length;
        } else {
            all.push(file[at]);
            at += 1;
        }
    }
    let grown = (all.len() + 8 + model.len()).saturating_sub(file.len());
    let longer = format!("{model}{}", "x".repeat(grown.next_multiple_of(ALIGNMENT) - grown));
    let name = name_at.expect("the file has a name");
    all.splice(name..name, text(&longer));
    all
}

/// Writes those of a checkpoint's weights that are wanted as f32, some of them as they are here.
pub fn write_f32(
    from: &Checkpoint,
    others: &BTreeMap<String, Vec<f32>>,
    folder: &Path,
    wanted: &dyn Fn(&str) -> bool,
) -> Checked<()> {
    let mut tensors = Vec::new();
    for name in from.tensor_names().filter(|name| wanted(name)) {
        let tensor = from.tensor(name)?;
        let two = |two: &[u8; 2]| half::bf16::from_le_bytes(*two).to_f32().to_le_bytes();
        let bytes: Vec<u8> = match (others.get(name), tensor.dtype) {
            (Some(values), _) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            (None, model::Dtype::BF16) => tensor.bytes.as_chunks::<2>().0.iter().flat_map(two).collect(),
            (None, _) => tensor.bytes.to_vec(),
        };
        tensors.push((name.to_owned(), tensor.shape, bytes));
    }
    let views: Vec<(&str, TensorView)> = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(model::Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    Ok(fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None)?)?)
}
