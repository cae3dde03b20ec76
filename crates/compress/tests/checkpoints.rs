//! A checkpoint in, a checkpoint out: what is written is what was computed, and nothing else changes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use compress::{
    CalibrationSource, CalibrationText, CompressError, FloatType, FormatInfo, Job, METHODS, Progress, Recipe, compress,
    widths,
};
use model::{Checkpoint, Matrix, Model};
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

const HIDDEN: usize = 32;
const INTERMEDIATE: usize = 64;
const VOCABULARY: usize = 96;

/// Writes a tiny random model of the Qwen2 family in `dtype`, tied, with biases.
fn tiny(folder: &Path, dtype: FloatType) -> Checked<()> {
    tiny_with(folder, dtype, 2)
}

/// The same with another number of key heads, of four query heads.
fn tiny_with(folder: &Path, dtype: FloatType, key_heads: usize) -> Checked<()> {
    let config = json!({
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": key_heads, "vocab_size": VOCABULARY, "max_position_embeddings": 128,
        "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true,
    });
    fs::write(folder.join("config.json"), config.to_string())?;
    fs::write(folder.join("generation_config.json"), r#"{"eos_token_id": 2}"#)?;
    let (h, kv, i) = (HIDDEN, HIDDEN / 4 * key_heads, INTERMEDIATE);
    let mut shapes =
        vec![("model.embed_tokens.weight".to_owned(), vec![VOCABULARY, h]), ("model.norm.weight".to_owned(), vec![h])];
    for layer in 0..2 {
        for (name, shape) in [
            ("input_layernorm.weight", vec![h]),
            ("post_attention_layernorm.weight", vec![h]),
            ("self_attn.q_proj.weight", vec![h, h]),
            ("self_attn.q_proj.bias", vec![h]),
            ("self_attn.k_proj.weight", vec![kv, h]),
            ("self_attn.k_proj.bias", vec![kv]),
            ("self_attn.v_proj.weight", vec![kv, h]),
            ("self_attn.v_proj.bias", vec![kv]),
            ("self_attn.o_proj.weight", vec![h, h]),
            ("mlp.gate_proj.weight", vec![i, h]),
            ("mlp.up_proj.weight", vec![i, h]),
            ("mlp.down_proj.weight", vec![h, i]),
        ] {
            shapes.push((format!("model.layers.{layer}.{name}"), shape));
        }
    }
    let mut rng = record::Rng::new(11);
    let mut number = || (rng.uniform() + rng.uniform() + rng.uniform() - 1.5) as f32 * 0.3;
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let values =
                (0..shape.iter().product()).map(|_| if name.contains("norm") { 1.0 + number() } else { number() });
            let bytes = match dtype {
                FloatType::F32 => values.flat_map(f32::to_le_bytes).collect(),
                FloatType::F16 | FloatType::ShortF16 => {
                    values.flat_map(|v| half::f16::from_f32(v).to_le_bytes()).collect()
                }
                FloatType::Bf16 => values.flat_map(|v| half::bf16::from_f32(v).to_le_bytes()).collect(),
            };
            (name, shape, bytes)
        })
        .collect();
    let kind = match dtype {
        FloatType::F32 => model::Dtype::F32,
        FloatType::F16 | FloatType::ShortF16 => model::Dtype::F16,
        FloatType::Bf16 => model::Dtype::BF16,
    };
    let views: Vec<(&str, safetensors::tensor::TensorView)> = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((name.as_str(), safetensors::tensor::TensorView::new(kind, shape.clone(), bytes)?))
        })
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None)?)?;
    Ok(())
}

fn calibration() -> CalibrationSource {
    let mut rng = record::Rng::new(1);
    let tokens = (0..8 * 24).map(|_| rng.below(VOCABULARY) as u32).collect();
    CalibrationSource { origin: "random".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 }
}

