use super::*;
use serde_json::json;

fn tiny() -> Value {
    json!({"model_type": "qwen2", "vocab_size": 16, "hidden_size": 8, "intermediate_size": 8,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 32, "eos_token_id": [2, 3], "rope_parameters": {"rope_theta": 5e5}})
}

fn read(value: &Value) -> Result<Config, ModelError> {
    Config::from_json(value, Path::new("config.json"))
}

#[test]
fn a_config_is_read() {
    let config = read(&tiny()).unwrap();
    assert_eq!((config.head_dim, config.rope.theta, config.qkv_bias), (4, 5e5, true));
    assert_eq!(config.eos, [2, 3]);
}

#[test]
fn what_is_wrong_is_named() {
    for (field, value, says) in [
        ("model_type", json!("mamba"), "`mamba` is not known; known ones are: qwen2, llama"),
        ("hidden_size", json!(-1), "`hidden_size` should be a positive whole number and is -1"),
        ("num_key_value_heads", json!(3), "not a multiple"),
        ("rope_scaling", json!({"rope_type": "spiral"}), "rope scaling `spiral`"),
        ("rope_scaling", json!({"type": "linear"}), "`factor` of the rope scaling is missing"),
        ("rope_scaling", json!({"type": "dynamic", "factor": -1}), "`factor` of the rope scaling is -1"),
        ("rope_scaling", json!({"type": "longrope", "short_factor": [1]}), "should be a list of 2 positive"),
        ("rope_scaling", json!({"type": "yarn", "factor": 4, "original_max_position_embeddings": 0}), "positive whole"),
        ("rope_scaling", json!({"full_attention": {"rope_theta": 1e4}}), "`full_attention` by itself"),
        ("rope_scaling", json!("yarn"), "`rope_scaling` is no object"),
        ("rope_parameters", json!({"rope_theta": 0}), "rope_theta 0 is out of range"),
        ("partial_rotary_factor", json!(0.3), "partial_rotary_factor 0.3 of a head of 4"),
        ("layer_types", json!(["full_attention", "full_attention"]), "2 entries, but num_hidden_layers is 1"),
        ("layer_types", json!(["linear_attention"]), "blocks of kind \"linear_attention\""),
        ("layer_types", json!(["sliding_attention"]), "use_sliding_window is false"),
        ("num_hidden_layers", json!(2_000_000_000), "num_hidden_layers 2000000000 is above"),
        ("attention_multiplier", json!(0.3), "`attention_multiplier` 0.3, a setting that architecture `qwen2`"),
        ("final_logit_softcapping", json!(30.0), "`final_logit_softcapping` 30.0"),
        ("sliding_window_pattern", json!(6), "`sliding_window_pattern` 6"),
        ("clip_qkv", json!(8), "`clip_qkv` 8"),
        ("hidden_act", json!("gelu"), "activation `gelu`"),
        ("eos_token_id", json!("x"), "`eos_token_id`"),
    ] {
        let mut config = tiny();
        config[field] = value;
        let error = read(&config).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("config.json"), "{error}");
    }
    assert!(read(&json!([1])).is_err());
}

#[test]
fn what_changes_nothing_is_ignored() {
    for (field, value) in [
        ("transformers_version", json!("4.44.0")),
        ("unsloth_fixed", json!(true)),
        ("pretraining_tp", json!(2)),
        ("rope_scaling", json!(null)),
        ("rope_scaling", json!({})),
        ("attention_multiplier", json!(0.5)),
        ("logits_scaling", json!(1)),
        ("clip_qkv", json!(null)),
        ("final_logit_softcapping", json!(0)),
        ("no_rope_layers", json!([1])),
        ("sliding_window", json!(4)),
        ("max_window_layers", json!(0)),
    ] {
        let mut config = tiny();
        config[field] = value;
        assert_eq!(read(&config).unwrap(), read(&tiny()).unwrap(), "{field}");
    }
}

