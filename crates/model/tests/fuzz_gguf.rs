//! Damaged GGUF files: an error or a model, never a panic, never more memory than the file backs.
//!
//! 300 damaged files by default; `ACBENCH_FUZZ_SECONDS` runs for longer.

mod support;

use std::fs;
use std::path::Path;

use model::gguf::Summary;
use model::{Checkpoint, Model, ModelError};
use record::Rng;
use support::{Checked, Tensor, damage_all, file, key, list, text};

/// All metadata of a Qwen2 of one block, with a vocabulary of single bytes, one merge and two added tokens.
fn metadata() -> Vec<Vec<u8>> {
    // Printable bytes stand for themselves in byte-level BPE.
    let mut tokens: Vec<String> = (33u8..=126).map(|byte| char::from(byte).to_string()).collect();
    tokens.extend(["ab".into(), "<|end|>".into(), "<tool>".into(), "[PAD97]".into()]);
    let mut types = vec![1i32; tokens.len()];
    let last = types.len();
    types[last - 3..].copy_from_slice(&[3, 4, 5]);
    let whole = |name: &str, value: u32| key(name, 4, &value.to_le_bytes());
    vec![
        key("general.architecture", 8, &text("qwen2")),
        whole("general.alignment", 32),
        whole("qwen2.block_count", 1),
        whole("qwen2.context_length", 64),
        whole("qwen2.embedding_length", 32),
        whole("qwen2.feed_forward_length", 32),
        whole("qwen2.attention.head_count", 2),
        whole("qwen2.attention.head_count_kv", 1),
        key("qwen2.attention.layer_norm_rms_epsilon", 6, &1e-6f32.to_le_bytes()),
        key("qwen2.rope.freq_base", 6, &1e4f32.to_le_bytes()),
        key("tokenizer.ggml.model", 8, &text("gpt2")),
        key("tokenizer.ggml.pre", 8, &text("qwen2")),
        key("tokenizer.ggml.tokens", 9, &list(8, last, tokens.iter().flat_map(|token| text(token)).collect())),
        key("tokenizer.ggml.token_type", 9, &list(5, last, types.iter().flat_map(|t| t.to_le_bytes()).collect())),
        key("tokenizer.ggml.merges", 9, &list(8, 1, text("a b"))),
        whole("tokenizer.ggml.eos_token_id", last as u32 - 3),
        key("tokenizer.ggml.add_bos_token", 7, &[0]),
        key("tokenizer.chat_template", 8, &text("{% for m in messages %}{{ m.content }}{% endfor %}")),
    ]
}

/// Its tensors: one of each type.
fn tensors() -> Vec<Tensor> {
    let mut rng = Rng::new(5);
    let mut floats =
        |count: usize| -> Vec<u8> { (0..count).flat_map(|_| (rng.uniform() as f32).to_le_bytes()).collect() };
    let mut all = vec![
        ("token_embd.weight", vec![32, 98], 0, floats(32 * 98)),
        ("output_norm.weight", vec![32], 0, floats(32)),
        ("blk.0.attn_norm.weight", vec![32], 0, floats(32)),
        ("blk.0.ffn_norm.weight", vec![32], 0, floats(32)),
        ("blk.0.attn_q.bias", vec![32], 0, floats(32)),
        ("blk.0.attn_k.bias", vec![16], 0, floats(16)),
        ("blk.0.attn_v.bias", vec![16], 0, floats(16)),
    ];
    for (name, out, kind, bytes) in [
        ("blk.0.attn_q.weight", 32, 2, 18),
        ("blk.0.attn_k.weight", 16, 3, 20),
        ("blk.0.attn_v.weight", 16, 8, 34),
        ("blk.0.attn_output.weight", 32, 30, 64),
        ("blk.0.ffn_gate.weight", 32, 1, 64),
        ("blk.0.ffn_up.weight", 32, 2, 18),
        ("blk.0.ffn_down.weight", 32, 8, 34),
    ] {
        // 0x2C2C is a small number as f16 and as bf16.
        all.push((name, vec![32, out], kind, vec![0x2C; out as usize * bytes]));
    }
    all
}

