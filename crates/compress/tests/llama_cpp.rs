//! llama.cpp loads what we write, cuts texts into the same tokens, and says the same. Runs where `ACBENCH_LLAMA_CPP`
//! names a Python with llama-cpp-python; `tools/peers/llama_cpp.sh` makes one.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compress::{CalibrationSource, CalibrationText, Format, Job, compress, export_gguf};
use model::{Checkpoint, Model};
use record::Message;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

const TOKENS: usize = 32;
/// llama.cpp rounds the inputs of quantized products to 8 bits, so its logits differ from ours. Where its two best are nearer than this, either may be chosen.
const NEAR: f64 = 0.2;
/// Inputs of f32 products are not rounded: there all replies must be the same.
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

/// The weights that a file of blocks stands for, as one of f32.
fn widened(folder: &Path, pico: &Checkpoint, blocks: &Path) -> Checked<PathBuf> {
    let model = Model::load(&Checkpoint::open(blocks)?)?;
    let linears: BTreeMap<String, Vec<f32>> = model
        .blocks
        .iter()
        .flat_map(|block| block.linears())
        .map(|linear| (format!("{}.weight", linear.name), linear.weight.to_f32().data))
        .collect();
    let mut tensors = Vec::new();
    for name in pico.tensor_names() {
        let tensor = pico.tensor(name)?;
        let stored =
            || tensor.bytes.as_chunks::<2>().0.iter().map(|&two| half::bf16::from_le_bytes(two).to_f32()).collect();
        let values: Vec<f32> = linears.get(name).cloned().unwrap_or_else(stored);
        let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        tensors.push((name.to_owned(), tensor.shape, bytes));
    }
    let views: Vec<(&str, TensorView)> = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(model::Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    let wide = folder.join("wide");
    fs::create_dir_all(&wide)?;
    for (name, bytes) in pico.files()? {
        fs::write(wide.join(name), &*bytes)?;
    }
    fs::write(wide.join("config.json"), pico.config_json().to_string())?;
    fs::write(wide.join("model.safetensors"), safetensors::serialize(views, None)?)?;
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
        let (calibration, format) = (Some(&text), Some(Format::Gguf));
        compress(
            pico,
            &Job { method, settings: &settings, calibration, format, ram_budget: None, out: &out },
            &mut |_| {},
        )?;
        all.push((name, out.join("model.gguf")));
    }
    let wide = widened(folder, pico, &folder.join("Q4_0/model.gguf"))?;
    all.push(("F32", wide));
    Ok(all)
}

#[test]
fn llama_cpp_says_the_same() -> Checked<()> {
    let Ok(python) = std::env::var("ACBENCH_LLAMA_CPP") else {
        println!("skipped: ACBENCH_LLAMA_CPP names no Python");
        return Ok(());
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/peers/llama_cpp_run.py");
    let (folder, pico) = (tempfile::tempdir()?, Checkpoint::bundled()?);
    let prompts = prompts(&pico)?;
    let texts = [
        "Hello, world!",
        "  two  spaces\n\n\tand",
        "naïve 日本語 🦀 e\u{301}",
        "12345 don't <|im_end|>\r\n ",
        "½²Ⅷ٣ \u{a0}x",
    ];
    let request = folder.path().join("request.json");
    fs::write(&request, json!({"tokens": TOKENS, "texts": texts, "prompts": prompts}).to_string())?;
    for (name, path) in files(folder.path(), &pico)? {
        let output = Command::new(&python).arg(&script).arg(&path).arg(&request).output()?;
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let theirs: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(theirs["vocabulary"], pico.config().vocab_size);
        for (text, theirs) in texts.iter().zip(ids(&theirs["texts"])) {
            let ours = pico.tokenizer()?.encode(text, false)?;
            assert_eq!(ours.iter().map(|&id| u64::from(id)).collect::<Vec<_>>(), theirs, "{text:?}");
        }
        let model = Model::load(&Checkpoint::open(&path)?)?;
        let (mut same, mut near) = (0, Vec::new());
        for (at, (prompt, reply)) in prompts.iter().zip(ids(&theirs["replies"])).enumerate() {
            let ours = greedy(&model, prompt)?;
            match ours.iter().zip(&reply).position(|(a, b)| a != b) {
                None if ours.len() == reply.len() => same += 1,
                None => return Err(format!("{name}: reply {at} has {} tokens", reply.len()).into()),
                Some(token) => near.push((at, token, theirs["margins"][at][token].as_f64().unwrap_or(f64::MAX))),
            }
        }
        println!("{name}: {same} of {} replies are the same; others (prompt, token, margin): {near:?}", prompts.len());
        let bound = if name == "F32" { EXACT } else { NEAR };
        assert!(near.iter().all(|&(_, _, margin)| margin < bound), "{name}: {near:?}");
    }
    Ok(())
}
