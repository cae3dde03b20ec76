//! A Qwen2 checkpoint of random bfloat16 weights, of the shape of Qwen2.5-7B unless told otherwise:
//!
//! ```text
//! cargo run --release -p compress --example random_checkpoint -- FOLDER [--layers 28] [--hidden 3584] [--inter 18944]
//!     [--heads 28] [--kv_heads 4] [--vocab 152064] [--shard_bytes 4000000000] [--seed 0]
//! ```
//!
//! Linears and embeddings are normal with deviation 0.02, norms with deviation 0.1 around 1. Tensors go to the disk as
//! they are drawn, so memory stays small. The tokenizer has a token for each byte. The full size takes 15.3 GB; nothing
//! is written where the disk lacks room. `calibration.txt` has 64 x 512 random tokens.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use half::bf16;
use serde_json::{Map, Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The smallest vocabulary: a token for each byte.
const BYTES: usize = 256;

/// What is asked for.
struct Shape {
    folder: PathBuf,
    layers: usize,
    hidden: usize,
    inter: usize,
    heads: usize,
    kv_heads: usize,
    vocab: usize,
    shard_bytes: usize,
    seed: u64,
}

impl Shape {
    /// From the command line.
    fn from_args(mut args: impl Iterator<Item = String>) -> Outcome<Self> {
        let folder = args
            .next()
            .filter(|folder| !folder.starts_with("--"))
            .ok_or("the first argument is the folder to write")?;
        let mut shape = Self {
            folder: PathBuf::from(folder),
            layers: 28,
            hidden: 3584,
            inter: 18_944,
            heads: 28,
            kv_heads: 4,
            vocab: 152_064,
            shard_bytes: 4_000_000_000,
            seed: 0,
        };
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| format!("{flag} lacks its value"))?;
            let number: u32 = value.parse().map_err(|_| format!("{flag} {value}: not a whole number"))?;
            let number = number as usize;
            match flag.as_str() {
                "--layers" => shape.layers = number,
                "--hidden" => shape.hidden = number,
                "--inter" => shape.inter = number,
                "--heads" => shape.heads = number,
                "--kv_heads" => shape.kv_heads = number,
                "--vocab" => shape.vocab = number,
                "--shard_bytes" => shape.shard_bytes = number,
                "--seed" => shape.seed = number as u64,
                _ => return Err(format!("unknown flag {flag}").into()),
            }
        }
        shape.check()?;
        Ok(shape)
    }

    fn check(&self) -> Outcome<()> {
        if [self.layers, self.hidden, self.inter, self.heads, self.kv_heads].contains(&0) {
            return Err("sizes are at least 1".into());
        }
        if !self.hidden.is_multiple_of(2 * self.heads) || !self.heads.is_multiple_of(self.kv_heads) {
            return Err("heads divides hidden into even heads, and kv_heads divides heads".into());
        }
        if self.vocab < BYTES {
            return Err(format!("the vocabulary holds at least {BYTES} tokens, one for each byte").into());
        }
        Ok(())
    }

    /// Every tensor in the order of the file.
    fn tensors(&self) -> Vec<Tensor> {
        let kv = self.hidden / self.heads * self.kv_heads;
        let mut all = vec![Tensor::weight("model.embed_tokens.weight", &[self.vocab, self.hidden])];
        for layer in 0..self.layers {
            let block = |name: &str| format!("model.layers.{layer}.{name}");
            all.push(Tensor::norm(block("input_layernorm.weight"), self.hidden));
            all.push(Tensor::weight(block("mlp.down_proj.weight"), &[self.hidden, self.inter]));
            all.push(Tensor::weight(block("mlp.gate_proj.weight"), &[self.inter, self.hidden]));
            all.push(Tensor::weight(block("mlp.up_proj.weight"), &[self.inter, self.hidden]));
            all.push(Tensor::norm(block("post_attention_layernorm.weight"), self.hidden));
            for (name, rows) in [("q", self.hidden), ("k", kv), ("v", kv)] {
                all.push(Tensor::weight(block(&format!("self_attn.{name}_proj.bias")), &[rows]));
                all.push(Tensor::weight(block(&format!("self_attn.{name}_proj.weight")), &[rows, self.hidden]));
            }
            all.push(Tensor::weight(block("self_attn.o_proj.weight"), &[self.hidden, self.hidden]));
        }
        all.push(Tensor::norm("model.norm.weight".to_owned(), self.hidden));
        all.push(Tensor::weight("lm_head.weight", &[self.vocab, self.hidden]));
        all
    }

    fn config(&self) -> Value {
        json!({
            "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": 0,
            "hidden_act": "silu", "hidden_size": self.hidden, "initializer_range": 0.02,
            "intermediate_size": self.inter, "max_position_embeddings": 32768, "model_type": "qwen2",
            "num_attention_heads": self.heads, "num_hidden_layers": self.layers, "num_key_value_heads": self.kv_heads,
            "rms_norm_eps": 1e-6, "rope_theta": 1_000_000.0, "sliding_window": null, "tie_word_embeddings": false,
            "torch_dtype": "bfloat16", "use_cache": true, "use_sliding_window": false, "vocab_size": self.vocab,
        })
    }
}