#[test]
fn absent_fields_have_the_defaults_of_their_architecture() {
    let of = |name: &str| read(&json!({"model_type": name})).unwrap();
    for (name, kv_heads, head_dim, positions, theta, eps) in [
        ("llama", 32, 128, 2048, 1e4, 1e-6f32),
        ("mistral", 8, 128, 131_072, 1e4, 1e-6),
        ("mixtral", 8, 128, 131_072, 1e6, 1e-5),
        ("qwen2", 32, 128, 32_768, 1e4, 1e-6),
        ("qwen3", 32, 128, 32_768, 1e4, 1e-6),
        ("qwen3_moe", 4, 64, 32_768, 1e4, 1e-6),
    ] {
        let config = of(name);
        assert_eq!((config.kv_heads, config.head_dim, config.max_positions), (kv_heads, head_dim, positions), "{name}");
        assert_eq!((config.rope.theta, config.norm_eps, config.tie_embeddings), (theta, eps, false), "{name}");
    }
    assert_eq!((of("mixtral").vocab_size, of("qwen3").vocab_size), (32_000, 151_936));
    assert_eq!(of("mixtral").experts, Some(Experts { width: 14_336, normalize: true, ..Experts::new(8, 2) }));
    assert_eq!((of("llama").eos, of("qwen2").eos), (vec![2], vec![]));
    let null = read(&json!({"model_type": "mistral", "num_key_value_heads": null, "eos_token_id": null})).unwrap();
    assert_eq!((null.kv_heads, null.eos), (32, vec![]));
}

/// A config with some more fields.
fn with(mut config: Value, more: &Value) -> Value {
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[test]
fn windows_are_where_the_architecture_has_them() {
    let some = Some(8);
    let kinds = json!(["full_attention", "sliding_attention", "full_attention"]);
    for (model, changes, expected) in [
        ("llama", json!({"sliding_window": 8}), [None; 3]),
        ("mistral", json!({}), [Some(4096); 3]),
        ("mistral", json!({"sliding_window": null}), [None; 3]),
        ("mistral", json!({"sliding_window": 8}), [some; 3]),
        ("mistral", json!({"sliding_window": 8, "layer_types": kinds}), [None, some, None]),
        ("mixtral", json!({}), [None; 3]),
        ("mixtral", json!({"sliding_window": 8}), [some; 3]),
        ("qwen2", json!({"sliding_window": 8, "max_window_layers": 1}), [None; 3]),
        ("qwen2", json!({"sliding_window": 8, "use_sliding_window": true}), [None; 3]),
        ("qwen3", json!({"sliding_window": 8, "use_sliding_window": true, "max_window_layers": 1}), [None, some, some]),
        ("qwen3", json!({"use_sliding_window": true, "max_window_layers": 0}), [Some(4096); 3]),
        ("qwen3_moe", json!({"sliding_window": 8, "use_sliding_window": true}), [some; 3]),
    ] {
        let config = with(json!({"model_type": model, "num_hidden_layers": 3}), &changes);
        let windows: Vec<_> = read(&config).unwrap().blocks.iter().map(|block| block.window).collect();
        assert_eq!(windows, expected, "{config}");
    }
}

#[test]
fn both_styles_of_rope_mean_the_same() {
    let scaled = |style: Value| {
        read(&with(json!({"model_type": "llama", "head_dim": 16, "max_position_embeddings": 64}), &style)).unwrap()
    };
    for (old, new, context) in [
        (json!({"rope_theta": 5e5}), json!({"rope_parameters": {"rope_theta": 5e5}}), 64),
        (
            json!({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2}}),
            json!({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 5e5}}),
            128,
        ),
        (
            json!({"partial_rotary_factor": 0.5, "rope_scaling": {"type": "dynamic", "factor": 2}}),
            json!({"rope_parameters": {"rope_type": "dynamic", "factor": 2, "partial_rotary_factor": 0.5}}),
            128,
        ),
        (
            json!({"original_max_position_embeddings": 16, "rope_scaling": {"type": "yarn", "factor": null}}),
            json!({"rope_parameters": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 16}}),
            64,
        ),
        (
            json!({"rope_scaling": {"type": "yarn", "factor": 4}}),
            json!({"rope_parameters": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64}}),
            256,
        ),
        (
            json!({"rope_scaling": {"type": "su", "short_factor": [1, 1, 1, 1, 1, 1, 1, 1], "long_factor": [2, 2, 2, 2, 2, 2, 2, 2]}}),
            json!({"rope_parameters": {"rope_type": "longrope", "factor": 1, "short_factor": [1, 1, 1, 1, 1, 1, 1, 1],
                "long_factor": [2, 2, 2, 2, 2, 2, 2, 2], "original_max_position_embeddings": 64}}),
            64,
        ),
    ] {
        let (old, new) = (scaled(old), scaled(new));
        assert_eq!(old, new);
        assert_eq!(new.max_positions, context, "{:?}", new.rope);
    }
    assert!(scaled(json!({"rope_scaling": {"type": "dynamic", "factor": 2}})).longest() > 1 << 60);
}

