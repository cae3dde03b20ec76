//! Quantized checkpoints as people have them: what is read is what was stored, and what is wrong is named.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use model::{Activation, Checkpoint, Dtype, Model, Part};
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;
type Stored = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

const LINEARS: [(&str, usize, usize); 7] = [
    ("self_attn.q_proj", 32, 32),
    ("self_attn.k_proj", 16, 32),
    ("self_attn.v_proj", 16, 32),
    ("self_attn.o_proj", 32, 32),
    ("mlp.gate_proj", 48, 32),
    ("mlp.up_proj", 48, 32),
    ("mlp.down_proj", 32, 48),
];

fn config() -> Value {
    json!({"model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "tie_word_embeddings": true})
}

fn f32s(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Everything but the linears; `linear` adds each of those: its name, `[out, in]`, and random numbers.
fn tensors(mut linear: impl FnMut(&mut Stored, &str, (usize, usize), &mut record::Rng)) -> Stored {
    let (mut all, mut rng) = (Stored::new(), record::Rng::new(7));
    let embedding = f32s((0..64 * 32).map(|_| rng.uniform() as f32 - 0.5));
    all.insert("model.embed_tokens.weight".into(), (Dtype::F32, vec![64, 32], embedding));
    let ones = || (Dtype::F32, vec![32], f32s([1.0; 32]));
    all.insert("model.norm.weight".into(), ones());
    for layer in 0..2 {
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            all.insert(format!("model.layers.{layer}.{norm}.weight"), ones());
        }
        for (name, rows, cols) in LINEARS {
            linear(&mut all, &format!("model.layers.{layer}.{name}"), (rows, cols), &mut rng);
        }
    }
    all
}

fn write(folder: &Path, config: &Value, tensors: &Stored) -> Checked<()> {
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| Ok((name.clone(), TensorView::new(*dtype, shape.clone(), bytes)?)));
    let views = views.collect::<Checked<Vec<_>>>()?;
    fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None)?)?;
    Ok(fs::write(folder.join("config.json"), config.to_string())?)
}

fn load(folder: &Path) -> Checked<Model> {
    Ok(Model::load(&Checkpoint::open(folder)?)?)
}

/// The bits and group size that the rules below give a linear; `None` where it stays dense.
fn rule(name: &str) -> Option<(usize, usize)> {
    match name {
        name if name.contains(".1.mlp.down_proj") => None,
        name if name.contains(".mlp.") => Some((8, 16)),
        name if name.ends_with("q_proj") => Some((4, 16)),
        _ => Some((4, 32)),
    }
}

/// Adds a GPTQ linear of random integers with zero points in the middle, and notes the weight that they stand for.
fn gptq(all: &mut Stored, dense: &mut Stored, name: &str, (rows, cols): (usize, usize), rng: &mut record::Rng) {
    let weight = |values: Vec<f32>| (Dtype::F32, vec![rows, cols], f32s(values));
    let Some((bits, group)) = rule(name) else {
        let values = weight((0..rows * cols).map(|_| rng.uniform() as f32 - 0.5).collect());
        dense.insert(format!("{name}.weight"), values.clone());
        all.insert(format!("{name}.weight"), values);
        return;
    };
    let (groups, middle) = (cols.div_ceil(group), 1u32 << (bits - 1));
    let codes: Vec<u32> = (0..rows * cols).map(|_| rng.between(0, (1 << bits) - 1) as u32).collect();
    let scales: Vec<f32> =
        (0..groups * rows).map(|_| (1.0 + rng.uniform() as f32) / (8 << (bits - 3)) as f32).collect();
    let mut words = vec![0u32; cols * bits / 32 * rows];
    for (at, code) in codes.iter().enumerate() {
        let (row, col) = (at / cols, at % cols);
        words[col * bits / 32 * rows + row] |= code << (col * bits % 32);
    }
    let zero = (0..32 / bits).fold(0u32, |word, at| word | (middle - 1) << (at * bits));
    let i32s = |words: Vec<u32>| words.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
    let mut add = |suffix: &str, value| all.insert(format!("{name}.{suffix}"), value);
    add("qweight", (Dtype::I32, vec![cols * bits / 32, rows], i32s(words)));
    add("qzeros", (Dtype::I32, vec![groups, rows * bits / 32], i32s(vec![zero; groups * rows * bits / 32])));
    add("scales", (Dtype::F32, vec![groups, rows], f32s(scales.iter().copied())));
    add("g_idx", (Dtype::I32, vec![cols], i32s((0..cols).map(|col| (col / group) as u32).collect())));
    let values = codes
        .iter()
        .enumerate()
        .map(|(at, &code)| (code as i32 - middle as i32) as f32 * scales[at % cols / group * rows + at / cols]);
    dense.insert(format!("{name}.weight"), weight(values.collect()));
}

