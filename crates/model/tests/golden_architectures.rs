//! Architectures and their settings as `transformers` computes them: folders of `golden/architectures`, each with both
//! styles of config.json. Logits, hidden states, and greedy replies of a session with its cache.
//!
//! The reference ran in f32 with another order of additions; 1e-4 of the largest number bounds what that changes.

use std::error::Error;
use std::path::{Path, PathBuf};

use model::arch::{LinearShape, linears};
use model::{BlockReader, Checkpoint, Flow, Matrix, Model, Request, Sequences, Session, SessionOptions};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

type Checked<T> = Result<T, Box<dyn Error>>;

/// Largest difference, as a share of the largest number.
const TOLERANCE: f32 = 1e-4;

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
        .join("architectures")
}

/// The numbers of a reference.
struct Reference<'a>(SafeTensors<'a>);

impl Reference<'_> {
    fn floats(&self, name: &str) -> Checked<Vec<f32>> {
        Ok(self.0.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
    }

    fn ids(&self, name: &str) -> Checked<Vec<u32>> {
        Ok(self.0.tensor(name)?.data().as_chunks::<8>().0.iter().map(|&b| i64::from_le_bytes(b) as u32).collect())
    }

    /// The numbers n for which there is a tensor `<before>n<after>`.
    fn numbers(&self, before: &str, after: &str) -> Vec<usize> {
        (0..).take_while(|n| self.0.tensor(&format!("{before}{n}{after}")).is_ok()).collect()
    }
}

/// That numbers are the reference's.
fn near(what: &str, ours: &[f32], theirs: &[f32]) -> Result<f32, String> {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let off = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
    if off < TOLERANCE { Ok(off) } else { Err(format!("{what} is off by {off:.1e} of the largest number")) }
}

/// A copy of a folder with this config.json, and without tokens that end a reply.
fn endless(folder: &Path, config: &Path) -> Checked<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("model") || name == "tokenizer.json" {
            std::fs::copy(entry.path(), copy.path().join(name))?;
        }
    }
    let mut value: Value = serde_json::from_slice(&std::fs::read(config)?)?;
    value["eos_token_id"] = Value::Null;
    std::fs::write(copy.path().join("config.json"), value.to_string())?;
    for name in ["generation_config.json", "tokenizer_config.json"] {
        std::fs::write(copy.path().join(name), "{}")?;
    }
    Ok(copy)
}

/// Logits of every sequence, the residual stream of one, and what the last norm makes of it; the largest difference.
fn passes(model: &Model, reference: &Reference<'_>) -> Checked<f32> {
    let mut most = 0f32;
    for n in reference.numbers("input_ids.", "") {
        let logits = model.logits(&reference.ids(&format!("input_ids.{n}"))?)?;
        let name = format!("logits.{n}");
        most = most.max(near(&name, &logits.data, &reference.floats(&name)?)?);
    }
    let states = model.hidden_states(&reference.ids("input_ids.1")?)?;
    let all: Vec<f32> = states.iter().flat_map(|state| state.data.iter().copied()).collect();
    most = most.max(near("hidden_states", &all, &reference.floats("hidden_states")?)?);
    let last = states.last().map(|last| model.last_norm(last)).unwrap_or_default();
    Ok(most.max(near("final_hidden", &last.data, &reference.floats("final_hidden")?)?))
}

fn request(prompt: Vec<u32>, max_tokens: usize) -> Request {
    Request { prompt, max_tokens, ..Request::default() }
}

/// The token after a sequence, by its logits.
fn best(logits: &Matrix) -> Option<u32> {
    let last = logits.row(logits.rows - 1);
    last.iter().zip(0..).max_by(|a, b| a.0.total_cmp(b.0)).map(|(_, id)| id)
}

