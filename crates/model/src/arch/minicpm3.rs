//! MiniCPM3 (Hu et al. 2024): Llama with multi-head latent attention, and factors on embeddings, on what goes into the
//! stream, and on logits.

use super::deepseek::{LATENT, LATENT_QUERIES};
use super::granite::factor;
use super::llama::LLAMA;
use super::{Architecture, BlockNames};
use crate::config::{Defaults, Fields, Latent, LogitSettings, Windows};
use crate::{Config, ModelError};

/// `model_type: minicpm3`
pub const MINICPM3: Architecture = Architecture {
    model_type: "minicpm3",
    own: &["scale_emb", "scale_depth", "dim_model_base", "kv_lora_rank"],
    config,
    inner: |config, _| names(config),
    ..LLAMA
};

/// The names of a dense block with latents.
pub(super) fn names(config: &Config) -> &'static BlockNames {
    match config.latent {
        Some(Latent { queries: Some(_), .. }) => &LATENT_QUERIES,
        _ => &LATENT,
    }
}

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults {
    vocab_size: 73_448,
    hidden_size: 2560,
    intermediate_size: 6400,
    layers: 62,
    heads: 40,
    positions: 32_768,
    tied: true,
    latent: Some(Latent { queries: Some(768), keys_values: 256, still: 64, turned: 32 }),
    ..Defaults::LLAMA
};

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let plain = Config::plain(fields, &DEFAULTS, Windows::Never)?.with_biases(fields)?;
    let with = |name: &str, default: f32| if fields.get(name).is_some() { factor(fields, name) } else { Ok(default) };
    let residual = with("scale_depth", 1.4)? / (plain.layers as f32).sqrt();
    let logits = LogitSettings { scale: with("dim_model_base", 256.0)? / plain.hidden_size as f32, ..plain.logits };
    let embedding_scale = with("scale_emb", 12.0)?;
    Ok(Config { embedding_scale, logits, ..plain.with_blocks(|block| block.residual = residual) })
}