/// A tensor and how its values are distributed.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    mean: f32,
    deviation: f32,
}

impl Tensor {
    fn weight(name: impl Into<String>, shape: &[usize]) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), mean: 0.0, deviation: 0.02 }
    }

    fn norm(name: String, width: usize) -> Self {
        Self { name, shape: vec![width], mean: 1.0, deviation: 0.1 }
    }

    fn values(&self) -> usize {
        self.shape.iter().product()
    }

    fn bytes(&self) -> usize {
        2 * self.values()
    }
}

/// xorshift64* (Vigna 2016).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// In (0, 1].
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// 65,536 normal values (Box and Muller 1958): 16 random bits choose one, four values for each draw.
    fn normals(&mut self) -> Vec<f32> {
        let mut normal = || (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos();
        (0..1 << 16).map(|_| normal() as f32).collect()
    }
}

/// Writes the values of a tensor, a buffer at a time.
fn write_values(out: &mut impl Write, tensor: &Tensor, normals: &[f32], draws: &mut Draws) -> Outcome<()> {
    let table: Vec<[u8; 2]> =
        normals.iter().map(|normal| bf16::from_f32(tensor.mean + tensor.deviation * normal).to_le_bytes()).collect();
    let mut left = tensor.bytes();
    let mut buffer = vec![0_u8; 1 << 20];
    while left > 0 {
        for eight in buffer.chunks_exact_mut(8) {
            let draw = draws.next();
            for (at, two) in eight.chunks_exact_mut(2).enumerate() {
                two.copy_from_slice(&table[(draw >> (16 * at)) as usize & 0xFFFF]);
            }
        }
        let taken = left.min(buffer.len());
        out.write_all(&buffer[..taken])?;
        left -= taken;
    }
    Ok(())
}

