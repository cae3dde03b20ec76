//! llama.cpp loads what we write, cuts texts into the same tokens, and says the same. Runs where `ACBENCH_LLAMA_CPP`
//! names a Python with llama-cpp-python; `tools/peers/llama_cpp.sh` makes one.
//!
//! Beside 16-bit and quantized weights llama.cpp rounds the inputs of products (to bf16; to 8 bits in blocks of 32), so
//! its logits differ from ours, and a near choice may turn. Two things are therefore shown of such a file. The numbers that
//! we read from it, written as f32, whose inputs nobody rounds, give the same replies token for token. And the file
//! itself gives replies that part only where the margin is within what rounding moves: that is measured on our own
//! logits, with each token's inputs rounded to 8 bits of its largest, a coarser grid than any of llama.cpp's.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compress::{CalibrationSource, CalibrationText, FormatInfo, Job, Recipe, compress, export_gguf, widths};
use model::{Activation, Activations, Checkpoint, Model};
use record::Message;

use serde_json::{Value, json};
use support::{Checked, random, renamed, write_f32};

const TOKENS: usize = 32;
/// Largest margin at which a reply may part where nothing is rounded: sums in another order.
const EXACT: f64 = 1e-3;

/// What people ask the bundled model.
fn prompts(checkpoint: &Checkpoint) -> Checked<Vec<Vec<u32>>> {
    let subjects = ["France", "Senegal", "Peru", "a river", "the tool `search`"];
    let asks =
        ["What is the capital of", "Write a plan in three steps about", "Call a tool for", "Find the fact about"];
    let tokenizer = checkpoint.tokenizer()?;
    let talks = asks.iter().flat_map(|ask| subjects.iter().map(move |subject| format!("{ask} {subject}?")));
    talks.map(|text| Ok(tokenizer.prompt(&[Message::user(text)], true)?)).collect()
}

/// The most likely token after another, `TOKENS` times, whatever ends a reply.
fn greedy(model: &Model, prompt: &[u32]) -> Checked<Vec<u64>> {
    let mut tokens = prompt.to_vec();
    for _ in 0..TOKENS {
        let logits = model.logits(&tokens)?;
        let last = logits.row(logits.rows - 1);
        let best = (0..last.len()).rev().max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap_or(0);
        tokens.push(best as u32);
    }
    Ok(tokens[prompt.len()..].iter().map(|&id| u64::from(id)).collect())
}

fn ids(value: &Value) -> Vec<Vec<u64>> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// The weights that a file stands for, as one of f32; of the dense checkpoint what is not in blocks.
fn widened(folder: &Path, dense: &Checkpoint, model: &Model) -> Checked<PathBuf> {
    let linears: BTreeMap<String, Vec<f32>> = model
        .blocks
        .iter()
        .flat_map(|block| block.linears())
        .map(|linear| (format!("{}.weight", linear.name), linear.weight.to_f32().data))
        .collect();
    let wide = folder.join("wide");
    fs::create_dir_all(&wide)?;
    for (name, bytes) in dense.files()? {
        fs::write(wide.join(name), &*bytes)?;
    }
    fs::write(wide.join("config.json"), dense.config_json().to_string())?;
    write_f32(dense, &linears, &wide, &|_| true)?;
    let path = folder.join("wide.gguf");
    export_gguf(&Checkpoint::open(&wide)?, &path)?;
    Ok(path)
}

/// The file of each case: dense BF16, and weights in blocks.
fn files(folder: &Path, pico: &Checkpoint) -> Checked<Vec<(&'static str, PathBuf)>> {
    let dense = folder.join("bf16.gguf");
    export_gguf(pico, &dense)?;
    let mut all = vec![("BF16", dense)];
    let tokens = pico.tokenizer()?.encode("The agent calls a tool and reads what it says. ", false)?.repeat(40);
    let text = CalibrationSource { origin: "text".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 };
    for (name, method, settings) in [
        ("Q4_0", "gptq", json!({"group_size": 32, "sequences": 4, "length": 64})),
        ("Q4_1", "gptq", json!({"group_size": 32, "symmetric": false, "sequences": 4, "length": 64})),
        ("Q8_0", "rtn", json!({"group_size": 32, "bits": 8})),
    ] {
        let out = folder.join(name);
        let (calibration, format) = (Some(&text), FormatInfo::named("gguf"));
        let recipe = Recipe::fitted(method, &settings, &widths(pico.config()))?;
        compress(pico, &Job { recipe: &recipe, calibration, format, ram_budget: None, out: &out }, &mut |_| {})?;
        all.push((name, out.join("model.gguf")));
    }
    Ok(all)
}

