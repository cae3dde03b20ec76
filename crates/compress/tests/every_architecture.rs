//! The checkpoints of `golden/architectures`, one of each architecture and more: every method compresses them, every format
//! that fits holds them, and what is read back runs as the dense model does, nearly; a reply does not depend on its batch.

mod support;

use std::path::{Path, PathBuf};

use compress::{
    CalibrationSource, CalibrationText, CompressError, FORMATS, Format, Job, METHODS, Recipe, compress, export_gguf,
    widths,
};
use model::{Activations, Checkpoint, Matrix, Model, Request, Session, SessionOptions};
use serde_json::{Value, json};
use support::{Checked, mild, renamed};

const TOKENS: [u32; 14] = [5, 9, 33, 2, 60, 41, 117, 28, 3, 150, 11, 7, 80, 99];

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

/// The folders of checkpoints; none where they are not there.
fn folders(under: &str) -> Checked<Vec<(String, PathBuf)>> {
    let root = golden().join(under);
    let Ok(entries) = std::fs::read_dir(&root) else {
        println!("skipped: {} is not there", root.display());
        return Ok(Vec::new());
    };
    let all = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    let named = |path: PathBuf| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path);
    let mut all: Vec<_> = all.into_iter().filter(|path| path.is_dir()).map(named).collect();
    all.sort();
    Ok(all)
}

fn logits(checkpoint: &Checkpoint) -> Checked<Matrix> {
    Ok(Model::load(checkpoint)?.logits(&TOKENS)?)
}

/// How far the logits of a token are from others, of the size of these: that of the token in the middle. Where a router
/// changes its mind, those of a token move at once; a mistake moves all of them.
fn distance(ours: &Matrix, theirs: &Matrix) -> f32 {
    let of_row = |row: usize| {
        let (ours, theirs) = (ours.row(row), theirs.row(row));
        let size = theirs.iter().map(|x| x * x).sum::<f32>().sqrt();
        ours.iter().zip(theirs).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt() / size
    };
    let mut rows: Vec<f32> = (0..theirs.rows).map(of_row).collect();
    rows.sort_by(f32::total_cmp);
    rows[rows.len() / 2]
}

fn text() -> CalibrationSource {
    let mut rng = record::Rng::new(1);
    let tokens = (0..8 * 24).map(|_| rng.below(160) as u32).collect();
    CalibrationSource { origin: "random".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 }
}

/// Compresses a folder into another.
fn run(dense: &Checkpoint, recipe: &Recipe, format: Option<Format>, out: &Path) -> Result<Checkpoint, CompressError> {
    let source = text();
    let job = Job { recipe, calibration: Some(&source), format, ram_budget: None, out };
    compress(dense, &job, &mut |_| {})?;
    Ok(Checkpoint::open(out)?)
}

/// Replies to prompts of several lengths, one by one and together, are the same.
fn batches_agree(checkpoint: &Checkpoint, what: &str) -> Checked<()> {
    let (model, tokenizer) = (Model::load(checkpoint)?, checkpoint.tokenizer()?);
    let request = |length: usize| Request { prompt: TOKENS[..length].to_vec(), max_tokens: 6, ..Request::default() };
    let requests: Vec<Request> = [3, 14, 1, 9].map(request).into();
    let replies = |batch_size| -> Checked<Vec<Vec<u32>>> {
        let options = SessionOptions { batch_size, retained_bytes: 0, ..SessionOptions::default() };
        let replies = Session::new(&model, tokenizer, options).generate(&requests);
        replies.into_iter().map(|reply| Ok(reply?.tokens)).collect()
    };
    assert_eq!(replies(1)?, replies(4)?, "{what}");
    Ok(())
}

#[test]
fn golden_every_method_compresses_every_architecture() -> Checked<()> {
    let mut runs = 0;
    for (name, folder) in folders("architectures")? {
        let checkpoint = Checkpoint::open(&folder)?;
        let dense = logits(&checkpoint)?;
        let mut line = name.clone();
        for method in METHODS {
            let what = format!("{name} {}", method.name);
            let (settings, most) = mild(method.name, 4);
            let recipe = Recipe::fitted(method.name, &settings, &widths(checkpoint.config()))?;
            let out = tempfile::tempdir()?;
            let read =
                run(&checkpoint, &recipe, None, &out.path().join("out")).map_err(|error| format!("{what}: {error}"))?;
            let off = distance(&logits(&read)?, &dense);
            line += &format!(" {} {off:.4}", method.name);
            assert!(off > 0.0 && off < most, "{what}: {off}");
            batches_agree(&read, &what)?;
            batches_agree(&read.with_activations(Activations::Int8), &format!("{what}, inputs rounded"))?;
            runs += 1;
        }
        println!("{line}");
    }
    println!("golden_every_method_compresses_every_architecture: {runs} runs");
    Ok(())
}