#[test]
fn settings_of_new_architectures_are_checked_and_combine() {
    let latents =
        json!({"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 4, "num_hidden_layers": 3});
    for (model, changes, says) in [
        ("deepseek_v3", json!({"n_group": 3}), "256 experts do not fit n_group 3"),
        ("deepseek_v3", json!({"topk_group": 1, "num_experts_per_tok": 64}), "do not fit"),
        ("deepseek_v3", json!({"topk_method": "greedy"}), "`topk_method` `greedy`"),
        ("deepseek_v2", json!({"scoring_func": "sigmoid"}), "`scoring_func` `sigmoid`"),
        ("deepseek_v2", json!({"moe_layer_freq": 2}), "`moe_layer_freq`"),
        ("deepseek_v2", json!({"num_key_value_heads": 2}), "num_key_value_heads is not num_attention_heads"),
        ("minicpm3", json!({"qk_rope_head_dim": 3}), "head size 3 is odd"),
        ("minicpm3", json!({"scale_depth": 0}), "scale_depth 0 is out of range"),
        ("gemma2", json!({"query_pre_attn_scalar": -1}), "query_pre_attn_scalar -1 is out of range"),
        ("gemma2", json!({"attn_logit_softcapping": -2}), "attn_logit_softcapping -2 is out of range"),
        ("gemma2", json!({"hidden_activation": "relu"}), "activation `relu`"),
        ("gemma2", json!({"use_bidirectional_attention": true}), "`use_bidirectional_attention` true"),
        ("gemma", json!({"final_logit_softcapping": 30}), "`final_logit_softcapping` 30"),
        ("gpt_oss", json!({"swiglu_limit": 0}), "swiglu_limit 0"),
        ("granite", json!({"logits_scaling": 0}), "logits_scaling 0 is out of range"),
        ("llama", json!({"n_routed_experts": 8}), "`n_routed_experts` 8"),
        ("qwen2", json!({"rope_parameters": {"full_attention": {}, "sliding_attention": {}}}), "by itself"),
    ] {
        let config = with(with(json!({"model_type": model}), &latents), &changes);
        let error = read(&config).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(says), "{model} {changes}: {error}");
    }
    let of = |model: &str, changes: Value| read(&with(with(json!({"model_type": model}), &latents), &changes)).unwrap();
    let two = of("gemma2", json!({"attn_logit_softcapping": null, "sliding_window": 8}));
    assert_eq!((two.blocks[0].score_cap, two.logits.cap), (None, Some(30.0)));
    assert_eq!(two.blocks.iter().map(|block| block.window).collect::<Vec<_>>(), [Some(8), None, Some(8)]);
    let three =
        of("gemma3_text", json!({"_sliding_window_pattern": 3, "rope_scaling": {"type": "linear", "factor": 8}}));
    let kinds: Vec<_> = three.blocks.iter().map(|block| (block.window, block.positions)).collect();
    assert_eq!(kinds[1..], [(Some(4096), Positions::Local), (None, Positions::Global)]);
    assert_eq!(three.local_rope.map(|rope| (rope.theta, rope.scaling)), Some((1e4, RopeScaling::None)));
    assert!(three.rope.scaling != RopeScaling::None && three.max_positions == 131_072);
    let lite = of("deepseek_v2", json!({"q_lora_rank": null, "first_k_dense_replace": 1, "n_shared_experts": null}));
    assert_eq!(lite.latent.and_then(|latent| latent.queries), None);
    assert_eq!(lite.blocks.iter().map(|block| block.sparse).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(lite.experts.and_then(|experts| experts.shared), None);
    assert_eq!(of("minicpm3", json!({})).value_dim, 8);
    let windows = json!({"use_sliding_window": true, "max_window_layers": 2, "sliding_window": 4});
    let windows: Vec<_> = of("qwen2_moe", windows).blocks.iter().map(|block| block.window).collect();
    assert_eq!(windows, [Some(4), None, None]);
    let old = json!({"type": "yarn", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 1]});
    assert!(matches!(of("phi3", json!({"rope_scaling": old})).rope.scaling, RopeScaling::LongRope(_)));
}
