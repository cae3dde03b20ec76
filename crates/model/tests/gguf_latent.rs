//! GGUF files of DeepSeek, MiniCPM3 and gpt-oss, made by hand: older and newer forms, tensors of mixed types, damage.

mod support;

use std::fs;
use std::path::Path;

use half::{bf16, f16};
use model::{Checkpoint, Model, ModelError};
use record::Rng;
use support::{Checked, Tensor, damage_all, file, key, list, text};

/// Types of tensors that hold this test's numbers exactly.
const F32: u32 = 0;
const F16: u32 = 1;
const Q8_0: u32 = 8;
const BF16: u32 = 30;

const TOKENS: [u32; 9] = [5, 9, 33, 2, 30, 21, 17, 28, 3];
const HIDDEN: usize = 32;
const HEADS: usize = 2;
/// Of a head: numbers of a key that do not turn, those that do, numbers of a value.
const STILL: usize = 32;
const TURNED: usize = 4;
const VALUE: usize = 8;
const EXPERTS: usize = 4;

/// Whole numbers from -100 to 100, which stand for 512ths.
fn numbers(rng: &mut Rng, count: usize) -> Vec<i8> {
    (0..count).map(|_| (rng.below(201) as i16 - 100) as i8).collect()
}

/// The same numbers as a tensor of a type.
fn stored(kind: u32, numbers: &[i8]) -> Vec<u8> {
    let value = |number: &i8| f32::from(*number) / 512.0;
    match kind {
        F16 => numbers.iter().flat_map(|one| f16::from_f32(value(one)).to_le_bytes()).collect(),
        BF16 => numbers.iter().flat_map(|one| bf16::from_f32(value(one)).to_le_bytes()).collect(),
        Q8_0 => {
            let block = |block: &[i8]| {
                let numbers = block.iter().map(|&one| one as u8);
                f16::from_f32(1.0 / 512.0).to_le_bytes().into_iter().chain(numbers).collect::<Vec<u8>>()
            };
            numbers.chunks(32).flat_map(block).collect()
        }
        _ => numbers.iter().flat_map(|one| value(one).to_le_bytes()).collect(),
    }
}

fn whole(name: &str, value: usize) -> Vec<u8> {
    key(name, 4, &(value as u32).to_le_bytes())
}

fn number(name: &str, value: f32) -> Vec<u8> {
    key(name, 6, &value.to_le_bytes())
}

/// Metadata that every decoder has, of an architecture.
fn metadata(name: &str, blocks: usize) -> Vec<Vec<u8>> {
    let own = |field: &str, value| whole(&format!("{name}.{field}"), value);
    vec![
        key("general.architecture", 8, &text(name)),
        own("block_count", blocks),
        own("context_length", 64),
        own("embedding_length", HIDDEN),
        own("feed_forward_length", 32),
        own("attention.head_count", HEADS),
        number(&format!("{name}.attention.layer_norm_rms_epsilon"), 1e-6),
        key("tokenizer.ggml.model", 8, &text("none")),
    ]
}

/// A table of tensors in the making.
struct Table {
    rng: Rng,
    all: Vec<Tensor>,
}

impl Table {
    fn new() -> Self {
        let mut table = Self { rng: Rng::new(7), all: Vec::new() };
        table.add("token_embd.weight", &[HIDDEN, 40]);
        table.add("output.weight", &[HIDDEN, 40]);
        table.norm("output_norm.weight", HIDDEN);
        table
    }

    /// A tensor of random numbers, sizes innermost first.
    fn add(&mut self, name: &str, sizes: &[usize]) {
        let numbers = numbers(&mut self.rng, sizes.iter().product());
        self.put(name, sizes, (F32, &numbers));
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.put(name, &[width], (F32, &vec![100; width]));
    }

    fn put(&mut self, name: &str, sizes: &[usize], (kind, numbers): (u32, &[i8])) {
        let sizes = sizes.iter().map(|&size| size as u64).collect();
        self.all.push((name.to_owned().leak(), sizes, kind, stored(kind, numbers)));
    }