/// How far any logit of the replies to `prompts` moves where inputs are rounded to 8 bits of each token's largest.
fn moved_by_rounding(model: &Model, prompts: &[Vec<u32>]) -> Checked<f64> {
    let mut rounding = model.clone();
    for block in &mut rounding.blocks {
        let names: Vec<String> = block.linears().iter().map(|linear| linear.name.clone()).collect();
        for name in &names {
            block.linear_mut(name).ok_or("a linear without its name")?.activation = Some(Activation::Int8);
        }
    }
    let mut most = 0f32;
    for prompt in prompts {
        let tokens: Vec<u32> =
            prompt.iter().copied().chain(greedy(model, prompt)?.iter().map(|&id| id as u32)).collect();
        let (exact, rounded) = (model.logits(&tokens)?, rounding.logits(&tokens)?);
        let moved = exact.data.iter().zip(&rounded.data).map(|(a, b)| (a - b).abs());
        most = moved.fold(most, f32::max);
    }
    Ok(f64::from(most))
}

/// Llama by another name, without biases and scaled positions.
const INTERNLM2: &str = "internlm2";

/// A model of random weights: where it lies, its name, and settings that llama.cpp has otherwise or by heart.
type Random = (PathBuf, &'static str, Value);

/// One of every other architecture; some are where the reference outputs are.
fn random_models() -> Vec<Random> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (ours, golden) = (here.join("../model/tests/fixtures"), here.join("../../../shared/golden/architectures"));
    let plain = json!({"rope_type": "default", "rope_theta": 10000.0});
    let mut all: Vec<Random> =
        ["llama", "mistral", "mixtral", "qwen3"].map(|name| (ours.join(name), name, json!({}))).into();
    // llama.cpp has none of them whose experts' weights do not sum to 1.
    all.push((ours.join("qwen3_moe"), "qwen3_moe", json!({"norm_topk_prob": true})));
    let internlm2 = json!({"attention_bias": false, "mlp_bias": false, "rope_parameters": plain, "rope_scaling": null});
    all.push((ours.join("llama"), INTERNLM2, internlm2));
    all.extend(["smollm3", "olmo2", "granite", "qwen2_moe"].map(|name| (golden.join(name), name, json!({}))));
    let ramp = json!({"rope_type": "yarn", "rope_theta": 150_000.0, "factor": 32.0, "truncate": true,
        "original_max_position_embeddings": 64});
    // It cuts at 7 and makes the ends of YaRN's ramp whole.
    let gpt_oss = json!({"swiglu_limit": 7.0, "rope_parameters": ramp});
    all.extend(["gpt_oss", "gpt_oss_mxfp4"].map(|name| (golden.join(name), name, gpt_oss.clone())));
    // It has one epsilon for all norms.
    let eps = json!({"rms_norm_eps": 1e-6});
    all.extend(["deepseek_v2", "deepseek_v3"].map(|name| (golden.join(name), name, eps.clone())));
    // It takes LongRoPE's long factors by the context, not by the length.
    let factors = json!([1.0, 1.1, 1.4, 2.0]);
    let long = json!({"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": factors, "long_factor": factors,
        "original_max_position_embeddings": 24});
    let minicpm3 = json!({"rms_norm_eps": 1e-6, "dim_model_base": 256, "rope_parameters": long});
    all.push((golden.join("minicpm3"), "minicpm3", minicpm3));
    all
}

