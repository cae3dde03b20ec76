//! Writes a checkpoint of random weights in the shape of a real model, to see what compressing one of that size takes:
//!
//!     cargo run --release -p compress --example random_checkpoint -- FOLDER [--layers N] [--hidden N] [--inter N]
//!         [--heads N] [--kv_heads N] [--vocab N]
//!
//! By default the shape of Qwen2.5-7B (15 GB in bf16). Weights are uniform with a deviation of 0.02, seeded; one shard a
//! block, as large models have. The tokenizer knows 256 words only.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use half::bf16;
use serde_json::{Map, Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

/// The sizes of a model.
struct Shape {
    layers: usize,
    hidden: usize,
    inter: usize,
    heads: usize,
    kv_heads: usize,
    vocab: usize,
}

fn main() -> Checked<()> {
    let mut shape = Shape { layers: 28, hidden: 3584, inter: 18944, heads: 28, kv_heads: 4, vocab: 152_064 };
    let mut folder = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || -> Checked<usize> { Ok(args.next().ok_or("a number is missing")?.parse()?) };
        match arg.as_str() {
            "--layers" => shape.layers = number()?,
            "--hidden" => shape.hidden = number()?,
            "--inter" => shape.inter = number()?,
            "--heads" => shape.heads = number()?,
            "--kv_heads" => shape.kv_heads = number()?,
            "--vocab" => shape.vocab = number()?,
            _ => folder = Some(PathBuf::from(arg)),
        }
    }
    let folder = folder.ok_or("name a folder")?;
    std::fs::create_dir_all(&folder)?;
    let bytes = write(&folder, &shape)?;
    println!("{}: {:.2} GB in {} shards", folder.display(), bytes as f64 / 1e9, shape.layers + 1);
    Ok(())
}

fn write(folder: &Path, shape: &Shape) -> Checked<usize> {
    let (hidden, inter) = (shape.hidden, shape.inter);
    let keys = hidden / shape.heads * shape.kv_heads;
    let mut shards = vec![vec![
        ("model.embed_tokens.weight".to_owned(), vec![shape.vocab, hidden]),
        ("lm_head.weight".to_owned(), vec![shape.vocab, hidden]),
        ("model.norm.weight".to_owned(), vec![hidden]),
    ]];
    for layer in 0..shape.layers {
        let named = |(name, sizes): (&str, Vec<usize>)| (format!("model.layers.{layer}.{name}"), sizes);
        let block = [
            ("input_layernorm.weight", vec![hidden]),
            ("post_attention_layernorm.weight", vec![hidden]),
            ("self_attn.q_proj.weight", vec![hidden, hidden]),
            ("self_attn.q_proj.bias", vec![hidden]),
            ("self_attn.k_proj.weight", vec![keys, hidden]),
            ("self_attn.k_proj.bias", vec![keys]),
            ("self_attn.v_proj.weight", vec![keys, hidden]),
            ("self_attn.v_proj.bias", vec![keys]),
            ("self_attn.o_proj.weight", vec![hidden, hidden]),
            ("mlp.gate_proj.weight", vec![inter, hidden]),
            ("mlp.up_proj.weight", vec![inter, hidden]),
            ("mlp.down_proj.weight", vec![hidden, inter]),
        ];
        shards.push(block.into_iter().map(named).collect());
    }
    let count = shards.len();
    let (mut index, mut bytes) = (Map::new(), 0);
    for (at, tensors) in shards.iter().enumerate() {
        let name = format!("model-{:05}-of-{count:05}.safetensors", at + 1);
        bytes += shard(&folder.join(&name), tensors, at as u64)?;
        index.extend(tensors.iter().map(|(tensor, _)| (tensor.clone(), json!(name))));
    }
    let index = json!({"metadata": {"total_size": bytes}, "weight_map": index});
    std::fs::write(folder.join("model.safetensors.index.json"), index.to_string())?;
    companions(folder, shape)?;
    Ok(bytes)
}

/// Writes one file of tensors; gives the bytes of their values.
fn shard(path: &Path, tensors: &[(String, Vec<usize>)], seed: u64) -> Checked<usize> {
    let (mut header, mut end) = (Map::new(), 0);
    for (name, sizes) in tensors {
        let begin = end;
        end += 2 * sizes.iter().product::<usize>();
        header.insert(name.clone(), json!({"dtype": "BF16", "shape": sizes, "data_offsets": [begin, end]}));
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&(text.len() as u64).to_le_bytes())?;
    file.write_all(&text)?;
    // xorshift64*: fast, and random enough for weights that nobody trained.
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut piece = Vec::with_capacity(1 << 20);
    for (name, sizes) in tensors {
        let (middle, width) = if name.contains("norm") { (1.0, 0.2) } else { (0.0, 0.069) };
        let mut left = sizes.iter().product::<usize>();
        while left > 0 {
            piece.clear();
            for _ in 0..left.min(1 << 19) {
                state ^= state >> 12;
                state ^= state << 25;
                state ^= state >> 27;
                let uniform = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1u32 << 24) as f32;
                piece.extend_from_slice(&bf16::from_f32(middle + width * (uniform - 0.5)).to_le_bytes());
            }
            file.write_all(&piece)?;
            left -= piece.len() / 2;
        }
    }
    file.flush()?;
    Ok(end)
}

/// Everything beside the weights.
fn companions(folder: &Path, shape: &Shape) -> Checked<()> {
    let config = json!({
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": shape.hidden,
        "intermediate_size": shape.inter, "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "vocab_size": shape.vocab, "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6, "rope_theta": 1e6, "hidden_act": "silu", "tie_word_embeddings": false,
        "torch_dtype": "bfloat16", "eos_token_id": 0,
    });
    let words: BTreeMap<String, usize> = (0..256).map(|at| (format!("w{at}"), at)).collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "w0"},
    });
    for (name, value) in [
        ("config.json", config),
        ("generation_config.json", json!({"eos_token_id": 0})),
        ("tokenizer.json", tokenizer),
        ("tokenizer_config.json", json!({"tokenizer_class": "PreTrainedTokenizerFast"})),
    ] {
        std::fs::write(folder.join(name), serde_json::to_vec_pretty(&value)?)?;
    }
    // Enough words to calibrate on.
    let mut words = String::new();
    (0..64 * 512u32).for_each(|at| words.push_str(&format!("w{} ", at.wrapping_mul(2_654_435_761) >> 24)));
    std::fs::write(folder.join("calibration.txt"), words)?;
    Ok(())
}