    /// What MiniCPM3 and DeepSeek share of a block, but for the linear of keys and values.
    fn latents(&mut self, block: usize) {
        let name = |part: &str| format!("blk.{block}.{part}.weight");
        for (part, width) in
            [("attn_norm", HIDDEN), ("ffn_norm", HIDDEN), ("attn_q_a_norm", 32), ("attn_kv_a_norm", 32)]
        {
            self.norm(&name(part), width);
        }
        self.add(&name("attn_q_a"), &[HIDDEN, 32]);
        self.add(&name("attn_q_b"), &[32, HEADS * (STILL + TURNED)]);
        self.add(&name("attn_kv_a_mqa"), &[HIDDEN, 32 + TURNED]);
        self.add(&name("attn_output"), &[HEADS * VALUE, HIDDEN]);
    }

    fn dense(&mut self, block: usize) {
        for (part, sizes) in [("gate", [HIDDEN, 32]), ("up", [HIDDEN, 32]), ("down", [32, HIDDEN])] {
            self.add(&format!("blk.{block}.ffn_{part}.weight"), &sizes);
        }
    }

    /// The linear of keys and values, whole in a type, or its keys and values in two.
    fn keys_values(&mut self, block: usize, form: Form) {
        const ROWS: usize = STILL + VALUE;
        let all = numbers(&mut self.rng, HEADS * ROWS * 32);
        match form {
            Form::Whole(kind) => self.put(&format!("blk.{block}.attn_kv_b.weight"), &[32, HEADS * ROWS], (kind, &all)),
            Form::Split(keys, values) => {
                let heads = || all.chunks(ROWS * 32);
                let turned: Vec<i8> = heads()
                    .flat_map(|head| (0..32).flat_map(move |col| (0..STILL).map(move |row| head[row * 32 + col])))
                    .collect();
                let rest: Vec<i8> = heads().flat_map(|head| &head[STILL * 32..]).copied().collect();
                self.put(&format!("blk.{block}.attn_k_b.weight"), &[STILL, 32, HEADS], (keys, &turned));
                self.put(&format!("blk.{block}.attn_v_b.weight"), &[32, VALUE, HEADS], (values, &rest));
            }
        }
    }
}

/// How the linear of keys and values lies in a file, in which types.
#[derive(Debug, Clone, Copy)]
enum Form {
    Whole(u32),
    Split(u32, u32),
}

/// Metadata and tensors of a DeepSeek-V3 with a dense block and one of experts.
fn deepseek(form: Form) -> (Vec<Vec<u8>>, Vec<Tensor>) {
    let own = |field: &str, value| whole(&format!("deepseek2.{field}"), value);
    let mut keys = metadata("deepseek2", 2);
    keys.extend([
        own("attention.q_lora_rank", 32),
        own("attention.kv_lora_rank", 32),
        own("rope.dimension_count", TURNED),
        own("expert_count", EXPERTS),
        own("expert_used_count", 1),
        own("expert_feed_forward_length", 16),
        own("expert_shared_count", 2),
        own("expert_group_count", 2),
        own("expert_group_used_count", 1),
        own("expert_gating_func", 2),
        own("leading_dense_block_count", 1),
        number("deepseek2.expert_weights_scale", 2.5),
        key("deepseek2.rope.scaling.type", 8, &text("yarn")),
        number("deepseek2.rope.scaling.factor", 4.0),
        own("rope.scaling.original_context_length", 16),
        number("deepseek2.rope.scaling.yarn_log_multiplier", 0.1),
    ]);
    keys.extend(match form {
        Form::Whole(_) => vec![
            own("attention.head_count_kv", HEADS),
            own("attention.key_length", STILL + TURNED),
            own("attention.value_length", VALUE),
        ],
        Form::Split(..) => vec![
            own("attention.head_count_kv", 1),
            own("attention.key_length", 32 + TURNED),
            own("attention.value_length", 32),
            own("attention.key_length_mla", STILL + TURNED),
            own("attention.value_length_mla", VALUE),
        ],
    });
    let mut table = Table::new();
    for block in 0..2 {
        table.latents(block);
        table.keys_values(block, form);
    }
    table.dense(0);
    table.add("blk.1.ffn_gate_inp.weight", &[HIDDEN, EXPERTS]);
    table.add("blk.1.exp_probs_b.bias", &[EXPERTS]);
    for (part, [cols, rows]) in [("gate", [HIDDEN, 16]), ("up", [HIDDEN, 16]), ("down", [16, HIDDEN])] {
        table.add(&format!("blk.1.ffn_{part}_exps.weight"), &[cols, rows, EXPERTS]);
        let double = |size: usize| if size == 16 { 32 } else { size };
        table.add(&format!("blk.1.ffn_{part}_shexp.weight"), &[double(cols), double(rows)]);
    }
    (keys, table.all)
}