/// Every method with settings that reach its corners.
fn cases() -> Vec<(&'static str, Value)> {
    let few = |mut settings: Value| {
        settings["sequences"] = json!(6);
        settings["length"] = json!(24);
        settings
    };
    vec![
        ("gptq", few(json!({"group_size": 16}))),
        ("gptq", few(json!({"group_size": 16, "symmetric": false, "static_groups": false}))),
        ("gptq", few(json!({"group_size": 16, "act_order": false, "static_groups": false, "group_feedback": true}))),
        ("gptq", few(json!({"group_size": "channel", "bits": 8, "true_sequential": false}))),
        ("gptq", few(json!({"group_size": 16, "bits": 3, "symmetric": false, "mse": true}))),
        ("rtn", json!({"group_size": 16})),
        ("rtn", json!({"group_size": -1, "bits": 2, "symmetric": false})),
        ("rtn", json!({"group_size": 8, "bits": 8, "symmetric": false})),
        ("wanda", few(json!({}))),
        ("wanda", few(json!({"sparsity": "2:4", "true_sequential": true}))),
        ("wanda", few(json!({"variant": true}))),
        ("magnitude", json!({"sparsity": 0.7})),
        ("magnitude", json!({"sparsity": "4:8"})),
        ("sparsegpt", few(json!({}))),
        ("sparsegpt", few(json!({"sparsity": "2:4", "bits": 4, "group_size": 16, "symmetric": false}))),
        ("awq", few(json!({"group_size": 16}))),
        ("awq", few(json!({"group_size": 16, "scaling": "duo", "clip": false, "symmetric": true}))),
        ("awq+gptq", few(json!({"group_size": 16}))),
        ("smoothquant", few(json!({}))),
        ("smoothquant+gptq", few(json!({"alpha": 0.5, "act_order": false}))),
        ("wanda+gptq", few(json!({"group_size": 16, "sparsity": "2:4"}))),
        ("sparsegpt+rtn", few(json!({"group_size": 16}))),
        ("fp8", json!({})),
        ("gptq", few(json!({"group_size": 16, "act_order": "group_aware", "static_groups": false}))),
        ("rtn+kv_cache", json!({"group_size": 16, "kv_bits": 4})),
        ("gptq+kv_cache", few(json!({"group_size": 16}))),
    ]
}

fn job<'a>(recipe: &'a Recipe, calibration: Option<&'a CalibrationSource>, out: &'a Path) -> Job<'a> {
    Job { recipe, calibration, format: None, ram_budget: None, out }
}

fn recipe(checkpoint: &Checkpoint, (method, settings): &(&str, Value)) -> Result<Recipe, CompressError> {
    Recipe::fitted(method, settings, &widths(checkpoint.config()))
}

fn run(checkpoint: &Checkpoint, case: &(&str, Value), out: &Path) -> Result<record::CompressionRecord, CompressError> {
    let calibration = calibration();
    compress(checkpoint, &job(&recipe(checkpoint, case)?, Some(&calibration), out), &mut |_| {})
}

fn relative(a: &Matrix, b: &Matrix) -> f64 {
    let square = |m: f64| m * m;
    let off: f64 = a.data.iter().zip(&b.data).map(|(a, b)| square(f64::from(a - b))).sum();
    (off / b.data.iter().map(|&b| square(f64::from(b))).sum::<f64>()).sqrt()
}

/// All weights of a checkpoint's linears in f32.
fn weights(folder: &Path) -> Checked<Vec<Matrix>> {
    let model = Model::load(&Checkpoint::open(folder)?)?;
    let linears = model.blocks.iter().flat_map(|block| block.linears());
    Ok(linears.map(|linear| linear.weight.to_f32()).collect())
}

