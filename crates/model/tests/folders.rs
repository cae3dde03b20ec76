//! Checkpoint folders: every way of storing the same weights reads the same, and what is wrong is named.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use model::{Checkpoint, Dtype, Model};
use record::Message;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

const VOCAB: usize = 1920;
const TOKENS: [u32; 6] = [5, 1400, 17, 300, 5, 42];

/// A Qwen2 of two blocks with the bundled tokenizer; its weights have few enough bits to be exact in every type.
fn tensors() -> Tensors {
    let mut rng = record::Rng::new(3);
    let mut all = Tensors::new();
    let mut add = |name: String, shape: &[usize], centre: f32| {
        let values = (0..shape.iter().product()).map(|_| centre + rng.between(0, 32) as f32 / 128.0 - 0.125).collect();
        all.insert(name, (shape.to_vec(), values));
    };
    add("model.embed_tokens.weight".into(), &[VOCAB, 16], 0.0);
    add("model.norm.weight".into(), &[16], 1.0);
    add("lm_head.weight".into(), &[VOCAB, 16], 0.0);
    for layer in 0..2 {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        for (part, out, inside) in [
            ("self_attn.q_proj", 16, 16),
            ("self_attn.k_proj", 8, 16),
            ("self_attn.v_proj", 8, 16),
            ("self_attn.o_proj", 16, 16),
            ("mlp.gate_proj", 32, 16),
            ("mlp.up_proj", 32, 16),
            ("mlp.down_proj", 16, 32),
        ] {
            add(name(&format!("{part}.weight")), &[out, inside], 0.0);
            if part.ends_with("q_proj") || part.ends_with("k_proj") || part.ends_with("v_proj") {
                add(name(&format!("{part}.bias")), &[out], 0.0);
            }
        }
        add(name("input_layernorm.weight"), &[16], 1.0);
        add(name("post_attention_layernorm.weight"), &[16], 1.0);
    }
    all
}

fn config() -> Value {
    json!({
        "model_type": "qwen2", "vocab_size": VOCAB, "hidden_size": 16, "intermediate_size": 32,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "max_position_embeddings": 64, "tie_word_embeddings": false, "hidden_act": "silu",
    })
}

fn bytes(values: &[f32], dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F16 => values.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect(),
        Dtype::BF16 => values.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect(),
        _ => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}

fn write_weights(path: &Path, tensors: &Tensors, dtype: Dtype) -> Checked<()> {
    let raw: BTreeMap<&String, Vec<u8>> =
        tensors.iter().map(|(name, (_, values))| (name, bytes(values, dtype))).collect();
    let views = tensors
        .iter()
        .map(|(name, (shape, _))| Ok((name.clone(), TensorView::new(dtype, shape.clone(), &raw[name])?)))
        .collect::<Checked<Vec<_>>>()?;
    Ok(fs::write(path, safetensors::serialize(views, None)?)?)
}

/// Everything but the weights.
fn write_rest(folder: &Path, config: &Value) -> Checked<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("config.json"), config.to_string())?;
    for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("pico").join(name), folder.join(name))?;
    }
    Ok(())
}

fn write(folder: &Path, tensors: &Tensors, dtype: Dtype) -> Checked<()> {
    write_rest(folder, &config())?;
    write_weights(&folder.join("model.safetensors"), tensors, dtype)
}

fn logits(folder: &Path) -> Checked<Vec<f32>> {
    Ok(Model::load(&Checkpoint::open(folder)?)?.logits(&TOKENS)?.data)
}

/// The complaint about a folder.
fn complaint(folder: &Path) -> Checked<String> {
    let loaded = || -> Checked<()> {
        let checkpoint = Checkpoint::open(folder)?;
        checkpoint.tokenizer()?;
        Model::load(&checkpoint)?;
        Ok(())
    };
    Ok(loaded().err().ok_or("it loads")?.to_string())
}

#[test]
fn every_type_and_any_number_of_files_read_the_same() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let all = tensors();
    let mut found = Vec::new();
    for (name, dtype) in [("f32", Dtype::F32), ("f16", Dtype::F16), ("bf16", Dtype::BF16)] {
        write(&folder.path().join(name), &all, dtype)?;
        found.push(logits(&folder.path().join(name))?);
    }
    let sharded = folder.path().join("sharded");
    write_rest(&sharded, &config())?;
    let mut map = serde_json::Map::new();
    for part in 0..3 {
        let file = format!("model-0000{}-of-00003.safetensors", part + 1);
        let some: Tensors =
            all.iter().skip(part).step_by(3).map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
        map.extend(some.keys().map(|name| (name.clone(), json!(file))));
        write_weights(&sharded.join(&file), &some, Dtype::F32)?;
    }
    fs::write(sharded.join("model.safetensors.index.json"), json!({ "weight_map": map }).to_string())?;
    found.push(logits(&sharded)?);
    assert_eq!(found[0].len(), TOKENS.len() * VOCAB);
    assert!(found.iter().all(|logits| *logits == found[0]));
    fs::remove_file(sharded.join("model-00002-of-00003.safetensors"))?;
    assert!(complaint(&sharded)?.contains("model-00002-of-00003.safetensors is missing"));
    Ok(())
}

