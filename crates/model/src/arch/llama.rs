//! Llama 2 and 3 (Touvron et al. 2023, Dubey et al. 2024) and Mistral (Jiang et al. 2023): Qwen2 without q/k/v biases.

use super::{Architecture, DENSE, OUTER};
use crate::config::{Defaults, Fields, Windows};
use crate::{Config, ModelError};

/// `model_type: llama`; what others differ from.
pub const LLAMA: Architecture = Architecture {
    model_type: "llama",
    own: &[],
    config,
    outer: OUTER,
    inner: |_, _| &DENSE,
    norms_less_one: false,
    stacked_experts: false,
    inside: None,
};

/// `model_type: mistral`
pub const MISTRAL: Architecture = Architecture { model_type: "mistral", config: windowed, ..LLAMA };

fn config(fields: &Fields<'_>) -> Result<Config, ModelError> {
    Config::plain(fields, &Defaults::LLAMA, Windows::Never)?.with_biases(fields)
}

/// A window in every block. It is there where the field is absent, as the first Mistral had it.
fn windowed(fields: &Fields<'_>) -> Result<Config, ModelError> {
    Config::plain(fields, &Defaults::MISTRAL, Windows::Everywhere(Some(4096)))
}