#[test]
fn every_format_holds_the_same_weights() -> Checked<()> {
    let few = json!({"sequences": 6, "length": 24, "group_size": 16, "act_order": "dynamic"});
    let compressed = "compressed-tensors";
    // Formats whose scales are of one type are compared with each other: then the method has made the same of them.
    for (stored, method, settings, one, other) in [
        (FloatType::F16, "gptq", few.clone(), compressed, "gptq"),
        (
            FloatType::F16,
            "gptq",
            json!({"bits": 3, "group_size": 32, "sequences": 6, "length": 24}),
            compressed,
            "gptq",
        ),
        (FloatType::F16, "rtn", json!({"bits": 8, "group_size": "channel", "symmetric": false}), compressed, "gptq_v2"),
        (FloatType::F16, "rtn", json!({"bits": 2, "group_size": 16, "symmetric": false}), compressed, "gptq_v2"),
        (FloatType::F16, "rtn", json!({"group_size": 16, "symmetric": false}), compressed, "awq"),
        (FloatType::F32, "rtn", json!({"group_size": 16, "symmetric": false}), "dense", compressed),
        (FloatType::F32, "gptq", few.clone(), "dense", compressed),
        (FloatType::F32, "smoothquant", json!({"sequences": 6, "length": 24}), "dense", compressed),
        (FloatType::F32, "fp8", json!({}), "dense", compressed),
    ] {
        let folder = tempfile::tempdir()?;
        // 3-bit words hold 32 outputs at a time.
        tiny_with(folder.path(), stored, 4)?;
        let checkpoint = Checkpoint::open(folder.path())?;
        let (recipe, text) = (recipe(&checkpoint, &(method, settings))?, calibration());
        let mut read = Vec::new();
        for format in [one, other] {
            let out = folder.path().join(format);
            let written = Some(FormatInfo::named(format).ok_or(format)?);
            compress(&checkpoint, &Job { format: written, ..job(&recipe, Some(&text), &out) }, &mut |_| {})?;
            read.push(weights(&out)?);
            let model = Model::load(&Checkpoint::open(&out)?)?;
            assert_eq!(
                model.blocks[0].linears()[0].weight.kind().starts_with('f'),
                format == "dense" || method == "fp8"
            );
        }
        if other == "awq" {
            // AWQ is widened to 16 bits.
            assert!(read[0].iter().zip(&read[1]).all(|(a, b)| relative(b, a) < 5e-4));
        } else {
            assert!(read[0] == read[1], "{method}: {one} and {other} differ");
        }
    }
    Ok(())
}

#[test]
fn a_format_that_cannot_hold_it_says_what_would() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    for (method, settings, format, says) in [
        ("rtn", json!({"group_size": 16, "symmetric": false}), "gptq", "gptq_v2"),
        ("rtn", json!({"group_size": 16, "bits": 3}), "awq", "bits=4"),
        ("fp8", json!({}), "awq", "compressed-tensors"),
        ("smoothquant", json!({"group_size": 16, "sequences": 6, "length": 24}), "compressed-tensors", "channel"),
        ("kv_cache", json!({}), "gptq", "compressed-tensors"),
    ] {
        let (recipe, text) = (recipe(&checkpoint, &(method, settings))?, calibration());
        let out = folder.path().join("never");
        let written = Some(FormatInfo::named(format).ok_or(format)?);
        let error = compress(&checkpoint, &Job { format: written, ..job(&recipe, Some(&text), &out) }, &mut |_| {});
        let said = error.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(says) && said.contains(format), "{method} as {format}: {said}");
        assert!(!out.exists() && !folder.path().join("never.part").exists());
    }
    Ok(())
}

/// All files of a checkpoint.
fn files(folder: &Path) -> Checked<BTreeMap<String, Vec<u8>>> {
    let entries = fs::read_dir(folder)?.map(|entry| {
        let path = entry?.path();
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(&path)?))
    });
    entries.collect()
}

#[test]
fn a_job_that_stopped_goes_on_to_the_same_bytes() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::Bf16)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    for (at, case) in cases().iter().enumerate() {
        let (text, whole, stopped) =
            (calibration(), folder.path().join(format!("whole{at}")), folder.path().join(format!("stopped{at}")));
        run(&checkpoint, case, &whole)?;
        let recipe = recipe(&checkpoint, case)?;
        // A panic in the second block stands in for the kill; a test of the binary kills for good.
        let stop = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            compress(&checkpoint, &job(&recipe, Some(&text), &stopped), &mut |at| {
                assert!(!matches!(at, Progress::Linear(at) if at.block == 1 && at.layer.ends_with("up_proj")));
            })
        }));
        assert!(stop.is_err() && !stopped.exists());
        let mut resumed = None;
        compress(&checkpoint, &job(&recipe, Some(&text), &stopped), &mut |at| {
            if let Progress::Resumed(blocks) = at {
                resumed = Some(blocks);
            }
        })?;
        assert_eq!(resumed, Some(1), "{case:?}");
        assert!(files(&whole)? == files(&stopped)?, "{case:?}: other bytes");
    }
    Ok(())
}

