//! Llama 2 and 3 (Touvron et al. 2023, Dubey et al. 2024) and Mistral (Jiang et al. 2023): Qwen2 without q/k/v biases.

use super::{Architecture, DENSE, OUTER};
use crate::config::Fields;
use crate::{Config, ModelError};

/// `model_type: llama`
pub const LLAMA: Architecture = Architecture { model_type: "llama", config, outer: OUTER, inner: DENSE };

/// `model_type: mistral`
pub const MISTRAL: Architecture = Architecture { model_type: "mistral", config: windowed, outer: OUTER, inner: DENSE };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let attention_bias = fields.flag_or("attention_bias", false)?;
    let mlp_bias = fields.flag_or("mlp_bias", false)?;
    Ok(Config { qkv_bias: attention_bias, output_bias: attention_bias, mlp_bias, ..Config::plain(fields)? })
}

/// The settings of Mistral and Mixtral. A sliding window is not implemented, but it changes nothing within its length: the
/// context ends there.
pub(super) fn windowed(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let config = Config::plain(fields)?;
    let window = fields.count_or("sliding_window", config.max_positions)?;
    Ok(Config { max_positions: config.max_positions.min(window), ..config })
}
