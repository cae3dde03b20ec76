//! SmolLM3 (Hugging Face 2025): Llama, some of whose blocks do not turn queries and keys (Yang et al. 2025, RNoPE).

use super::Architecture;
use super::llama::LLAMA;
use crate::config::{BlockSettings, Defaults, Fields, Positions, Windows};
use crate::{Config, ModelError};

/// `model_type: smollm3`
pub const SMOLLM3: Architecture =
    Architecture { model_type: "smollm3", own: &["no_rope_layers", "no_rope_layer_interval"], config, ..LLAMA };

/// What transformers takes where a field is absent.
const DEFAULTS: Defaults = Defaults {
    vocab_size: 128_256,
    hidden_size: 2048,
    layers: 36,
    heads: 16,
    kv_heads: Some(4),
    positions: 32_768,
    rope_theta: 2e6,
    eos: Some(128_001),
    tied: true,
    ..Defaults::LLAMA
};

/// Without a list, every block of this number is not turned.
const INTERVAL: usize = 4;

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    let plain = Config::plain(fields, &DEFAULTS, Windows::Switched)?.with_biases(fields)?;
    let listed = fields.get("layer_types").is_some();
    let turned = turned(fields, plain.layers)?;
    let block = |(settings, turned): (&BlockSettings, bool)| BlockSettings {
        // Where no list of kinds says otherwise, only blocks that are not turned have a window.
        window: settings.window.filter(|_| listed || !turned),
        positions: if turned { Positions::Global } else { Positions::None },
        ..*settings
    };
    let blocks = plain.blocks.iter().zip(turned).map(block).collect();
    Ok(Config { blocks, ..plain })
}

/// Whether each block turns its queries and keys: `no_rope_layers` has 1 for those that do.
fn turned(fields: &Fields<'_>, layers: usize) -> Result<Vec<bool>, ModelError> {
    let Some(list) = fields.get("no_rope_layers") else {
        let interval = fields.count_or("no_rope_layer_interval", INTERVAL)?;
        return Ok((1..=layers).map(|block| block % interval != 0).collect());
    };
    let one = |value: &serde_json::Value| value.as_u64().filter(|one| *one < 2).map(|one| one == 1);
    let all: Option<Vec<bool>> = list.as_array().and_then(|list| list.iter().map(one).collect());
    all.filter(|all| all.len() == layers)
        .ok_or_else(|| fields.bad(format!("field `no_rope_layers` should be a list of {layers} times 0 or 1")))
}
