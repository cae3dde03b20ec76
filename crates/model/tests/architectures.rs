//! Every architecture computes what `transformers` computes, on the tiny models of `fixtures`.

use std::fs;
use std::path::{Path, PathBuf};

use model::arch::{ARCHITECTURES, LinearShape, linears};
use model::{BlockReader, Checkpoint, Flow, Group, GroupKind, Matrix, Model, Part, Sequences};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn std::error::Error>>;

/// Of the largest logit; both compute in f32, in another order.
const TOLERANCE: f32 = 1e-4;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The ids that `transformers` was shown, and its logits.
fn expected(folder: &Path) -> Checked<(Vec<u32>, Vec<f32>)> {
    let bytes = fs::read(folder.join("logits.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let ids = file.tensor("ids")?.data().as_chunks::<8>().0.iter().map(|&b| i64::from_le_bytes(b) as u32).collect();
    let logits = file.tensor("logits")?.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok((ids, logits))
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0f32, |most, b| most.max(b.abs()));
    a.iter().zip(b).fold(0.0f32, |most, (a, b)| most.max((a - b).abs())) / largest
}

#[test]
fn logits_are_those_of_transformers() -> Checked<()> {
    // The others are compared by `golden_architectures`.
    let mut seen = vec!["qwen2", "gemma", "gemma2", "gemma3_text", "olmo2", "granite", "internlm2", "minicpm3"];
    seen.extend(["qwen2_moe", "deepseek_v2", "deepseek_v3", "gpt_oss"]);
    for name in ["llama", "mistral", "mixtral", "qwen3", "qwen3_moe", "phi3", "smollm3"] {
        let folder = fixture(name);
        let (ids, theirs) = expected(&folder)?;
        let checkpoint = Checkpoint::open(&folder)?;
        let off = distance(&Model::load(&checkpoint)?.logits(&ids)?.data, &theirs);
        println!("{name}: {off:.1e}");
        assert!(off < TOLERANCE, "{name}: {off}");
        seen.push(name);
    }
    assert!(ARCHITECTURES.iter().all(|architecture| seen.contains(&architecture.model_type)), "each is compared");
    Ok(())
}

#[test]
fn linears_are_known_before_they_are_read() -> Checked<()> {
    for name in ["llama", "mistral", "mixtral", "qwen3", "qwen3_moe", "phi3", "smollm3"] {
        let checkpoint = Checkpoint::open(&fixture(name))?;
        let blocks = BlockReader::open(&checkpoint)?;
        let mut known = linears(checkpoint.config());
        for at in 0..blocks.count() {
            let block = blocks.load(at)?;
            for group in block.groups() {
                for linear in block.linears_of(group) {
                    let one = LinearShape { name: linear.name.clone(), block: at, group, shape: linear.weight.shape() };
                    assert_eq!(known.next(), Some(one), "{name}");
                }
            }
        }
        assert_eq!(known.next(), None, "{name}");
    }
    Ok(())
}

#[test]
fn a_sequence_is_the_same_bit_for_bit_beside_others() -> Checked<()> {
    for name in ["mixtral", "qwen3_moe"] {
        let checkpoint = Checkpoint::open(&fixture(name))?;
        let blocks = BlockReader::open(&checkpoint)?;
        let (ids, _) = expected(&fixture(name))?;
        let (first, second) = ids.split_at(9);
        let run = |tokens: &[u32], lengths: &[usize]| -> Checked<Matrix> {
            let mut hidden = blocks.embed(tokens)?;
            for layer in 0..blocks.count() {
                hidden = blocks.load(layer)?.run(Flow::new(hidden, &Sequences::whole(lengths)));
            }
            Ok(hidden)
        };
        let alone = [run(first, &[9])?.data, run(second, &[15])?.data].concat();
        assert!(run(&ids, &[9, 15])?.data == alone, "{name}");
    }
    Ok(())
}

#[test]
fn each_row_sees_two_experts_and_each_expert_shows_its_rows() -> Checked<()> {
    for (name, normalized) in [("mixtral", true), ("qwen3_moe", false)] {
        let checkpoint = Checkpoint::open(&fixture(name))?;
        let (blocks, (ids, _)) = (BlockReader::open(&checkpoint)?, expected(&fixture(name))?);
        let (block, hidden) = (blocks.load(0)?, blocks.embed(&ids)?);
        let sequences = Sequences::whole(&[ids.len()]);
        let output = block.run(Flow::new(hidden.clone(), &sequences));

        // The same group by group, with what each was shown.
        let (mut seen, mut sum, mut x) = (Vec::new(), hidden.clone(), Matrix::default());
        let mut flow = Flow::new(hidden.clone(), &sequences);
        for group in block.groups() {
            block.enter(group, &mut flow);
            if group == (Group { kind: GroupKind::GateUp, expert: 0 }) {
                sum = flow.residual.clone();
                x = flow.before_routing().ok_or("no router")?.clone();
            }
            seen.push((group, flow.input().clone()));
            let products = block.linears_of(group).iter().map(|linear| linear.forward(flow.input())).collect();
            block.leave(group, &mut flow, products);
        }
        assert!(flow.residual == output, "{name}");
        let routes = block.router.as_ref().ok_or("no router")?.routes(&x);
        for row in 0..ids.len() {
            let of_row = |route: &model::Route| route.rows.iter().position(|&at| at == row).map(|at| route.weights[at]);
            let weights: Vec<f32> = routes.iter().filter_map(of_row).collect();
            let total: f32 = weights.iter().sum();
            assert_eq!(weights.len(), 2, "{name}");
            assert!(
                if normalized { (total - 1.0).abs() < 1e-6 } else { total > 0.0 && total < 1.0 },
                "{name}: {total}"
            );
        }
        let order: Vec<GroupKind> = block.groups().map(|group| group.kind).collect();
        assert_eq!(order, [&[GroupKind::Qkv, GroupKind::Output][..], &GroupKind::MLP.repeat(4)].concat());
        assert_eq!(block.linears().len(), 4 + 4 * 3);
        assert_eq!(block.linears().iter().filter(|linear| linear.name.contains("gate.")).count(), 0);
        for (expert, route) in routes.iter().enumerate().filter(|(_, route)| !route.rows.is_empty()) {
            let shown = seen.iter().find(|(group, _)| *group == Group { kind: GroupKind::GateUp, expert });
            let shown = &shown.ok_or("not shown")?.1;
            assert!(*shown == route.gather(&x), "{name}: expert {expert}");
            let forward = |part, x: &Matrix| block.part(part, expert).map(|(linear, _)| linear.forward(x));
            let (gate, up) = forward(Part::Gate, shown).zip(forward(Part::Up, shown)).ok_or("no gate")?;
            let (_, product) =
                seen.iter().find(|(group, _)| *group == Group { kind: GroupKind::Down, expert }).ok_or("no down")?;
            let silu = gate.data.iter().zip(&up.data).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up);
            assert!(silu.zip(&product.data).all(|(a, b)| (a - b).abs() < 1e-6 * (1.0 + b.abs())), "{name}");
            route.scatter_add(&forward(Part::Down, product).ok_or("no down")?, &mut sum);
        }
        assert!(sum == output, "{name}");
    }
    Ok(())
}