/// All metadata of a Llama of one block whose heads are narrow, with pieces, scores and bytes, and LongRoPE's kind of factors.
fn llama_metadata() -> Vec<Vec<u8>> {
    let mut tokens: Vec<(String, i32)> = vec![("<unk>".into(), 2), ("<s>".into(), 3), ("</s>".into(), 3)];
    tokens.extend((0..64).map(|byte| (format!("<0x{byte:02X}>"), 6)));
    tokens.extend(["\u{2581}", "a", "b", "x", "ab", "ba", "\u{2581}ab"].map(|piece| (piece.to_owned(), 1)));
    tokens.extend([("<tool>".to_owned(), 4), (String::new(), 1), ("[PAD]".to_owned(), 5)]);
    let count = tokens.len();
    let whole = |name: &str, value: u32| key(name, 4, &value.to_le_bytes());
    let scores = (0..count).flat_map(|id| (-(id as f32)).to_le_bytes()).collect();
    let kinds = tokens.iter().flat_map(|(_, kind)| kind.to_le_bytes()).collect();
    vec![
        key("general.architecture", 8, &text("llama")),
        whole("llama.block_count", 1),
        whole("llama.context_length", 64),
        whole("llama.embedding_length", 256),
        whole("llama.feed_forward_length", 32),
        whole("llama.attention.head_count", 2),
        whole("llama.attention.head_count_kv", 1),
        whole("llama.attention.key_length", 8),
        whole("llama.attention.value_length", 8),
        whole("llama.rope.dimension_count", 8),
        key("llama.attention.layer_norm_rms_epsilon", 6, &1e-6f32.to_le_bytes()),
        key("tokenizer.ggml.model", 8, &text("llama")),
        key("tokenizer.ggml.tokens", 9, &list(8, count, tokens.iter().flat_map(|(token, _)| text(token)).collect())),
        key("tokenizer.ggml.scores", 9, &list(6, count, scores)),
        key("tokenizer.ggml.token_type", 9, &list(5, count, kinds)),
        whole("tokenizer.ggml.bos_token_id", 1),
        whole("tokenizer.ggml.eos_token_id", 2),
        whole("tokenizer.ggml.unknown_token_id", 0),
        key("tokenizer.chat_template", 8, &text("{% for m in messages %}{{ m.content }}{% endfor %}")),
    ]
}

/// Its tensors, of the types of large blocks and of those that the other file does not have.
fn llama_tensors() -> Vec<Tensor> {
    let ones = |count: usize| -> Vec<u8> { (0..count).flat_map(|_| 1f32.to_le_bytes()).collect() };
    let mut all = vec![
        ("rope_freqs.weight", vec![4], 0, ones(4)),
        ("output_norm.weight", vec![256], 0, ones(256)),
        ("blk.0.attn_norm.weight", vec![256], 0, ones(256)),
        ("blk.0.ffn_norm.weight", vec![256], 0, ones(256)),
    ];
    for (name, cols, out, kind, row) in [
        ("token_embd.weight", 256, 77, 14, 210),
        ("output.weight", 256, 77, 10, 84),
        ("blk.0.attn_q.weight", 256, 16, 12, 144),
        ("blk.0.attn_k.weight", 256, 8, 13, 176),
        ("blk.0.attn_v.weight", 256, 8, 11, 110),
        ("blk.0.attn_output.weight", 16, 256, 1, 32),
        ("blk.0.ffn_gate.weight", 256, 32, 23, 136),
        ("blk.0.ffn_up.weight", 256, 32, 34, 54),
        ("blk.0.ffn_down.weight", 32, 256, 7, 24),
    ] {
        all.push((name, vec![cols, out], kind, vec![0x2C; out as usize * row]));
    }
    all
}

/// Everything that a reader does with a file.
fn read(path: &Path) -> Result<(), ModelError> {
    let checkpoint = Checkpoint::open(path)?;
    let model = Model::load(&checkpoint)?;
    let ids = checkpoint.tokenizer()?.encode("abba <|end|><tool> x", true)?;
    checkpoint.tokenizer()?.prompt(&[record::Message::user("ab")], true)?;
    if checkpoint.config().max_positions <= 64 && checkpoint.config().layers == 1 {
        model.logits(&ids)?;
    }
    Ok(())
}

#[test]
fn damaged_files_are_errors() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    let mut files = Vec::new();
    for (keys, table) in [(metadata(), tensors()), (llama_metadata(), llama_tensors())] {
        let whole = file(&keys, &table);
        fs::write(&path, &whole)?;
        read(&path)?;
        let tensors = table.iter().map(|(.., content)| content.len().next_multiple_of(32)).sum::<usize>();
        files.push((whole.len() - tensors, whole));
    }
    damage_all(&path, &files, &read)
}

