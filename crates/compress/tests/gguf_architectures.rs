//! Every architecture as GGUF: what is written is read back as what it was, and both kinds of tokenizer survive.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use compress::{CompressError, export_gguf};
use model::{Checkpoint, Model, RopeScaling};
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

const TOKENS: [u32; 12] = [5, 9, 33, 2, 60, 41, 17, 28, 3, 50, 11, 7];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures").join(name)
}

/// A copy of a fixture whose configuration is changed.
fn changed(name: &str, change: impl Fn(&mut Value)) -> Checked<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for entry in fs::read_dir(fixture(name))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
    }
    let path = folder.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    change(&mut config);
    fs::write(&path, config.to_string())?;
    Ok(folder)
}

/// A checkpoint, and the file that was written of it.
fn written(folder: &Path, file: &Path) -> Checked<(Checkpoint, Checkpoint)> {
    let checkpoint = Checkpoint::open(folder)?;
    export_gguf(&checkpoint, file)?;
    Ok((checkpoint, Checkpoint::open(file)?))
}

fn logits(checkpoint: &Checkpoint) -> Checked<Vec<f32>> {
    Ok(Model::load(checkpoint)?.logits(&TOKENS)?.data)
}

#[test]
fn each_architecture_computes_the_same_from_its_file() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for name in ["llama", "mistral", "mixtral", "qwen3", "qwen3_moe"] {
        // llama.cpp has no experts whose weights do not sum to 1.
        let source = changed(name, |config| config["norm_topk_prob"] = json!(true))?;
        let (one, other) = written(source.path(), &folder.path().join(format!("{name}.gguf")))?;
        let (a, b) = (logits(&one)?, logits(&other)?);
        let largest = a.iter().fold(0f32, |most, a| most.max(a.abs()));
        let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max) / largest;
        // Llama 3.1's frequencies are divided by numbers in place of the formula.
        let stretched = one.config().rope.scaling != RopeScaling::None;
        assert!(if stretched { off < 1e-5 } else { off == 0.0 }, "{name}: {off}");
        assert_eq!(one.config().experts, other.config().experts, "{name}");
        // Written again, it is the same file.
        let again = folder.path().join(format!("{name}-again.gguf"));
        export_gguf(&other, &again)?;
        let names = |checkpoint: &Checkpoint| checkpoint.tensor_names().map(str::to_owned).collect::<Vec<_>>();
        let again = Checkpoint::open(&again)?;
        assert_eq!(names(&other), names(&again), "{name}");
        assert_eq!(logits(&again)?, b, "{name}");
    }
    Ok(())
}

#[test]
fn windows_and_scalings_survive() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("x.gguf");
    let yarn = json!({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 1e4});
    let own = json!({"rope_type": "yarn", "factor": 4.0, "attention_factor": 1.25, "beta_fast": 16.0,
        "original_max_position_embeddings": 16});
    for (name, field, value) in [
        ("mistral", "sliding_window", json!(5)),
        ("qwen3", "rope_scaling", json!({"rope_type": "linear", "factor": 2.0})),
        ("qwen3", "rope_scaling", yarn),
        ("qwen3", "rope_scaling", own),
        ("qwen3", "partial_rotary_factor", json!(0.5)),
    ] {
        let changed = changed(name, |config| {
            config.as_object_mut().map(|config| ["rope_parameters", "layer_types"].map(|field| config.remove(field)));
            config[field] = value.clone();
        })?;
        let (one, other) = written(changed.path(), &file)?;
        assert_eq!(one.config().blocks, other.config().blocks, "{name} {value}");
        assert_eq!(one.config().max_positions, other.config().max_positions, "{name} {value}");
        let (a, b) = (logits(&one)?, logits(&other)?);
        let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(off < 1e-5, "{name} {value}: {off}");
    }
    for (name, field, value, says) in [
        ("qwen3", "rope_scaling", json!({"rope_type": "dynamic", "factor": 2.0}), "Dynamic"),
        ("llama", "partial_rotary_factor", json!(0.5), "turn"),
        ("qwen3_moe", "norm_topk_prob", json!(false), "norm_topk_prob"),
    ] {
        let changed = changed(name, |config| {
            config.as_object_mut().map(|config| config.remove("rope_parameters"));
            config[field] = value.clone();
        })?;
        match export_gguf(&Checkpoint::open(changed.path())?, &file) {
            Err(CompressError::Format { what, .. }) => assert!(what.contains(says), "{what}"),
            other => return Err(format!("{name}: {other:?}").into()),
        }
    }
    Ok(())
}