/// Metadata and tensors of a gpt-oss of two blocks, whose gates and ups have types.
fn gpt_oss([gate, up]: [u32; 2]) -> (Vec<Vec<u8>>, Vec<Tensor>) {
    let own = |field: &str, value| whole(&format!("gpt-oss.{field}"), value);
    let mut keys = metadata("gpt-oss", 2);
    keys.extend([
        own("attention.head_count_kv", 1),
        own("attention.key_length", 16),
        own("attention.value_length", 16),
        own("attention.sliding_window", 4),
        own("expert_count", EXPERTS),
        own("expert_used_count", 2),
        own("expert_feed_forward_length", 32),
        key("gpt-oss.rope.scaling.type", 8, &text("yarn")),
        number("gpt-oss.rope.scaling.factor", 32.0),
        own("rope.scaling.original_context_length", 16),
    ]);
    let mut table = Table::new();
    for block in 0..2 {
        let name = |part: &str| format!("blk.{block}.{part}");
        table.norm(&name("attn_norm.weight"), HIDDEN);
        table.norm(&name("post_attention_norm.weight"), HIDDEN);
        table.add(&name("attn_sinks.weight"), &[HEADS]);
        for (part, [cols, rows]) in
            [("q", [HIDDEN, 32]), ("k", [HIDDEN, 16]), ("v", [HIDDEN, 16]), ("output", [32, HIDDEN])]
        {
            table.add(&name(&format!("attn_{part}.weight")), &[cols, rows]);
            table.add(&name(&format!("attn_{part}.bias")), &[rows]);
        }
        table.add(&name("ffn_gate_inp.weight"), &[HIDDEN, EXPERTS]);
        table.add(&name("ffn_gate_inp.bias"), &[EXPERTS]);
        for (part, kind) in [("gate", gate), ("up", up), ("down", F32)] {
            let all = numbers(&mut table.rng, 32 * 32 * EXPERTS);
            table.put(&name(&format!("ffn_{part}_exps.weight")), &[32, 32, EXPERTS], (kind, &all));
            table.add(&name(&format!("ffn_{part}_exps.bias")), &[32, EXPERTS]);
        }
    }
    (keys, table.all)
}

/// Metadata and tensors of a MiniCPM3 of one block.
fn minicpm3() -> (Vec<Vec<u8>>, Vec<Tensor>) {
    let own = |field: &str, value| whole(&format!("minicpm3.{field}"), value);
    let mut keys = metadata("minicpm3", 1);
    keys.extend([
        own("attention.head_count_kv", HEADS),
        own("attention.q_lora_rank", 32),
        own("attention.kv_lora_rank", 32),
        own("attention.key_length", STILL + TURNED),
        own("attention.value_length", VALUE),
        own("rope.dimension_count", TURNED),
    ]);
    let mut table = Table::new();
    table.latents(0);
    table.keys_values(0, Form::Whole(BF16));
    table.dense(0);
    table.all.push(("rope_factors_long.weight", vec![2], F32, [2f32, 3.0].map(f32::to_le_bytes).concat()));
    table.all.push(("rope_factors_short.weight", vec![2], F32, [1f32, 1.5].map(f32::to_le_bytes).concat()));
    (keys, table.all)
}

/// Loads a file and runs it.
fn logits(path: &Path) -> Result<Vec<f32>, ModelError> {
    let checkpoint = Checkpoint::open(path)?;
    let model = Model::load(&checkpoint)?;
    let config = checkpoint.config();
    if config.max_positions > 4096 || config.vocab_size < 40 || config.layers > 2 {
        return Ok(Vec::new());
    }
    Ok(model.logits(&TOKENS)?.data)
}

