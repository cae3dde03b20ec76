//! Qwen2 and Qwen2.5 (Yang et al. 2024): RMSNorm, rotary positions, grouped queries with q/k/v biases, gated SiLU.

use super::{Architecture, DENSE, OUTER};
use crate::config::Fields;
use crate::{Config, ModelError};

/// `model_type: qwen2`
pub const QWEN2: Architecture = Architecture { model_type: "qwen2", config, outer: OUTER, inner: DENSE };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    fields.no_sliding_window()?;
    Ok(Config { qkv_bias: true, ..Config::plain(fields)? })
}