/// Greedy replies with a cache: each alone, all at once, and after prompts that are their beginnings, so that a prompt is
/// read in parts.
fn replies(model: &Model, checkpoint: &Checkpoint, reference: &Reference<'_>) -> Checked<usize> {
    let numbers = reference.numbers("greedy.", ".prompt");
    let mut requests = Vec::new();
    let mut expected = Vec::new();
    for n in &numbers {
        let tokens = reference.ids(&format!("greedy.{n}.tokens"))?;
        requests.push(request(reference.ids(&format!("greedy.{n}.prompt"))?, tokens.len()));
        expected.push(tokens);
    }
    let tokenizer = checkpoint.tokenizer()?;
    for (batch_size, retained_bytes) in [(1, 0), (8, 1 << 20)] {
        let options = SessionOptions { batch_size, retained_bytes, ..SessionOptions::default() };
        for (n, reply) in Session::new(model, tokenizer, options).generate(&requests).into_iter().enumerate() {
            assert_eq!(reply?.tokens, expected[n], "greedy.{n} with {options:?}");
        }
    }
    let mut session = Session::new(model, tokenizer, SessionOptions { batch_size: 1, ..SessionOptions::default() });
    for n in reference.numbers("input_ids.", "") {
        let ids = reference.ids(&format!("input_ids.{n}"))?;
        for end in [ids.len() / 2, ids.len() - 1, ids.len()] {
            let reply = session.generate(&[request(ids[..end].to_vec(), 1)]).remove(0)?;
            assert_eq!(reply.tokens.first().copied(), best(&model.logits(&ids[..end])?), "input_ids.{n} to {end}");
        }
    }
    assert!(session.prefill().reused > 0, "no prompt was read in parts");
    Ok(expected.len())
}

/// That the linears of all blocks are known before they are read, and that a sequence is the same, bit for bit, beside others.
fn blocks(checkpoint: &Checkpoint, reference: &Reference<'_>) -> Checked<()> {
    let reader = BlockReader::open(checkpoint)?;
    let (first, second) = (reference.ids("input_ids.0")?, reference.ids("input_ids.1")?);
    let run = |sequences: &[&[u32]]| -> Checked<Matrix> {
        let lengths: Vec<usize> = sequences.iter().map(|one| one.len()).collect();
        let (mut hidden, sequences) = (reader.embed(&sequences.concat())?, Sequences::whole(&lengths));
        for layer in 0..reader.count() {
            hidden = reader.load(layer)?.run(Flow::new(hidden, &sequences));
        }
        Ok(hidden)
    };
    let alone = [run(&[&first])?.data, run(&[&second])?.data].concat();
    assert!(run(&[&first, &second])?.data == alone, "a sequence depends on what is beside it");
    let mut known = linears(checkpoint.config());
    for at in 0..reader.count() {
        let block = reader.load(at)?;
        for group in block.groups() {
            for linear in block.linears_of(group) {
                let one = LinearShape { name: linear.name.clone(), block: at, group, shape: linear.weight.shape() };
                assert_eq!(known.next(), Some(one));
            }
        }
    }
    assert_eq!(known.next(), None);
    Ok(())
}

fn check(folder: &Path, config: &Path) -> Checked<(f32, usize)> {
    let copy = endless(folder, config)?;
    let checkpoint = Checkpoint::open(copy.path())?;
    let model = Model::load(&checkpoint)?;
    let bytes = std::fs::read(folder.join("reference.safetensors"))?;
    let reference = Reference(SafeTensors::deserialize(&bytes)?);
    blocks(&checkpoint, &reference)?;
    Ok((passes(&model, &reference)?, replies(&model, &checkpoint, &reference)?))
}