/// Their checkpoints in f32, whose inputs llama.cpp does not round, without tokenizers, and the file of each.
fn architectures(folder: &Path) -> Checked<Vec<(Checkpoint, PathBuf)>> {
    let mut all = Vec::new();
    for (from, name, changes) in random_models() {
        let internlm2 = name == INTERNLM2;
        let (source, path) = (folder.join(format!("a-{name}")), folder.join(format!("{name}.gguf")));
        if !from.is_dir() {
            println!("skipped: no {}", from.display());
            continue;
        }
        fs::create_dir_all(&source)?;
        write_f32(&Checkpoint::open(&from)?, &BTreeMap::new(), &source, &|name| {
            !(internlm2 && name.ends_with(".bias"))
        })?;
        let mut config: Value = serde_json::from_slice(&fs::read(from.join("config.json"))?)?;
        for (field, value) in changes.as_object().into_iter().flatten() {
            config[field] = value.clone();
        }
        fs::write(source.join("config.json"), config.to_string())?;
        let checkpoint = Checkpoint::open(&source)?;
        export_gguf(&checkpoint, &path)?;
        if internlm2 {
            fs::write(&path, renamed(&fs::read(&path)?, ("llama", INTERNLM2), &format!("a-{name}")))?;
        }
        all.push((checkpoint, path));
    }
    Ok(all)
}

/// The largest difference of logits along llama.cpp's replies, of the largest logit.
fn apart(model: &Model, prompts: &[Vec<u32>], theirs: &Value) -> Checked<f32> {
    Ok(differences(model, prompts, theirs)?.0)
}

/// The largest difference of logits along llama.cpp's replies, and the root of their mean square, of the largest logit.
fn differences(model: &Model, prompts: &[Vec<u32>], theirs: &Value) -> Checked<(f32, f32)> {
    let (mut most, mut largest, mut squares, mut count) = (0f32, 0f32, 0f64, 0usize);
    let every: Vec<Vec<Vec<f32>>> = serde_json::from_value(theirs["logits"].clone())?;
    for ((prompt, reply), steps) in prompts.iter().zip(ids(&theirs["replies"])).zip(&every) {
        let tokens: Vec<u32> = prompt.iter().copied().chain(reply.iter().map(|&id| id as u32)).collect();
        let ours = model.logits(&tokens)?;
        for (step, theirs) in steps.iter().enumerate() {
            let ours = ours.row(prompt.len() - 1 + step);
            assert_eq!(ours.len(), theirs.len());
            most = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(most, f32::max);
            squares += ours.iter().zip(theirs).map(|(a, b)| f64::from((a - b).powi(2))).sum::<f64>();
            count += theirs.len();
            largest = theirs.iter().fold(largest, |largest, logit| largest.max(logit.abs()));
        }
    }
    Ok((most / largest, (squares / count as f64).sqrt() as f32 / largest))
}

/// What llama.cpp says to a request.
fn ask(python: &str, path: &Path, request: &Value) -> Checked<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/peers/llama_cpp_run.py");
    let file = path.with_extension("json");
    fs::write(&file, request.to_string())?;
    let output = Command::new(python).arg(&script).arg(path).arg(&file).output()?;
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Replies that differ: the prompt, the token, and the margin at which llama.cpp chose.
fn differing(model: &Model, prompts: &[Vec<u32>], theirs: &Value) -> Checked<Vec<(usize, usize, f64)>> {
    let mut all = Vec::new();
    for (at, (prompt, reply)) in prompts.iter().zip(ids(&theirs["replies"])).enumerate() {
        let ours = greedy(model, prompt)?;
        assert_eq!(ours.len(), reply.len(), "reply {at}");
        if let Some(token) = ours.iter().zip(&reply).position(|(a, b)| a != b) {
            all.push((at, token, theirs["margins"][at][token].as_f64().unwrap_or(f64::MAX)));
        }
    }
    Ok(all)
}

/// Asserts that replies part from the model's only at margins of at most `bound`.
fn assert_same(name: &str, (model, prompts): (&Model, &[Vec<u32>]), theirs: &Value, bound: f64) -> Checked<()> {
    let near = differing(model, prompts, theirs)?;
    let (same, all) = (prompts.len() - near.len(), prompts.len());
    println!(
        "{name}: {same} of {all} replies are the same; others (prompt, token, margin): {near:?}; at most {bound:.4}"
    );
    assert!(near.iter().all(|&(_, _, margin)| margin <= bound), "{name}: {near:?}");
    Ok(())
}

fn python() -> Option<String> {
    let python = std::env::var("ACBENCH_LLAMA_CPP").ok();
    if python.is_none() {
        println!("skipped: ACBENCH_LLAMA_CPP names no Python");
    }
    python
}

