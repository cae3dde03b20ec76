//! The settings of the decoder, as `config.json` has them.

use serde_json::{Map, Value as Json, json};

use super::kind::Kind;
use super::latent;
use super::names::{Family, Traits};
use super::parse::{File, Tensor, Value};
use super::rope;
use super::vocabulary::stop_tokens;
use crate::ModelError;

/// Keys after the architecture's name, fields of `config.json`, and whether a file must have them.
const FIELDS: &[(&str, &str, bool)] = &[
    ("embedding_length", "hidden_size", true),
    ("feed_forward_length", "intermediate_size", true),
    ("block_count", "num_hidden_layers", true),
    ("attention.head_count", "num_attention_heads", true),
    ("attention.head_count_kv", "num_key_value_heads", false),
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps", true),
    ("context_length", "max_position_embeddings", true),
    ("expert_count", "num_experts", false),
    ("expert_used_count", "num_experts_per_tok", false),
    ("expert_feed_forward_length", "moe_intermediate_size", false),
    ("expert_shared_feed_forward_length", "shared_expert_intermediate_size", false),
];

/// Settings that none of the known architectures have: what would change numbers is refused. A key, and what it may be all
/// the same.
const FOREIGN: &[(&str, f64)] = &[
    ("attention.scale", 0.0),
    ("attention.clamp_kqv", 0.0),
    ("attention.max_alibi_bias", 0.0),
    ("attention.shared_kv_layers", 0.0),
    ("attn_logit_softcapping", 0.0),
    ("final_logit_softcapping", 0.0),
    ("embedding_scale", 1.0),
    ("residual_scale", 1.0),
    ("logit_scale", 1.0),
    ("use_parallel_residual", 0.0),
    ("expert_shared_count", 0.0),
    ("expert_group_count", 0.0),
    ("expert_weights_scale", 1.0),
    ("expert_gating_func", 1.0),
    ("leading_dense_block_count", 0.0),
    ("nextn_predict_layers", 0.0),
    ("attention.temperature_scale", 0.0),
    ("swiglu_clamp_exp", 0.0),
    ("swiglu_clamp_shexp", 0.0),
];

/// `expert_gating_func` of experts that are scored by sigmoids.
const SIGMOID: f64 = 2.0;

/// The keys of one architecture.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a, 'f> {
    pub file: &'a File<'f>,
    /// `general.architecture`
    pub name: &'a str,
}

impl<'a, 'f> Keys<'a, 'f> {
    pub fn of(file: &'a File<'f>) -> Result<Self, ModelError> {
        match file.metadata.get("general.architecture") {
            Some(Value::Text(name)) => Ok(Self { file, name }),
            _ => Err(file.damaged("it has no text `general.architecture`")),
        }
    }

    pub fn get(&self, field: &str) -> Option<&'a Value<'f>> {
        self.file.metadata.get(format!("{}.{field}", self.name).as_str())
    }

    /// A whole number; of a list, what all of its entries are.
    pub fn whole(&self, field: &str) -> Option<i128> {
        match self.get(field)? {
            Value::Whole(value) => Some(*value),
            Value::Wholes(all) => {
                all.first().filter(|first| all.iter().all(|one| one == *first)).map(|&one| one.into())
            }
            _ => None,
        }
    }

    /// A number, whole or not.
    pub fn number(&self, field: &str) -> Option<f64> {
        match self.get(field)? {
            Value::Number(value) => Some(*value),
            Value::Whole(value) => Some(*value as f64),
            Value::Flag(flag) => Some(f64::from(u8::from(*flag))),
            _ => None,
        }
    }

    /// The error that a key is wrong.
    pub fn bad(&self, field: &str, why: &str) -> ModelError {
        self.file.damaged(format!("`{}.{field}` {why}", self.name))
    }

    /// What tells architectures of one name apart.
    pub fn family(&self) -> Result<&'static Family, ModelError> {
        let traits = Traits {
            experts: self.whole("expert_count").unwrap_or(0) > 0,
            window: self.window().is_some(),
            // Files that do not say have a correction where it is so.
            sigmoid: match self.number("expert_gating_func").filter(|&how| how != 0.0) {
                Some(how) => how == SIGMOID,
                None => self.file.tensors.iter().any(|tensor| tensor.name.ends_with(".exp_probs_b.bias")),
            },
        };
        Family::of_file(self.name, traits).ok_or_else(|| {
            let mut kinds: Vec<Kind> = self.file.tensors.iter().map(|tensor| tensor.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let kinds: Vec<&str> = kinds.into_iter().map(Kind::name).collect();
            self.file.unsupported(
                format!("the GGUF architecture `{}`", self.name),
                &format!(
                    "its block types ({}) are, and `acbench inspect` says what it holds; models of {} can be run",
                    kinds.join(", "),
                    Family::names().join(", ")
                ),
            )
        })
    }