fn rules() -> Value {
    json!({"-:.*\\.1\\.mlp\\.down_proj": {}, "+:.*\\.mlp\\..*": {"bits": 8, "group_size": 16},
        ".*q_proj": {"group_size": 16}, "+:.*q_proj": {"bits": 2}})
}

#[test]
fn gptq_has_settings_for_single_modules_and_may_stand_in_a_file_of_its_own() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let mut dense = Stored::new();
    let stored = tensors(|all, name, shape, rng| gptq(all, &mut dense, name, shape, rng));
    dense.extend(stored.iter().filter(|(name, _)| !name.contains("_proj")).map(|(n, t)| (n.clone(), t.clone())));
    write(here, &config(), &dense)?;
    let tokens = [3, 9, 1, 60, 33];
    let expected = load(here)?.logits(&tokens)?.data;
    let near = |data: &[f32]| data.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4);

    let said = json!({"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": false, "dynamic": rules()});
    let mut inside = config();
    inside["quantization_config"] = said.clone();
    write(here, &inside, &stored)?;
    let model = load(here)?;
    assert!(near(&model.logits(&tokens)?.data));
    let kinds: Vec<String> = model.blocks[1].linears().iter().map(|linear| linear.weight.kind()).collect();
    assert_eq!(kinds, ["int4", "int4", "int4", "int4", "int8", "int8", "f32"]);
    let of_config = Checkpoint::open(here)?.digest()?;

    write(here, &config(), &stored)?;
    let error = load(here).err().ok_or("it loads")?.to_string();
    assert!(error.contains("self_attn.q_proj`, but says nothing of their format"), "{error}");
    let old = json!({"bits": 4, "group_size": 32, "desc_act": false, "damp_percent": 0.01, "dynamic": rules()});
    fs::write(here.join("quantize_config.json"), old.to_string())?;
    assert!(near(&load(here)?.logits(&tokens)?.data));
    assert!(Checkpoint::open(here)?.digest()? != of_config, "the file is part of the checkpoint");
    fs::write(here.join("quantize_config.json"), json!({"bits": 5, "group_size": 32}).to_string())?;
    let error = load(here).err().ok_or("it loads")?.to_string();
    assert!(error.contains("quantize_config.json asks for GPTQ weights of 5 bits"), "{error}");

    // A rule that says a packed linear is dense contradicts the file.
    let mut wrong = inside.clone();
    wrong["quantization_config"]["dynamic"] = json!({"-:.*k_proj": {}, ".*q_proj": {"group_size": 16}});
    write(here, &wrong, &stored)?;
    let error = load(here).err().ok_or("it loads")?.to_string();
    assert!(error.contains("k_proj.qweight") && error.contains("`dynamic` says"), "{error}");
    Ok(())
}

/// Adds a linear in FP8 with a scale for each block of 16 outputs and 24 inputs.
fn fp8(all: &mut Stored, name: &str, scale: &str, (rows, cols): (usize, usize), rng: &mut record::Rng) {
    let codes = (0..rows * cols).map(|_| model::fp8::encode((rng.uniform() as f32 - 0.5) * 100.0)).collect();
    let grid = vec![rows.div_ceil(16), cols.div_ceil(24)];
    let scales = f32s((0..grid[0] * grid[1]).map(|at| 0.001 * (at + 1) as f32));
    all.insert(format!("{name}.weight"), (Dtype::F8_E4M3, vec![rows, cols], codes));
    all.insert(format!("{name}.{scale}"), (Dtype::F32, grid, scales));
}