/// The largest difference, of the largest number.
fn off(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(0f32, |most, one| most.max(one.abs()));
    assert!(largest > 0.0);
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

#[test]
fn both_forms_of_deepseek_are_one_model() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    let mut first: Option<Vec<f32>> = None;
    for (form, held, most) in [
        (Form::Whole(F32), "weight", 0.0),
        (Form::Split(F32, F32), "weight", 0.0),
        (Form::Split(Q8_0, Q8_0), "weight", 0.0),
        (Form::Split(F16, Q8_0), "weight", 0.0),
        (Form::Split(BF16, BF16), "weight", 1e-6),
        (Form::Whole(Q8_0), "q8_0", 1e-6),
    ] {
        let (keys, table) = deepseek(form);
        fs::write(&path, file(&keys, &table))?;
        let checkpoint = Checkpoint::open(&path)?;
        let config = checkpoint.config();
        assert_eq!((config.model_type.as_str(), config.kv_heads, config.head_dim), ("deepseek_v3", 2, 36));
        assert!(checkpoint.has(&format!("model.layers.1.self_attn.kv_b_proj.{held}")), "{form:?}");
        let found = logits(&path)?;
        let off = off(&found, first.get_or_insert_with(|| found.clone()));
        assert!(off <= most, "{form:?}: {off}");
    }
    // Blocks that guess later tokens are left out, as llama.cpp leaves them.
    let (mut keys, mut table) = deepseek(Form::Whole(F32));
    keys[1] = whole("deepseek2.block_count", 3);
    keys.push(whole("deepseek2.nextn_predict_layers", 1));
    table.push(("blk.2.nextn.eh_proj.weight", vec![4], F32, vec![0; 16]));
    table.push(("blk.2.attn_k_b.weight", vec![4], F32, vec![0; 16]));
    fs::write(&path, file(&keys, &table))?;
    assert_eq!(Some(logits(&path)?), first);
    Ok(())
}

#[test]
fn gates_and_ups_of_any_types_are_one_model() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    let mut first: Option<Vec<f32>> = None;
    for (kinds, held, most) in [
        ([F32, F32], "weight", 0.0),
        ([F16, Q8_0], "weight", 0.0),
        ([BF16, BF16], "weight", 1e-6),
        ([Q8_0, Q8_0], "q8_0", 1e-6),
    ] {
        let (keys, table) = gpt_oss(kinds);
        fs::write(&path, file(&keys, &table))?;
        let checkpoint = Checkpoint::open(&path)?;
        assert!(checkpoint.has(&format!("model.layers.1.mlp.experts.3.gate_up_proj.{held}")), "{kinds:?}");
        let windows: Vec<_> = checkpoint.config().blocks.iter().map(|block| block.window).collect();
        assert_eq!(windows, [Some(4), None]);
        let found = logits(&path)?;
        let off = off(&found, first.get_or_insert_with(|| found.clone()));
        assert!(off <= most, "{kinds:?}: {off}");
    }
    // A pattern of another period: all but the last of three have windows.
    let (mut keys, table) = gpt_oss([F32, F32]);
    keys.push(whole("gpt-oss.attention.sliding_window_pattern", 3));
    fs::write(&path, file(&keys, &table))?;
    let windows: Vec<_> = Checkpoint::open(&path)?.config().blocks.iter().map(|block| block.window).collect();
    assert_eq!(windows, [Some(4), Some(4)]);
    Ok(())
}

/// gpt-oss ends messages by one token and replies by others; models without those end replies by the former.
#[test]
fn a_message_of_a_reply_does_not_end_it() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    for (named, ends) in [(["<|end|>", "<|return|>", "<|call|>"], [1, 2].as_slice()), (["<|end|>", "a", "b"], &[0])] {
        let (mut keys, table) = gpt_oss([F32, F32]);
        let texts = named.iter().flat_map(|token| text(token)).collect();
        keys.push(key("tokenizer.ggml.tokens", 9, &list(8, named.len(), texts)));
        let control = named.iter().flat_map(|_| 3u32.to_le_bytes()).collect();
        keys.push(key("tokenizer.ggml.token_type", 9, &list(5, named.len(), control)));
        fs::write(&path, file(&keys, &table))?;
        assert_eq!(Checkpoint::open(&path)?.config().eos, ends);
    }
    Ok(())
}

