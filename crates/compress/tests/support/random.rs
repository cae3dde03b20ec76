//! Checkpoints of random weights, wide enough for blocks of 32.

use std::fs;
use std::path::Path;

use model::arch::linears;
use model::{Checkpoint, Config};
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use super::Checked;

/// Widths of queries' and keys' latents.
const LATENT: usize = 64;
const HIDDEN: usize = 96;

/// The settings of a small model of an architecture whose linears all have multiples of 32 inputs, as llama.cpp has them.
pub fn settings(model_type: &str) -> Value {
    let mut all = json!({
        "model_type": model_type, "vocab_size": 160, "hidden_size": HIDDEN, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "max_position_embeddings": 256,
        "tie_word_embeddings": false, "torch_dtype": "float32", "eos_token_id": 2,
    });
    let latents = json!({"q_lora_rank": LATENT, "kv_lora_rank": LATENT, "qk_nope_head_dim": 32, "qk_rope_head_dim": 16,
        "v_head_dim": 32});
    let yarn = json!({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "mscale": 1.0,
        "mscale_all_dim": 1.0});
    let own = match model_type {
        "gpt_oss" => json!({"head_dim": 32, "num_key_value_heads": 1, "num_local_experts": 4, "num_experts_per_tok": 2,
            "sliding_window": 8, "rope_scaling": null}),
        "deepseek_v3" => json!({"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
            "n_shared_experts": 2, "first_k_dense_replace": 1, "n_group": 2, "topk_group": 1, "rope_scaling": yarn}),
        "deepseek_v2" => json!({"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
            "n_shared_experts": 1, "first_k_dense_replace": 1, "rope_scaling": yarn}),
        _ => json!({}),
    };
    let latents = if model_type == "gpt_oss" { json!({}) } else { latents };
    for (field, value) in [latents, own].iter().filter_map(Value::as_object).flatten() {
        all[field] = value.clone();
    }
    all
}

/// YaRN with all that lets cosines, sines and scores of DeepSeek grow.
pub fn yarns() -> Vec<Value> {
    let with = |more: Value| {
        let mut all = json!({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64});
        for (field, value) in more.as_object().into_iter().flatten() {
            all[field] = value.clone();
        }
        all
    };
    [
        json!({"mscale": 0.707, "mscale_all_dim": 0.707}),
        json!({"mscale": 0.707, "mscale_all_dim": 1.0}),
        json!({"mscale": 1.0}),
        json!({"mscale_all_dim": 1.0}),
        json!({}),
        json!({"attention_factor": 1.2, "mscale_all_dim": 0.5}),
        json!({"attention_factor": 1.0}),
    ]
    .map(with)
    .into()
}

/// Writes such a model, in f32.
pub fn write(folder: &Path, config: &Value) -> Checked<Checkpoint> {
    fs::create_dir_all(folder)?;
    let path = folder.join("config.json");
    fs::write(&path, config.to_string())?;
    let mut rng = record::Rng::new(3);
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, shape) in shapes(&Config::from_json(config, &path)?) {
        let spread = (shape.last().copied().unwrap_or(1) as f64).powf(-0.5);
        let mut value = || match shape.len() {
            1 if name.contains("norm") => 0.75 + 0.5 * rng.uniform(),
            1 => 0.2 * (rng.uniform() - 0.5),
            _ => 4.0 * spread * (rng.uniform() - 0.5),
        };
        let bytes = (0..shape.iter().product::<usize>()).flat_map(|_| (value() as f32).to_le_bytes()).collect();
        tensors.push((name, shape, bytes));
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(model::Dtype::F32, shape.clone(), bytes)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None)?)?;
    Ok(Checkpoint::open(folder)?)
}

/// Every tensor by name and shape.
fn shapes(config: &Config) -> Vec<(String, Vec<usize>)> {
    let mut all = vec![
        ("model.embed_tokens.weight".to_owned(), vec![config.vocab_size, config.hidden_size]),
        ("model.norm.weight".to_owned(), vec![config.hidden_size]),
        ("lm_head.weight".to_owned(), vec![config.vocab_size, config.hidden_size]),
    ];
    let gpt_oss = config.model_type == "gpt_oss";
    for linear in linears(config) {
        let (rows, cols) = linear.shape;
        all.push((format!("{}.weight", linear.name), vec![rows, cols]));
        all.extend(gpt_oss.then(|| (format!("{}.bias", linear.name), vec![rows])));
    }
    let experts = config.experts.map_or(0, |experts| experts.count);
    for (layer, block) in config.blocks.iter().enumerate() {
        let mut add = |name: &str, shape: &[usize]| all.push((format!("model.layers.{layer}.{name}"), shape.to_vec()));
        add("input_layernorm.weight", &[config.hidden_size]);
        add("post_attention_layernorm.weight", &[config.hidden_size]);
        if let Some(latent) = config.latent {
            add("self_attn.kv_a_layernorm.weight", &[latent.keys_values]);
            add("self_attn.q_a_layernorm.weight", &[latent.queries.unwrap_or(1)]);
        }
        if gpt_oss {
            add("self_attn.sinks", &[config.heads]);
            add("mlp.router.weight", &[experts, config.hidden_size]);
            add("mlp.router.bias", &[experts]);
        } else if block.sparse {
            add("mlp.gate.weight", &[experts, config.hidden_size]);
        }
        if block.sparse && config.model_type == "deepseek_v3" {
            add("mlp.gate.e_score_correction_bias", &[experts]);
        }
    }
    all
}
