//! Folders as people have them: what transformers loads gives the same logits as the model that they were made of, and what
//! it does not is refused with the real cause.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use model::{Bytes, Checkpoint, Dtype, Model};
use safetensors::tensor::TensorView;
use serde_json::{Map, Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;
/// Type, shape and bytes by name.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const EMBEDDING: &str = "model.embed_tokens.weight";
const TOKENS: [u32; 6] = [5, 1400, 17, 300, 5, 42];

fn pico() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pico")
}

/// The bundled model's tensors.
fn tensors() -> Checked<Tensors> {
    let checkpoint = Checkpoint::open(&pico())?;
    let names: Vec<String> = checkpoint.tensor_names().map(str::to_owned).collect();
    let one = |name: String| {
        let tensor = checkpoint.tensor(&name)?;
        Ok((name, (tensor.dtype, tensor.shape, tensor.bytes.to_vec())))
    };
    names.into_iter().map(one).collect()
}

fn config() -> Checked<Value> {
    Ok(serde_json::from_slice(&fs::read(pico().join("config.json"))?)?)
}

/// A folder with everything but weights.
fn folder(config: &Value) -> Checked<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("config.json"), config.to_string())?;
    for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        fs::copy(pico().join(name), folder.path().join(name))?;
    }
    Ok(folder)
}

fn write(path: PathBuf, tensors: &Tensors) -> Checked<()> {
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Checked<Vec<_>>>()?;
    Ok(fs::write(path, safetensors::serialize(views, None)?)?)
}

/// Writes shards of every `count`-th tensor, and an index with some more entries.
fn write_shards(folder: &Path, tensors: &Tensors, count: usize, more: &[(&str, &str)]) -> Checked<()> {
    let mut map: Map<String, Value> = more.iter().map(|(name, file)| ((*name).to_owned(), json!(file))).collect();
    for part in 0..count {
        let file = format!("model-{:05}-of-{count:05}.safetensors", part + 1);
        let some: Tensors =
            tensors.iter().skip(part).step_by(count).map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
        map.extend(some.keys().map(|name| (name.clone(), json!(file))));
        write(folder.join(file), &some)?;
    }
    let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
    Ok(fs::write(folder.join(INDEX), index.to_string())?)
}

fn logits(folder: &Path) -> Checked<Vec<f32>> {
    Ok(Model::load(&Checkpoint::open(folder)?)?.logits(&TOKENS)?.data)
}