#[test]
fn activations_past_the_budget_lie_in_a_file_and_change_nothing() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::Bf16)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    for (at, case) in cases().iter().enumerate().filter(|(_, case)| case.1.get("sequences").is_some()) {
        let (text, roomy, tight) =
            (calibration(), folder.path().join(format!("roomy{at}")), folder.path().join(format!("tight{at}")));
        run(&checkpoint, case, &roomy)?;
        let mut spills = false;
        let recipe = recipe(&checkpoint, case)?;
        let job = Job { ram_budget: Some(1), ..job(&recipe, Some(&text), &tight) };
        compress(&checkpoint, &job, &mut |at| spills |= matches!(at, Progress::Began(estimate) if estimate.spills))?;
        assert!(spills);
        assert!(files(&roomy)? == files(&tight)?, "{case:?}: other bytes");
    }
    Ok(())
}

#[test]
fn a_group_size_that_is_not_given_fits_the_model() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let (free, set) = (folder.path().join("free"), folder.path().join("set"));
    let checkpoint = Checkpoint::open(folder.path())?;
    assert_eq!(run(&checkpoint, &("rtn", Value::Null), &free)?.settings["group_size"], 32);
    run(&checkpoint, &("rtn", json!({"group_size": 32})), &set)?;
    assert!(files(&free)? == files(&set)?, "other bytes");
    Ok(())
}

/// Words of a tensor of 3-bit integers as versions up to 0.13 packed them: ten in each, two bits empty.
fn padded(words: &[u32], count: usize) -> Vec<u32> {
    let level =
        |at: usize| (0..3).map(|bit| (words[(at * 3 + bit) / 32] >> ((at * 3 + bit) % 32) & 1) << bit).sum::<u32>();
    let levels: Vec<u32> = (0..count).map(level).collect();
    levels.chunks(10).map(|ten| ten.iter().rev().fold(0, |word, level| word << 3 | level)).collect()
}

#[test]
fn three_bit_files_of_older_versions_are_told_by_their_shape() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let out = folder.path().join("out");
    let case = ("rtn", json!({"bits": 3, "group_size": 16, "symmetric": false}));
    run(&Checkpoint::open(folder.path())?, &case, &out)?;
    let dense = weights(&out)?;
    let bytes = fs::read(out.join("model.safetensors"))?;
    let tensors = safetensors::SafeTensors::deserialize(&bytes)?;
    let words =
        |bytes: &[u8]| -> Vec<u32> { bytes.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)).collect() };
    let mut all: Vec<(String, model::Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut changed = 0;
    for (name, tensor) in tensors.tensors() {
        let (mut shape, mut content) = (tensor.shape().to_vec(), tensor.data().to_vec());
        if name.ends_with("weight_packed") {
            let cols = if name.contains("down_proj") { INTERMEDIATE } else { HIDDEN };
            let rows = words(&content);
            let rows: Vec<u32> = rows.chunks(shape[1]).flat_map(|row| padded(row, cols)).collect();
            (shape[1], content) = (cols.div_ceil(10), rows.into_iter().flat_map(u32::to_le_bytes).collect());
            changed += 1;
        } else if name.ends_with("weight_zero_point") {
            let linear = name.trim_end_matches("weight_zero_point");
            let rows = tensors.tensor(&format!("{linear}weight_packed"))?.shape()[0];
            let (old, groups) = (words(&content), shape[1]);
            let columns: Vec<Vec<u32>> = (0..groups)
                .map(|group| padded(&old.iter().skip(group).step_by(groups).copied().collect::<Vec<_>>(), rows))
                .collect();
            shape[0] = rows.div_ceil(10);
            content =
                (0..shape[0]).flat_map(|at| columns.iter().flat_map(move |column| column[at].to_le_bytes())).collect();
        }
        all.push((name, tensor.dtype(), shape, content));
    }
    assert_eq!(changed, 14);
    let views: Vec<(&str, safetensors::tensor::TensorView)> = all
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.as_str(), safetensors::tensor::TensorView::new(*dtype, shape.clone(), bytes)?))
        })
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    fs::write(out.join("model.safetensors"), safetensors::serialize(views, None)?)?;
    assert_eq!(weights(&out)?, dense);
    Ok(())
}