    fn window(&self) -> Option<i128> {
        self.whole("attention.sliding_window").filter(|&size| size > 0)
    }
}

/// The content of `config.json`.
pub(super) fn config(keys: Keys<'_, '_>, family: &Family) -> Result<Json, ModelError> {
    check_foreign(keys, family)?;
    let mut config = Map::new();
    config.insert("architectures".into(), json!([family.class]));
    config.insert("model_type".into(), json!(family.model_type));
    for &(field, called, needed) in FIELDS {
        match keys.get(field) {
            Some(value) => drop(config.insert(called.to_owned(), json(value))),
            None if needed => return Err(keys.file.damaged(format!("it has no `{}.{field}`", keys.name))),
            None => {}
        }
    }
    let embedding = check_sizes(keys, family)?;
    let head = if family.latents() { latent::heads(&mut config, keys)? } else { heads(&mut config, keys)? };
    rope::add(&mut config, keys, (family, head))?;
    windows(&mut config, keys, family)?;
    experts(&mut config, keys, family)?;
    biases(&mut config, keys.file, family);
    config.insert("vocab_size".into(), json!(embedding.sizes.get(1).copied().unwrap_or(1)));
    config.insert("tie_word_embeddings".into(), json!(keys.file.tensor("output.weight").is_none()));
    match family.norms_one_more {
        true => gemma(&mut config, keys, family),
        false => drop(config.insert("hidden_act".into(), json!("silu"))),
    }
    match family.name {
        "granite" => granite(&mut config, keys),
        "minicpm3" => latent::minicpm3(&mut config),
        // llama.cpp knows no other interval.
        "smollm3" => drop(config.insert("no_rope_layer_interval".into(), json!(4))),
        _ => {}
    }
    config.insert("torch_dtype".into(), json!(dtype(keys.file)));
    let stops = stop_tokens(keys.file);
    config.insert("eos_token_id".into(), if stops.is_empty() { Json::Null } else { json!(stops) });
    Ok(Json::Object(config))
}

/// Adds the width of heads, and gives it.
fn heads(config: &mut Map<String, Json>, keys: Keys<'_, '_>) -> Result<i128, ModelError> {
    let heads = keys.whole("attention.head_count").unwrap_or(1);
    let width = keys.whole("embedding_length").unwrap_or(1);
    let head = keys.whole("attention.key_length").unwrap_or(width / heads.max(1));
    if keys.whole("attention.value_length").is_some_and(|other| other != head) {
        return Err(keys.file.unsupported(
            format!("values of another width than keys (`{}.attention.value_length`)", keys.name),
            "use a model whose heads have one width",
        ));
    }
    config.insert("head_dim".into(), json!(i64::try_from(head).unwrap_or(0)));
    if keys.get("attention.head_count_kv").is_none() {
        config.insert("num_key_value_heads".into(), config["num_attention_heads"].clone());
    }
    Ok(head)
}

/// That no key asks for what the known architectures do not have.
fn check_foreign(keys: Keys<'_, '_>, family: &Family) -> Result<(), ModelError> {
    if let Some(Value::Whole(count)) = keys.file.metadata.get("split.count")
        && *count > 1
    {
        let what = format!("a model split into {count} files");
        return Err(keys.file.unsupported(what, "join them with llama-gguf-split --merge"));
    }
    let asks = |&&(field, idle): &&(&str, f64)| {
        // A gate of 0 is one that is not said.
        keys.number(field).is_some_and(|value| value != idle && value != 0.0)
    };
    if let Some((field, _)) = FOREIGN.iter().filter(|(field, _)| !family.keys.contains(field)).find(asks) {
        let what = format!("`{}.{field}`", keys.name);
        return Err(keys.file.unsupported(what, "use a model of this architecture that does without"));
    }
    Ok(())
}

