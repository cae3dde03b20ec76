//! OLMo 2 (OLMo Team 2024): norms of what attention and the feed-forward part give, none before them; queries and keys are
//! normed as a whole.

use super::llama::LLAMA;
use super::{Architecture, BlockNames, DENSE, HeadNormNames};
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, ModelError};

/// `model_type: olmo2`
pub const OLMO2: Architecture = Architecture { model_type: "olmo2", config, inner: |_, _| &NAMES, ..LLAMA };

const NAMES: BlockNames = BlockNames {
    attention_norm: None,
    attention_post_norm: Some("post_attention_layernorm.weight"),
    mlp_norm: None,
    mlp_post_norm: Some("post_feedforward_layernorm.weight"),
    head_norms: Some(HeadNormNames { names: ["self_attn.q_norm.weight", "self_attn.k_norm.weight"], whole: true }),
    ..DENSE
};

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults { vocab_size: 50_304, norm_eps: 1e-5, eos: Some(50_279), ..Defaults::LLAMA };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let plain = Config::plain(fields, &DEFAULTS, Windows::Never)?.with_biases(fields)?;
    Ok(Config { mlp_bias: false, ..plain })
}
