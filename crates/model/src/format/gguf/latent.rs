//! The settings of architectures whose queries, keys and values are made of latents, and of gpt-oss.

use serde_json::{Map, Value as Json, json};

use super::parse::Value;
use super::settings::Keys;
use crate::ModelError;
use crate::decoder::rope::growth;

/// Whether YaRN's ramp has whole ends, in gpt-oss, where this program wrote the file: a flag. Without it they are as they fall.
pub const ROPE_TRUNCATE: &str = "acbench.rope_truncate";

/// How many of the last blocks guess later tokens.
const GUESSING: &str = "nextn_predict_layers";

/// Whether a tensor is of a block that the folder does not have, of `blocks` that it has.
pub(super) fn guesses(keys: Keys<'_, '_>, name: &str, blocks: &Json) -> bool {
    let block = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')?.0.parse::<u64>().ok());
    keys.whole(GUESSING).is_some_and(|count| count > 0) && block >= blocks.as_u64() && block.is_some()
}

/// Adds the widths of latents and heads. Gives how many numbers of a head turn.
pub(super) fn heads(config: &mut Map<String, Json>, keys: Keys<'_, '_>) -> Result<i128, ModelError> {
    let whole = |field: &str| keys.whole(field).filter(|&value| value > 0);
    let needed = |field: &str| whole(field).ok_or_else(|| keys.bad(field, "is no width of a latent or of heads"));
    let latent = needed("attention.kv_lora_rank")?;
    // Newer files have widths of the latent under the plain names, and those of heads under these.
    let key = match whole("attention.key_length_mla") {
        Some(key) => key,
        None => needed("attention.key_length")?,
    };
    let heads = keys.whole("attention.head_count").unwrap_or(1).max(1);
    let hidden = keys.whole("embedding_length").unwrap_or(1);
    let value = match whole("attention.value_length_mla") {
        Some(value) => value,
        None => whole("attention.value_length").unwrap_or(hidden / heads),
    };
    let turned = needed("rope.dimension_count")?;
    let still = key - turned;
    if still < 1 {
        return Err(keys.bad("rope.dimension_count", &format!("is {turned} of a head of {key} numbers")));
    }
    let size = |value: i128| json!(i64::try_from(value).unwrap_or(0));
    config.insert("q_lora_rank".into(), whole("attention.q_lora_rank").map_or(Json::Null, size));
    for (field, value) in [
        ("kv_lora_rank", latent),
        ("qk_nope_head_dim", still),
        ("qk_rope_head_dim", turned),
        ("v_head_dim", value),
        // Newer files have one of the latent.
        ("num_key_value_heads", heads),
    ] {
        config.insert(field.into(), size(value));
    }
    Ok(turned)
}

/// MiniCPM3's factors, which no key says: llama.cpp has them as they are in the published model.
pub(super) fn minicpm3(config: &mut Map<String, Json>) {
    for (field, factor) in [("scale_emb", 12.0), ("scale_depth", 1.4), ("dim_model_base", 256.0)] {
        config.insert(field.into(), json!(factor));
    }
}

/// DeepSeek's experts: how many see every row, how they are chosen, and which blocks have them.
pub(super) fn deepseek(config: &mut Map<String, Json>, keys: Keys<'_, '_>) -> Result<(), ModelError> {
    let sigmoid = config["model_type"] == "deepseek_v3";
    if !sigmoid && keys.number("expert_gating_func").is_some_and(|how| how != 0.0 && how != 1.0) {
        let what = format!("experts chosen otherwise than by softmax or sigmoid (`{}.expert_gating_func`)", keys.name);
        return Err(keys.file.unsupported(what, "use a model of DeepSeek's own ways"));
    }
    let normalized = keys.number("expert_weights_norm").is_some_and(|norm| norm != 0.0);
    if !sigmoid && normalized {
        let what = format!(
            "experts chosen by softmax whose weights are made to sum to 1 (`{}.expert_weights_norm`)",
            keys.name
        );
        return Err(keys.file.unsupported(what, "use a model of DeepSeek's own ways"));
    }
    let whole = |field: &str| keys.whole(field).and_then(|value| i64::try_from(value).ok());
    // Blocks that guess later tokens come last, and are left out.
    let blocks = whole("block_count").unwrap_or(0).saturating_sub(whole(GUESSING).unwrap_or(0));
    if blocks < 1 {
        return Err(keys.bad(GUESSING, "leaves no block"));
    }
    config.insert("num_hidden_layers".into(), json!(blocks));
    let dense = match config.remove("num_experts").filter(|count| *count != 0) {
        Some(count) => {
            config.insert("n_routed_experts".into(), count);
            whole("leading_dense_block_count").unwrap_or(0)
        }
        None => blocks,
    };
    config.insert("first_k_dense_replace".into(), json!(dense));
    config.insert("n_shared_experts".into(), json!(whole("expert_shared_count").unwrap_or(0)));
    config.insert("norm_topk_prob".into(), json!(normalized));
    let scale = keys.number("expert_weights_scale").filter(|&scale| scale != 0.0);
    config.insert("routed_scaling_factor".into(), json!(scale.unwrap_or(1.0)));
    // Older files do not say that there are groups, and llama.cpp runs them without.
    let groups = whole("expert_group_count").filter(|&count| count > 1);
    let kept = whole("expert_group_used_count").filter(|_| groups.is_some());
    config.insert("n_group".into(), json!(groups.unwrap_or(1)));
    config.insert("topk_group".into(), json!(kept.unwrap_or(1)));
    let softmax = if groups.is_some() { "group_limited_greedy" } else { "greedy" };
    config.insert("topk_method".into(), json!(if sigmoid { "noaux_tc" } else { softmax }));
    Ok(())
}

/// How DeepSeek's scores grow with YaRN. `turns` is what llama.cpp multiplies cosines and sines by, and by the same again
/// scores, beside `1 + 0.1 m ln s`.
pub(super) fn deepseek_yarn(scaling: &mut Map<String, Json>, keys: Keys<'_, '_>, factor: Option<f64>) {
    let Some(factor) = factor.filter(|&factor| factor > 1.0) else { return };
    let own = keys.number("rope.scaling.attn_factor").filter(|&own| own > 0.0).unwrap_or(1.0);
    // Converters write a tenth of what the formula takes.
    let all = keys.number("rope.scaling.yarn_log_multiplier").unwrap_or(0.0) / 0.1;
    if own == 1.0 && all != 0.0 {
        scaling.insert("mscale".into(), json!(all));
        scaling.insert("mscale_all_dim".into(), json!(all));
        return;
    }
    let turns = if all == 0.0 { own * growth(factor, 1.0) } else { own };
    let scores = turns * growth(factor, all);
    scaling.insert("attention_factor".into(), json!(turns));
    scaling.insert("mscale_all_dim".into(), json!((scores - 1.0) / (0.1 * factor.ln())));
}

/// What gpt-oss's files do not say: where its experts are cut, and that YaRN's ramp has no whole ends.
pub(super) fn gpt_oss(config: &mut Map<String, Json>, keys: Keys<'_, '_>) {
    config.insert("swiglu_limit".into(), json!(7.0));
    config.insert("swiglu_alpha".into(), json!(1.702));
    let whole_ends = matches!(keys.file.metadata.get(ROPE_TRUNCATE), Some(Value::Flag(true)));
    if let Some(Json::Object(scaling)) = config.get_mut("rope_scaling")
        && scaling.get("rope_type").is_some_and(|kind| kind == "yarn")
    {
        scaling.insert("truncate".into(), json!(whole_ends));
    }
}