/// The error of a file.
fn error(folder: &Path, bytes: &[u8]) -> Checked<String> {
    let path = folder.join("x.gguf");
    fs::write(&path, bytes)?;
    match read(&path) {
        Ok(()) => Err("it was read".into()),
        Err(error) => Ok(error.to_string()),
    }
}

#[test]
fn what_cannot_be_run_is_described_all_the_same() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    let mut keys = llama_metadata();
    keys[0] = key("general.architecture", 8, &text("gemma3n"));
    keys.push(key("gemma3n.block_count", 4, &1u32.to_le_bytes()));
    fs::write(&path, file(&keys, &llama_tensors()))?;
    let found = Summary::read(&path)?;
    assert_eq!(
        (found.architecture.as_str(), found.layers, found.tokenizer.as_deref()),
        ("gemma3n", Some(1), Some("llama"))
    );
    assert!(found.template && found.vocabulary == 77);
    let types: Vec<(&str, usize, usize)> = found.types.iter().map(|sum| (sum.name, sum.tensors, sum.bytes)).collect();
    assert!(types.contains(&("Q6_K", 1, 77 * 210)) && types.contains(&("F32", 4, (4 + 3 * 256) * 4)), "{types:?}");
    let refused = found.refused.unwrap_or_default();
    assert!(refused.contains("`gemma3n`") && refused.contains("Q6_K") && refused.contains("qwen3moe"), "{refused}");
    fs::write(&path, file(&llama_metadata(), &llama_tensors()))?;
    assert_eq!(Summary::read(&path)?.refused, None);
    Ok(())
}

#[test]
fn what_is_wrong_with_pieces_and_pairs_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let (keys, table) = (llama_metadata(), llama_tensors());
    let with_key = |name: &str, kind: u32, value: &[u8]| {
        let mut keys = keys.clone();
        keys.retain(|other| !other.starts_with(&text(name)));
        keys.push(key(name, kind, value));
        file(&keys, &table)
    };
    let with_tensor = |at: usize, change: &dyn Fn(&mut Tensor)| {
        let mut table = table.clone();
        change(&mut table[at]);
        file(&keys, &table)
    };
    let experts = [(0, "expert_count"), (1, "expert_used_count")];
    let stacked = {
        let mut keys = keys.clone();
        keys.extend(experts.map(|(_, name)| key(&format!("llama.{name}"), 4, &3u32.to_le_bytes())));
        let mut table = table.clone();
        table[10] = ("blk.0.ffn_gate_exps.weight", vec![256, 16, 2], 23, vec![0x2C; 32 * 136]);
        file(&keys, &table)
    };
    for (bytes, says) in [
        (with_key("tokenizer.ggml.scores", 9, &list(6, 2, vec![0; 8])), "2 scores"),
        (with_key("llama.attention.head_count_kv", 4, &3u32.to_le_bytes()), "not those of its heads"),
        (with_key("llama.rope.dimension_count", 4, &4u32.to_le_bytes()), "of which 4 turn"),
        (with_key("llama.attention.value_length", 4, &4u32.to_le_bytes()), "value_length"),
        (with_tensor(0, &|tensor| tensor.3 = vec![0; 16]), "rope_freqs.weight"),
        (with_tensor(0, &|tensor| tensor.2 = 1), "is of F16"),
        // The last two bytes of a block of Q6_K are its scale.
        (with_tensor(4, &|tensor| tensor.3[209] = 0x7C), "holds"),
        (stacked, "expert_count"),
    ] {
        let said = error(folder.path(), &bytes)?;
        assert!(said.contains(says) && said.contains("x.gguf"), "{says}: {said}");
    }
    Ok(())
}