/// Pieces of all kinds, with merges as SentencePiece's converter lists them.
fn pieces(space_first: bool) -> Value {
    let mut texts = vec!["<unk>".to_owned(), "<s>".to_owned(), "</s>".to_owned()];
    texts.extend((0..=255).map(|byte| format!("<0x{byte:02X}>")));
    let singles = ["▁", "a", "b", "c", "h", "e", "l", "o", "."];
    texts.extend(singles.map(str::to_owned));
    let merges =
        [("l", "l"), ("h", "e"), ("he", "ll"), ("▁", "a"), ("hell", "o"), ("▁", "hello"), ("a", "b"), ("ab", "c")];
    texts.extend(merges.map(|(left, right)| format!("{left}{right}")));
    let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let first = json!({"type": "Prepend", "prepend": "▁"});
    let special = |id: usize| {
        json!({"id": id, "content": texts[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    decoders.extend(space_first.then(|| json!({"type": "Strip", "content": " ", "start": 1, "stop": 0})));
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0), special(1), special(2)],
        "normalizer": {"type": "Sequence", "normalizers": if space_first { vec![first, spaces] } else { vec![spaces] }},
        "pre_tokenizer": null,
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": texts.iter().zip(0..).map(|(text, id)| (text.clone(), json!(id))).collect::<serde_json::Map<_, _>>(),
            "merges": merges.map(|(left, right)| format!("{left} {right}"))},
    })
}

/// A checkpoint of the fixture's settings and this tokenizer, with an embedding wide enough for it.
fn with_tokenizer(folder: &Path, (tokenizer, count): (&Value, usize), settings: &Value) -> Checked<()> {
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string())?;
    fs::write(folder.join("tokenizer_config.json"), settings.to_string())?;
    fs::write(folder.join("generation_config.json"), json!({"eos_token_id": [2]}).to_string())?;
    let config = json!({"model_type": "llama", "vocab_size": count, "hidden_size": 8, "intermediate_size": 8,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 32, "tie_word_embeddings": true, "eos_token_id": 2});
    fs::write(folder.join("config.json"), config.to_string())?;
    let block = "model.layers.0";
    let shapes = [
        ("model.embed_tokens.weight".to_owned(), vec![count, 8]),
        ("model.norm.weight".to_owned(), vec![8]),
        (format!("{block}.input_layernorm.weight"), vec![8]),
        (format!("{block}.post_attention_layernorm.weight"), vec![8]),
        (format!("{block}.self_attn.q_proj.weight"), vec![8, 8]),
        (format!("{block}.self_attn.k_proj.weight"), vec![4, 8]),
        (format!("{block}.self_attn.v_proj.weight"), vec![4, 8]),
        (format!("{block}.self_attn.o_proj.weight"), vec![8, 8]),
        (format!("{block}.mlp.gate_proj.weight"), vec![8, 8]),
        (format!("{block}.mlp.up_proj.weight"), vec![8, 8]),
        (format!("{block}.mlp.down_proj.weight"), vec![8, 8]),
    ];
    let bytes: Vec<Vec<u8>> = shapes.iter().map(|(_, shape)| vec![0; shape.iter().product::<usize>() * 4]).collect();
    let mut views = Vec::new();
    for ((name, shape), bytes) in shapes.iter().zip(&bytes) {
        views.push((name, safetensors::tensor::TensorView::new(model::Dtype::F32, shape.clone(), bytes)?));
    }
    Ok(fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None)?)?)
}

#[test]
fn pieces_and_templates_survive() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("x.gguf");
    let settings = json!({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "chat_template": [
        {"name": "default", "template": "{{ messages[0].content }}"}, {"name": "tool_use", "template": "{{ tools }}"}]});
    for space_first in [true, false] {
        let source = tempfile::tempdir()?;
        with_tokenizer(source.path(), (&pieces(space_first), 320), &settings)?;
        let (one, other) = written(source.path(), &file)?;
        let (one, other) = (one.tokenizer()?, other.tokenizer()?);
        assert_eq!(one.eos(), other.eos());
        for text in ["hello abc.", " a  ab", "", "héllo 日本 🦀\n", "<s>hello</s> a", "aabbcc hellohello"] {
            let ids = one.encode(text, true)?;
            assert_eq!(ids, other.encode(text, true)?, "{text:?}");
            assert_eq!(one.decode(&ids)?, other.decode(&ids)?, "{text:?}");
        }
        let talk = [record::Message::user("hello")];
        assert_eq!(one.render(&talk, true)?, other.render(&talk, true)?);
    }
    Ok(())
}

/// The tokenizers of the references, where they are there.
#[test]
fn golden_gguf_written_tokenizers() -> Checked<()> {
    let root = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let root = root.join("gguf/models");
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return Ok(());
    }
    let mut texts = 0;
    for name in ["llama", "llama3", "qwen2", "gemma2", "gemma3"] {
        let (source, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let tokenizer: Value = serde_json::from_slice(&fs::read(root.join(name).join("tokenizer.json"))?)?;
        with_tokenizer(source.path(), (&tokenizer, 384), &json!({}))?;
        let (_, other) = written(source.path(), &folder.path().join("x.gguf"))?;
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(root.join(name).join("tokenize.json"))?)?;
        for case in &cases {
            let text = case["text"].as_str().ok_or("no text")?;
            let expected: Vec<u32> = serde_json::from_value(case["ids"].clone())?;
            assert_eq!(other.tokenizer()?.encode(text, true)?, expected, "{name}: {text:?}");
        }
        texts += cases.len();
    }
    println!("golden_gguf_written_tokenizers: {texts} texts");
    Ok(())
}
