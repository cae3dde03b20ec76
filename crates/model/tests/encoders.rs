//! Encoders compute what sentence-transformers computes, on the tiny models of `fixtures/encoders`; what is wrong with a
//! folder is named.

use std::fs;
use std::path::{Path, PathBuf};

use model::{Encoder, Matrix};
use safetensors::{SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn std::error::Error>>;

/// Of the largest number of the reference; both compute in f32, in another order.
const TOLERANCE: f32 = 1e-5;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders").join(name)
}

/// The texts, and what the reference made of them.
fn expected(name: &str) -> Checked<(Vec<String>, Matrix)> {
    let texts: Vec<String> = serde_json::from_slice(&fs::read(fixture(name).join("texts.json"))?)?;
    let bytes = fs::read(fixture(name).join("embeddings.safetensors"))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let tensor = file.tensor("embeddings")?;
    let values = tensor.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok((texts, Matrix::new(tensor.shape()[0], tensor.shape()[1], values)))
}

fn embed(encoder: &Encoder, texts: &[String]) -> Checked<Matrix> {
    Ok(encoder.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>())?)
}

#[test]
fn embeddings_are_those_of_sentence_transformers() -> Checked<()> {
    for name in ["bert", "mpnet"] {
        let (texts, theirs) = expected(name)?;
        let ours = embed(&Encoder::open(&fixture(name))?, &texts)?;
        assert_eq!((ours.rows, ours.cols), (theirs.rows, theirs.cols));
        let largest = theirs.data.iter().fold(0f32, |most, x| most.max(x.abs()));
        let off = ours.data.iter().zip(&theirs.data).fold(0f32, |most, (a, b)| most.max((a - b).abs())) / largest;
        println!("{name}: {} texts, {off:.1e}", texts.len());
        assert!(off < TOLERANCE, "{name}: {off}");
    }
    Ok(())
}

#[test]
fn a_text_is_embedded_the_same_bit_for_bit_beside_others() -> Checked<()> {
    for name in ["bert", "mpnet"] {
        let encoder = Encoder::open(&fixture(name))?;
        let (mut texts, _) = expected(name)?;
        let all = embed(&encoder, &texts)?;
        for (row, text) in texts.iter().enumerate() {
            assert_eq!(encoder.embed(&[text])?.data, all.row(row), "{name}: {text:?}");
        }
        texts.reverse();
        let back = embed(&encoder, &texts)?;
        assert!((0..all.rows).all(|row| back.row(row) == all.row(all.rows - 1 - row)));
        assert_eq!(encoder.embed(&[])?.rows, 0);
    }
    Ok(())
}

/// A copy of a fixture.
fn copy(name: &str) -> Checked<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("1_Pooling"))?;
    for file in [
        "config.json",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
        "1_Pooling/config.json",
    ] {
        fs::copy(fixture(name).join(file), folder.path().join(file))?;
    }
    Ok(folder)
}

/// Sets fields of a JSON file; `null` takes them out.
fn set(folder: &Path, file: &str, fields: &Value) -> Checked<()> {
    let mut value: Value = serde_json::from_slice(&fs::read(folder.join(file))?)?;
    for (name, field) in fields.as_object().ok_or("no fields")? {
        value[name] = field.clone();
    }
    Ok(fs::write(folder.join(file), value.to_string())?)
}

