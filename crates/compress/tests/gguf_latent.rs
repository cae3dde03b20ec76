//! GGUF of gpt-oss, DeepSeek and MiniCPM3, quantized: what is written is read back, and what was read is compressed as any other.

mod support;

use std::path::Path;

use compress::{
    CalibrationSource, CalibrationText, CompressError, FormatInfo, Job, METHODS, Recipe, compress, export_gguf, widths,
};
use model::{Checkpoint, Matrix, Model};
use serde_json::{Value, json};
use support::{Checked, mild, random};

const TOKENS: [u32; 14] = [5, 9, 33, 2, 60, 41, 117, 28, 3, 150, 11, 7, 80, 99];
const ALL: [&str; 4] = ["gpt_oss", "deepseek_v2", "deepseek_v3", "minicpm3"];

fn logits(checkpoint: &Checkpoint) -> Checked<Matrix> {
    Ok(Model::load(checkpoint)?.logits(&TOKENS)?)
}

/// How far the logits of the token in the middle are from others, of their size: where a router changes its mind, those of a
/// token move at once.
fn distance(ours: &Matrix, theirs: &Matrix) -> f32 {
    let size = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let of_row = |row: usize| {
        let (ours, theirs) = (ours.row(row), theirs.row(row));
        size(&ours.iter().zip(theirs).map(|(a, b)| a - b).collect::<Vec<f32>>()) / size(theirs)
    };
    let mut rows: Vec<f32> = (0..theirs.rows).map(of_row).collect();
    rows.sort_by(f32::total_cmp);
    rows[rows.len() / 2]
}

/// Compresses a checkpoint into a folder, in a format or, of none, in that of the method.
fn run(from: &Checkpoint, (method, settings): (&str, &Value), format: Option<&str>, out: &Path) -> Checked<Checkpoint> {
    let mut rng = record::Rng::new(1);
    let tokens = (0..8 * 24).map(|_| rng.below(160) as u32).collect();
    let source = CalibrationSource { origin: "random".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 };
    let recipe = Recipe::fitted(method, settings, &widths(from.config()))?;
    let format = format.and_then(FormatInfo::named);
    let job = Job { recipe: &recipe, calibration: Some(&source), format, ram_budget: None, out };
    compress(from, &job, &mut |_| {})?;
    Ok(Checkpoint::open(out)?)
}

#[test]
fn quantized_files_are_read_back() -> Checked<()> {
    for model_type in ALL {
        let folder = tempfile::tempdir()?;
        let dense = random::write(&folder.path().join("dense"), &random::settings(model_type))?;
        let expected = logits(&dense)?;
        for (name, settings, most) in [
            ("q8_0", json!({"bits": 8, "group_size": 32}), 0.03),
            ("q4_0", json!({"bits": 4, "group_size": 32}), 0.4),
            ("q4_1", json!({"bits": 4, "group_size": 32, "symmetric": false}), 0.4),
        ] {
            let what = format!("{model_type} {name}");
            let read = run(&dense, ("rtn", &settings), Some("gguf"), &folder.path().join(name))
                .map_err(|error| format!("{what}: {error}"))?;
            assert_eq!(read.config().latent, dense.config().latent, "{what}");
            let linear = match model_type {
                "gpt_oss" => "mlp.experts.3.gate_up_proj",
                // Not cut in two: the blocks of keys cannot be turned.
                _ => "self_attn.kv_b_proj",
            };
            assert!(read.has(&format!("model.layers.1.{linear}.{name}")), "{what}");
            let found = logits(&read)?;
            let off = distance(&found, &expected);
            assert!(off > 0.0 && off < most, "{what}: {off}");
            // Its blocks are written again as they are.
            let again = folder.path().join("again.gguf");
            export_gguf(&read, &again)?;
            assert!(logits(&Checkpoint::open(&again)?)?.data == found.data, "{what}");
        }
    }
    Ok(())
}