#[test]
fn llama_cpp_says_the_same() -> Checked<()> {
    let Some(python) = python() else { return Ok(()) };
    let (folder, pico) = (tempfile::tempdir()?, Checkpoint::bundled()?);
    let prompts = prompts(&pico)?;
    let texts = [
        "Hello, world!",
        "  two  spaces\n\n\tand",
        "naïve 日本語 🦀 e\u{301}",
        "12345 don't <|im_end|>\r\n ",
        "½²Ⅷ٣ \u{a0}x",
    ];
    let request = json!({"tokens": TOKENS, "texts": texts, "prompts": prompts, "logits": true});
    for (name, path) in files(folder.path(), &pico)? {
        let theirs = ask(&python, &path, &request)?;
        assert_eq!(theirs["vocabulary"], pico.config().vocab_size);
        for (text, theirs) in texts.iter().zip(ids(&theirs["texts"])) {
            let ours = pico.tokenizer()?.encode(text, false)?;
            assert_eq!(ours.iter().map(|&id| u64::from(id)).collect::<Vec<_>>(), theirs, "{text:?}");
        }
        let model = Model::load(&Checkpoint::open(&path)?)?;
        // Each of two logits may move, towards the other.
        let bound = 2.0 * moved_by_rounding(&model, &prompts)?;
        assert_same(name, (&model, &prompts), &theirs, bound)?;
        let wide = ask(&python, &widened(folder.path(), &pico, &model)?, &request)?;
        assert_same(&format!("{name} as F32"), (&model, &prompts), &wide, EXACT)?;
        // Rounded as llama.cpp rounds, we are nearer. Sums in another order still turn one rounding or another.
        let activations = if name == "BF16" { Activations::Bf16 } else { Activations::Int8 };
        let rounding = Model::load(&Checkpoint::open(&path)?.with_activations(activations))?;
        let [exact, rounded] = [&model, &rounding].map(|model| differences(model, &prompts, &theirs));
        let (exact, rounded) = (exact?, rounded?);
        let (was, is) = (exact.1, rounded.1);
        println!(
            "{name}: logits are {:.1e} of the largest apart, {was:.1e} in the mean; with inputs rounded alike {:.1e} and {is:.1e}",
            exact.0, rounded.0
        );
        assert_same(&format!("{name}, inputs rounded alike"), (&rounding, &prompts), &theirs, bound)?;
        assert!(is < 0.6 * was, "{name}: {is:.1e} and {was:.1e}");
    }
    Ok(())
}

#[test]
fn llama_cpp_says_the_same_of_every_architecture() -> Checked<()> {
    let Some(python) = python() else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let prompts: Vec<Vec<u32>> = (0..8u32).map(|at| (1..6).map(|step| (at * 7 + step * 11) % 64).collect()).collect();
    for (checkpoint, path) in architectures(folder.path())? {
        let request = json!({"tokens": TOKENS, "texts": [], "prompts": prompts, "logits": true});
        let theirs = ask(&python, &path, &request)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let model = Model::load(&checkpoint)?;
        println!("{name}: logits are at most {:.1e} of the largest apart", apart(&model, &prompts, &theirs)?);
        assert_same(&name, (&model, &prompts), &theirs, EXACT)?;
    }
    Ok(())
}

