//! Parity of whole models with `transformers`: every folder of `golden/compression/models` in a format that is read.
//!
//! The reference ran in 32 bits with another order of additions; 1e-4 of the largest logit bounds what that changes.

use std::error::Error;
use std::path::{Path, PathBuf};

use model::{Checkpoint, Model};
use safetensors::SafeTensors;

type Checked<T> = Result<T, Box<dyn Error>>;

/// Largest difference, as a share of the largest logit.
const TOLERANCE: f32 = 1e-4;

/// Beginnings of the names of folders that this version must read; others may hold formats that it does not know.
const READ: &[&str] = &["qwen2_tiny_", "llmcompressor_gptq_", "llmcompressor_rtn_", "llmcompressor_wanda"];

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
        .join("compression")
}

fn floats(file: &SafeTensors, name: &str) -> Checked<Vec<f32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
}

/// The sequences that the reference was shown.
fn sequences(folder: &Path) -> Checked<Vec<Vec<u32>>> {
    let bytes = std::fs::read(folder.join("calib_and_eval_ids.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let ids = file.tensor("eval_ids")?;
    let flat: Vec<u32> = ids.data().as_chunks::<8>().0.iter().map(|&b| i64::from_le_bytes(b) as u32).collect();
    Ok(flat.chunks(ids.shape()[1]).map(<[u32]>::to_vec).collect())
}

/// The reference's logits of a model, `[sequences, tokens, vocab]` in a row.
fn expected(folder: &Path) -> Checked<Vec<f32>> {
    let name = if folder.join("golden_logits.safetensors").is_file() { "golden_logits" } else { "logits" };
    let bytes = std::fs::read(folder.join(format!("{name}.safetensors")))?;
    let file = SafeTensors::deserialize(&bytes)?;
    floats(&file, if name == "logits" { "logits" } else { "logits_after" })
}

/// The largest difference from the reference, as a share of its largest logit.
fn difference(folder: &Path, sequences: &[Vec<u32>]) -> Checked<f32> {
    let model = Model::load(&Checkpoint::open(folder)?)?;
    let mut got = Vec::new();
    for tokens in sequences {
        got.extend(model.logits(tokens)?.data);
    }
    let expected = expected(folder)?;
    assert_eq!(got.len(), expected.len(), "{}", folder.display());
    let largest = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
    Ok(got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest)
}

#[test]
fn golden_logits() -> Checked<()> {
    let root = golden();
    let Ok(entries) = std::fs::read_dir(root.join("models")) else {
        println!("skipped: {} is not there", root.display());
        return Ok(());
    };
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    folders.sort();
    let sequences = sequences(&root)?;
    let mut passed = 0;
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if !READ.iter().any(|beginning| name.starts_with(beginning)) {
            println!("{name}: not of this version's formats");
            continue;
        }
        let off = difference(folder, &sequences)?;
        println!("{name}: {off:.1e}");
        assert!(off <= TOLERANCE, "{name}: logits differ by {off:.1e} of the largest");
        passed += 1;
    }
    println!("golden_logits: {passed} models of {} passed", folders.len());
    assert!(passed > 0, "no model in {}", root.display());
    Ok(())
}