#[test]
fn golden_every_format_holds_every_architecture() -> Checked<()> {
    let (mut written, mut refused) = (0, Vec::new());
    for (name, folder) in folders("architectures")? {
        let checkpoint = Checkpoint::open(&folder)?;
        let dense = logits(&checkpoint)?;
        for format in FORMATS {
            let settings = json!({"bits": 4, "group_size": 4, "symmetric": format.name != "awq"});
            let recipe = Recipe::fitted("rtn", &settings, &widths(checkpoint.config()))?;
            let out = tempfile::tempdir()?;
            match run(&checkpoint, &recipe, Some(format), &out.path().join("out")) {
                Ok(read) => {
                    let off = distance(&logits(&read)?, &dense);
                    assert!(off > 0.0 && off < 0.9, "{name} {}: {off}", format.name);
                    batches_agree(&read, &format!("{name} {}", format.name))?;
                    written += 1;
                }
                Err(CompressError::Format { what, .. }) => refused.push(format!("{name} {}: {what}", format.name)),
                Err(error) => return Err(format!("{name} {}: {error}", format.name).into()),
            }
        }
        // These hold any size.
        assert!(!refused.iter().any(|one| one.contains(&format!("{name} compressed-tensors"))), "{refused:?}");
    }
    println!("golden_every_format_holds_every_architecture: {written} written, {} refused by size", refused.len());
    assert!(refused.iter().all(|one| ["multiple", "words"].iter().any(|why| one.contains(why))), "{refused:?}");
    Ok(())
}

/// What a GGUF file holds is written again as it was.
#[test]
fn golden_gguf_models_are_written_again() -> Checked<()> {
    let mut models = 0;
    for (name, folder) in folders("gguf/models")? {
        let checkpoint =
            Checkpoint::open(&folder.join(if name == "llama_mixed" { "model.mixed.gguf" } else { "model.f16.gguf" }))?;
        let out = tempfile::tempdir()?;
        let file = out.path().join("x.gguf");
        export_gguf(&checkpoint, &file).map_err(|error| format!("{name}: {error}"))?;
        let read = Checkpoint::open(&file)?;
        assert!(logits(&read)? == logits(&checkpoint)?, "{name}");
        assert_eq!(read.config(), checkpoint.config(), "{name}");
        models += 1;
    }
    println!("golden_gguf_models_are_written_again: {models}");
    Ok(())
}

/// A copy of a folder without its tokenizer, which GGUF may not have, and with some settings changed.
fn without_tokenizer(from: &Path, to: &Path, changes: &Value) -> Checked<Checkpoint> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("model") {
            std::fs::copy(from.join(&name), to.join(&name))?;
        }
    }
    let mut config: Value = serde_json::from_slice(&std::fs::read(from.join("config.json"))?)?;
    for (field, value) in changes.as_object().into_iter().flatten() {
        config[field] = value.clone();
    }
    std::fs::write(to.join("config.json"), config.to_string())?;
    Ok(Checkpoint::open(to)?)
}

/// Architectures that files hold, each with the settings that llama.cpp has by heart.
fn held_in_gguf() -> Vec<(&'static str, Value)> {
    let mut all: Vec<(&str, Value)> = ["smollm3", "olmo2", "granite", "qwen2_moe", "gemma", "phi3", "gpt_oss_mxfp4"]
        .into_iter()
        .chain(["deepseek_v2", "deepseek_v3"])
        .map(|name| (name, json!({})))
        .collect();
    all.push(("gpt_oss", json!({"swiglu_limit": 7.0})));
    all.push(("minicpm3", json!({"dim_model_base": 256})));
    all
}

#[test]
fn golden_gguf_holds_architectures_whole() -> Checked<()> {
    let (mut held, all) = (0, held_in_gguf());
    for (name, path) in folders("architectures")? {
        let Some((_, changes)) = all.iter().find(|(other, _)| *other == name) else { continue };
        let folder = tempfile::tempdir()?;
        let dense = without_tokenizer(&path, &folder.path().join("dense"), changes)?;
        let file = folder.path().join("model.gguf");
        export_gguf(&dense, &file)?;
        let read = Checkpoint::open(&file)?;
        let (ours, theirs) = (read.config(), dense.config());
        assert_eq!(ours.model_type, theirs.model_type);
        assert_eq!((&ours.rope, ours.experts, ours.latent), (&theirs.rope, theirs.experts, theirs.latent), "{name}");
        assert_eq!(ours.blocks, theirs.blocks, "{name}");
        assert!(logits(&read)?.data == logits(&dense)?.data, "{name}: other logits");
        // Written again, it is the same model.
        let again = folder.path().join("again.gguf");
        export_gguf(&read, &again)?;
        assert!(logits(&Checkpoint::open(&again)?)?.data == logits(&dense)?.data, "{name}: other logits again");
        held += 1;
    }
    println!("golden_gguf_holds_architectures_whole: {held}");
    Ok(())
}

#[test]
fn internlm2_in_gguf_is_llama_by_another_name() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures/llama");
    let dense = without_tokenizer(&fixture, &folder.path().join("a-model"), &json!({}))?;
    let (file, other) = (folder.path().join("llama.gguf"), folder.path().join("internlm2.gguf"));
    export_gguf(&dense, &file)?;
    std::fs::write(&other, renamed(&std::fs::read(&file)?, ("llama", "internlm2"), "a-model"))?;
    let read = Checkpoint::open(&other)?;
    assert_eq!(read.config().model_type, "llama");
    let tokens: Vec<u32> = TOKENS.iter().map(|token| token % 64).collect();
    let [ours, theirs] =
        [&read, &dense].map(|checkpoint| Model::load(checkpoint).and_then(|model| model.logits(&tokens)));
    assert!(ours?.data == theirs?.data, "other logits");
    Ok(())
}
