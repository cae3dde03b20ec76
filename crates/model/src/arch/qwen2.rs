//! Qwen2 and Qwen2.5 (Yang et al. 2024): RMSNorm, rotary positions, grouped queries with q/k/v biases, gated SiLU.

use super::Architecture;
use super::llama::LLAMA;
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, ModelError};

/// `model_type: qwen2`
pub const QWEN2: Architecture = Architecture { model_type: "qwen2", config, ..LLAMA };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    Ok(Config { qkv_bias: true, ..Config::plain(fields, &Defaults::QWEN2, Windows::SwitchedFrom)? })
}
