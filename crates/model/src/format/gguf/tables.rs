//! Names of tensors, in a GGUF file and in a Hugging Face folder.

use super::names::Share;

/// Names outside the blocks: file, folder.
pub(super) const OUTER: &[(&str, &str)] = &[
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// Names inside a block, without `.weight` or `.bias`: file, folder.
pub(super) type Inner = &'static [(&'static str, &'static str)];

pub(super) const DENSE: Inner = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

pub(super) const GEMMA_NORMS: Inner = &[
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

/// Norms of what attention and the feed-forward part give.
pub(super) const OLMO2_NORMS: Inner =
    &[("post_attention_norm", "post_attention_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm")];

pub(super) const FUSED: Inner = &[("attn_qkv", "self_attn.qkv_proj"), ("ffn_up", "mlp.gate_up_proj")];

/// Experts lie in one tensor, `[experts, out, in]`; `{expert}` stands for their numbers.
pub(super) const QWEN_EXPERTS: Inner = &[
    ("ffn_gate_inp", "mlp.gate"),
    ("ffn_gate_exps", "mlp.experts.{expert}.gate_proj"),
    ("ffn_up_exps", "mlp.experts.{expert}.up_proj"),
    ("ffn_down_exps", "mlp.experts.{expert}.down_proj"),
];

/// One more expert, which sees every row.
pub(super) const SHARED_EXPERT: Inner = &[
    ("ffn_gate_inp_shexp", "mlp.shared_expert_gate"),
    ("ffn_gate_shexp", "mlp.shared_expert.gate_proj"),
    ("ffn_up_shexp", "mlp.shared_expert.up_proj"),
    ("ffn_down_shexp", "mlp.shared_expert.down_proj"),
];

/// Latents of queries, and of keys and values.
pub(super) const LATENTS: Inner = &[
    ("attn_q_a", "self_attn.q_a_proj"),
    ("attn_q_a_norm", "self_attn.q_a_layernorm"),
    ("attn_q_b", "self_attn.q_b_proj"),
    ("attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"),
    ("attn_kv_a_norm", "self_attn.kv_a_layernorm"),
    ("attn_kv_b", "self_attn.kv_b_proj"),
];

/// Experts that see every row, as one.
pub(super) const SHARED_EXPERTS: Inner = &[
    ("ffn_gate_shexp", "mlp.shared_experts.gate_proj"),
    ("ffn_up_shexp", "mlp.shared_experts.up_proj"),
    ("ffn_down_shexp", "mlp.shared_experts.down_proj"),
];

pub(super) const GPT_OSS_NORM: Inner = &[("post_attention_norm", "post_attention_layernorm")];

pub(super) const GPT_OSS_EXPERTS: Inner =
    &[("ffn_gate_inp", "mlp.router"), ("ffn_down_exps", "mlp.experts.{expert}.down_proj")];

/// Tensors of which one of the folder is made: file, folder, and what of it each is.
pub(super) type Shares = &'static [(&'static str, &'static str, Share)];

pub(super) const GATE_UP: Shares = &[
    ("ffn_gate_exps", "mlp.experts.{expert}.gate_up_proj", Share::EvenRows),
    ("ffn_up_exps", "mlp.experts.{expert}.gate_up_proj", Share::OddRows),
];

/// Newer files have the linear of keys and values cut in two.
pub(super) const KEYS_VALUES: Shares =
    &[("attn_k_b", "self_attn.kv_b_proj", Share::Keys), ("attn_v_b", "self_attn.kv_b_proj", Share::Values)];

pub(super) const MIXTRAL_EXPERTS: Inner = &[
    ("ffn_gate_inp", "block_sparse_moe.gate"),
    ("ffn_gate_exps", "block_sparse_moe.experts.{expert}.w1"),
    ("ffn_up_exps", "block_sparse_moe.experts.{expert}.w3"),
    ("ffn_down_exps", "block_sparse_moe.experts.{expert}.w2"),
];
