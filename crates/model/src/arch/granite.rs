//! Granite 3 (IBM 2024): Llama with four factors, on embeddings, scores, what goes into the stream, and logits.

use super::Architecture;
use super::llama::LLAMA;
use crate::config::{Defaults, Fields, LogitSettings, Windows};
use crate::{Config, ModelError};

/// `model_type: granite`
pub const GRANITE: Architecture = Architecture {
    model_type: "granite",
    own: &["embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling"],
    config,
    ..LLAMA
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let plain = Config::plain(fields, &Defaults::LLAMA, Windows::Never)?.with_biases(fields)?;
    let (score, residual) = (factor(fields, "attention_multiplier")?, factor(fields, "residual_multiplier")?);
    let logits = LogitSettings { scale: 1.0 / factor(fields, "logits_scaling")?, ..plain.logits };
    let embedding_scale = factor(fields, "embedding_multiplier")?;
    let changed = plain.with_blocks(|block| (block.score_scale, block.residual) = (score, residual));
    Ok(Config { embedding_scale, logits, ..changed })
}

/// A factor, 1 where it is absent.
pub(super) fn factor(fields: &Fields<'_>, name: &str) -> Result<f32, ModelError> {
    let value = fields.number_or(name, 1.0)?;
    if value.abs() > 1e-9 && value.abs() < 1e9 {
        return Ok(value as f32);
    }
    Err(fields.bad(format!("{name} {value} is out of range")))
}