fn refused(folder: &Path) -> String {
    Encoder::open(folder).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_setting_that_makes_no_sense_or_is_not_implemented_is_named() -> Checked<()> {
    let pooling = "1_Pooling/config.json";
    for (name, file, fields, says) in [
        (
            "bert",
            "config.json",
            json!({"model_type": "roberta"}),
            "`roberta` is not known; known ones are: bert, mpnet",
        ),
        ("bert", "config.json", json!({"hidden_act": "relu"}), "`hidden_act` relu"),
        ("bert", "config.json", json!({"position_embedding_type": "relative_key"}), "relative_key"),
        ("bert", "config.json", json!({"num_attention_heads": 3}), "not a multiple"),
        (
            "bert",
            "config.json",
            json!({"num_hidden_layers": 3}),
            "encoder.layer.2.attention.self.query.weight` is missing",
        ),
        (
            "bert",
            "config.json",
            json!({"intermediate_size": 25}),
            "encoder.layer.0.intermediate.dense.weight` should be [25, 16]",
        ),
        (
            "bert",
            "config.json",
            json!({"max_position_embeddings": 65}),
            "position_embeddings.weight` should be [65, 16]",
        ),
        ("bert", "config.json", json!({"vocab_size": 4}), "vocab_size 4"),
        ("bert", "config.json", json!({"type_vocab_size": 3}), "token_type_embeddings.weight` should be [3, 16]"),
        (
            "mpnet",
            "config.json",
            json!({"num_attention_heads": 4}),
            "relative_attention_bias.weight` should be [32, 4]",
        ),
        ("bert", "config.json", json!({"layer_norm_eps": -1}), "layer_norm_eps"),
        ("bert", "sentence_bert_config.json", json!({"max_seq_length": 2}), "no room for a text"),
        ("bert", "sentence_bert_config.json", json!({"max_seq_length": 0}), "max_seq_length"),
        ("bert", pooling, json!({"pooling_mode_cls_token": false}), "pooling []"),
        ("bert", pooling, json!({"pooling_mode_mean_tokens": true}), "pooling"),
        ("bert", pooling, json!({"pooling_mode": "lasttoken"}), "lasttoken"),
    ] {
        let folder = copy(name)?;
        set(folder.path(), file, &fields)?;
        let error = refused(folder.path());
        assert!(error.contains(says), "{fields}: {error}");
    }
    let folder = copy("bert")?;
    for (module, says) in [
        (json!({"type": "x.Dense", "path": "2_Dense"}), "Dense"),
        (json!({"type": "x.Pooling", "path": "../1_Pooling"}), "no plain folder name"),
        (json!({"type": "x.Pooling"}), "`type` and `path`"),
    ] {
        fs::write(folder.path().join("modules.json"), json!([module]).to_string())?;
        let error = refused(folder.path());
        assert!(error.contains(says), "{error}");
    }
    Ok(())
}

#[test]
fn a_missing_or_damaged_file_is_named_and_a_pickle_never_read() -> Checked<()> {
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let folder = copy("mpnet")?;
        let path = folder.path().join(file);
        let whole = fs::read(&path)?;
        for cut in [0, 1, whole.len() / 2, whole.len() - 2] {
            fs::write(&path, &whole[..cut])?;
            let error = refused(folder.path());
            assert!(error.contains(file), "{file} cut at {cut}: {error}");
        }
        fs::remove_file(&path)?;
        let error = refused(folder.path());
        assert!(error.contains(file) && error.contains("missing"), "{error}");
    }
    let folder = copy("bert")?;
    fs::rename(folder.path().join("model.safetensors"), folder.path().join("pytorch_model.bin"))?;
    let error = refused(folder.path());
    assert!(error.contains("pickle") && error.contains("model.safetensors"), "{error}");
    assert!(refused(Path::new("/no/such/folder")).contains("hf download"));
    Ok(())
}

#[test]
fn weights_that_are_not_numbers_or_overflow_are_an_error() -> Checked<()> {
    for (value, opens) in [(f32::NAN, false), (f32::MAX, true)] {
        let folder = copy("bert")?;
        let path = folder.path().join("model.safetensors");
        let bytes = fs::read(&path)?;
        let file = SafeTensors::deserialize(&bytes)?;
        let name = "embeddings.word_embeddings.weight";
        let table: Vec<u8> = file.tensor(name)?.data().chunks(4).flat_map(|_| value.to_le_bytes()).collect();
        let mut all: Vec<(String, TensorView<'_>)> = file.tensors();
        for (at, view) in &mut all {
            if at == name {
                *view = TensorView::new(view.dtype(), view.shape().to_vec(), &table)?;
            }
        }
        let changed = safetensors::serialize(all, None)?;
        fs::write(&path, changed)?;
        match Encoder::open(folder.path()) {
            Ok(encoder) => {
                assert!(opens);
                let error = encoder.embed(&["list"]).err().map(|error| error.to_string()).unwrap_or_default();
                assert!(error.contains("not finite"), "{error}");
            }
            Err(error) => assert!(!opens && error.to_string().contains(name), "{error}"),
        }
    }
    Ok(())
}

#[test]
fn the_digest_knows_every_file_that_decides() -> Checked<()> {
    let same = copy("bert")?;
    let digest = |folder: &Path| -> Checked<String> { Ok(Encoder::open(folder)?.digest().to_owned()) };
    let first = digest(&fixture("bert"))?;
    assert_eq!(digest(same.path())?, first);
    set(same.path(), "sentence_bert_config.json", &json!({"max_seq_length": 31}))?;
    assert_ne!(digest(same.path())?, first);
    let other = copy("bert")?;
    set(
        other.path(),
        "1_Pooling/config.json",
        &json!({"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}),
    )?;
    assert_ne!(digest(other.path())?, first);
    // A folder without modules.json is a bare transformer: the mean of its tokens.
    fs::remove_file(other.path().join("modules.json"))?;
    let (texts, _) = expected("bert")?;
    let bare = embed(&Encoder::open(other.path())?, &texts)?;
    fs::copy(fixture("bert").join("modules.json"), other.path().join("modules.json"))?;
    assert_eq!(embed(&Encoder::open(other.path())?, &texts)?, bare);
    Ok(())
}