#[test]
fn a_rounded_cache_is_used_at_evaluation_and_changes_no_weight() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    let tokens: Vec<u32> = (0..40).map(|at| (at * 7 % 90) as u32).collect();
    let dense = Model::load(&checkpoint)?.logits(&tokens)?;
    let mut off = Vec::new();
    for bits in [8, 4] {
        let out = folder.path().join(format!("kv{bits}"));
        run(&checkpoint, &("kv_cache", json!({"kv_bits": bits})), &out)?;
        let read = Checkpoint::open(&out)?;
        assert_eq!(read.config().kv_bits, Some(bits));
        assert!(weights(&out)? == weights(folder.path())?);
        off.push(relative(&Model::load(&read)?.logits(&tokens)?, &dense));
    }
    assert!(0.0 < off[0] && off[0] < 0.02 && off[0] < off[1] && off[1] < 0.3, "{off:?}");
    Ok(())
}

#[test]
fn records_say_what_happened() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::Bf16)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    let mut logit_error = BTreeMap::new();
    let tokens: Vec<u32> = (0..40).collect();
    let dense = Model::load(&checkpoint)?.logits(&tokens)?;
    for (name, case) in [
        ("g4", ("gptq", json!({"group_size": 16, "sequences": 8, "length": 24}))),
        ("r4", ("rtn", json!({"group_size": 16}))),
        ("r8", ("rtn", json!({"group_size": 16, "bits": 8}))),
        ("w24", ("wanda", json!({"sparsity": "2:4", "sequences": 8, "length": 24}))),
    ] {
        let out = folder.path().join(name);
        let record = run(&checkpoint, &case, &out)?;
        let logits = Model::load(&Checkpoint::open(&out)?)?.logits(&tokens)?;
        logit_error.insert(name, relative(&logits, &dense));
        match name {
            // 4 bits and one 16-bit scale for 16 weights.
            "g4" => {
                assert_eq!(record.effective_bits, 5.0);
                assert!(record.layers.iter().all(|l| l.loss > Some(0.0) && l.damping == Some(0.01)));
                assert!(record.layers.iter().all(|l| l.output_error.is_some_and(|e| e > 0.0 && e < 0.1)));
                assert_eq!(record.calibration.map(|c| (c.sequences, c.length)), Some((8, 24)));
            }
            "w24" => assert_eq!((record.sparsity, record.effective_bits, record.checkpoint_bits), (0.5, 16.0, 16.0)),
            _ => assert!(record.calibration.is_none() && record.checkpoint_bits < 16.0),
        }
    }
    assert!(logit_error["r8"] < 0.02 && logit_error["r8"] < logit_error["r4"], "{logit_error:?}");
    Ok(())
}

#[test]
fn everything_else_keeps_its_type_and_bytes() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::Bf16)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    for (at, case) in [("rtn", json!({"group_size": 16})), ("magnitude", json!({}))].iter().enumerate() {
        let out = folder.path().join(format!("out{at}"));
        run(&checkpoint, case, &out)?;
        let written = Checkpoint::open(&out)?;
        for name in checkpoint.tensor_names().filter(|name| !name.contains("proj.weight")) {
            let (before, after) = (checkpoint.tensor(name)?, written.tensor(name)?);
            assert_eq!((before.dtype, before.shape), (after.dtype, after.shape));
            assert!(*before.bytes == *after.bytes, "{name} changed");
        }
        assert!(!written.has("lm_head.weight"), "tied embeddings stay tied");
        let read = |file: &str| fs::read(folder.path().join(file)).ok();
        assert_eq!(read("generation_config.json"), fs::read(out.join("generation_config.json")).ok());
        let config = written.config_json();
        assert_eq!(config.get("quantization_config").is_some(), case.0 == "rtn");
        assert_eq!(config["tie_word_embeddings"], true);
        assert!(!folder.path().join(format!("out{at}.part")).exists());
    }
    Ok(())
}