/// That numbers which memory is reserved by are those of tensors. Gives the embedding.
fn check_sizes<'a, 'f>(keys: Keys<'a, 'f>, family: &Family) -> Result<&'a Tensor<'f>, ModelError> {
    let file = keys.file;
    let Some(embedding) = file.tensor("token_embd.weight") else {
        return Err(ModelError::NoTensor {
            name: "token_embd.weight".into(),
            path: file.path.clone(),
            why: "every model has one; the file is cut or no language model".into(),
        });
    };
    let width = embedding.sizes[0];
    if keys.whole("embedding_length") != Some(width as i128) {
        return Err(keys.bad("embedding_length", &format!("is not {width}, the width of token_embd.weight")));
    }
    let blocks = keys.whole("block_count").unwrap_or(0);
    if blocks > file.tensors.len() as i128 {
        return Err(keys.bad("block_count", &format!("is {blocks}, and the file has {} tensors", file.tensors.len())));
    }
    let heads = keys.whole("attention.head_count").filter(|heads| (1..1 << 31).contains(heads));
    let heads = heads.ok_or_else(|| keys.bad("attention.head_count", "is no number of heads"))?;
    if let Some(head) = keys.whole("attention.key_length").filter(|_| !family.latents()) {
        let fused = file.tensor("blk.0.attn_qkv.weight");
        let keys_too = if fused.is_some() { 2 * keys.whole("attention.head_count_kv").unwrap_or(heads) } else { 0 };
        let first = fused.or_else(|| file.tensor("blk.0.attn_q.weight"));
        let rows = first.and_then(|tensor| tensor.sizes.get(1)).copied().unwrap_or(0);
        if heads.checked_add(keys_too).and_then(|heads| heads.checked_mul(head)) != Some(rows as i128) {
            let name = first.map_or("blk.0.attn_q.weight", |tensor| tensor.name);
            return Err(keys.bad("attention.key_length", &format!("does not fit {name}")));
        }
    }
    Ok(embedding)
}

/// A window over keys. llama.cpp applies none but Gemma's in these architectures, and its converter writes none but those.
fn windows(config: &mut Map<String, Json>, keys: Keys<'_, '_>, family: &Family) -> Result<(), ModelError> {
    let window = keys.window().and_then(|size| i64::try_from(size).ok());
    if window.is_some() && matches!(family.name, "olmo2" | "granite" | "smollm3" | "minicpm3" | "deepseek2") {
        let what = format!("`{}.attention.sliding_window`", keys.name);
        return Err(keys.file.unsupported(what, "use a model of this architecture without windows"));
    }
    config.insert("sliding_window".into(), json!(window));
    if matches!(family.name, "llama" | "phi3") {
        return Ok(());
    }
    config.insert("use_sliding_window".into(), json!(window.is_some()));
    let kind = |&windowed: &i64| if windowed != 0 { "sliding_attention" } else { "full_attention" };
    if let Some(Value::Wholes(pattern)) = keys.get("attention.sliding_window_pattern").filter(|_| window.is_some()) {
        config.insert("layer_types".into(), pattern.iter().map(kind).collect());
    } else if let Some(pattern) = keys.whole("attention.sliding_window_pattern").filter(|_| family.norms_one_more) {
        config.insert("sliding_window_pattern".into(), json!(i64::try_from(pattern).unwrap_or(0)));
    } else if let Some(period) = keys.whole("attention.sliding_window_pattern").filter(|_| family.name == "gpt-oss") {
        // The last of so many blocks has none; of 0, none is the last.
        let period = if window.is_some() { period } else { 1 };
        let windowed = |layer: i128| i64::from(period == 0 || layer % period < period - 1);
        let layers = keys.whole("block_count").unwrap_or(0);
        config.insert("layer_types".into(), (0..layers).map(windowed).map(|windowed| kind(&windowed)).collect());
    } else if window.is_some() {
        config.insert("max_window_layers".into(), json!(0));
    }
    Ok(())
}

/// Granite's factors. Where a file does not say how scores are scaled, it is by the length of a head, as llama.cpp has it.
fn granite(config: &mut Map<String, Json>, keys: Keys<'_, '_>) {
    let own = |field: &str| keys.number(field).filter(|&value| value != 0.0);
    let head = config["head_dim"].as_f64().unwrap_or(1.0);
    for (field, factor) in [
        ("attention_multiplier", Some(own("attention.scale").unwrap_or(1.0 / head.sqrt()))),
        ("embedding_multiplier", own("embedding_scale")),
        ("residual_multiplier", own("residual_scale")),
        ("logits_scaling", own("logit_scale")),
    ] {
        config.extend(factor.map(|factor| (field.to_owned(), json!(factor))));
    }
}