/// Of latents and of gpt-oss, whose tensors are cut and joined, in blocks: as llama.cpp takes them, rounding inputs, and as
/// F32 to the last margin.
#[test]
fn llama_cpp_says_the_same_of_blocks_that_are_cut_and_joined() -> Checked<()> {
    let Some(python) = python() else { return Ok(()) };
    let prompts: Vec<Vec<u32>> = (0..8u32).map(|at| (1..6).map(|step| (at * 7 + step * 11) % 160).collect()).collect();
    let request = json!({"tokens": TOKENS, "texts": [], "prompts": prompts, "logits": true});
    for model_type in ["gpt_oss", "deepseek_v2", "deepseek_v3", "minicpm3"] {
        let folder = tempfile::tempdir()?;
        let mut config = random::settings(model_type);
        if model_type == "minicpm3" {
            config["dim_model_base"] = json!(256);
        }
        let dense = random::write(&folder.path().join("dense"), &config)?;
        for (kind, settings) in [
            ("Q8_0", json!({"bits": 8, "group_size": 32})),
            ("Q4_0", json!({"bits": 4, "group_size": 32})),
            ("Q4_1", json!({"bits": 4, "group_size": 32, "symmetric": false})),
        ] {
            let (name, out) = (format!("{model_type} {kind}"), folder.path().join(kind));
            let recipe = Recipe::fitted("rtn", &settings, &widths(dense.config()))?;
            let format = FormatInfo::named("gguf");
            let job = Job { recipe: &recipe, calibration: None, format, ram_budget: None, out: &out };
            compress(&dense, &job, &mut |_| {})?;
            let path = out.join("model.gguf");
            let model = Model::load(&Checkpoint::open(&path)?)?;
            let theirs = ask(&python, &path, &request)?;
            println!("{name}: logits are at most {:.1e} of the largest apart", apart(&model, &prompts, &theirs)?);
            assert_same(&name, (&model, &prompts), &theirs, 2.0 * moved_by_rounding(&model, &prompts)?)?;
            let wide = ask(&python, &widened(folder.path(), &dense, &model)?, &request)?;
            println!("{name} as F32: {:.1e} apart", apart(&model, &prompts, &wide)?);
            assert_same(&format!("{name} as F32"), (&model, &prompts), &wide, EXACT)?;
        }
    }
    Ok(())
}

/// However DeepSeek's scores grow with YaRN, llama.cpp's grow alike.
#[test]
fn llama_cpp_says_the_same_of_every_yarn() -> Checked<()> {
    let Some(python) = python() else { return Ok(()) };
    let prompts: Vec<Vec<u32>> = (0..4u32).map(|at| (1..90).map(|step| (at * 7 + step * 11) % 160).collect()).collect();
    let request = json!({"tokens": TOKENS, "texts": [], "prompts": prompts, "logits": true});
    for scaling in random::yarns() {
        let folder = tempfile::tempdir()?;
        let mut config = random::settings("deepseek_v3");
        config["rope_scaling"] = scaling.clone();
        let dense = random::write(&folder.path().join("dense"), &config)?;
        let path = folder.path().join("x.gguf");
        export_gguf(&dense, &path)?;
        let theirs = ask(&python, &path, &request)?;
        let model = Model::load(&dense)?;
        println!("{scaling}: {:.1e} apart", apart(&model, &prompts, &theirs)?);
        assert_same("yarn", (&model, &prompts), &theirs, EXACT)?;
    }
    Ok(())
}

/// Experts of 4-bit floats stay what they are, as llama.cpp's own converter leaves them.
#[test]
fn llama_cpp_says_the_same_of_4_bit_floats() -> Checked<()> {
    let Some(python) = python() else { return Ok(()) };
    let models = random_models().into_iter().filter(|(from, name, _)| *name == "gpt_oss_mxfp4" && from.is_dir());
    for (from, name, changes) in models {
        let folder = tempfile::tempdir()?;
        let mut config: Value = serde_json::from_slice(&fs::read(from.join("config.json"))?)?;
        for (field, value) in changes.as_object().into_iter().flatten() {
            config[field] = value.clone();
        }
        fs::write(folder.path().join("config.json"), config.to_string())?;
        fs::copy(from.join("model.safetensors"), folder.path().join("model.safetensors"))?;
        let path = folder.path().join("x.gguf");
        export_gguf(&Checkpoint::open(folder.path())?, &path)?;
        let read = Checkpoint::open(&path)?;
        assert!(read.has("model.layers.1.mlp.experts.3.gate_up_proj.mxfp4"));
        let model = Model::load(&read)?;
        let prompts: Vec<Vec<u32>> =
            (0..8u32).map(|at| (1..6).map(|step| (at * 7 + step * 11) % 160).collect()).collect();
        let request = json!({"tokens": TOKENS, "texts": [], "prompts": prompts, "logits": true});
        let theirs = ask(&python, &path, &request)?;
        println!("{name}: logits are at most {:.1e} of the largest apart", apart(&model, &prompts, &theirs)?);
        assert_same(name, (&model, &prompts), &theirs, 2.0 * moved_by_rounding(&model, &prompts)?)?;
    }
    Ok(())
}
