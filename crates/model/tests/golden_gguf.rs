//! Parity with gguf, llama.cpp and transformers over `golden/gguf`: block types bit for bit, tokenizers, whole models.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use model::gguf::{Kind, Quantized, tokenizer_files};
use model::{Checkpoint, Half, HalfKind, Model, Weight};
use safetensors::SafeTensors;
use serde_json::Value;

type Checked<T> = Result<T, Box<dyn Error>>;

/// Largest difference, as a share of the largest logit: the reference adds in another order.
const TOLERANCE: f32 = 1e-4;

/// The folder of the references, where it is there.
fn golden() -> Option<PathBuf> {
    let root = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
        .join("gguf");
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
    }
    root.is_dir().then_some(root)
}

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> Checked<Vec<PathBuf>> {
    let mut all = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

fn floats(file: &SafeTensors, name: &str) -> Checked<Vec<f32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect())
}

fn ids(file: &SafeTensors, name: &str) -> Checked<Vec<u32>> {
    Ok(file.tensor(name)?.data().as_chunks::<8>().0.iter().map(|&eight| i64::from_le_bytes(eight) as u32).collect())
}

/// A weight of blocks or of 16-bit floats.
fn weight(kind: Kind, rows: usize, bytes: Vec<u8>) -> Weight {
    let cols = bytes.len() / rows / kind.block_bytes() * kind.block_values();
    let bytes = bytes.into();
    match kind {
        Kind::Bf16 => Weight::Half(Half { kind: HalfKind::Bf16, rows, cols, bytes }),
        kind => Weight::Quantized(Quantized { kind, rows, cols, bytes }),
    }
}

#[test]
fn golden_gguf_blocks() -> Checked<()> {
    let Some(root) = golden() else { return Ok(()) };
    let (mut cases, mut wrong) = (0, Vec::new());
    for path in entries(&root)?.iter().filter(|path| path.extension().is_some_and(|end| end == "safetensors")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let kind = Kind::all().find(|kind| kind.name() == name).ok_or(format!("no type `{name}`"))?;
        let bytes = fs::read(path)?;
        let file = SafeTensors::deserialize(&bytes)?;
        for case in file.names().iter().filter_map(|name| name.strip_suffix(".bytes")) {
            let blocks = file.tensor(&format!("{case}.bytes"))?;
            let wide = weight(kind, blocks.shape()[0], blocks.data().to_vec()).to_f32().data;
            let expected = floats(&file, &format!("{case}.values"))?;
            let differs = wide.iter().zip(&expected).position(|(a, b)| a.to_bits() != b.to_bits());
            if let Some(at) = differs.or((wide.len() != expected.len()).then_some(0)) {
                wrong.push(format!("{name} {case}: number {at} is {:e} and should be {:e}", wide[at], expected[at]));
            }
            cases += 1;
        }
    }
    println!("golden_gguf_blocks: {} cases of {cases} passed", cases - wrong.len());
    assert!(wrong.is_empty() && cases > 0, "{}", wrong.join("\n"));
    Ok(())
}

/// The one GGUF file of a folder.
fn file(folder: &Path) -> Checked<PathBuf> {
    let found = entries(folder)?.into_iter().find(|path| path.extension().is_some_and(|end| end == "gguf"));
    Ok(found.ok_or(format!("{} has no GGUF file", folder.display()))?)
}

fn tokenizer(json: &[u8]) -> Checked<tokenizers::Tokenizer> {
    Ok(tokenizers::Tokenizer::from_bytes(json).map_err(|error| error.to_string())?)
}

#[test]
fn golden_gguf_tokenizers() -> Checked<()> {
    let Some(root) = golden() else { return Ok(()) };
    let (mut texts, mut models) = (0, 0);
    for folder in entries(&root.join("models"))? {
        let files = tokenizer_files(&file(&folder)?)?;
        let (_, json) = files.iter().find(|(name, _)| name == "tokenizer.json").ok_or("no tokenizer")?;
        let (tokenizer, theirs) = (tokenizer(json)?, tokenizer(&fs::read(folder.join("tokenizer.json"))?)?);
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("tokenize.json"))?)?;
        for case in &cases {
            let text = case["text"].as_str().ok_or("no text")?;
            let expected: Vec<u32> = serde_json::from_value(case["ids"].clone())?;
            let ours = tokenizer.encode_fast(text, true).map_err(|error| error.to_string())?.get_ids().to_vec();
            assert_eq!(ours, expected, "{}: {text:?}", folder.display());
            let decoded = [&tokenizer, &theirs].map(|one| one.decode(&ours, true).map_err(|error| error.to_string()));
            assert_eq!(decoded[0], decoded[1], "{}: {text:?}", folder.display());
        }
        (texts, models) = (texts + cases.len(), models + 1);
    }
    println!("golden_gguf_tokenizers: {texts} texts of {models} tokenizers");
    assert!(models > 0);
    Ok(())
}

/// The largest difference of two lists, as a share of the largest of the second.
fn off(ours: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(ours.len(), expected.len());
    let largest = expected.iter().fold(0f32, |most, value| most.max(value.abs()));
    ours.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

/// The likeliest token after another, as often as the reference went on.
fn greedy(model: &Model, prompt: &[u32], count: usize) -> Checked<Vec<u32>> {
    let mut tokens = prompt.to_vec();
    for _ in 0..count {
        let logits = model.logits(&tokens)?;
        let last = logits.row(logits.rows - 1);
        let best = (0..last.len()).rev().max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap_or(0);
        tokens.push(best as u32);
    }
    Ok(tokens.split_off(prompt.len()))
}

/// What is wrong with a model, and how far the worst of its numbers is off.
fn check(folder: &Path) -> Checked<f32> {
    let model = Model::load(&Checkpoint::open(&file(folder)?)?)?;
    let bytes = fs::read(folder.join("reference.safetensors"))?;
    let reference = SafeTensors::deserialize(&bytes)?;
    let mut worst = 0f32;
    for case in 0..3 {
        let tokens = ids(&reference, &format!("input_ids.{case}"))?;
        worst = worst.max(off(&model.logits(&tokens)?.data, &floats(&reference, &format!("logits.{case}"))?));
    }
    let states = model.hidden_states(&ids(&reference, "input_ids.1")?)?;
    let expected = floats(&reference, "hidden_states")?;
    // The last of the reference's has gone through the last norm.
    for (ours, expected) in states.iter().zip(expected.chunks(states[0].data.len())).take(states.len() - 1) {
        worst = worst.max(off(&ours.data, expected));
    }
    let expected = ids(&reference, "greedy.0.tokens")?;
    assert_eq!(greedy(&model, &ids(&reference, "greedy.0.prompt")?, expected.len())?, expected, "{}", folder.display());
    Ok(worst)
}

#[test]
fn golden_gguf_models() -> Checked<()> {
    let Some(root) = golden() else { return Ok(()) };
    let (mut count, mut wrong) = (0, Vec::new());
    for folder in entries(&root.join("models"))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let off = check(&folder)?;
        println!("{name}: {off:.1e}");
        count += 1;
        wrong.extend((off > TOLERANCE).then(|| format!("{name} is off by {off:.1e}")));
    }
    println!("golden_gguf_models: {} of {count} passed", count - wrong.len());
    assert!(wrong.is_empty() && count > 0, "{}", wrong.join("\n"));
    Ok(())
}
