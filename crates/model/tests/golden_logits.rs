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
/// The same where activations are rounded: a last bit may turn one to its other neighbor.
const ROUNDED: f32 = 1e-3;

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
    let names = ["logits_after_fp32math", "logits_after", "logits"];
    floats(&file, names.into_iter().find(|name| file.tensor(name).is_ok()).unwrap_or("logits"))
}

/// Our logits, `[sequences * tokens]` rows.
fn logits(model: &Model, sequences: &[Vec<u32>]) -> Checked<Vec<Vec<f32>>> {
    let mut rows = Vec::new();
    for tokens in sequences {
        let logits = model.logits(tokens)?;
        rows.extend(logits.data.chunks(logits.cols).map(<[f32]>::to_vec));
    }
    Ok(rows)
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// How far each row of logits moves where the last bits of the first norm change: rounded inputs make small changes large.
///
/// compressed-tensors scales a token by `max|x| / 127.5`, so that a largest input which is negative lies just between two
/// levels, and the last bit of its sum decides. Two programs that add in another order differ there, and so do we from
/// ourselves.
fn jitter(model: &Model, sequences: &[Vec<u32>], ours: &[Vec<f32>]) -> Checked<Vec<f32>> {
    let mut most = vec![0f32; ours.len()];
    for run in 1..=24 {
        let mut other = model.clone();
        let share = 1.0 + run as f32 * f32::EPSILON;
        for (block, sign) in other.blocks.iter_mut().zip([1, -1].into_iter().cycle()) {
            let share = if sign * (run % 2 * 2 - 1) > 0 { share } else { share.recip() };
            let norms = block.attention_norm.iter_mut().chain(&mut block.mlp_norm);
            norms.flat_map(|norm| &mut norm.weight).for_each(|weight| *weight *= share);
        }
        for ((most, a), b) in most.iter_mut().zip(logits(&other, sequences)?).zip(ours) {
            *most = most.max(distance(&a, b));
        }
    }
    Ok(most)
}

/// What is wrong with a model's logits, by the row of the worst; `None` where they are the reference's.
fn check(folder: &Path, sequences: &[Vec<u32>]) -> Checked<(f32, Option<String>)> {
    let model = Model::load(&Checkpoint::open(folder)?)?;
    let ours = logits(&model, sequences)?;
    let expected = expected(folder)?;
    assert_eq!(ours.iter().map(Vec::len).sum::<usize>(), expected.len(), "{}", folder.display());
    let largest = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
    let rows = expected.chunks(expected.len() / ours.len());
    let off: Vec<f32> = ours.iter().zip(rows).map(|(a, b)| distance(a, b) / largest).collect();
    let worst = off.iter().fold(0.0f32, |most, off| most.max(*off));
    let rounded = model.blocks.iter().any(|block| block.linears()[0].activation.is_some());
    let mut allowed = vec![if rounded { ROUNDED } else { TOLERANCE }; off.len()];
    if rounded && worst > ROUNDED {
        let jitter = jitter(&model, sequences, &ours)?;
        allowed.iter_mut().zip(jitter).for_each(|(allowed, jitter)| *allowed += 2.0 * jitter / largest);
        let within = off.iter().filter(|off| **off <= ROUNDED).count();
        println!("    {within} of {} tokens within {ROUNDED}, the others within what ties move", off.len());
    }
    let bad = off.iter().zip(&allowed).position(|(off, allowed)| off > allowed);
    let said = bad.map(|row| format!("token {row} is off by {:.1e}, allowed {:.1e}", off[row], allowed[row]));
    Ok((worst, said))
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
    let mut wrong = Vec::new();
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let (off, problem) = check(folder, &sequences)?;
        println!("{name}: {off:.1e}");
        wrong.extend(problem.map(|problem| format!("{name}: {problem}")));
    }
    println!("golden_logits: {} models of {} passed", folders.len() - wrong.len(), folders.len());
    assert!(wrong.is_empty() && !folders.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