#[test]
fn what_is_wrong_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    let error = |(keys, table): &(Vec<Vec<u8>>, Vec<Tensor>)| -> Checked<String> {
        fs::write(&path, file(keys, table))?;
        Ok(logits(&path).err().ok_or("it was read")?.to_string())
    };
    for (name, value, says) in [
        ("deepseek2.attention.kv_lora_rank", whole("", 0), "kv_lora_rank"),
        ("deepseek2.attention.key_length_mla", whole("", 4), "is 4 of a head of 4"),
        ("deepseek2.rope.dimension_count", whole("", 0), "rope.dimension_count"),
        ("deepseek2.rope.dimension_count", whole("", 36), "is 36 of a head of 36"),
        ("deepseek2.attention.value_length_mla", whole("", 9), "kv_b_proj"),
        ("deepseek2.expert_gating_func", whole("", 3), "expert_gating_func"),
        ("deepseek2.expert_gating_func", whole("", 1), "exp_probs_b"),
        ("deepseek2.expert_group_count", whole("", 3), "n_group"),
        ("deepseek2.expert_count", whole("", 5), "expert_count"),
        ("deepseek2.nextn_predict_layers", whole("", 2), "nextn_predict_layers"),
        ("deepseek2.attention.temperature_scale", number("", 0.1), "temperature_scale"),
        ("deepseek2.attention.sliding_window", whole("", 8), "sliding_window"),
        ("deepseek2.rope.scaling.type", key("", 8, &text("linear")), "`linear`"),
        ("deepseek2.rope.scaling.yarn_ext_factor", number("", 0.5), "yarn_ext_factor"),
        ("deepseek2.leading_dense_block_count", whole("", 0), "model.layers.0.mlp"),
    ] {
        let (mut keys, table) = deepseek(Form::Split(F32, F32));
        keys.retain(|other| !other.starts_with(&text(name)));
        keys.push([text(name), value[8..].to_vec()].concat());
        let said = error(&(keys, table)).map_err(|error| format!("{name}: {error}"))?;
        assert!(said.contains(says), "{name} {says}: {said}");
    }
    let without = |mut made: (Vec<Vec<u8>>, Vec<Tensor>), name: &str| {
        made.1.retain(|tensor| tensor.0 != name);
        made
    };
    let shaped = |mut made: (Vec<Vec<u8>>, Vec<Tensor>), name: &str, sizes: &[u64]| {
        made.1.iter_mut().filter(|tensor| tensor.0 == name).for_each(|tensor| tensor.1 = sizes.to_vec());
        made
    };
    let split = || deepseek(Form::Split(F32, F32));
    for (made, says) in [
        (without(split(), "blk.1.attn_v_b.weight"), "without the other half of `model.layers.1.self_attn.kv_b_proj"),
        (without(gpt_oss([F32, F32]), "blk.0.ffn_gate_exps.weight"), "`blk.0.ffn_up_exps.weight` lies without"),
        (without(gpt_oss([F32, F32]), "blk.0.attn_sinks.weight"), "self_attn.sinks"),
        (without(minicpm3(), "rope_factors_long.weight"), "LongRoPE"),
        (shaped(split(), "blk.0.attn_k_b.weight", &[32, 64]), "do not fit"),
        (shaped(split(), "blk.0.attn_v_b.weight", &[8, 32, 2]), "do not fit"),
        (shaped(gpt_oss([F32, F32]), "blk.1.ffn_up_exps.weight", &[32, 16, 8]), "expert_count"),
        (shaped(gpt_oss([F32, F32]), "blk.1.ffn_up_exps.weight", &[16, 64, 4]), "do not fit"),
        (shaped(gpt_oss([F32, F32]), "blk.1.ffn_up_exps.bias", &[128]), "expert_count"),
    ] {
        let said = error(&made).map_err(|error| format!("{says}: {error}"))?;
        assert!(said.contains(says), "{says}: {said}");
    }
    let (mut keys, table) = deepseek(Form::Split(F32, F32));
    keys.push(key("deepseek2.attention.sliding_window_pattern", 9, &list(4, 1 << 40, Vec::new())));
    assert!(error(&(keys, table))?.contains("sliding_window_pattern"));
    Ok(())
}

#[test]
fn damaged_files_are_errors() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.gguf");
    let mut files = Vec::new();
    for (keys, table) in
        [deepseek(Form::Split(Q8_0, F16)), deepseek(Form::Whole(Q8_0)), gpt_oss([F16, Q8_0]), minicpm3()]
    {
        let bytes = file(&keys, &table);
        fs::write(&path, &bytes)?;
        assert!(!logits(&path)?.is_empty());
        let tensors = table.iter().map(|(.., content)| content.len().next_multiple_of(32)).sum::<usize>();
        files.push((bytes.len() - tensors, bytes));
    }
    damage_all(&path, &files, &|path| logits(path).map(drop))
}
