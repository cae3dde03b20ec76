//! Llama 2 and 3 (Touvron et al. 2023, Dubey et al. 2024) and Mistral (Jiang et al. 2023): Qwen2 without q/k/v biases.

use super::{Architecture, DENSE, OUTER};
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, ModelError};

/// `model_type: llama`
pub const LLAMA: Architecture = Architecture { model_type: "llama", own: &[], config, outer: OUTER, inner: DENSE };

/// `model_type: mistral`
pub const MISTRAL: Architecture =
    Architecture { model_type: "mistral", own: &[], config: windowed, outer: OUTER, inner: DENSE };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let attention_bias = fields.flag_or("attention_bias", false)?;
    let mlp_bias = fields.flag_or("mlp_bias", false)?;
    let plain = Config::plain(fields, &Defaults::LLAMA, Windows::Never)?;
    Ok(Config { qkv_bias: attention_bias, output_bias: attention_bias, mlp_bias, ..plain })
}

/// A window in every block. It is there where the field is absent, as the first Mistral had it.
fn windowed(fields: &Fields<'_>) -> Result<Config, ModelError> {
    Config::plain(fields, &Defaults::MISTRAL, Windows::Everywhere(Some(4096)))
}
