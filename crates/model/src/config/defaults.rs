//! What `transformers` takes where a field of `config.json` is absent, by architecture.

use super::Latent;

/// The values of absent fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defaults {
    /// `vocab_size`
    pub vocab_size: usize,
    /// `hidden_size`
    pub hidden_size: usize,
    /// `intermediate_size`
    pub intermediate_size: usize,
    /// `num_hidden_layers`
    pub layers: usize,
    /// `num_attention_heads`
    pub heads: usize,
    /// `num_key_value_heads`; `None` is as many as there are query heads, as `null` is everywhere.
    pub kv_heads: Option<usize>,
    /// `head_dim`; `None` is `hidden_size / num_attention_heads`.
    pub head_dim: Option<usize>,
    /// `max_position_embeddings`
    pub positions: usize,
    /// `rms_norm_eps`
    pub norm_eps: f64,
    /// `rope_theta`
    pub rope_theta: f64,
    /// `rope_parameters` may have them by kinds of blocks.
    pub ropes_by_kind: bool,
    /// `eos_token_id`
    pub eos: Option<u32>,
    /// `tie_word_embeddings`
    pub tied: bool,
    /// `q_lora_rank` and its like, in architectures that have latents.
    pub latent: Option<Latent>,
    /// `v_head_dim` beside them; `None` is `hidden_size / num_attention_heads`.
    pub value_dim: Option<usize>,
}

impl Defaults {
    /// Of `llama`.
    pub const LLAMA: Self = Self {
        vocab_size: 32_000,
        hidden_size: 4096,
        intermediate_size: 11_008,
        layers: 32,
        heads: 32,
        kv_heads: None,
        head_dim: None,
        positions: 2048,
        norm_eps: 1e-6,
        rope_theta: 10_000.0,
        ropes_by_kind: false,
        eos: Some(2),
        tied: false,
        latent: None,
        value_dim: None,
    };
    /// Of `mistral`.
    pub const MISTRAL: Self = Self { intermediate_size: 14_336, kv_heads: Some(8), positions: 131_072, ..Self::LLAMA };
    /// Of `mixtral`.
    pub const MIXTRAL: Self = Self { norm_eps: 1e-5, rope_theta: 1e6, ..Self::MISTRAL };
    /// Of `qwen2`.
    pub const QWEN2: Self = Self {
        vocab_size: 151_936,
        intermediate_size: 22_016,
        kv_heads: Some(32),
        positions: 32_768,
        eos: None,
        ..Self::LLAMA
    };
    /// Of `qwen3`.
    pub const QWEN3: Self = Self { head_dim: Some(128), ..Self::QWEN2 };
    /// Of `qwen3_moe`.
    pub const QWEN3_MOE: Self =
        Self { hidden_size: 2048, intermediate_size: 6144, layers: 24, kv_heads: Some(4), ..Self::QWEN2 };
}