#[test]
fn what_is_wrong_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let (keys, table) = (metadata(), tensors());
    let with_key = |name: &str, kind: u32, value: &[u8]| {
        let mut keys = keys.clone();
        keys.retain(|other| !other.starts_with(&text(name)));
        keys.push(key(name, kind, value));
        file(&keys, &table)
    };
    let endless = list(8, usize::MAX, Vec::new());
    let nested = list(9, 1, list(4, 1, vec![0; 4]));
    for (bytes, says) in [
        (b"GGUF\x02\0\0\0".to_vec(), "the number of tensors"),
        (b"GGML\x02\0\0\0".to_vec(), "`GGUF`"),
        (b"GGUF\x01\0\0\0".to_vec(), "version 1"),
        (b"GGUF\0\0\0\x03".to_vec(), "big-endian"),
        (with_key("general.architecture", 8, &text("mamba")), "`mamba`"),
        (with_key("general.alignment", 4, &24u32.to_le_bytes()), "general.alignment"),
        (with_key("tokenizer.ggml.tokens", 9, &endless), "tokenizer.ggml.tokens"),
        (with_key("tokenizer.ggml.token_type", 9, &list(5, 1 << 40, Vec::new())), "tokenizer.ggml.token_type"),
        (with_key("tokenizer.ggml.token_type", 9, &list(5, 1, vec![0; 4])), "1 types"),
        (with_key("tokenizer.ggml.model", 8, &text("llama")), "tokenizer.ggml.scores"),
        (with_key("tokenizer.ggml.model", 8, &text("rwkv")), "`rwkv`"),
        (with_key("tokenizer.ggml.model", 4, &[0; 4]), "tokenizer.ggml.model"),
        (with_key("tokenizer.ggml.merges", 9, &list(8, 1, text("a zz"))), "no token `zz`"),
        (with_key("tokenizer.ggml.merges", 9, &list(8, 1, text("ab"))), "no pair"),
        (with_key("tokenizer.ggml.tokens", 9, &list(8, 98, text("a").repeat(98))), "twice"),
        (with_key("tokenizer.ggml.pre", 8, &text("spells")), "`spells`"),
        (with_key("x", 9, &nested), "`x`, a list of lists"),
        (with_key("x", 77, &[]), "type 77"),
        (with_key("qwen2.rope.scaling.type", 8, &text("spiral")), "spiral"),
        (with_key("qwen2.block_count", 4, &2u32.to_le_bytes()), "model.layers.1"),
        (with_key("qwen2.embedding_length", 4, &(1u32 << 30).to_le_bytes()), "embedding_length"),
        (with_key("qwen2.attention.key_length", 4, &(1u32 << 30).to_le_bytes()), "key_length"),
        (with_key("qwen2.rope.dimension_count", 4, &17u32.to_le_bytes()), "is 17 of a head of 16"),
        (with_key("split.count", 2, &2u16.to_le_bytes()), "split"),
        (with_key("qwen2.block_count", 4, &(1u32 << 30).to_le_bytes()), "the file has 14 tensors"),
        (with_key("qwen2.attention.head_count", 4, &0u32.to_le_bytes()), "head_count"),
        (
            with_key("qwen2.attention.head_count_kv", 9, &list(5, 2, [1, 0, 0, 0, 2, 0, 0, 0].to_vec())),
            "num_key_value_heads",
        ),
        (with_key("qwen2.attention.scale", 6, &2f32.to_le_bytes()), "qwen2.attention.scale"),
        (with_key("general.alignment", 4, &0u32.to_le_bytes()), "general.alignment"),
        (with_key("general.alignment", 10, &(1u64 << 40).to_le_bytes()), "general.alignment"),
    ] {
        let said = error(folder.path(), &bytes)?;
        assert!(said.contains(says) && said.contains("x.gguf"), "{says}: {said}");
    }
    Ok(())
}

#[test]
fn what_is_wrong_with_tensors_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let (keys, table) = (metadata(), tensors());
    let with_tensor = |change: &dyn Fn(&mut Tensor)| {
        let mut table = table.clone();
        change(&mut table[7]);
        file(&keys, &table)
    };
    for (bytes, says) in [
        (with_tensor(&|tensor| tensor.2 = 16), "IQ2_XXS"),
        (with_tensor(&|tensor| tensor.2 = 12), "no whole blocks"),
        (with_tensor(&|tensor| tensor.2 = 99), "number 99"),
        (with_tensor(&|tensor| tensor.0 = "rope_freqs.weight"), "rope_freqs"),
        (with_tensor(&|tensor| tensor.0 = "output_norm.weight"), "twice"),
        (with_tensor(&|tensor| tensor.1 = vec![32, 0]), "sizes [32, 0]"),
        (with_tensor(&|tensor| tensor.1 = vec![1 << 33, 1 << 33]), "sizes"),
        (with_tensor(&|tensor| tensor.1 = vec![48, 32]), "no whole blocks"),
        (with_tensor(&|tensor| tensor.1 = vec![32, 48]), "overlap"),
        (with_tensor(&|tensor| tensor.1 = vec![32, 1 << 40]), "ends after the file"),
        (with_tensor(&|tensor| tensor.1 = vec![1; 5]), "5 dimensions"),
        (with_tensor(&|tensor| tensor.3[1] = 0x7C), "holds NaN"),
    ] {
        let said = error(folder.path(), &bytes)?;
        assert!(said.contains(says) && said.contains("x.gguf"), "{says}: {said}");
    }
    Ok(())
}