/// A Gemma 3 with a vision part, in both ways in which such files name their tensors, is its decoder.
#[test]
fn golden_larger_models_are_their_decoders() -> Checked<()> {
    let folder = golden().join("gemma3_text");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return Ok(());
    }
    let tokens = [5, 9, 33, 2, 60, 41, 17, 28, 3, 50, 11, 7];
    let expected = Model::load(&Checkpoint::open(&folder)?)?.logits(&tokens)?;
    let text: Value = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
    let bytes = std::fs::read(folder.join("model.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let old = |name: &str| format!("language_model.{name}");
    let new = |name: &str| name.replacen("model.", "model.language_model.", 1);
    for (rename, seeing) in [(&old as &dyn Fn(&str) -> String, "vision_tower"), (&new, "model.vision_tower")] {
        let copy = tempfile::tempdir()?;
        let outer = serde_json::json!({"model_type": "gemma3", "text_config": text, "vision_config": {"layers": 1},
            "eos_token_id": [1, 106]});
        std::fs::write(copy.path().join("config.json"), outer.to_string())?;
        let mut tensors: Vec<(String, TensorView<'_>)> =
            file.tensors().into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect();
        let zeros = [0; 8];
        tensors.push((format!("{seeing}.weight"), TensorView::new(Dtype::F32, vec![2], &zeros)?));
        std::fs::write(copy.path().join("model.safetensors"), safetensors::serialize(tensors, None)?)?;
        let checkpoint = Checkpoint::open(copy.path())?;
        assert_eq!((&*checkpoint.config().model_type, &checkpoint.config().eos[..]), ("gemma3_text", &[1][..]));
        assert!(checkpoint.tensor_names().eq(Checkpoint::open(&folder)?.tensor_names()));
        assert!(Model::load(&checkpoint)?.logits(&tokens)? == expected);
    }
    Ok(())
}

/// A change to a file's tensors and its config.json.
type Damage = fn(&mut Vec<(String, Vec<usize>, Vec<u8>)>, &mut Value);

/// Stacked experts that are damaged are errors that name a tensor.
#[test]
fn golden_damaged_experts_are_named() -> Checked<()> {
    let folder = golden().join("gpt_oss_mxfp4");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return Ok(());
    }
    const SCALES: &str = "model.layers.1.mlp.experts.down_proj_scales";
    const BLOCKS: &str = "model.layers.1.mlp.experts.down_proj_blocks";
    const WEIGHT: &str = "model.layers.1.mlp.experts.0.down_proj.weight";
    let changes: &[(Damage, &str)] = &[
        (|tensors, _| tensors.iter_mut().filter(|one| one.0 == SCALES).for_each(|one| one.2[0] = 255), WEIGHT),
        (|tensors, _| tensors.retain(|one| one.0 != SCALES), WEIGHT),
        (
            |tensors, _| tensors.iter_mut().filter(|one| one.0 == BLOCKS).for_each(|one| one.1 = vec![4, 1, 32, 16]),
            WEIGHT,
        ),
        (|tensors, _| tensors.iter_mut().filter(|one| one.0 == SCALES).for_each(|one| one.1 = vec![4, 1, 32]), WEIGHT),
        (|_, config| config["num_local_experts"] = 5.into(), "experts.0.gate_up_proj"),
        (|_, config| config["num_local_experts"] = 2_000_000_000.into(), "experts.0.gate_up_proj"),
        (|_, config| config["intermediate_size"] = 64.into(), "experts.0.gate_up_proj.weight` should be [128, "),
    ];
    let bytes = std::fs::read(folder.join("model.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    for (at, (change, says)) in changes.iter().enumerate() {
        let kinds: std::collections::HashMap<String, Dtype> =
            file.tensors().into_iter().map(|(name, tensor)| (name, tensor.dtype())).collect();
        let own = |(name, tensor): (String, TensorView<'_>)| (name, tensor.shape().to_vec(), tensor.data().to_vec());
        let mut tensors: Vec<_> = file.tensors().into_iter().map(own).collect();
        let mut config: Value = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
        change(&mut tensors, &mut config);
        let copy = tempfile::tempdir()?;
        std::fs::write(copy.path().join("config.json"), config.to_string())?;
        let views =
            tensors.iter().map(|(name, shape, data)| Ok((name, TensorView::new(kinds[name], shape.clone(), data)?)));
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        std::fs::write(copy.path().join("model.safetensors"), safetensors::serialize(views, None)?)?;
        let loaded = Checkpoint::open(copy.path()).and_then(|checkpoint| Model::load(&checkpoint));
        let error = loaded.err().ok_or(format!("change {at} passed"))?.to_string();
        assert!(error.contains(says), "change {at}: {error}");
    }
    Ok(())
}

#[test]
fn golden_architectures() -> Checked<()> {
    let root = golden();
    let Ok(entries) = std::fs::read_dir(&root) else {
        println!("skipped: {} is not there", root.display());
        return Ok(());
    };
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    let name = |folder: &Path| folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    let (mut wrong, mut styles, mut greedy) = (Vec::new(), 0, 0);
    for folder in &folders {
        for config in ["config.json", "config.published-style.json"].map(|config| folder.join(config)) {
            if !config.is_file() {
                continue;
            }
            styles += 1;
            match check(folder, &config) {
                Ok((off, replies)) => {
                    println!("{} {}: {off:.1e}, {replies} greedy replies", name(folder), name(&config));
                    greedy += replies;
                }
                Err(error) => wrong.push(format!("{} {}: {error}", name(folder), name(&config))),
            }
        }
    }
    println!(
        "golden_architectures: {} configs of {styles} in {} folders, {greedy} replies",
        styles - wrong.len(),
        folders.len()
    );
    assert!(wrong.is_empty() && !folders.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