#[test]
fn blocks_of_8_bit_floats_are_read_in_both_formats() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let mut found = Vec::new();
    for (scale, said) in [
        (
            "weight_scale_inv",
            json!({"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [16, 24]}),
        ),
        (
            "weight_scale",
            json!({"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"],
                "sparsity_config": {"format": "dense", "global_sparsity": 0.1},
                "config_groups": {"group_0": {"targets": ["re:.*(?<!lm_head)$"],
                    "weights": {"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [16, 24]},
                    "input_activations":
                        {"num_bits": 8, "type": "float", "strategy": "group", "group_size": 24, "dynamic": true}}}}),
        ),
    ] {
        let mut config = config();
        config["quantization_config"] = said;
        write(folder.path(), &config, &tensors(|all, name, shape, rng| fp8(all, name, scale, shape, rng)))?;
        let model = load(folder.path())?;
        let (down, _) = model.blocks[0].part(Part::Down, 0).ok_or("no down")?;
        assert_eq!((down.activation, down.weight.kind().as_str()), (Some(Activation::Fp8Groups(24)), "fp8"));
        let widened = down.weight.to_f32();
        let checkpoint = Checkpoint::open(folder.path())?;
        let codes = checkpoint.tensor("model.layers.0.mlp.down_proj.weight")?.bytes;
        for (row, col) in [(0, 0), (15, 23), (15, 24), (16, 23), (31, 47)] {
            let scale = 0.001 * (row / 16 * 2 + col / 24 + 1) as f32;
            assert_eq!(widened.row(row)[col], model::fp8::decode(codes[row * 48 + col]) * scale, "{row} {col}");
        }
        found.push(model.logits(&[1, 2, 3])?.data);
    }
    assert!(found[0] == found[1] && found[0].iter().all(|logit| logit.is_finite()));
    Ok(())
}

#[test]
fn one_scale_for_a_whole_weight_is_read_and_inputs_may_have_a_fixed_one() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for (scheme, expected) in [("dynamic", Activation::Fp8), ("static", Activation::StaticFp8(0.25))] {
        let stored = tensors(|all, name, (rows, cols), _| {
            all.insert(format!("{name}.weight"), (Dtype::F8_E4M3, vec![rows, cols], vec![0x38; rows * cols]));
            all.insert(format!("{name}.weight_scale"), (Dtype::F32, vec![], f32s([0.5])));
            all.insert(format!("{name}.input_scale"), (Dtype::F32, vec![1], f32s([0.25])));
        });
        let mut config = config();
        config["quantization_config"] = json!({"quant_method": "fp8", "activation_scheme": scheme});
        write(folder.path(), &config, &stored)?;
        let model = load(folder.path())?;
        let (output, _) = model.blocks[1].part(Part::Output, 0).ok_or("no output")?;
        assert_eq!(output.activation, Some(expected));
        assert!(output.weight.to_f32().data.iter().all(|&weight| weight == 0.5));
    }
    Ok(())
}

#[test]
fn what_is_wrong_with_a_quantization_is_named() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let block = |said: Value| {
        json!({"quant_method": "compressed-tensors", "format": "float-quantized",
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": said}}})
    };
    for (said, says) in [
        (json!({"quant_method": "bitsandbytes"}), "quantization method `bitsandbytes`"),
        (json!({"load_in_4bit": true}), "without `quant_method`"),
        (json!({"quant_method": "fp8", "weight_block_size": [128]}), "`weight_block_size` of [128]"),
        (json!({"quant_method": "fp8", "weight_block_size": [16, 0]}), "`weight_block_size` of [16,0]"),
        (json!({"quant_method": "fp8", "weight_block_size": [8, 8]}), "weight_scale_inv` should be [4, 4]"),
        (json!({"quant_method": "fp8", "activation_scheme": "odd"}), "`activation_scheme` `odd`"),
        (json!({"quant_method": "fp8", "activation_scheme": "static", "weight_block_size": [16, 24]}), "input_scale"),
        (json!({"quant_method": "fp8", "scale_fmt": "ue8m0"}), "`scale_fmt` `ue8m0`"),
        (json!({"quant_method": "gptq", "bits": 4, "group_size": 32, "is_marlin_format": true}), "is_marlin_format"),
        (json!({"quant_method": "gptq", "bits": 4}), "without `bits` or `group_size`"),
        (json!({"w_bit": 3, "q_group_size": 128}), "AWQ weights of 3 bits"),
        (block(json!({"num_bits": 8, "type": "float", "strategy": "block"})), "`block_structure` of null"),
        (
            json!({"quant_method": "compressed-tensors", "sparsity_config": {"format": "sparse-24-bitmask"}}),
            "`sparsity_config` of compressed-tensors with format `sparse-24-bitmask`",
        ),
    ] {
        let mut config = config();
        config["quantization_config"] = said.clone();
        let stored = tensors(|all, name, shape, rng| fp8(all, name, "weight_scale_inv", shape, rng));
        write(folder.path(), &config, &stored)?;
        let error = load(folder.path()).err().ok_or_else(|| said.to_string())?.to_string();
        assert!(error.contains(says), "{said}: {error}");
    }
    Ok(())
}