/// Consecutive tensors, as many as fit a shard.
fn shards(tensors: &[Tensor], limit: usize) -> Vec<&[Tensor]> {
    let mut shards = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, tensor) in tensors.iter().enumerate() {
        if at > start && bytes + tensor.bytes() > limit {
            shards.push(&tensors[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += tensor.bytes();
    }
    shards.push(&tensors[start..]);
    shards
}

/// The header of a safetensors file: its length, then JSON filled up with spaces to a multiple of 8.
fn header(tensors: &[Tensor]) -> Outcome<Vec<u8>> {
    let mut fields = Map::new();
    fields.insert("__metadata__".into(), json!({"format": "pt"}));
    let mut offset = 0;
    for tensor in tensors {
        let end = offset + tensor.bytes();
        fields.insert(
            tensor.name.clone(),
            json!({"dtype": "BF16", "shape": tensor.shape, "data_offsets": [offset, end]}),
        );
        offset = end;
    }
    let mut text = serde_json::to_vec(&fields)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text);
    Ok(header)
}

/// Writes the shards and their index, where there is more than one.
fn write_weights(shape: &Shape, tensors: &[Tensor]) -> Outcome<()> {
    let mut draws = Draws((shape.seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let normals = draws.normals();
    let shards = shards(tensors, shape.shard_bytes);
    let mut index = Map::new();
    for (at, shard) in shards.iter().enumerate() {
        let name = match shards.len() {
            1 => "model.safetensors".to_owned(),
            count => format!("model-{:05}-of-{count:05}.safetensors", at + 1),
        };
        let mut out = BufWriter::new(File::create(shape.folder.join(&name))?);
        out.write_all(&header(shard)?)?;
        for tensor in *shard {
            write_values(&mut out, tensor, &normals, &mut draws)?;
            index.insert(tensor.name.clone(), json!(name));
        }
        out.flush()?;
        let bytes: usize = shard.iter().map(Tensor::bytes).sum();
        println!("{name}: {} tensors, {:.2} GB", shard.len(), bytes as f64 / 1e9);
    }
    if shards.len() > 1 {
        let total: usize = tensors.iter().map(Tensor::bytes).sum();
        let index = json!({"metadata": {"total_size": total}, "weight_map": index});
        std::fs::write(shape.folder.join("model.safetensors.index.json"), serde_json::to_vec_pretty(&index)?)?;
    }
    Ok(())
}

/// The character that byte-level BPE writes for a byte: itself where it is printable, else the next one from U+0100 on.
fn characters() -> Vec<char> {
    let mut spare = (0x100_u32..).filter_map(char::from_u32);
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    (0..=u8::MAX).filter_map(|byte| if printable(byte) { Some(char::from(byte)) } else { spare.next() }).collect()
}

/// A tokenizer with a token for each byte.
fn tokenizer() -> Value {
    let vocab: Map<String, Value> =
        characters().into_iter().enumerate().map(|(id, character)| (character.to_string(), json!(id))).collect();
    let level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": level, "post_processor": null, "decoder": level,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": []},
    })
}

/// Random capital letters, a token each: enough to calibrate on.
fn calibration(seed: u64) -> String {
    let mut draws = Draws(seed + 1);
    (0..64 * 512).map(|_| char::from(b'A' + (draws.next() >> 33) as u8 % 26)).collect()
}

/// Bytes that are free where the folder is, as `df` tells.
fn free(folder: &Path) -> Outcome<u64> {
    let told = Command::new("df").arg("-Pk").arg(folder).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let free = told.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)).and_then(|free| free.parse().ok());
    free.map(|free: u64| free * 1024).ok_or_else(|| "df tells no free space".into())
}

fn main() -> Outcome<()> {
    let shape = Shape::from_args(std::env::args().skip(1))?;
    let tensors = shape.tensors();
    let total: usize = tensors.iter().map(Tensor::bytes).sum();
    std::fs::create_dir_all(&shape.folder)?;
    let free = free(&shape.folder)?;
    if free < total as u64 + 1_000_000_000 {
        let (total, free) = (total as f64 / 1e9, free as f64 / 1e9);
        return Err(format!("it takes {total:.2} GB, and a GB to spare, where {free:.2} GB are free").into());
    }
    for (name, value) in [
        ("config.json", shape.config()),
        ("generation_config.json", json!({"do_sample": false, "eos_token_id": 0})),
        ("tokenizer.json", tokenizer()),
        ("tokenizer_config.json", json!({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "\u{100}"})),
    ] {
        std::fs::write(shape.folder.join(name), serde_json::to_vec_pretty(&value)?)?;
    }
    std::fs::write(shape.folder.join("calibration.txt"), calibration(shape.seed))?;
    write_weights(&shape, &tensors)?;
    let values: usize = tensors.iter().map(Tensor::values).sum();
    println!("{}: {values} weights, {:.2} GB", shape.folder.display(), total as f64 / 1e9);
    Ok(())
}