/// That a folder computes what the bundled model does, and what is said of it.
fn same(folder: &Path) -> Checked<String> {
    let checkpoint = Checkpoint::open(folder)?;
    assert_eq!(checkpoint.tensor_names().collect::<Vec<_>>().len(), tensors()?.len(), "{:?}", checkpoint.notes());
    assert_eq!(logits(folder)?, logits(&pico())?);
    checkpoint.tokenizer()?;
    Ok(checkpoint.notes().join("\n"))
}

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
fn an_index_may_name_what_nobody_needs_and_miss_what_a_shard_holds() -> Checked<()> {
    let folder = folder(&config()?)?;
    let all = tensors()?;
    let more = [("mtp.fc.weight", "model-00002-of-00003.safetensors"), ("mtp.norm.weight", "model-mtp.safetensors")];
    write_shards(folder.path(), &all, 3, &more)?;
    assert_eq!(same(folder.path())?, "");
    let path = folder.path().join(INDEX);
    let mut index: Value = serde_json::from_slice(&fs::read(&path)?)?;
    let map = index["weight_map"].as_object_mut().ok_or("no map")?;
    map.remove("model.layers.1.mlp.up_proj.weight").ok_or("not listed")?;
    fs::write(&path, format!("\u{FEFF}{index}"))?;
    assert_eq!(same(folder.path())?, "");
    fs::remove_file(folder.path().join("model-00002-of-00003.safetensors"))?;
    let said = complaint(folder.path())?;
    assert!(said.contains("model-00002-of-00003.safetensors is missing") && said.contains("download"), "{said}");
    write(folder.path().join("model-00002-of-00003.safetensors"), &Tensors::new())?;
    let said = complaint(folder.path())?;
    assert!(
        said.contains("model-00002-of-00003.safetensors: tensor `model.") && said.contains("says that it lies there"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_tensor_in_two_shards_is_that_of_the_later_one() -> Checked<()> {
    let folder = folder(&config()?)?;
    let all = tensors()?;
    write_shards(folder.path(), &all, 2, &[])?;
    let path = folder.path().join("model-00001-of-00002.safetensors");
    let mut stale: Tensors = all.iter().step_by(2).map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    let (name, tensor) = all.iter().nth(1).ok_or("none")?;
    stale.insert(name.clone(), tensor.clone());
    write(path.clone(), &stale)?;
    assert_eq!(same(folder.path())?, "");
    stale.insert(name.clone(), (tensor.0, tensor.1.clone(), vec![0; tensor.2.len()]));
    write(path, &stale)?;
    let said = same(folder.path())?;
    assert!(said.contains(name) && said.contains("model-00002-of-00002.safetensors, which counts"), "{said}");
    Ok(())
}

#[test]
fn of_a_single_file_and_shards_the_whole_one_is_read_and_said() -> Checked<()> {
    let folder = folder(&config()?)?;
    let all = tensors()?;
    let single = folder.path().join(SINGLE);
    write_shards(folder.path(), &all, 2, &[])?;
    let some: Tensors = all.iter().take(5).map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    let other: Tensors = [("lora.weight".to_owned(), (Dtype::F32, vec![1], vec![0; 4]))].into();
    for left_over in [some, other] {
        write(single.clone(), &left_over)?;
        let said = same(folder.path())?;
        assert!(said.contains("the shards of model.safetensors.index.json are read"), "{said}");
        assert!(said.contains("lacks tensors"), "{said}");
    }
    fs::write(&single, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n")?;
    assert!(same(folder.path())?.contains("Git LFS"));
    // A whole single file comes first, as in transformers, whatever the shards hold.
    let zeros: Tensors = all
        .iter()
        .map(|(name, (dtype, shape, bytes))| (name.clone(), (*dtype, shape.clone(), vec![0; bytes.len()])))
        .collect();
    write(single.clone(), &all)?;
    write_shards(folder.path(), &zeros, 2, &[])?;
    let said = same(folder.path())?;
    assert!(said.contains("model.safetensors is read, as transformers does"), "{said}");
    fs::write(folder.path().join(INDEX), "{")?;
    assert!(same(folder.path())?.contains("model.safetensors is read"));
    // An index of the one file is no second model.
    let map: Map<String, Value> = all.keys().map(|name| (name.clone(), json!(SINGLE))).collect();
    fs::write(folder.path().join(INDEX), json!({"weight_map": map}).to_string())?;
    assert_eq!(same(folder.path())?, "");
    Ok(())
}

#[test]
fn names_without_the_prefix_or_with_it_twice_are_read() -> Checked<()> {
    let folder = folder(&config()?)?;
    let all = tensors()?;
    let single = folder.path().join(SINGLE);
    let renamed = |new: &dyn Fn(&str) -> String| -> Tensors {
        all.iter().map(|(name, tensor)| (new(name), tensor.clone())).collect()
    };
    let bare = renamed(&|name| name.trim_start_matches("model.").to_owned());
    write(single.clone(), &bare)?;
    assert_eq!(same(folder.path())?, "");
    write(single.clone(), &renamed(&|name| format!("model.{name}")))?;
    assert_eq!(same(folder.path())?, "");
    fs::remove_file(&single)?;
    write_shards(folder.path(), &bare, 3, &[("rotary_emb.inv_freq", "model-rope.safetensors")])?;
    assert_eq!(same(folder.path())?, "");
    fs::remove_file(folder.path().join(INDEX))?;
    for (prefix, says) in
        [("base_model.model.model.", "`base_model.model.model.`"), ("_orig_mod.model.", "`_orig_mod.model.`")]
    {
        write(single.clone(), &renamed(&|name| name.replacen("model.", prefix, 1)))?;
        let said = complaint(folder.path())?;
        assert!(said.contains(says) && said.contains(EMBEDDING), "{said}");
    }
    Ok(())
}

#[test]
fn buffers_empty_tensors_and_strangers_are_passed_over() -> Checked<()> {
    let folder = folder(&config()?)?;
    let mut all = tensors()?;
    let count = all.len();
    all.insert("model.layers.0.self_attn.rotary_emb.inv_freq".into(), (Dtype::F32, vec![2], vec![0; 8]));
    all.insert("nothing".into(), (Dtype::F32, vec![0, 3], Vec::new()));
    all.insert("a.int".into(), (Dtype::I64, vec![1], vec![0; 8]));
    write(folder.path().join(SINGLE), &all)?;
    assert_eq!(logits(folder.path())?, logits(&pico())?);
    assert_eq!(Checkpoint::open(folder.path())?.tensor_names().count(), count + 3);
    Ok(())
}

#[test]
fn a_tied_matrix_may_lie_under_either_name_or_both() -> Checked<()> {
    let folder = folder(&config()?)?;
    let mut all = tensors()?;
    let single = folder.path().join(SINGLE);
    let matrix = all.get(EMBEDDING).cloned().ok_or("no embedding")?;
    all.insert("lm_head.weight".into(), matrix.clone());
    write(single.clone(), &all)?;
    assert_eq!(same(folder.path())?, "");
    // The same numbers in another type are the same matrix.
    let (_, shape, bytes) = &matrix;
    let wide: Vec<u8> = bytes.chunks(2).flat_map(|two| [0, 0, two[0], two[1]]).collect();
    all.insert("lm_head.weight".into(), (Dtype::F32, shape.clone(), wide));
    write(single.clone(), &all)?;
    assert_eq!(same(folder.path())?, "");
    all.remove(EMBEDDING);
    all.insert("lm_head.weight".into(), matrix.clone());
    write(single.clone(), &all)?;
    assert_eq!(same(folder.path())?, "");
    write_shards(folder.path(), &all, 2, &[(EMBEDDING, "model-00009-of-00002.safetensors")])?;
    fs::remove_file(&single)?;
    assert_eq!(logits(folder.path())?, logits(&pico())?);
    Ok(())
}

#[test]
fn another_head_beside_a_tied_embedding_counts_and_is_said() -> Checked<()> {
    let mut all = tensors()?;
    let (dtype, shape, bytes) = all.get(EMBEDDING).cloned().ok_or("no embedding")?;
    let turned: Vec<u8> = bytes.rchunks(2).flatten().copied().collect();
    all.insert("lm_head.weight".into(), (dtype, shape, turned));
    let (tied, mut own) = (folder(&config()?)?, config()?);
    own["tie_word_embeddings"] = json!(false);
    let own = folder(&own)?;
    for folder in [&tied, &own] {
        write(folder.path().join(SINGLE), &all)?;
    }
    assert_eq!(logits(tied.path())?, logits(own.path())?);
    assert_ne!(logits(tied.path())?, logits(&pico())?);
    let checkpoint = Checkpoint::open(tied.path())?;
    assert!(checkpoint.notes().iter().any(|note| note.contains("the file's head counts")), "{:?}", checkpoint.notes());
    assert!(!checkpoint.config().tie_embeddings);
    assert_eq!(checkpoint.config_json()["tie_word_embeddings"], json!(false));
    assert!(Checkpoint::open(own.path())?.notes().is_empty());
    all.remove("lm_head.weight");
    write(own.path().join(SINGLE), &all)?;
    assert!(complaint(own.path())?.contains("tie_word_embeddings"), "{}", complaint(own.path())?);
    Ok(())
}

#[test]
fn a_lacking_tensor_is_named_with_what_is_there() -> Checked<()> {
    let mut config = config()?;
    let all = tensors()?;
    let folder = folder(&config)?;
    let said = |change: &dyn Fn(&mut Tensors)| -> Checked<String> {
        let mut all = all.clone();
        change(&mut all);
        write(folder.path().join(SINGLE), &all)?;
        complaint(folder.path())
    };
    let fused = said(&|all| {
        for layer in 0..4 {
            for part in ["q_proj", "k_proj", "v_proj"] {
                all.retain(|name, _| !name.starts_with(&format!("model.layers.{layer}.self_attn.{part}")));
            }
            all.insert(format!("model.layers.{layer}.self_attn.qkv_proj.weight"), (Dtype::F32, vec![1], vec![0; 4]));
        }
    })?;
    assert!(fused.contains("self_attn.qkv_proj.weight") && fused.contains("another architecture"), "{fused}");
    let adapter = said(&|all| {
        all.clear();
        all.insert(
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight".into(),
            (Dtype::F32, vec![1], vec![0; 4]),
        );
    })?;
    assert!(adapter.contains("LoRA adapter") && adapter.contains("merge"), "{adapter}");
    let stranger = said(&|all| {
        all.retain(|name, _| name == EMBEDDING);
        all.insert("transformer.h.0.attn.c_attn.weight".into(), all[EMBEDDING].clone());
    })?;
    assert!(stranger.contains("model.norm.weight") && stranger.contains("transformer.h.0.attn"), "{stranger}");
    assert!(said(&|all| all.clear())?.contains("no tensors at all"));
    config["num_hidden_layers"] = json!(4000);
    fs::write(folder.path().join("config.json"), config.to_string())?;
    let said = said(&|_| ())?;
    assert!(said.contains("model.layers.4.") && said.contains("blocks 0 to 3") && said.contains("4000"), "{said}");
    Ok(())
}

#[test]
fn a_folder_without_weights_says_what_it_has_instead() -> Checked<()> {
    for (name, says, cure) in [
        ("pytorch_model.bin", "a pickle", "save_pretrained"),
        ("pytorch_model-00001-of-00002.bin", "a pickle", "safetensors"),
        ("consolidated.00.pth", "a pickle", "safetensors"),
        ("consolidated.safetensors", "Mistral's own layout", "model*.safetensors"),
        ("model-00001-of-00002.safetensors", "without the index", "model.safetensors.index.json"),
        ("adapter_model.safetensors", "a LoRA adapter", "merge"),
        ("model.fp16.safetensors", "not called model.safetensors", "rename"),
        ("tf_model.h5", "another framework", "safetensors"),
        ("README.md", "model.safetensors is missing", "download"),
    ] {
        let folder = folder(&config()?)?;
        fs::write(folder.path().join(name), b"x")?;
        let said = complaint(folder.path())?;
        assert!(said.contains(says) && said.contains(cure), "{name}: {said}");
        assert!(name == "README.md" || said.contains(name), "{name}: {said}");
    }
    Ok(())
}

#[test]
fn other_types_are_widened_or_named() -> Checked<()> {
    let folder = folder(&config()?)?;
    let name = "model.layers.0.mlp.up_proj.weight";
    let widened = |to: &dyn Fn(f32) -> Vec<u8>, dtype: Dtype| -> Checked<Tensors> {
        let mut all = tensors()?;
        let (_, shape, bytes) = all.get(name).cloned().ok_or("no such tensor")?;
        let values = bytes.chunks(2).map(|two| f32::from_bits(u32::from(two[0]) << 16 | u32::from(two[1]) << 24));
        all.insert(name.into(), (dtype, shape, values.flat_map(to).collect()));
        Ok(all)
    };
    write(folder.path().join(SINGLE), &widened(&|value| f64::from(value).to_le_bytes().to_vec(), Dtype::F64)?)?;
    assert_eq!(same(folder.path())?, "");
    write(folder.path().join(SINGLE), &widened(&|_| vec![1], Dtype::I8)?)?;
    let said = complaint(folder.path())?;
    assert!(said.contains(name) && said.contains("I8") && said.contains("quantization_config"), "{said}");
    write(folder.path().join(SINGLE), &widened(&|_| f64::MAX.to_le_bytes().to_vec(), Dtype::F64)?)?;
    assert!(complaint(folder.path())?.contains("index 0"));
    Ok(())
}

#[test]
fn what_stands_for_a_file_is_named() -> Checked<()> {
    let page: &[u8] = b"\n<!DOCTYPE html><html>Not found</html>";
    let pointer: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n";
    for name in [SINGLE, "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        for (bytes, says) in [(pointer, "Git LFS"), (page, "a web page")] {
            let folder = folder(&config()?)?;
            write(folder.path().join(SINGLE), &tensors()?)?;
            fs::write(folder.path().join(name), bytes)?;
            let said = complaint(folder.path())?;
            assert!(said.contains(name) && said.contains(says), "{name}: {said}");
        }
    }
    Ok(())
}

#[test]
fn a_byte_order_mark_is_fine_and_utf16_is_named() -> Checked<()> {
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        let folder = folder(&config()?)?;
        write(folder.path().join(SINGLE), &tensors()?)?;
        let text = fs::read_to_string(folder.path().join(name))?;
        fs::write(folder.path().join(name), format!("\u{FEFF}{text}"))?;
        assert_eq!(same(folder.path())?, "", "{name}");
        let wide: Vec<u8> = format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(folder.path().join(name), wide)?;
        let said = complaint(folder.path())?;
        assert!(said.contains(name) && said.contains("UTF-16"), "{name}: {said}");
    }
    Ok(())
}

#[test]
fn settings_and_generation_files_may_be_absent() -> Checked<()> {
    let folder = folder(&config()?)?;
    write(folder.path().join(SINGLE), &tensors()?)?;
    fs::remove_file(folder.path().join("generation_config.json"))?;
    let eos = |folder: &Path| -> Checked<Vec<u32>> { Ok(Checkpoint::open(folder)?.tokenizer()?.eos().to_vec()) };
    assert_eq!(eos(folder.path())?, [2]);
    fs::remove_file(folder.path().join("tokenizer_config.json"))?;
    assert_eq!((eos(folder.path())?, same(folder.path())?), (vec![2], String::new()));
    assert!(!Checkpoint::open(folder.path())?.tokenizer()?.has_template());
    fs::write(folder.path().join("chat_template.jinja"), "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}")?;
    let specials = json!({"bos_token": {"content": "<|im_start|>", "lstrip": false}, "eos_token": "<|endoftext|>"});
    fs::write(folder.path().join("special_tokens_map.json"), specials.to_string())?;
    let checkpoint = Checkpoint::open(folder.path())?;
    let tokenizer = checkpoint.tokenizer()?;
    assert_eq!(tokenizer.render(&[record::Message::user("hi")], true)?, "<|im_start|>hi<|endoftext|>");
    assert_eq!(tokenizer.eos(), [tokenizer.token_id("<|endoftext|>").ok_or("no such token")?, 2]);
    let mut config = config()?;
    for (ids, known) in [(json!([2, 7]), vec![0, 2, 7]), (Value::Null, vec![0])] {
        config["eos_token_id"] = ids;
        fs::write(folder.path().join("config.json"), config.to_string())?;
        assert_eq!(eos(folder.path())?, known);
    }
    Ok(())
}

#[test]
fn a_repository_of_the_hub_s_cache_is_its_snapshot() -> Checked<()> {
    let cache = tempfile::tempdir()?;
    let root = cache.path().join("hub/models--acbench--pico");
    let inside = root.join("snapshots/00aa");
    fs::create_dir_all(&inside)?;
    for entry in fs::read_dir(pico())? {
        let path = entry?.path();
        fs::copy(&path, inside.join(path.file_name().ok_or("no name")?))?;
    }
    let said = same(&root)?;
    assert!(said.contains("its snapshot 00aa is taken"), "{said}");
    assert_eq!(same(&inside)?, "");
    assert_eq!((model::label(&root), model::label(&inside)), ("pico".to_owned(), "pico".to_owned()));
    Ok(())
}

#[test]
fn the_digest_is_of_the_files_that_are_read() -> Checked<()> {
    // The digest depends on the files that are read and not on those that are passed over.
    let folder = folder(&config()?)?;
    let all = tensors()?;
    write(folder.path().join(SINGLE), &all)?;
    let before = Checkpoint::open(folder.path())?.digest()?;
    write_shards(folder.path(), &all, 2, &[])?;
    assert_eq!(Checkpoint::open(folder.path())?.digest()?, before);
    assert_eq!(Bytes::map(&folder.path().join(SINGLE))?.len(), Checkpoint::open(folder.path())?.weight_bytes());
    Ok(())
}
