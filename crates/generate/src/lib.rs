//! Placeholder for the `generate` stage.