#[test]
fn the_same_job_writes_the_same_bytes_on_any_number_of_threads() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::Bf16)?;
    let checkpoint = Checkpoint::open(folder.path())?;
    for (at, case) in cases().iter().enumerate() {
        let mut written = Vec::new();
        for threads in [1, 3] {
            let out = folder.path().join(format!("out{at}-{threads}"));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            pool.install(|| run(&checkpoint, case, &out))?;
            written.push((fs::read(out.join("model.safetensors"))?, fs::read(out.join("compress.json"))?));
        }
        assert!(written[0] == written[1], "{case:?}");
    }
    Ok(())
}

/// The error's text, and nothing left behind.
fn fails(folder: &Path, case: (&str, Value), calibration: Option<&CalibrationSource>) -> Checked<String> {
    let checkpoint = Checkpoint::open(folder)?;
    let out = folder.join("never");
    let done = recipe(&checkpoint, &case)
        .and_then(|recipe| compress(&checkpoint, &job(&recipe, calibration, &out), &mut |_| {}));
    let Err(error) = done else {
        return Err(format!("{case:?} went through").into());
    };
    assert!(!out.exists() && !folder.join("never.part").exists());
    Ok(error.to_string())
}

#[test]
fn what_does_not_fit_is_said_with_the_widths() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let text = calibration();
    let error = fails(folder.path(), ("rtn", json!({"group_size": 128})), None)?;
    assert!(error.contains("32 and 64 inputs") && error.contains("32, 16, 8, channel"), "{error}");
    let error = fails(folder.path(), ("magnitude", json!({"sparsity": "2:5"})), None)?;
    assert!(error.contains("2:5") && error.contains("32 and 64"), "{error}");
    let error = fails(folder.path(), ("wanda", json!({})), Some(&text))?;
    assert!(error.contains("192 tokens") && error.contains("128 sequences of 128 need 16384"), "{error}");
    let error = fails(folder.path(), ("gptq", json!({"group_size": 16})), None)?;
    assert!(error.contains("calibration text"), "{error}");
    let tokens = CalibrationText::Tokens(vec![vec![VOCABULARY as u32; 4]]);
    let foreign = CalibrationSource { text: tokens, ..text };
    let error = fails(folder.path(), ("wanda", json!({"sequences": 1, "length": 4})), Some(&foreign))?;
    assert!(error.contains("vocabulary ends at 96"), "{error}");
    Ok(())
}

#[test]
fn a_quantized_checkpoint_is_not_compressed_again() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let quantized = folder.path().join("q");
    run(&Checkpoint::open(folder.path())?, &("rtn", json!({"group_size": 16})), &quantized)?;
    for method in METHODS {
        let error = fails(&quantized, (method.name, json!({})), None)?;
        assert!(error.contains("quantized already"), "{error}");
    }
    let error = run(&Checkpoint::open(folder.path())?, &("rtn", json!({"group_size": 16})), &quantized);
    assert!(matches!(error, Err(CompressError::OutputExists { .. })));
    Ok(())
}

#[test]
fn an_output_folder_that_cannot_be_written_is_an_error_with_its_path() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    fs::write(folder.path().join("file"), "in the way")?;
    let out = folder.path().join("file/checkpoint");
    let error = run(&Checkpoint::open(folder.path())?, &("magnitude", json!({})), &out);
    assert!(error.is_err_and(|error| error.to_string().contains("file")));
    Ok(())
}

#[test]
fn activations_that_overflow_name_their_layer() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    tiny(folder.path(), FloatType::F32)?;
    let path = folder.path().join("model.safetensors");
    let mut bytes = fs::read(&path)?;
    let file = safetensors::SafeTensors::deserialize(&bytes)?;
    let up = file.tensor("model.layers.0.mlp.up_proj.weight")?.data();
    let start = up.as_ptr() as usize - bytes.as_ptr() as usize;
    let end = start + up.len();
    bytes[start..end].as_chunks_mut::<4>().0.iter_mut().for_each(|four| *four = 3e38f32.to_le_bytes());
    fs::write(&path, bytes)?;
    let settings = json!({"group_size": 16, "sequences": 6, "length": 24});
    let error = fails(folder.path(), ("gptq", settings), Some(&calibration()))?;
    assert!(error.contains("model.layers.0.mlp.down_proj") && error.contains("not finite"), "{error}");
    Ok(())
}