#[test]
fn what_is_wrong_with_the_weights_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let whole = tensors();
    let name = "model.layers.1.mlp.up_proj.weight";
    for (says, change) in [
        ("is missing", Box::new(|all: &mut Tensors| drop(all.remove(name))) as Box<dyn Fn(&mut Tensors)>),
        ("should be", Box::new(|all| drop(all.insert(name.into(), (vec![16, 32], vec![0.0; 512]))))),
        ("NaN at index 7", Box::new(|all| all.entry(name.into()).or_default().1[7] = f32::NAN)),
        ("inf at index 9", Box::new(|all| all.entry(name.into()).or_default().1[9] = f32::INFINITY)),
    ] {
        let mut all = whole.clone();
        change(&mut all);
        write(here, &all, Dtype::F32)?;
        let said = complaint(here)?;
        assert!(said.contains(name) && said.contains(says) && said.contains("model.safetensors"), "{said}");
    }
    write(here, &whole, Dtype::F32)?;
    let path = here.join("model.safetensors");
    let bytes = fs::read(&path)?;
    for damaged in [&bytes[..0], &bytes[..7], &bytes[..bytes.len() - 1], &vec![0xFF; 4096][..]] {
        fs::write(&path, damaged)?;
        assert!(complaint(here)?.contains("model.safetensors is damaged"), "{}", complaint(here)?);
    }
    Ok(())
}

#[test]
fn a_hostile_header_is_an_error() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(folder.path(), &tensors(), Dtype::F32)?;
    for header in [
        json!({"a": {"dtype": "F32", "shape": [1_u64 << 40, 1_u64 << 40], "data_offsets": [0, 4]}}),
        json!({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}),
        json!({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}}),
        json!({"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}),
    ] {
        let text = header.to_string();
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.bytes().chain([0; 8]));
        fs::write(folder.path().join("model.safetensors"), bytes)?;
        assert!(complaint(folder.path())?.contains("model.safetensors is damaged"), "{}", complaint(folder.path())?);
    }
    Ok(())
}

#[test]
fn a_config_that_does_not_fit_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(folder.path(), &tensors(), Dtype::F32)?;
    for (field, value, says) in [
        ("model_type", json!("mamba"), "`mamba` is not known; known ones are: qwen2"),
        (
            "vocab_size",
            json!(1000),
            "model.embed_tokens.weight` should be [1000, 16] (by vocab_size, hidden_size) and is [1920, 16]",
        ),
        ("hidden_size", json!(0), "hidden_size"),
        ("num_attention_heads", json!(3), "num_attention_heads"),
        ("num_hidden_layers", json!(3), "model.layers.2"),
        ("rms_norm_eps", json!("small"), "rms_norm_eps"),
        ("intermediate_size", json!(1_000_000_000_000_u64), "intermediate_size"),
    ] {
        let mut changed = config();
        changed[field] = value;
        fs::write(folder.path().join("config.json"), changed.to_string())?;
        let said = complaint(folder.path())?;
        assert!(said.contains(says) || (field == "intermediate_size" && said.contains("should be")), "{field}: {said}");
    }
    Ok(())
}

#[test]
fn a_template_that_fails_or_loops_is_named_and_its_own_file_comes_first() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(folder.path(), &tensors(), Dtype::F32)?;
    let render = |template: &str| -> Checked<Result<String, String>> {
        fs::write(folder.path().join("chat_template.jinja"), template)?;
        let checkpoint = Checkpoint::open(folder.path())?;
        let rendered = checkpoint.tokenizer().and_then(|tokenizer| tokenizer.render(&[Message::user("hi")], true));
        Ok(rendered.map_err(|error| error.to_string()))
    };
    assert_eq!(
        render("{% for m in messages %}<{{ m.role }}>{{ m['content'].strip() }}{% endfor %}")?,
        Ok("<user>hi".into())
    );
    for (template, says) in [
        ("{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}", "it loops"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ messages[0].content.missing.deeper }}", "undefined"),
        ("{% for m in messages %}", "failed"),
    ] {
        let said = render(template)?.err().ok_or(template)?;
        assert!(said.contains(says) && said.contains("chat_template.jinja"), "{said}");
    }
    Ok(())
}
