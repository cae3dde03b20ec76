//! Architectures whose queries, keys and values are made of latents, as llama.cpp reads them: MiniCPM3 and DeepSeek.

use model::{Checkpoint, Config, RopeScaling, Scoring};
use serde_json::Value;

use super::metadata::{Metadata, Split};

/// Adds the widths of heads and latents. What llama.cpp keeps of a token is the latent where keys and values are `split`.
pub(super) fn heads(all: &mut Metadata, name: &str, config: &Config) {
    let Some(latent) = config.latent else { return };
    let key = |field: &str| format!("{name}.attention.{field}");
    all.whole(&key("kv_lora_rank"), latent.keys_values as u32);
    // Of none, llama.cpp wants to be told.
    all.whole(&key("q_lora_rank"), latent.queries.unwrap_or(0) as u32);
    let (keys, values) = (config.head_dim as u32, config.value_dim as u32);
    if all.split.is_none() {
        all.whole(&key("head_count_kv"), config.kv_heads as u32);
        all.whole(&key("key_length"), keys);
        all.whole(&key("value_length"), values);
        return;
    }
    all.whole(&key("head_count_kv"), 1);
    all.whole(&key("key_length"), (latent.keys_values + latent.turned) as u32);
    all.whole(&key("value_length"), latent.keys_values as u32);
    all.whole(&key("key_length_mla"), keys);
    all.whole(&key("value_length_mla"), values);
}

/// How a checkpoint's keys and values are cut apart, where none of their linears is quantized: blocks lie along rows, and keys
/// are turned.
pub(super) fn split(checkpoint: &Checkpoint, quantized: bool) -> Option<Split> {
    let config = checkpoint.config();
    let latent = config.latent.filter(|_| config.model_type.starts_with("deepseek"))?;
    let dense = |layer| checkpoint.has(&format!("model.layers.{layer}.self_attn.kv_b_proj.weight"));
    let split = !quantized && (0..config.layers).all(dense);
    split.then_some(Split { heads: config.heads, key: latent.still, value: config.value_dim })
}

/// What a file cannot say of MiniCPM3 must be as llama.cpp has it.
pub(super) fn minicpm3(config: &Config) -> Result<(), String> {
    let near = |value: f32, usual: f32| (value / usual - 1.0).abs() < 1e-5;
    let own = &config.blocks[0];
    let refuse = |what: &str| Err(format!("a minicpm3 with {what}"));
    match () {
        () if config.latent.is_none_or(|latent| latent.queries.is_none()) => refuse("no q_lora_rank"),
        () if !near(config.embedding_scale, 12.0) => refuse("another scale_emb than 12"),
        () if !near(own.residual, 1.4 / (config.layers as f32).sqrt()) => refuse("another scale_depth than 1.4"),
        () if !near(config.logits.scale, 256.0 / config.hidden_size as f32) => {
            refuse("another dim_model_base than 256")
        }
        () if config.qkv_bias || config.output_bias || config.mlp_bias => refuse("attention_bias or mlp_bias"),
        () => Ok(()),
    }
}

/// Adds DeepSeek's experts and how scores grow with YaRN; what a file cannot say must be as llama.cpp has it.
pub(super) fn deepseek(all: &mut Metadata, checkpoint: &Checkpoint) -> Result<(), String> {
    let config = checkpoint.config();
    let refuse = |what: &str| Err(format!("a {} with {what}", config.model_type));
    if !config.rope.pairs {
        return refuse("rope_interleave false");
    }
    if config.qkv_bias || config.output_bias {
        return refuse("attention_bias");
    }
    let dense = config.blocks.iter().take_while(|block| !block.sparse).count();
    all.whole("deepseek2.leading_dense_block_count", dense as u32);
    if let Some(experts) = config.experts {
        let sigmoid = experts.scoring == Scoring::Sigmoid;
        all.whole("deepseek2.expert_gating_func", if sigmoid { 2 } else { 1 });
        all.flag("deepseek2.expert_weights_norm", experts.normalize);
        all.number("deepseek2.expert_weights_scale", experts.scale);
        let shared = experts.shared.unwrap_or(0);
        if shared == 0 && dense < config.layers {
            return refuse("no n_shared_experts");
        }
        all.whole("deepseek2.expert_shared_count", (shared / experts.width.max(1)) as u32);
        if let Some(groups) = experts.groups.filter(|groups| groups.count > 1) {
            if groups.rank_by != 2 {
                // llama.cpp ranks groups by the sum of two.
                return refuse("topk_method group_limited_greedy");
            }
            all.whole("deepseek2.expert_group_count", groups.count as u32);
            all.whole("deepseek2.expert_group_used_count", groups.kept as u32);
        }
    }
    yarn(all, checkpoint);
    Ok(())
}

/// llama.cpp multiplies cosines and sines by `attn_factor`, scores by its square and by that of `1 + 0.1 m ln s`; where m is 0,
/// the former by `1 + 0.1 ln s` too. The file has a tenth of m.
fn yarn(all: &mut Metadata, checkpoint: &Checkpoint) {
    let RopeScaling::Yarn(yarn) = checkpoint.config().rope.scaling else { return };
    let rope = |field: &str| {
        let json = checkpoint.config_json();
        json[field].as_object().filter(|inner| !inner.is_empty()).map(|inner| inner.get("mscale_all_dim"))
    };
    let said =
        rope("rope_scaling").or_else(|| rope("rope_parameters")).flatten().and_then(Value::as_f64).unwrap_or(0.0);
    let log = if yarn.factor > 1.0 { 0.1 * yarn.factor.ln() } else { 0.0 };
    let turns = f64::from(yarn.attention_factor);
    let turns = if (turns - 1.0).abs() < 1e-6 { 1.0 } else { turns };
    let scores = (1.0 + said * log) / turns;
    let multiplier = if log > 0.0 { (scores - 1.0) / log } else { 0.0 };
    let still = multiplier.abs() < 1e-6;
    let own = if still { turns / (1.0 + log) } else { turns };
    if own != 1.0 {
        all.number("deepseek2.rope.scaling.attn_factor", own as f32);
    }
    if !still {
        all.number("deepseek2.rope.scaling.yarn_log_multiplier", (0.1 * multiplier) as f32);
    }
}
