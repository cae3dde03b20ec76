//! Placeholder for the `model` stage.