/// A file's numbers are the folder's, so that a method does the same to both.
#[test]
fn every_method_compresses_what_was_read() -> Checked<()> {
    for model_type in ALL {
        let folder = tempfile::tempdir()?;
        let dense = random::write(&folder.path().join("dense"), &random::settings(model_type))?;
        let expected = logits(&dense)?;
        let file = folder.path().join("model.gguf");
        export_gguf(&dense, &file)?;
        let read = Checkpoint::open(&file)?;
        for method in METHODS {
            let what = format!("{model_type} {}", method.name);
            let (settings, most) = mild(method.name, 32);
            let [ours, theirs] = [(&read, "file"), (&dense, "folder")].map(|(from, name)| {
                let out = folder.path().join(format!("{name}-{}", method.name));
                run(from, (method.name, &settings), None, &out).and_then(|made| logits(&made))
            });
            let (ours, theirs) = (ours.map_err(|error| format!("{what}: {error}"))?, theirs?);
            let (off, apart) = (distance(&ours, &expected), distance(&ours, &theirs));
            assert!(off > 0.0 && off < most && apart < 1e-5, "{what}: {off} {apart}");
        }
    }
    Ok(())
}

/// What a quantized file holds can be compressed, too: its blocks count as numbers.
#[test]
fn quantized_files_are_compressed() -> Checked<()> {
    for model_type in ALL {
        let folder = tempfile::tempdir()?;
        let dense = random::write(&folder.path().join("dense"), &random::settings(model_type))?;
        let eight = json!({"bits": 8, "group_size": 32});
        let read = run(&dense, ("rtn", &eight), Some("gguf"), &folder.path().join("q8_0"))?;
        let expected = logits(&read)?;
        for format in ["compressed-tensors", "gguf", "dense"] {
            let (settings, most) = mild("gptq", 32);
            let made = run(&read, ("gptq", &settings), Some(format), &folder.path().join(format!("to-{format}")))
                .map_err(|error| format!("{model_type} {format}: {error}"))?;
            let off = distance(&logits(&made)?, &expected);
            assert!(off < most, "{model_type} {format}: {off}");
        }
    }
    Ok(())
}

/// However YaRN lets cosines, sines and scores grow, a file says it.
#[test]
fn growth_of_scores_survives() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for (at, scaling) in random::yarns().into_iter().enumerate() {
        let mut config = random::settings("deepseek_v3");
        config["rope_scaling"] = scaling.clone();
        let dense = random::write(&folder.path().join(at.to_string()), &config)?;
        let file = folder.path().join(format!("{at}.gguf"));
        export_gguf(&dense, &file)?;
        let read = Checkpoint::open(&file)?;
        let off = read.config().blocks[0].score_scale / dense.config().blocks[0].score_scale - 1.0;
        let apart = distance(&logits(&read)?, &logits(&dense)?);
        assert!(off.abs() < 1e-6 && apart < 1e-5, "{scaling}: {off} {apart}");
    }
    Ok(())
}

#[test]
fn what_llama_cpp_has_otherwise_is_refused_by_name() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let linear = json!({"type": "linear", "factor": 2.0});
    let ramp = json!({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "truncate": false});
    for (at, (model_type, field, value, says)) in [
        ("gpt_oss", "swiglu_limit", json!(4.0), "swiglu_limit"),
        ("gpt_oss", "sliding_window", Value::Null, "no windows"),
        ("gpt_oss", "layer_types", json!(["full_attention", "sliding_attention"]), "another pattern"),
        ("minicpm3", "scale_emb", json!(10), "scale_emb"),
        ("minicpm3", "scale_depth", json!(1.0), "scale_depth"),
        ("minicpm3", "dim_model_base", json!(32), "dim_model_base"),
        ("deepseek_v3", "rope_interleave", json!(false), "rope_interleave"),
        ("deepseek_v3", "rope_scaling", linear, "Linear"),
        ("deepseek_v3", "rope_scaling", ramp, "truncate: false"),
        ("deepseek_v2", "topk_method", json!("group_limited_greedy"), "group_limited_greedy"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut config = random::settings(model_type);
        config[field] = value;
        if says == "group_limited_greedy" {
            (config["n_group"], config["topk_group"]) = (json!(2), json!(1));
        }
        let dense = random::write(&folder.path().join(at.to_string()), &config)?;
        match export_gguf(&dense, &folder.path().join("x.gguf")) {
            Err(CompressError::Format { what, .. }) => assert!(what.contains(says), "{says}: {what}"),
            other => return Err(format!("{says}: {other:?}").into()),
        }
    }
    Ok(())
}