/// A fixture with another `config.json`, and without the tensors whose names hold `without`.
fn changed(name: &str, (field, value): (&str, Value), without: Option<&str>) -> Checked<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let mut config: Value = serde_json::from_slice(&fs::read(fixture(name).join("config.json"))?)?;
    config[field] = value;
    fs::write(folder.path().join("config.json"), config.to_string())?;
    let bytes = fs::read(fixture(name).join("model.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let kept = file.tensors().into_iter().filter(|(name, _)| without.is_none_or(|part| !name.contains(part)));
    let kept: Vec<(String, TensorView<'_>)> = kept.collect();
    assert!(kept.iter().all(|(_, tensor)| tensor.dtype() == Dtype::F32));
    fs::write(folder.path().join("model.safetensors"), safetensors::serialize(kept, None)?)?;
    Ok(folder)
}

#[test]
fn what_is_wrong_with_experts_is_named() -> Checked<()> {
    let same = || ("model_type", json!("mixtral"));
    let norm = "model.layers.1.self_attn.q_norm.weight";
    for (name, change, without, says) in [
        ("mixtral", ("num_experts_per_tok", json!(5)), None, "num_experts_per_tok 5 is more than num_local_experts 4"),
        ("mixtral", ("num_experts_per_tok", json!(0)), None, "`num_experts_per_tok` should be a positive"),
        ("mixtral", ("num_local_experts", json!(0)), None, "`num_local_experts` should be a positive"),
        (
            "mixtral",
            ("num_local_experts", json!(2_000_000_000)),
            None,
            "layers.0.block_sparse_moe.experts.4.w1.weight` is missing",
        ),
        (
            "mixtral",
            same(),
            Some("0.block_sparse_moe.gate"),
            "`model.layers.0.block_sparse_moe.gate.weight` is missing",
        ),
        (
            "mixtral",
            same(),
            Some("1.block_sparse_moe.experts.3.w2"),
            "layers.1.block_sparse_moe.experts.3.w2.weight` is missing",
        ),
        ("mixtral", ("intermediate_size", json!(32)), None, "experts.0.w1.weight` should be"),
        ("qwen3_moe", ("decoder_sparse_step", json!(2)), None, "layers.0.mlp.gate_proj.weight` is missing"),
        ("qwen3_moe", ("mlp_only_layers", json!([0])), None, "layers.0.mlp.gate_proj.weight` is missing"),
        ("qwen3_moe", ("mlp_only_layers", json!(["0"])), None, "`mlp_only_layers` should be a list of blocks"),
        ("qwen3", ("head_dim", json!(null)), None, "layers.0.self_attn.q_norm.weight` should be [128] (by head_dim)"),
        ("qwen3", ("model_type", json!("qwen3")), Some(norm), norm),
        ("llama", ("rope_parameters", json!({"rope_type": "llama3"})), None, "`factor` of the rope scaling is missing"),
        ("llama", ("rope_parameters", json!({"rope_type": "spiral"})), None, "rope scaling `spiral`"),
        ("llama", ("hidden_act", json!("gelu")), None, "activation `gelu`"),
    ] {
        let folder = changed(name, change, without)?;
        let loaded = Checkpoint::open(folder.path()).and_then(|checkpoint| Model::load(&checkpoint));
        let error = loaded.err().ok_or(says)?.to_string();
        assert!(error.contains(says), "{error}");
    }
    Ok(())
}

#[test]
fn the_context_goes_on_beyond_a_sliding_window() -> Checked<()> {
    for (window, sees) in [(json!(16), Some(16)), (json!(4096), Some(4096)), (json!(null), None)] {
        let folder = changed("mistral", ("sliding_window", window), None)?;
        let checkpoint = Checkpoint::open(folder.path())?;
        assert_eq!(checkpoint.config().max_positions, 128);
        assert!(checkpoint.config().blocks.iter().all(|block| block.window == sees));
    }
    Ok(())
}

#[test]
fn blocks_are_read_when_asked_for_and_pages_that_were_dropped_are_read_again() -> Checked<()> {
    let folder = changed("mixtral", ("model_type", json!("mixtral")), None)?;
    let path = folder.path().join("model.safetensors");
    let mut bytes = fs::read(&path)?;
    let (header, metadata) = SafeTensors::read_metadata(&bytes)?;
    let info = metadata.info("model.layers.1.block_sparse_moe.experts.3.w1.weight").ok_or("no such tensor")?;
    let at = 8 + header + info.data_offsets.0;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, bytes)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    let blocks = BlockReader::open(&checkpoint)?;
    let before = blocks.load(0)?.linears()[4].weight.to_f32();
    checkpoint.forget();
    assert!(blocks.load(0)?.linears()[4].weight.to_f32() == before);
    assert!(blocks.load(1).is_err_and(|error| error.to_string().contains("experts.3")));
    Ok(())
}