/// Of how many blocks Gemma 2 and 3 have in the one size whose scores are not scaled by the length of a head.
const SCALED_OTHERWISE: [i128; 2] = [46, 62];

/// What Gemma has, and what no key says.
fn gemma(config: &mut Map<String, Json>, keys: Keys<'_, '_>, family: &Family) {
    config.insert("hidden_activation".into(), json!("gelu_pytorch_tanh"));
    if family.name == "gemma" {
        return;
    }
    for &field in family.keys {
        // llama.cpp takes the first Gemma 2's where there is none, and so does transformers.
        if let Some(cap) = keys.number(field) {
            config.insert(field.to_owned(), json!(cap));
        }
    }
    let whole = |field: &str| keys.whole(field).unwrap_or(1);
    let scalar = match SCALED_OTHERWISE.contains(&whole("block_count")) {
        true => json!(whole("embedding_length") as f64 / whole("attention.head_count").max(1) as f64),
        false => config["head_dim"].clone(),
    };
    config.insert("query_pre_attn_scalar".into(), scalar);
    if family.name == "gemma3" {
        let local = keys.number("rope.freq_base_swa").filter(|&base| base != 0.0).unwrap_or(10_000.0);
        config.insert("rope_local_base_freq".into(), json!(local));
    }
}

/// Gives the fields of experts the names that the architecture has for them.
fn experts(config: &mut Map<String, Json>, keys: Keys<'_, '_>, family: &Family) -> Result<(), ModelError> {
    match family.model_type {
        "deepseek_v2" | "deepseek_v3" => latent::deepseek(config, keys)?,
        "gpt_oss" | "mixtral" => {
            if let Some(count) = config.remove("num_experts") {
                config.insert("num_local_experts".into(), count);
            }
            if let Some(width) = config.remove("moe_intermediate_size") {
                config.insert("intermediate_size".into(), width);
            }
            if family.model_type == "gpt_oss" {
                latent::gpt_oss(config, keys);
            }
        }
        "qwen3_moe" | "qwen2_moe" => {
            config.insert("norm_topk_prob".into(), json!(family.model_type == "qwen3_moe"));
            config.insert("decoder_sparse_step".into(), json!(1));
            config.insert("mlp_only_layers".into(), json!([]));
        }
        _ => ["num_experts", "num_experts_per_tok", "moe_intermediate_size"].into_iter().for_each(|field| {
            config.remove(field);
        }),
    }
    if family.model_type != "qwen2_moe" {
        config.remove("shared_expert_intermediate_size");
    }
    Ok(())
}

/// Biases are there where their tensors are.
fn biases(config: &mut Map<String, Json>, file: &File<'_>, family: &Family) {
    let all = |parts: &[&str]| parts.iter().all(|part| file.tensor(&format!("blk.0.{part}.bias")).is_some());
    config.insert("attention_bias".into(), json!(all(&["attn_q", "attn_k", "attn_v", "attn_output"])));
    config.insert("mlp_bias".into(), json!(all(&["ffn_gate", "ffn_up", "ffn_down"])));
    // What is said of a file decides its digest, so that nothing is added for those that do without.
    if family.model_type == "qwen2_moe" {
        config.insert("qkv_bias".into(), json!(all(&["attn_q", "attn_k", "attn_v"])));
    }
}

/// What most numbers of matrices are stored as; blocks are widened to f32.
fn dtype(file: &File<'_>) -> &'static str {
    let bytes = |kind: Kind| -> usize {
        let matrices = file.tensors.iter().filter(|tensor| tensor.sizes.len() > 1);
        matrices.filter(|tensor| tensor.kind == kind).map(|tensor| tensor.range.len()).sum()
    };
    let others: usize = Kind::all().filter(|kind| kind.block_values() > 1).map(bytes).sum();
    let (half, brain, wide) = (bytes(Kind::F16), bytes(Kind::Bf16), bytes(Kind::F32) + others);
    match () {
        () if half > brain && half > wide => "float16",
        () if brain > wide => "bfloat16",
        () => "float32",
    }
}

/// A value as JSON; of a list, what all of its entries are. What no setting is becomes an empty list, which no field takes.
fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Whole(whole) => i64::try_from(*whole).map_or(json!([]), |whole| json!(whole)),
        Value::Number(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Text(text) => json!(text),
        Value::Wholes(all) => match all.first().filter(|first| all.iter().all(|one| one == *first)) {
            Some(one) => json!(one),
            None => json!([]),
        },
        Value::Numbers(_) | Value::Texts(_) => json!([]),
    }
}
