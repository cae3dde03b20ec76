//! `pico`, the model in the binary. `recipes/pico` says how it was trained, `pico/README.md` what it can do.

use crate::{Checkpoint, ModelError};

const FILES: &[(&str, &[u8])] = &[
    ("config.json", include_bytes!("../pico/config.json")),
    ("generation_config.json", include_bytes!("../pico/generation_config.json")),
    ("tokenizer.json", include_bytes!("../pico/tokenizer.json")),
    ("tokenizer_config.json", include_bytes!("../pico/tokenizer_config.json")),
    ("model.safetensors", include_bytes!("../pico/model.safetensors")),
];

impl Checkpoint {
    /// The bundled model `pico`: about a million parameters, trained on the twins' training instances only. Its scores
    /// show compression at work, not a real model's ability.
    ///
    /// # Errors
    /// None that a build with intact files can meet; they are those of [`Checkpoint::open`].
    pub fn bundled() -> Result<Self, ModelError> {
        Self::from_bytes(FILES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn the_bundled_model_loads_and_its_tokenizer_fits() -> Result<(), ModelError> {
        let checkpoint = Checkpoint::bundled()?;
        let ids = checkpoint.tokenizer()?.encode("hello", false)?;
        let model = Model::load(&checkpoint)?;
        assert_eq!(model.logits(&ids)?.rows, ids.len());
        Ok(())
    }
}
